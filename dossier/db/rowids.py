"""Small unique row numbers for the index's sort keys (``customer.rowid``, ``document.rowid``)."""

from __future__ import annotations

from sqlalchemy import func, select, text

from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document

ADVISORY_LOCKS = {Customer: 711_001, Document: 711_002}
"""PostgreSQL has no writer lock as SQLite's BEGIN IMMEDIATE; these numbers are ours alone."""


def next_rowid(session: ScopedSession, entity: type[Customer] | type[Document]) -> int:
    """The first free number for a new row; ours until the transaction ends.

    Several new rows in one transaction count on from it by themselves.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("select pg_advisory_xact_lock(:number)"), {"number": ADVISORY_LOCKS[entity]}
        )
    table = entity.__table__
    highest = session.connection().scalar(select(func.max(table.c.rowid)))
    return (highest or 0) + 1
