"""The record of who did and saw what. Bytes leave the house only against a receipt of it.

Rows are append-only; a duty of the worker chains them about every second, outside requests
(:mod:`dossier.services.audit_chain`, ADR 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent
from dossier.services.context import Context
from dossier.services.recorder import BegunRecord
from dossier.viewer import Viewer

PRINTED = "document.printed"
"""A print; the pictures of its sheets carry its purpose."""


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
        "purpose": viewer.opening.purpose if viewer.opening else viewer.purpose,
        "remote": viewer.remote,
        "facts": dict(facts or {}) | _opened_by(viewer),
    }


def _opened_by(viewer: Viewer) -> dict[str, Any]:
    """What a look was made under: an open disclosure, approvals and loans that reach it."""
    found: dict[str, Any] = {"disclosure": viewer.opening.id} if viewer.opening else {}
    approved = [one.approval_id for one in viewer.reaches if one.approval_id]
    if viewer.is_placed and approved:  # cut down to the thing; else they may be for another
        found["approvals"] = approved
    if viewer.loans:
        found["loans"] = [one.loan for one in viewer.loans]
    return found
