"""Counts of batches and what closes their items, whatever the session sees of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, or_, select, update

from dossier.db.batch_tables import HandoverBatch, HandoverItem
from dossier.db.session import ScopedSession

EXTRA = "extra"
"""The difference of what was not on the list."""


def all_items(session: ScopedSession, row: HandoverBatch) -> int:
    """How many items there are, whatever the session sees."""
    item = HandoverItem.__table__
    query = select(item.c.id).where(item.c.batch_number == row.number)
    return len(session.connection().execute(query).all())


def close_items(session: ScopedSession, row: HandoverBatch, *, settled_only: bool = False) -> None:
    """Its papers are free for other batches; with ``settled_only`` without those that differ."""
    item: Any = HandoverItem.__table__  # all there are, whatever the session sees
    change = update(item).where(item.c.batch_number == row.number).values(is_open=False)
    if settled_only:
        change = change.where(or_(item.c.difference == "", item.c.outcome != ""))
    session.flush()
    session.connection().execute(change)


def unsettled(session: ScopedSession, row: HandoverBatch) -> int:
    """How many differences are open, whatever the session sees."""
    item = HandoverItem.__table__
    query = select(func.count()).where(
        item.c.batch_number == row.number, item.c.difference != "", item.c.outcome == ""
    )
    return int(session.connection().scalar(query) or 0)


def counts(session: ScopedSession, found: Collection[HandoverBatch]) -> dict[int, tuple[int, int]]:
    """Items and pages on the lists, whatever the session sees of them."""
    item = HandoverItem.__table__
    query = (
        select(item.c.batch_number, func.count(), func.sum(item.c.pages))
        .where(item.c.batch_number.in_([one.number for one in found]))
        .where(item.c.difference != EXTRA)
        .group_by(item.c.batch_number)
    )
    return {
        number: (count, int(pages)) for number, count, pages in session.connection().execute(query)
    }
