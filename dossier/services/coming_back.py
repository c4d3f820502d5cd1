"""Files that never became documents and are tried again: their rows wait for them in the inbox.

The row is queued, a worker moves the file from ``quarantine/`` into the inbox, and the intake takes
it in under the same row. Whatever keeps the file from coming is said in the row.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select, update

from dossier.db.session import ScopedSession
from dossier.db.tables import Intake, WorkItem
from dossier.errors import ConflictError
from dossier.records import IntakeOutcome
from dossier.services.context import Context
from dossier.viewer import system_viewer
from dossier.work import queue
from dossier.work.kinds import GIVE_BACK_PRIORITY, WorkKind

WAITING = system_viewer("intake")


def trouble_key(shown_path: str) -> str:
    """The ``source_key`` of a note about a path, used on when the file is taken in after all."""
    return hashlib.sha256(f"trouble|{shown_path}".encode()).hexdigest()


def await_file(session: ScopedSession, row: Intake, *, at: datetime) -> None:
    """A worker moves the file out of the quarantine; when it comes, it belongs to this row.

    Raises:
        ConflictError: another file of the same name is on its way.
    """
    key = trouble_key(row.source_path)
    other = session.scalar(select(Intake).where(Intake.source_key == key))
    if other is not None and other.id != row.id:
        if other.outcome == IntakeOutcome.QUEUED:
            raise ConflictError(
                "another file of this name is on its way; try again in a moment",
                detail_zh="同名文件正在重新收入，请稍后再试",
            )
        other.source_key = None
        session.flush()
    row.outcome, row.reason, row.detail = IntakeOutcome.QUEUED, "", ""
    row.source_key, row.changed_at = key, at
    queue.requeue(session, [_give_back_task(row.id)], now=at)


def came_back(session: ScopedSession, intake_id: str, source_path: str, *, at: datetime) -> None:
    """The file lies in the inbox again, under this path: its row waits for it there."""
    row = session.get_one(Intake, intake_id)
    if row.outcome == IntakeOutcome.QUEUED and source_path != row.source_path:
        row.source_path, row.changed_at = source_path, at
        row.source_key = trouble_key(source_path)


def did_not_come(session: ScopedSession, intake_id: str, *, reason: str, at: datetime) -> None:
    """A file that was to come again did not: its row says so and waits for a person."""
    session.execute(
        update(Intake)
        .where(Intake.id == intake_id, Intake.outcome == IntakeOutcome.QUEUED)
        .values(outcome=IntakeOutcome.FAILED, reason=reason, changed_at=at)
        .execution_options(synchronize_session=False)
    )


def awaited(context: Context) -> list[tuple[str, str]]:
    """Ids and paths of rows whose files should lie in the inbox again by now."""
    moving = select(WorkItem.id).where(
        WorkItem.subject == Intake.id, WorkItem.state.in_(["ready", "leased"])
    )
    query = select(Intake.id, Intake.source_path).where(
        Intake.outcome == IntakeOutcome.QUEUED, Intake.document_id.is_(None), ~moving.exists()
    )
    with context.reading(WAITING) as session:
        return [(row.id, row.source_path) for row in session.execute(query)]


def _give_back_task(intake_id: str) -> queue.Task:
    return queue.Task(
        kind=WorkKind.GIVE_BACK,
        subject=intake_id,
        dedupe_key=f"give_back:{intake_id}",
        priority=GIVE_BACK_PRIORITY,
    )
