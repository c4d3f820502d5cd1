"""Notices of loans: each to one person by one way, once; where people get their e-mail."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table, new_id


class Notice(Table):
    """What somebody is told of a loan, by one way; in the product the row is all there is."""

    __tablename__ = "notice"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    """What makes "once" a constraint; receivers know a repeated call by it."""
    occasion: Mapped[str] = mapped_column(String(100))
    """The key without who and how."""
    rule: Mapped[str] = mapped_column(String(30))
    loan_number: Mapped[int] = mapped_column(ForeignKey("loan.number"))
    channel: Mapped[str] = mapped_column(String(10))
    to_user: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    """None of a call to another system."""
    holds: Mapped[str] = mapped_column(String(10))
    """What must still be true when it is shown or sent: ``lent``, ``asked`` or ``always``."""
    due_at: Mapped[datetime | None]
    day: Mapped[date] = mapped_column(Date())
    made_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    """``open``; ``sending``: handed over just now; ``sent``; ``failed``; ``unsure``: handed over,
    and no answer came; ``dropped``: not true any more; ``replaced`` by a later one."""
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(40), default="", server_default="")
    __table_args__ = (
        CheckConstraint("channel in ('product','mail','webhook')", name="ck_notice_channel"),
        CheckConstraint("(channel = 'webhook') = (to_user is null)", name="ck_notice_to"),
        Index("ix_notice_to_user", "to_user", "channel", "made_at"),
        Index("ix_notice_occasion", "occasion"),
        Index("ix_notice_loan_number", "loan_number"),
        Index("ix_notice_state", "state", "made_at"),
    )


class NoticedStep(Table):
    """A step of a loan of which it was worked out who is told."""

    __tablename__ = "noticed_step"
    step_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class NoticeAddress(Table):
    """Where a person gets notices by e-mail; by the person's own word."""

    __tablename__ = "notice_address"
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    set_at: Mapped[datetime]
