"""The quarantine folder follows the records: sources of documents that were set aside, or retried.

The records and the store are the truth; the folder is there so that a clerk sees the file. Failing
to move it is logged and changes nothing else.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from dossier.clock import local_date
from dossier.db.tables import Intake
from dossier.records import QuarantineReason
from dossier.rules import file_names
from dossier.services import coming_back
from dossier.services.context import Context
from dossier.viewer import system_viewer
from indexer import source_files

VIEWER = system_viewer("intake")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Source:
    relative: Path
    size_bytes: int
    received_at: datetime
    reason: str
    detail: str


def set_aside(context: Context, document_id: str) -> None:
    """Move the sources of a quarantined document from ``done/`` to ``quarantine/``."""
    for source in _sources(context, document_id):
        place = source_files.find_done(
            context.settings,
            source.relative,
            size_bytes=source.size_bytes,
            since=local_date(source.received_at),
        )
        if place is None:
            continue
        try:
            source_files.move_to_quarantine(
                context.settings,
                place,
                source.relative,
                reason=source.reason,
                detail=source.detail,
            )
        except OSError as err:
            log.warning("not moved to quarantine", extra={"id": document_id, "why": err.strerror})


def take_back(context: Context, document_id: str) -> None:
    """A quarantined document is read again: its sources go back to ``done/``."""
    for source in _sources(context, document_id):
        place = context.settings.quarantine_path / source.relative
        if not place.is_file():
            continue
        try:
            source_files.sidecar_of(place).unlink(missing_ok=True)
            source_files.move_to_done(
                context.settings, place, source.relative, on=local_date(source.received_at)
            )
        except OSError as err:
            log.warning("not moved back to done", extra={"id": document_id, "why": err.strerror})


def give_back(context: Context, intake_id: str) -> None:
    """A file that never became a document goes from ``quarantine/`` into the inbox again.

    When it cannot, because somebody took it away or may not be moved, its row says so.
    """
    with context.reading(VIEWER) as session:
        row = session.get(Intake, intake_id)
    if row is None or row.origin != "inbox":
        return
    wanted = Path(file_names.decoded(row.source_path))
    place, reason = None, QuarantineReason.GONE
    try:
        place = source_files.give_back(context.settings, wanted)
    except OSError as err:
        log.warning("not moved to the inbox", extra={"intake": intake_id, "why": err.strerror})
        is_refused = isinstance(err, PermissionError)
        reason = QuarantineReason.PERMISSION if is_refused else QuarantineReason.INTERNAL
    with context.writing(VIEWER) as session:
        now = context.clock.now()
        if place is None:
            coming_back.did_not_come(session, intake_id, reason=reason, at=now)
        else:
            path = place.relative_to(context.settings.inbox_path).as_posix()
            coming_back.came_back(session, intake_id, file_names.coded(path), at=now)


def _sources(context: Context, document_id: str) -> list[_Source]:
    with context.reading(VIEWER) as session:
        rows = session.scalars(
            select(Intake).where(Intake.document_id == document_id, Intake.origin == "inbox")
        ).all()
    return [
        _Source(
            Path(file_names.decoded(row.source_path)),
            row.size_bytes,
            row.received_at,
            row.reason,
            row.detail,
        )
        for row in rows
        if row.outcome != "duplicate"
    ]
