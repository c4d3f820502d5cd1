"""``dossier import organisation`` and ``dossier import people``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dossier.cli.base import OPERATOR, Json, as_dict, out, print_json, with_context
from dossier.cli.data import import_app, print_row_errors
from dossier.cli.given_files import demand_openable

if TYPE_CHECKING:
    from dossier.services.context import Context
    from dossier.services.named_rows import RowReport

DryRun = Annotated[bool, typer.Option("--dry-run", help="Check every row, write nothing.")]


def register() -> None:
    """Add the commands."""
    import_app.command("organisation")(with_context(import_organisation))
    import_app.command("people")(with_context(import_people))


def import_organisation(
    context: Context, file: Path, dry_run: DryRun = False, json: Json = False
) -> None:
    """Import units, lines and districts from CSV or XLSX, each with the day from which it holds.

    Rows that are right are taken, the others are listed by row and column (exit code 6). Customers
    of places that went elsewhere follow before the command ends.
    """
    from dossier.services import organisation_import, organisation_moves

    demand_openable(file)

    def take() -> RowReport:
        report = organisation_import.import_organisation(context, OPERATOR, file, dry_run=dry_run)
        if not dry_run:
            organisation_moves.follow_all(context)
        return report

    _run(take, json=json)


def import_people(
    context: Context, file: Path, dry_run: DryRun = False, json: Json = False
) -> None:
    """Import accounts with names and staff numbers, posts and roles with their days.

    Rows that are right are taken, the others are listed by row and column (exit code 6).
    """
    from dossier.services import people_import

    demand_openable(file)
    _run(lambda: people_import.import_people(context, OPERATOR, file, dry_run=dry_run), json=json)


def _run(take: Callable[[], RowReport], *, json: bool) -> None:
    report = take()
    if json:
        print_json({**as_dict(report), "errors": [as_dict(one) for one in report.errors]})
    else:
        would = "would be 将 " if report.dry_run else ""
        out.print(
            f"{would}changed 变更 {report.changed}  unchanged 未变 {report.unchanged}  "
            f"left out 未导入 {report.rejected}"
        )
        print_row_errors(report)
    if report.exit_code:
        raise typer.Exit(int(report.exit_code))
