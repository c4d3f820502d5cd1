"""What lacks in each dossier, as it was assessed last; what is to be assessed anew; waivers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.dossier_changes import watch_when_made
from dossier.db.tables import Table, new_id


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


watch_when_made(Table.metadata)
