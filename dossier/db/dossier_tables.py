"""What lacks in each dossier, as it was assessed last; what is to be assessed anew; waivers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from dossier.db.dossier_changes import watch_when_made
from dossier.db.tables import Table, new_id

ONE_EDITOR = 711_004
"""PostgreSQL's advisory lock of who amends rules, beside that of :mod:`dossier.db.case_tables`."""


class DossierChange(Table):
    """A dossier in which something changed; triggers note it, whoever makes the change.

    Keys and no cursor, as in the outbox: taken out are exactly the rows that were read.
    """

    __tablename__ = "dossier_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_no: Mapped[str] = mapped_column(String(16))
    __table_args__ = ({"sqlite_autoincrement": True},)


class DossierState(Table):
    """How complete a dossier was when it was assessed last."""

    __tablename__ = "dossier_state"
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), primary_key=True)
    required: Mapped[int]
    present: Mapped[int]
    changes_on: Mapped[date | None] = mapped_column(Date)
    """The day on which time alone may change it."""
    rules: Mapped[str] = mapped_column(String(64))
    """Fingerprint of the rules by which it was assessed."""
    assessed_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_dossier_state_changes_on", "changes_on"),
        Index("ix_dossier_state_rules", "rules"),
    )


class DossierGap(Table):
    """A paper that lacks in a dossier."""

    __tablename__ = "dossier_gap"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    rule: Mapped[str] = mapped_column(String(60))
    type_code: Mapped[str] = mapped_column(String(8), index=True)
    """The first of the types that would do."""
    state: Mapped[str] = mapped_column(String(12))
    since: Mapped[date | None] = mapped_column(Date)


class WaiverRow(Table):
    """Somebody decided that a paper need not be there (免交).

    Never changed and never deleted but for its withdrawal, which ends it and stays with it.
    """

    __tablename__ = "waiver"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    case_no: Mapped[str | None] = mapped_column(String(40))
    """None for the connection that only the register tells of."""
    rule: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(40))
    """A code of ``waivers.yaml``."""
    note: Mapped[str] = mapped_column(String(200), default="")
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    """Id of who decided it."""
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(80))
    withdrawn_why: Mapped[str] = mapped_column(String(200), default="", server_default="")


class RuleAmendment(Table):
    """A change of the requirement rules that somebody saved on the page, from a day on.

    Never changed and never deleted but for its withdrawal before that day, which stays with it.
    """

    __tablename__ = "rule_amendment"
    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(60), index=True)
    first_day: Mapped[date] = mapped_column(Date)
    """The first day on which it is so."""
    entry: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The rule as the rule file would say it; null: from that day on there is no such rule."""
    why: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    """Id of who saved it."""
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(80))
    withdrawn_why: Mapped[str] = mapped_column(String(200), default="", server_default="")


def one_editor(session: Session) -> None:
    """Two that amend rules at once: the second waits and sees what the first wrote."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:number)"), {"number": ONE_EDITOR})


class DossierCount(Table):
    """How many dossiers there were of a kind from one day to another; a row for each change.

    No reference to a place: its figures stay when it is closed.
    """

    __tablename__ = "dossier_count"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int]
    """Where the customers were; 0: of none."""
    line_id: Mapped[int]
    district_id: Mapped[int]
    category: Mapped[str] = mapped_column(String(8))
    type_code: Mapped[str] = mapped_column(String(8))
    """Of a paper that lacked in them; empty: of all dossiers."""
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    """The first day on which it was another figure."""
    dossiers: Mapped[int]
    complete: Mapped[int]
    __table_args__ = (
        UniqueConstraint("unit_id", "line_id", "district_id", "category", "type_code", "since"),
        Index("ix_dossier_count_type_code", "type_code", "since"),
        Index("ix_dossier_count_until", "until"),
    )


class DossierCountDay(Table):
    """A day on which dossiers were counted, each once."""

    __tablename__ = "dossier_count_day"
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    counted_at: Mapped[datetime]


watch_when_made(Table.metadata)
