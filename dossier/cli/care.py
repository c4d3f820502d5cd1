"""Looking after the archive: reindex, reconcile, verify, doctor."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.errors import ExitCode
from dossier.services import audit, doctor
from dossier.services import reconcile as reconciling
from dossier.services.context import Context
from indexer import rebuild
from indexer.drain import IndexFeeder

POLL_SECONDS = 0.2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(with_context(reindex))
    app.command()(with_context(reconcile))
    app.command()(with_context(verify))
    app.command("doctor")(with_context(examine))


def reindex(context: Context) -> None:
    """Build the search index anew from the records, beside the live one, then swap.

    A running serve does the work; without one this command does it itself.
    """
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
    feeder = IndexFeeder(context)
    try:
        while not stop.is_set():
            if not feeder.try_acquire() or not feeder.step():
                stop.wait(POLL_SECONDS)
    finally:
        feeder.release()


def _watch(context: Context, request: str) -> None:
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

    Exit code 6 when there are differences.
    """
    found = list(reconciling.reconcile(context, OPERATOR))
    repaired = reconciling.repair(context, OPERATOR, found) if repair else 0
    if json:
        print_json({"differences": [as_dict(one) for one in found], "repaired": repaired})
    else:
        for one in found:
            out.print(
                f"{one.kind}\t{one.key}\t{one.remedy}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        counts = Counter(one.kind for one in found)
        err.print(
            f"{len(found)} differences {dict(counts)}; {repaired} queued / "
            f"差异 {len(found)} 处，已排队修复 {repaired} 处",
            markup=False,
        )
    if found and not repair:
        raise typer.Exit(int(ExitCode.PARTLY))


def verify(context: Context, json: Json = False) -> None:
    """Walk the audit's seals and name any row that was changed, removed or inserted."""
    found = audit.verify(context, OPERATOR)
    if json:
        print_json(as_dict(found))
    else:
        out.print(f"sealed 已封存: {found.sealed}  unsealed 未封存: {found.unsealed}")
        for seal in found.broken:
            out.print(f"BROKEN 被改动: {seal}", style="red")
    if found.broken:
        raise typer.Exit(int(ExitCode.FAILED))


def examine(context: Context, json: Json = False) -> None:
    """Check the installation and the archive; each line names its remedy."""
    checks = list(doctor.examine(context))
    if json:
        print_json([as_dict(check) for check in checks])
    else:
        table = Table("", "check 检查项", "found 现状", "remedy 处理")
        for check in checks:
            table.add_row(
                "[green]ok[/]" if check.ok else "[red]!![/]",
                check.name,
                check.detail,
                "" if check.ok else check.remedy,
            )
        out.print(table)
    if not all(check.ok for check in checks):
        raise typer.Exit(int(ExitCode.FAILED))
