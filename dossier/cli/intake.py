"""``dossier intake …``: what came in, and trying again what was set aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.cli.words import in_both, moment, printable
from dossier.errors import ConflictError, ExitCode, InvalidInputError, NotFoundError
from dossier.records import IntakeState

if TYPE_CHECKING:
    from dossier.services.context import Context
    from dossier.services.work_status import IntakeItem

app = typer.Typer(no_args_is_help=True, help="What came in, and trying again what was set aside.")
PAGE = 200
State = Annotated[
    str | None, typer.Option(help=f"Only these: {', '.join(state.value for state in IntakeState)}.")
]


@app.command("list")
@with_context
def list_(context: Context, state: State = None, json: Json = False) -> None:
    """List files, the newest first, with their state, error and remedy."""
    found = list(_items(context, state))
    if json:
        print_json([as_dict(item) for item in found])
        return
    for item in found:
        print_item(item)


def print_item(item: IntakeItem) -> None:
    """One file: a table would cut long names and reasons on a narrow screen."""
    out.print(item.id, item.state, item.step, markup=False, highlight=False, soft_wrap=True)
    out.print(f"  {printable(item.source_path)}", markup=False, highlight=False, soft_wrap=True)
    trouble = _trouble(item)
    for kind in ("reason", "remedy") if trouble else ():
        out.print(f"  {in_both(kind, trouble)}", markup=False, highlight=False, soft_wrap=True)
    if tried := _tried(item):
        out.print(f"  {tried}", markup=False, highlight=False, soft_wrap=True)


def _tried(item: IntakeItem) -> str:
    if not item.retries:
        return ""
    at = moment(item.retried_at)
    return (
        f"已重试 {item.retries} 次，最近一次 {at}，仍未成功 / "
        f"tried again, times: {item.retries}, last {at}, in vain"
    )


def _trouble(item: IntakeItem) -> str:
    from ui.pages.intake import trouble_of

    return trouble_of(item)


def _items(context: Context, state: str | None) -> Iterator[IntakeItem]:
    from dossier.services import work_status

    if state is not None and state not in set(IntakeState):
        raise InvalidInputError(f"Unknown state; choose one of {', '.join(IntakeState)}")
    states = (state,) if state else ()
    cursor: str | None = None
    while True:
        page = work_status.list_intake(context, OPERATOR, states=states, cursor=cursor, size=PAGE)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


@app.command("retry")
@with_context
def retry(
    context: Context,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids from dossier intake list.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that failed, copies and single pages too.")
    ] = False,
) -> None:
    """Try again what was set aside; a running serve does the work.

    Exit code 6 when some could not be tried again, or there is no entry of an id.
    """
    from dossier.services import intake

    chosen = list(ids or [])
    if everything:
        chosen += [item.id for item in _items(context, None) if item.may_retry]
    if not chosen and not everything:
        raise InvalidInputError("Name ids from dossier intake list, or use --all")
    refused = 0
    for intake_id in chosen:
        try:
            intake.retry(context, OPERATOR, intake_id)
        except (ConflictError, NotFoundError) as problem:
            refused += 1
            told = f"{intake_id}: {problem.detail_zh or problem.title_zh} / {problem.detail}"
            err.print(told, markup=False, highlight=False, soft_wrap=True)
    err.print(f"{len(chosen) - refused} queued again / 已重新排队 {len(chosen) - refused} 件")
    if refused:
        raise typer.Exit(int(ExitCode.PARTLY))
