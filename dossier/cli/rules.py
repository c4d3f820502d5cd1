"""``dossier rules check|show|progress``: what papers dossiers need, before and after a change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dossier.cli.base import Json, err, out, print_json, with_context
from dossier.cli.roles import day_of

if TYPE_CHECKING:
    from dossier.plugins.completeness.requirements import Requirement
    from dossier.services.context import Context

app = typer.Typer(no_args_is_help=True, help="Rules of what papers dossiers need.")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A requirements.yaml.")],
) -> None:
    """Check a rule file before it is put in place; names line, rule and reason."""
    from dossier.plugins.completeness import requirements

    found = requirements.own(file.read_text(encoding="utf-8"), file.name)
    own = sum(one not in requirements.load().rules for one in found.rules)
    err.print(f"{file.name}: {own} rules differ from the built-in ones / 校验通过", markup=False)


def show(
    context: Context,
    business: Annotated[str, typer.Option(help="Code of the business.")] = "new",
    at: Annotated[str | None, typer.Option("--at", help="Day, YYYY-MM-DD; today if none.")] = None,
    json: Json = False,
) -> None:
    """The rules of one business in force on a day."""
    from dossier.clock import local_date
    from dossier.errors import InvalidInputError
    from dossier.plugins.completeness import requirements, wording

    book = requirements.of(context)
    if business not in book.businesses:
        raise InvalidInputError(
            f"Name one of: {', '.join(book.businesses)}", detail_zh="没有此业务编号"
        )
    found = book.in_force(business, day_of(at) or local_date(context.clock.now()))
    if json:
        print_json([_row(one) for one in found])
        return
    table = Table(
        "rule 规则", "node 环节", "paper 资料", "category 类别", "condition 条件", "from 起"
    )
    for one in found:
        levels = " ".join(f"{code}:{level}" for code, level in one.levels.items())
        node, paper = book.nodes[one.node].zh, wording.papers(one.any_of, wording.CHINESE)
        said = wording.condition(one, book, wording.CHINESE)
        table.add_row(one.id, node, paper, levels, said, one.first.isoformat())
    out.print(table)


def progress(context: Context, json: Json = False) -> None:
    """How many dossiers are assessed by the rules of today, of how many."""
    from dossier.plugins.completeness import dossiers, recount

    with context.reading(dossiers.LOOKING) as session:
        found = recount.progress(context, session)
    if json:
        print_json({"done": found.done, "total": found.total})
        return
    out.print(f"{found.done} / {found.total}", markup=False)


for _name, _command in (("show", show), ("progress", progress)):
    app.command(_name)(with_context(_command))


def _row(rule: Requirement) -> dict[str, object]:
    """A rule with its condition as it is written."""
    return {
        "rule": rule.id,
        "node": rule.node,
        "any_of": list(rule.any_of),
        "levels": {code: level.value for code, level in rule.levels.items()},
        "when": rule.when.text if rule.when else None,
        "count": rule.count,
        "signed": rule.signed,
        "sealed": rule.sealed,
        "dated": rule.dated,
        "promised_by": rule.promised_by,
        "from": rule.first.isoformat(),
        "to": rule.last.isoformat() if rule.last else None,
        "source": rule.source,
    }
