"""Looking after the archive: reindex, reconcile, doctor."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.errors import ExitCode

if TYPE_CHECKING:
    from dossier.hookspecs import EnvironmentCheck
    from dossier.services import reconcile as reconciling
    from dossier.services.context import Context

POLL_SECONDS = 0.2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(with_context(reindex))
    app.command()(with_context(reconcile))
    app.command("doctor")(with_context(examine, somebody_waits=True))


def reindex(context: Context) -> None:
    """Build the search index anew from the records, beside the live one, then swap.

    A running serve does the work; without one this command does it itself.
    """
    from indexer import rebuild

    request = rebuild.request(context)
    stop = threading.Event()
    feeder = threading.Thread(target=_feed_until, args=(context, stop), daemon=True)
    feeder.start()
    try:
        _watch(context, request)
    finally:
        stop.set()
        feeder.join()
    err.print("The index is built anew / 检索索引已重建")


def _feed_until(context: Context, stop: threading.Event) -> None:
    """Do the work here when no worker holds the index; it is a matter of who gets the lock."""
    from indexer.drain import IndexFeeder

    feeder = IndexFeeder(context)
    try:
        while not stop.is_set():
            if not feeder.try_acquire() or not feeder.step():
                stop.wait(POLL_SECONDS)
    finally:
        feeder.release()


def _watch(context: Context, request: str) -> None:
    from rich.progress import Progress

    from indexer import rebuild

    with Progress(console=err) as bar:
        task = bar.add_task("reindex 重建索引", total=None)
        state = ""
        while state != "live":
            state, cursor = rebuild.progress(context, request)
            done, _, total = cursor.partition("/")
            if total:
                bar.update(task, completed=int(done), total=int(total) or 1)
            time.sleep(POLL_SECONDS)


def reconcile(
    context: Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Queue index rows that are wrong.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare records, files and index, and list each difference.

    Exit code 6 when there are differences; notes (what was set aside, blank pages) are none.
    """
    from dossier.services import reconcile as reconciling

    found = list(reconciling.reconcile(context, OPERATOR))
    differences = [one for one in found if not one.is_note]
    notes = [one for one in found if one.is_note]
    repaired = reconciling.repair(context, OPERATOR, differences) if repair else None
    if json:
        print_json(
            {
                "differences": [_shown(one) for one in differences],
                "notes": [_shown(one) for one in notes],
                "repaired": repaired or 0,
            }
        )
    else:
        _print_differences(differences, notes, repaired)
    if differences and not repair:
        raise typer.Exit(int(ExitCode.PARTLY))


def _shown(one: reconciling.Difference) -> dict[str, str]:
    return {"kind": one.kind, "key": one.key, "remedy": one.remedy}


def _print_differences(
    differences: list[reconciling.Difference],
    notes: list[reconciling.Difference],
    repaired: int | None,
) -> None:
    for prefix, listed in (("", differences), ("note 说明\t", notes)):
        for one in listed:
            out.print(
                f"{prefix}{one.kind}\t{one.key}\t{one.remedy}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    kinds = ", ".join(
        f"{kind} {count}" for kind, count in Counter(one.kind for one in differences).items()
    )
    english = _counted(len(differences), "difference") + (f" ({kinds})" if kinds else "")
    chinese = f"差异 {len(differences)} 处，说明 {len(notes)} 条"
    if repaired is not None:
        english_end, chinese_end = f", {repaired} queued for repair", f"，已排队修复 {repaired} 处"
    else:
        english_end, chinese_end = "", ""
    err.print(
        f"{english}, {_counted(len(notes), 'note')}{english_end} / {chinese}{chinese_end}",
        markup=False,
        highlight=False,
    )


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def examine(context: Context, json: Json = False) -> None:
    """Check the installation and the archive; each line names its remedy."""
    from dossier.services import doctor

    checks = list(doctor.examine(context))
    if json:
        print_json([as_dict(check) for check in checks])
    else:
        table = Table("", "check 检查项", "found 现状", "remedy 处理")
        for check in checks:
            table.add_row(
                _mark(check),
                check.name,
                escape(check.detail),
                check.remedy if check.warning or not check.ok else "",
            )
        out.print(table)
    if not all(check.ok for check in checks):
        raise typer.Exit(int(ExitCode.FAILED))


def _mark(check: EnvironmentCheck) -> str:
    if not check.ok:
        return "[red]!![/]"
    return "[yellow]![/]" if check.warning else "[green]ok[/]"
