"""The record of who did and saw what. Bytes leave the house only against a receipt of it.

Rows are append-only; one background sealer chains them about every second, outside requests
(architecture.md, Who may see what, 5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select

from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, AuditSeal
from dossier.services.context import Context
from dossier.services.recorder import BegunRecord
from dossier.viewer import Viewer

SEAL_BATCH = 1000
"""Rows of one seal at most, so that sealing a backlog stays in small transactions."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a read record was committed; file bytes are handed out only against one."""

    event_id: int
    action: str
    object_id: str


def note(
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    *,
    at: datetime,
    object_kind: str = "",
    object_id: str = "",
    outcome: str = "ok",
    facts: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Add an audit row to the caller's own transaction (for writes).

    ``action`` is a stable code such as ``document.assigned``; ``facts`` are plain values without
    personal data.
    """
    row = _row(viewer, action, at, object_kind, object_id, facts)
    event = AuditEvent(**(row | {"outcome": outcome}))
    session.add(event)
    session.flush()
    return event


def record_read(
    context: Context,
    viewer: Viewer,
    action: str,
    *,
    object_kind: str,
    object_id: str,
    facts: Mapping[str, Any] | None = None,
) -> Receipt:
    """Commit a read record, and give the receipt that lets bytes leave.

    Raises:
        UnavailableError: the record cannot be written now, so nothing may leave.
    """
    begun = begin_read(
        context, viewer, action, object_kind=object_kind, object_id=object_id, facts=facts
    )
    return Receipt(begun.wait(), action, object_id)


def begin_read(
    context: Context,
    viewer: Viewer,
    action: str,
    *,
    object_kind: str,
    object_id: str,
    facts: Mapping[str, Any] | None = None,
) -> BegunRecord:
    """Have a read record committed while the answer is prepared; wait for it before it leaves."""
    row = _row(viewer, action, context.clock.now(), object_kind, object_id, facts)
    return context.recorder.begin(row)


def _row(
    viewer: Viewer,
    action: str,
    at: datetime,
    object_kind: str,
    object_id: str,
    facts: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "at": at,
        "actor": viewer.id,
        "role": viewer.role,
        "action": action,
        "object_kind": object_kind,
        "object_id": object_id,
        "outcome": "ok",
        "purpose": viewer.purpose,
        "remote": viewer.remote,
        "facts": dict(facts or {}),
    }


def seal(context: Context, viewer: Viewer) -> int:
    """Seal the audit rows that are not sealed yet; returns how many."""
    with context.writing(viewer) as session:
        last = session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))
        start = last.last_event if last else 0
        events = session.scalars(
            select(AuditEvent)
            .where(AuditEvent.id > start)
            .order_by(AuditEvent.id)
            .limit(SEAL_BATCH)
        ).all()
        if not events:
            return 0
        previous = last.hash if last else ""
        session.add(
            AuditSeal(
                first_event=events[0].id,
                last_event=events[-1].id,
                count=len(events),
                previous=previous,
                hash=chain_hash(previous, [row_of(event) for event in events]),
                sealed_at=context.clock.now(),
            )
        )
        return len(events)


def row_of(event: AuditEvent) -> list[Any]:
    """The sealed columns of an event, in a fixed order."""
    return [
        event.id,
        event.at.isoformat(),
        event.actor,
        event.role,
        event.action,
        event.object_kind,
        event.object_id,
        event.outcome,
        event.purpose,
        event.remote,
        event.facts,
    ]


def chain_hash(previous: str, rows: list[list[Any]]) -> str:
    """SHA-256 over the hash before and the rows."""
    digest = hashlib.sha256(previous.encode())
    for row in rows:
        digest.update(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of walking the seals."""

    sealed: int
    unsealed: int
    broken: tuple[str, ...]


def verify(context: Context, viewer: Viewer) -> Verification:
    """Walk the seals and name each whose rows were changed, removed or inserted."""
    broken: list[str] = []
    previous, sealed, last_event = "", 0, 0
    with context.reading(viewer) as session:
        for mark in session.scalars(select(AuditSeal).order_by(AuditSeal.id)):
            events = session.scalars(
                select(AuditEvent)
                .where(AuditEvent.id > last_event, AuditEvent.id <= mark.last_event)
                .order_by(AuditEvent.id)
            ).all()
            if mark.previous != previous or mark.hash != chain_hash(
                previous, [row_of(event) for event in events]
            ):
                broken.append(f"seal {mark.id}: rows {mark.first_event}-{mark.last_event}")
            previous, sealed, last_event = mark.hash, sealed + mark.count, mark.last_event
        total = session.scalar(select(func.count(AuditEvent.id))) or 0
    return Verification(sealed, max(0, total - sealed), tuple(broken))
