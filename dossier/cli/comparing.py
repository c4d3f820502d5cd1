"""``dossier compare``: the register against the marketing system's export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dossier.cli.base import OPERATOR, Json, err, out, print_json, with_context
from dossier.cli.data import rows_bar
from dossier.cli.given_files import demand_openable
from dossier.errors import ExitCode

if TYPE_CHECKING:
    from dossier.services.context import Context

MOST_SHOWN = 20
COUNTS = ("rows", "done", "rejected", "unknown_count", "opened", "agreed")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(with_context(compare))


def compare(
    context: Context,
    file: Path,
    whole: Annotated[
        bool, typer.Option("--whole", help="The file has all customers: name who is missing.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare another system's export with the register; what differs waits to be settled.

    Broken off, it goes on with the same file. Exit code 6 when some rows were left out.
    """
    from dossier.plugins.verification import comparison, differences

    demand_openable(file)
    with rows_bar() as bar:
        task = bar.add_task("rows 行数", total=None)
        run_id = comparison.compare(
            context,
            OPERATOR,
            file,
            is_whole=whole,
            progress=lambda done, rows: bar.update(task, completed=done, total=rows),
        )
    run = next(one for one in differences.runs(context, OPERATOR) if one.id == run_id)
    if json:
        print_json({name: getattr(run, name) for name in ("id", *COUNTS, "errors", "unknown")})
    else:
        out.print(
            f"compared 已比对 {run.done}  new differences 新差异 {run.opened}  "
            f"agree now 已消除 {run.agreed}  not in the register 台账中没有 {run.unknown_count}  "
            f"left out 未比对 {run.rejected}"
        )
        for row, column, heading, zh, en in run.errors[:MOST_SHOWN]:
            told = f"row {row} 第 {row} 行, {heading or column}: {zh} / {en}"
            err.print(told, markup=False, highlight=False, soft_wrap=True)
    if run.rejected:
        raise typer.Exit(int(ExitCode.PARTLY if run.done else ExitCode.FAILED))
