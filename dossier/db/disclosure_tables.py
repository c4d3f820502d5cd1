"""Tables of what was shown to whom for some minutes, and of callers that were checked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table, new_id


class Disclosure(Table):
    """Masked values of one customer, open to one user until an instant."""

    __tablename__ = "disclosure"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    fields: Mapped[list[Any]]
    """What is open: values of :class:`dossier.viewer.Field`."""
    purpose: Mapped[str] = mapped_column(String(200))
    """The reason in words, as it stands in the audit."""
    reason: Mapped[str] = mapped_column(String(40))
    asked_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When its end was written down; it is over at ``until`` all the same."""
    __table_args__ = (
        Index("ix_disclosure_user_id_customer_no", "user_id", "customer_no"),
        Index(
            "ix_disclosure_open",
            "until",
            sqlite_where=text("ended_at is null"),
            postgresql_where=text("ended_at is null"),
        ),
    )


class CallerCheck(Table):
    """How often one user checked a caller against one customer lately."""

    __tablename__ = "caller_check"
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    """When the count began."""
