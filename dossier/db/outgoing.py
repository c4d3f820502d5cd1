"""Events for other systems, numbered in the order of their commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from dossier.db.session import ScopedSession
from dossier.db.verification_tables import OutgoingEvent

ADVISORY_LOCK = 711_005
"""PostgreSQL gives numbers before it commits: without a lock a reader could pass one over that is
committed later. SQLite has one writer."""


def append(
    session: ScopedSession, kind: str, *, customer_no: str, subject_id: str, at: datetime
) -> None:
    """Have an event told; the last thing of a transaction, as others wait behind it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:number)"), {"number": ADVISORY_LOCK})
    session.add(OutgoingEvent(kind=kind, customer_no=customer_no, subject_id=subject_id, at=at))
    session.flush()
