"""Cases of the marketing system, their nodes, and the inbox of what it told of them.

The inbox is the truth: a case and its nodes are what a fold over the case's events gives
(``plugins/completeness/cases.py``), whatever the order in which they came.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from dossier.db.tables import Table

ONE_SENDER = 711_003
"""PostgreSQL's advisory lock of who folds events, beside those of :mod:`dossier.db.rowids`."""


class BusinessCase(Table):
    """Something that is done for a customer, step by step. Seen as its customer is."""

    __tablename__ = "business_case"
    case_no: Mapped[str] = mapped_column(String(40), primary_key=True)
    customer_no: Mapped[str] = mapped_column(String(16), index=True)
    """No foreign key: a new supply is told of before its customer is in the register."""
    business: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    """``open``, ``held``, ``done`` or ``cancelled``."""
    unit: Mapped[str] = mapped_column(String(200), default="")
    """As the marketing system names it."""
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """When it was done or cancelled."""
    holds: Mapped[list[Any]] = mapped_column(default=list)
    """``[[from, to]]``, instants in ISO format; ``to`` null while it is held."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What conditions of requirement rules may ask."""
    updated_at: Mapped[datetime]


class CaseNode(Table):
    """A node of a case that was completed."""

    __tablename__ = "case_node"
    case_no: Mapped[str] = mapped_column(ForeignKey("business_case.case_no"), primary_key=True)
    node: Mapped[str] = mapped_column(String(20), primary_key=True)
    customer_no: Mapped[str] = mapped_column(String(16), index=True)
    """The case's; by it the node is in a viewer's scope."""
    completed_at: Mapped[datetime]
    handler: Mapped[str] = mapped_column(String(80), default="")
    unit: Mapped[str] = mapped_column(String(200), default="")


class EventInbox(Table):
    """An event as it came in (CloudEvents 1.0). Never deleted; only its outcome changes."""

    __tablename__ = "event_inbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    event_id: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(200))
    happened_at: Mapped[datetime]
    """By the event's own words, else when it came in."""
    received_at: Mapped[datetime]
    received_by: Mapped[str] = mapped_column(String(80))
    case_no: Mapped[str | None] = mapped_column(String(40))
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What was understood of its data: numbers, codes and instants."""
    body: Mapped[bytes]
    """The whole event, encrypted: what is not understood may hold personal data."""
    digest: Mapped[str] = mapped_column(String(64))
    """Of its content: the same id with another content is told apart."""
    outcome: Mapped[str] = mapped_column(String(12))
    """``applied``, ``waiting``, ``refused`` or ``kept``."""
    reason: Mapped[str] = mapped_column(String(40), default="")
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_event_inbox_case_no", "case_no"),
        {"sqlite_autoincrement": True},
    )


def one_sender(session: Session) -> None:
    """Have who folds events wait for who does already; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:number)"), {"number": ONE_SENDER})
