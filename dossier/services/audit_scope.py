"""What of the audit record lies within a reader's part of the company.

What somebody searched for stands in the record as a keyed hash, and with how many hits. Who may
search the same would find by comparing which foreign customer it was, so neither is told of others.

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
"""Kinds of objects that lie somewhere; all others but queries are of the whole house."""
_NAMED = _KEYS | {"case": Document.case_no}
"""What else a row may name beside its object: a case lies where one of its papers does."""
QUERY = "query"
ABOUT_CUSTOMERS = frozenset({*_KEYS, QUERY, "loan", "campaign"})
"""Kinds of objects whose rows' purposes may name a customer; of others they name colleagues."""


def on_own() -> ColumnElement[bool]:
    """Rows on customers and papers within the session's scope."""
    return or_(
        *(
            and_(AuditEvent.object_kind == kind, AuditEvent.object_id.in_(select(key)))
            for kind, key in _KEYS.items()
        )
    )


def on_known(viewer: Viewer) -> ColumnElement[bool]:
    """Rows whose object may be told: not a guess at a foreign number or at another's words."""
    of_house = AuditEvent.object_kind.not_in([*_KEYS, QUERY])
    own_words = and_(AuditEvent.object_kind == QUERY, AuditEvent.actor == viewer.id)
    return or_(of_house, own_words, on_own())


def hides_words(viewer: Viewer, row: AuditEvent) -> bool:
    """Whether a row is on what another searched for, and the viewer reads a part of the company."""
    is_own = row.actor == viewer.id or viewer.scope.everything
    return row.object_kind == QUERY and not is_own


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
    """Those of some numbers of customers, papers or cases that lie within the session's scope."""
    column, listed = _NAMED[kind], sorted(keys)
    return {
        key
        for start in range(0, len(listed), IDS_AT_ONCE)
        for key in _found(session, column, listed[start : start + IDS_AT_ONCE])
    }


def _found(session: ScopedSession, column: Any, keys: Sequence[str]) -> Iterable[str]:
    return session.scalars(select(column).where(column.in_(keys)))
