"""``dossier learn``: what persons' words say of how sure the machine must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dossier.cli.base import OPERATOR, Json, err, out, print_json, with_context
from dossier.errors import InvalidInputError

if TYPE_CHECKING:
    from dossier.rules.learning import At
    from dossier.services.context import Context


def register(app: typer.Typer) -> None:
    """Put the command under ``dossier``."""
    app.command("learn")(with_context(learn))


def learn(
    context: Context,
    apply: Annotated[bool, typer.Option("--apply", help="Set what the examples prove.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was set last.")] = False,
    json: Json = False,
) -> None:
    """Estimate from persons' words how sure filing and types must be; sets nothing by itself."""
    from dossier.services import learning

    if apply and undo:
        raise InvalidInputError("Either --apply or --undo", detail_zh="--apply 与 --undo 只能选一")
    if undo:
        count = learning.undo(context, OPERATOR)
        err.print(f"{count} taken back / 已撤销 {count} 项", markup=False)
        return
    found = learning.learn(context, OPERATOR, apply=apply)
    if json:
        print_json({"estimates": list(found.estimates), "applied": found.applied})
        return
    table = Table("", "outcome 结论", "examples 样例", "said 人工", "now 现阈值", "new 新阈值")
    for one in found.estimates:
        counts = (str(one.examples), str(one.said))
        table.add_row(one.name, one.outcome, *counts, _told(one.old), _told(one.new))
    out.print(table)
    if found.applied:
        err.print("In force from now on / 已生效", markup=False)


def _told(at: At) -> str:
    """Threshold, what is right at it with the interval, and the share that is decided."""
    right = f"{at.precision:.2%} ({at.low:.2%}–{at.high:.2%})"
    return f"{at.threshold:.4f}: {right}, decided 自动 {at.decided:.1%}"
