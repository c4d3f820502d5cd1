"""Customers that go to another place without anything else about them changing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, CustomerPast, Document
from dossier.services import customer_upsert


def relocate(
    session: ScopedSession,
    numbers: Sequence[str],
    place: Mapping[str, int | None],
    *,
    at: datetime,
) -> None:
    """Give customers another place, in the caller's transaction; papers and index rows follow.

    The former record is kept. Of a paper its reference code stays, and where it was captured.

    Args:
        session: a writing session that sees the whole register.
        numbers: the customers, a batch.
        place: some of ``unit_id``, ``line_id``, ``district_id``; what is not named stays.
        at: now.
    """
    if not numbers:
        return
    session.execute(insert(CustomerPast), customer_upsert.past_records(session, numbers, at=at))
    for chunk in customer_upsert.chunks(numbers):
        papers = session.scalars(select(Document.id).where(Document.customer_no.in_(chunk))).all()
        session.execute(
            update(Customer)
            .where(Customer.customer_no.in_(chunk))
            .values(revision=Customer.revision + 1, updated_at=at, **place)
            .execution_options(synchronize_session=False)
        )
        session.execute(
            update(Document)
            .where(Document.customer_no.in_(chunk))
            .values(revision=Document.revision + 1, **place)
            .execution_options(synchronize_session=False)
        )
        outbox.mark_changed(session, outbox.CUSTOMERS, chunk, at=at)
        outbox.mark_changed(session, outbox.DOCUMENTS, papers, at=at)
