"""What of the audit record lies within a reader's part of the company.

The session's own scope cuts customers and papers, so a number that it does not find is foreign, or
gone: both are answered alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, Customer, Document
from dossier.viewer import Viewer

IDS_AT_ONCE = 5000
"""Of one query; SQLite takes 32,766 values."""
_KEYS: dict[str, Any] = {"customer": Customer.customer_no, "document": Document.id}
"""Kinds of objects that lie somewhere; all others are of the whole house."""


def on_own() -> ColumnElement[bool]:
    """Rows on customers and papers within the session's scope."""
    return or_(
        *(
            and_(AuditEvent.object_kind == kind, AuditEvent.object_id.in_(select(key)))
            for kind, key in _KEYS.items()
        )
    )


def on_known() -> ColumnElement[bool]:
    """Rows whose object may be told: not a guess at a foreign number."""
    return or_(AuditEvent.object_kind.not_in(_KEYS), on_own())


def outside(session: ScopedSession, viewer: Viewer, rows: Sequence[AuditEvent]) -> set[int]:
    """Ids of the rows on a customer or paper outside the viewer's scope."""
    if viewer.scope.everything:
        return set()
    found: set[int] = set()
    for kind in _KEYS:
        on_it = [row for row in rows if row.object_kind == kind and row.object_id]
        own = own_keys(session, kind, {row.object_id for row in on_it})
        found |= {row.id for row in on_it if row.object_id not in own}
    return found


def own_keys(session: ScopedSession, kind: str, keys: Collection[str]) -> set[str]:
    """Those of some numbers of customers or papers that lie within the session's scope."""
    column, listed = _KEYS[kind], sorted(keys)
    return {
        key
        for start in range(0, len(listed), IDS_AT_ONCE)
        for key in _found(session, column, listed[start : start + IDS_AT_ONCE])
    }


def _found(session: ScopedSession, column: Any, keys: Sequence[str]) -> Iterable[str]:
    return session.scalars(select(column).where(column.in_(keys)))
