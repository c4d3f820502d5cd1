"""The outbox: keys of rows whose index entry must be made anew (architecture.md, Records).

Keys, not bodies, and no cursor: PostgreSQL commits sequence numbers out of order, so ``id > last``
would lose some. Drained are exactly the change ids that were read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from dossier.db.prepared import Prepared
from dossier.db.session import ScopedSession
from dossier.db.tables import IndexChange

CUSTOMERS = "customers"
DOCUMENTS = "documents"
DELETE_CHUNK = 500
"""Ids in one DELETE, below SQLite's limit of bound values."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the index does not show yet."""

    pending: int
    oldest: datetime | None

    def lag_seconds(self, now: datetime) -> float:
        """Age of the oldest change, 0 when there is none."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


def mark_changed(session: ScopedSession, index: str, keys: Iterable[str], *, at: datetime) -> None:
    """Say, in the caller's transaction, that these rows' index entries are out of date.

    Args:
        session: the transaction that changes the rows.
        index: ``customers`` (key: customer_no) or ``documents`` (key: document id).
        keys: of the changed rows.
        at: now.
    """
    rows = [{"index": index, "key": key, "at": at} for key in keys]
    if rows:
        session.execute(insert(IndexChange), rows)


def backlog(session: ScopedSession) -> Backlog:
    """How much is waiting, and since when."""
    (found,) = _BACKLOG.rows(session)
    return Backlog(found.pending, found.oldest)


def is_waiting(session: ScopedSession) -> bool:
    """Whether there is any change; asked after every commit of anybody."""
    return bool(_FIRST.rows(session))


def waiting(session: ScopedSession, *, limit: int) -> list[IndexChange]:
    """The oldest changes, at most ``limit``."""
    return list(session.scalars(select(IndexChange).order_by(IndexChange.id).limit(limit)))


def drop(session: ScopedSession, ids: Iterable[int]) -> None:
    """Take out exactly the changes that were worked off."""
    ids = list(ids)
    for start in range(0, len(ids), DELETE_CHUNK):
        chunk = ids[start : start + DELETE_CHUNK]
        session.execute(delete(IndexChange).where(IndexChange.id.in_(chunk)))


_FIRST = Prepared(select(IndexChange.id).limit(1))
_BACKLOG = Prepared(
    select(func.count(IndexChange.id).label("pending"), func.min(IndexChange.at).label("oldest"))
)
