"""Loans of papers' pictures and of paper originals, and who has each original."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.append_only import protect_when_made
from dossier.db.tables import Table, new_id
from dossier.rules.loan_states import HOLDS_ORIGINAL

_TAKEN = text(f"state IN ({', '.join(repr(str(one)) for one in sorted(HOLDS_ORIGINAL))})")


class PaperOriginal(Table):
    """The paper behind a document, and who has it: one custodian at every moment (S2-14).

    A row without a custodian cannot be written, and each change of custodian is put down by the
    database itself (:mod:`dossier.db.custody_tables`). Changed by :mod:`dossier.services.custody`.
    """

    __tablename__ = "paper_original"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="whole")
    """``whole``, ``lost`` or ``destroyed``; what is lost or destroyed keeps its row for good."""
    substitute_for: Mapped[str | None] = mapped_column(ForeignKey("paper_original.id"))
    """Of a certified copy (替代件): the lost paper in whose place it lies."""
    custodian_kind: Mapped[str] = mapped_column(String(10))
    """``place`` of the archive, or ``person``."""
    custodian: Mapped[str] = mapped_column(String(80))
    """The place's code, or the person's id."""
    since: Mapped[datetime]
    moved_by: Mapped[str] = mapped_column(String(80))
    """Who put it there, or said so: a user's id or a job."""
    why: Mapped[str] = mapped_column(String(200), default="")
    __table_args__ = (
        CheckConstraint("state in ('whole','lost','destroyed')", name="ck_original_state"),
        CheckConstraint("custodian_kind in ('place','person')", name="ck_original_kind"),
        CheckConstraint("custodian <> ''", name="ck_original_custodian"),
        Index(
            "uq_original_document",
            "document_id",
            unique=True,
            sqlite_where=text("state = 'whole'"),
            postgresql_where=text("state = 'whole'"),
        ),
        Index("ix_paper_original_custodian", "custodian"),
    )


class Loan(Table):
    """One loan from the request to its end; states: :mod:`dossier.rules.loan_states`.

    What was asked for need not exist, and who asks is not told: outside one's own area existence is
    no answer.
    """

    __tablename__ = "loan"
    number: Mapped[int] = mapped_column(primary_key=True)
    """What stands on watermarks and in the audit, as ``JY000012``."""
    id: Mapped[str] = mapped_column(String(36), unique=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12))
    """As it was written last; what ends by the clock is over at its minute all the same."""
    original_id: Mapped[str | None] = mapped_column(ForeignKey("paper_original.id"))
    borrower_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    purpose: Mapped[str] = mapped_column(String(200))
    minutes: Mapped[int]
    """The term from the grant on."""
    until: Mapped[datetime | None]
    """The end, where an instant was asked for instead of a term."""
    clear: Mapped[bool] = mapped_column(default=False)
    may_print: Mapped[bool] = mapped_column(default=False)
    may_download: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    """None while nobody decided, and for what needed no approval."""
    decided_as: Mapped[int | None] = mapped_column(ForeignKey("role_grant.id"))
    """The grant by which it was approved; the loan rests when that is over."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    """Why it was refused or ended early."""
    begins_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    renewals: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(80), default="")
    __table_args__ = (
        CheckConstraint("kind in ('electronic','paper')", name="ck_loan_kind"),
        CheckConstraint("(kind = 'paper') = (original_id is not null)", name="ck_loan_original"),
        CheckConstraint(
            "begins_at is null or ends_at is null or begins_at < ends_at", name="ck_loan_term"
        ),
        Index("ix_loan_borrower_id", "borrower_id", "state"),
        Index("ix_loan_state", "state", "asked_at"),
        Index(
            "uq_loan_original",
            "original_id",
            unique=True,
            sqlite_where=_TAKEN,
            postgresql_where=_TAKEN,
        ),
        # a number is never given twice, or two loans would share a watermark
        {"sqlite_autoincrement": True},
    )


class LoanThing(Table):
    """What an electronic loan opens: a whole dossier, a paper, or one page of it."""

    __tablename__ = "loan_thing"
    id: Mapped[int] = mapped_column(primary_key=True)
    loan_number: Mapped[int] = mapped_column(ForeignKey("loan.number"))
    customer_no: Mapped[str | None] = mapped_column(String(16))
    """Whose dossier; of a paper whose it was when it was granted: it is lent as this customer's."""
    document_id: Mapped[str | None] = mapped_column(String(36))
    page: Mapped[int | None]
    __table_args__ = (
        CheckConstraint("document_id is not null or customer_no is not null", name="ck_loan_thing"),
        CheckConstraint("page is null or document_id is not null", name="ck_loan_page"),
        Index("ix_loan_thing_loan_number", "loan_number"),
    )


class LoanStep(Table):
    """One step of a loan, written once: who did what, and where it led."""

    __tablename__ = "loan_step"
    id: Mapped[int] = mapped_column(primary_key=True)
    loan_number: Mapped[int] = mapped_column(ForeignKey("loan.number"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    event: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    """Where it led."""
    facts: Mapped[dict[str, Any]]


protect_when_made(LoanStep.__table__)
