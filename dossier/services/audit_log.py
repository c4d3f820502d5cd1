"""The audit record as those read it who may: newest first, and how far it is sealed.

Who reads it is noted in it like anybody who reads a paper. A row holds codes and ids, never what
stands in a paper, so nothing is masked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from dossier.access import demand
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, AuditSeal, User
from dossier.services import audit, cursors
from dossier.services.context import Context
from dossier.services.views import Listing
from dossier.viewer import Permission, Viewer

LISTING = "audit"
READ = "audit.read"
MOST_ITEMS = 200
"""Rows of one page of the list, at most."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row: ``actor`` is the account's name, or the job's (``system:ocr``).

    ``object_name`` is the account's name where the object is one (a login), else empty.
    """

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    object_kind: str
    object_id: str
    object_name: str
    outcome: str
    purpose: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows; an empty value asks for all.

    Attributes:
        actor: an account's name, or the id that stands in the row; finds what was done to the
            account too: who logs in is no actor yet.
        object_id: of a document, a customer, an account, …
        action: a code such as ``document.read``.
    """

    actor: str = ""
    object_id: str = ""
    action: str = ""

    @property
    def used(self) -> list[str]:
        """Names of the filters that are set; their values may be anything that was typed."""
        values = (("actor", self.actor), ("object_id", self.object_id), ("action", self.action))
        return [name for name, value in values if value]


EVERYTHING = AuditFilter()


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the record is sealed; ``last_at`` is None when it never was."""

    sealed_to: int
    unsealed: int
    last_at: datetime | None


def list_audit(
    context: Context,
    viewer: Viewer,
    *,
    wanted: AuditFilter = EVERYTHING,
    cursor: str | None = None,
    size: int = 50,
) -> tuple[Listing[AuditEntry], SealState]:
    """A page of the record, newest first, and how far it is sealed; the reading is noted.

    Raises:
        ForbiddenError: the role may not read the record.
        QueryError: a broken cursor.
        UnavailableError: the reading cannot be noted now, so nothing is shown.
    """
    demand(viewer, Permission.READ_AUDIT)
    size = max(1, min(size, MOST_ITEMS))
    before = int(cursors.unpack(context.keyring, LISTING, cursor)) if cursor else None
    with context.reading(viewer) as session:
        seals = _seal_state(session)
        query = _matching(select(AuditEvent), wanted)
        total = session.scalar(_matching(select(func.count(AuditEvent.id)), wanted)) or 0
        if before is not None:
            query = query.where(AuditEvent.id < before)
        rows = session.scalars(query.order_by(AuditEvent.id.desc()).limit(size + 1)).all()
        items = _entries(session, rows[:size], seals.sealed_to)
    more = len(rows) > size
    following = cursors.pack(context.keyring, LISTING, items[-1].id) if more else None
    facts = {"filtered_by": wanted.used, "rows": len(items)}
    audit.record_read(context, viewer, READ, object_kind="audit", object_id="", facts=facts)
    return Listing(items, following, total), seals


def _matching(query: Select[Any], wanted: AuditFilter) -> Select[Any]:
    if wanted.actor:
        named = select(User.id).where(User.name == wanted.actor)
        to_it = and_(AuditEvent.object_kind == "user", AuditEvent.object_id.in_(named))
        by_it = or_(AuditEvent.actor == wanted.actor, AuditEvent.actor.in_(named))
        query = query.where(or_(by_it, to_it))
    if wanted.object_id:
        query = query.where(AuditEvent.object_id == wanted.object_id)
    if wanted.action:
        query = query.where(AuditEvent.action == wanted.action)
    return query


def _seal_state(session: ScopedSession) -> SealState:
    last = session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))
    sealed_to = last.last_event if last else 0
    tail = select(func.count(AuditEvent.id)).where(AuditEvent.id > sealed_to)
    return SealState(sealed_to, session.scalar(tail) or 0, last.sealed_at if last else None)


def _entries(
    session: ScopedSession, rows: Sequence[AuditEvent], sealed_to: int
) -> tuple[AuditEntry, ...]:
    ids = {row.actor for row in rows} | {row.object_id for row in rows if row.object_kind == "user"}
    found = session.execute(select(User.id, User.name).where(User.id.in_(ids))).all()
    names = {row.id: row.name for row in found}
    return tuple(
        AuditEntry(
            id=row.id,
            at=row.at,
            actor=names.get(row.actor, row.actor),
            role=row.role,
            action=row.action,
            object_kind=row.object_kind,
            object_id=row.object_id,
            object_name=names.get(row.object_id, ""),
            outcome=row.outcome,
            purpose=row.purpose,
            sealed=row.id <= sealed_to,
        )
        for row in rows
    )
