"""What somebody checked of a customer: name and contacts; and what other systems are told."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.append_only import protect_when_made
from dossier.db.mandate_names import watch_when_made
from dossier.db.tables import Table, new_id


class RealNameCheck(Table):
    """A check of who the customer is (实名制, domain.md S0-01). Append-only: a later one counts."""

    __tablename__ = "real_name_check"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"))
    """The identity paper that was supplied, as it lies in the dossier."""
    legal_name: Mapped[str] = mapped_column(String(200))
    """As that paper says it."""
    register_name: Mapped[str] = mapped_column(String(200))
    """As the register said it then."""
    result: Mapped[str] = mapped_column(String(12))
    """``verified``, ``mismatch`` or ``not_checked``: an earlier one was found to be wrong."""
    note: Mapped[str] = mapped_column(String(200), default="")
    checked_at: Mapped[datetime]
    checked_by: Mapped[str] = mapped_column(String(80))


class ContactCheck(Table):
    """A check of how a customer is reached (S0-13). Append-only: a later one counts."""

    __tablename__ = "contact_check"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    outcome: Mapped[str] = mapped_column(String(12))
    """``confirmed``, ``changed``, ``added`` or ``unreached``."""
    channel: Mapped[str] = mapped_column(String(20))
    """A code of ``verification.yaml``."""
    old_number: Mapped[str] = mapped_column(String(64), default="")
    new_number: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    checked_at: Mapped[datetime]
    checked_by: Mapped[str] = mapped_column(String(80))


class VerifiedFacts(Table):
    """What was checked last of a customer, for counts and lists; worked out from the checks."""

    __tablename__ = "verified_facts"
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), primary_key=True)
    real_name: Mapped[str] = mapped_column(String(12), default="not_checked")
    real_name_of: Mapped[str] = mapped_column(String(200), default="")
    """The register's folded name that was checked; of another one nobody knows anything."""
    real_name_at: Mapped[datetime | None]
    contact: Mapped[str] = mapped_column(String(12), default="")
    """Outcome of the last contact check."""
    contact_key: Mapped[str] = mapped_column(String(64), default="")
    """The number that was found to be right, for comparison with the register's."""
    contact_at: Mapped[datetime | None]
    """When a number was found to be right last."""
    tried_at: Mapped[datetime | None]
    """When somebody tried last."""
    __table_args__ = (
        Index("ix_verified_facts_real_name", "real_name"),
        Index("ix_verified_facts_contact_at", "contact_at"),
    )


class OutgoingEvent(Table):
    """Something that other systems are to know of a customer; they read it with a cursor.

    Keys and no body: what is told is read from the truth when it is asked for. ``id`` ascends in
    the order of the commits (:func:`dossier.db.outgoing.append`), so a cursor misses none.
    """

    __tablename__ = "outgoing_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(String(36), default=new_id, unique=True)
    kind: Mapped[str] = mapped_column(String(60))
    """The type of the CloudEvent, such as ``dossier.contact.changed``."""
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    subject_id: Mapped[str] = mapped_column(String(36))
    """Of the row that says what happened."""
    at: Mapped[datetime]
    __table_args__ = ({"sqlite_autoincrement": True},)


class ComparisonRun(Table):
    """The register held against another system's export; what is done of it, batch by batch."""

    __tablename__ = "comparison_run"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    """Of the file: one that was broken off is gone on with by the same file."""
    is_whole: Mapped[bool]
    """The file has all customers: who is missing in it is a difference."""
    rows: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[Any]] = mapped_column(default=list)
    """``[row, column, heading, zh, en]`` of the first rows that were left out; never a value."""
    unknown: Mapped[list[Any]] = mapped_column(default=list)
    """The first customer numbers of the file that the register does not have."""
    unknown_count: Mapped[int] = mapped_column(default=0)
    opened: Mapped[int] = mapped_column(default=0)
    agreed: Mapped[int] = mapped_column(default=0)
    """Differences that were open and are none any more."""
    started_at: Mapped[datetime]
    started_by: Mapped[str] = mapped_column(String(80))
    finished_at: Mapped[datetime | None]


class Difference(Table):
    """A fact of a customer that the register and the other system say differently (S0-24)."""

    __tablename__ = "difference"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    fact: Mapped[str] = mapped_column(String(20))
    """``name``, ``id_no``, ``address``, ``capacity_kva``, ``category``, ``meter_no``; ``customer``:
    the other system does not have it."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted: customer number, fact, what the register says, what the other says."""
    key: Mapped[str] = mapped_column(String(64))
    """Keyed hash of the same: what was settled is not asked again while neither side changes."""
    state: Mapped[str] = mapped_column(String(10), default="open")
    """``open``, ``settled`` (by a person) or ``gone`` (a later run found another state)."""
    decision: Mapped[str] = mapped_column(String(12), default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    settled_by: Mapped[str | None] = mapped_column(String(80))
    settled_at: Mapped[datetime | None]
    run_id: Mapped[str] = mapped_column(ForeignKey("comparison_run.id"))
    """The run that found it first."""
    opened_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_difference_customer_no", "customer_no", "fact"),
        Index(
            "uq_difference_open",
            "customer_no",
            "fact",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class BankMandate(Table):
    """By whose account and with what paper a bank debits for a customer (S0-15).

    Never changed but for its end; one that is signed anew ends the one before.
    """

    __tablename__ = "bank_mandate"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    account: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    hmac: Mapped[str] = mapped_column(String(64), index=True)
    last4: Mapped[str] = mapped_column(String(4))
    account_name: Mapped[str] = mapped_column(String(200))
    bank: Mapped[str] = mapped_column(String(200))
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"))
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(80))
    ended_why: Mapped[str] = mapped_column(String(200), default="")
    name_checked: Mapped[bool] = mapped_column(default=True, server_default=true())
    """False: the register has another name since the two were compared."""
    __table_args__ = (
        Index(
            "ix_bank_mandate_name_checked",
            "name_checked",
            sqlite_where=text("NOT name_checked"),
            postgresql_where=text("NOT name_checked"),
        ),
        Index(
            "uq_bank_mandate_open",
            "customer_no",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class FailedDebit(Table):
    """A debit that the bank refused; each once by customer, account and day."""

    __tablename__ = "failed_debit"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    mandate_id: Mapped[str] = mapped_column(ForeignKey("bank_mandate.id"))
    day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(20))
    """A code of ``verification.yaml``."""
    noted_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("mandate_id", "day"),)


class Correction(Table):
    """Something about a mandate that is to be put right with the customer (修签)."""

    __tablename__ = "mandate_correction"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    mandate_id: Mapped[str] = mapped_column(ForeignKey("bank_mandate.id"))
    kind: Mapped[str] = mapped_column(String(20))
    """``name_differs`` or ``failed_debit``."""
    opened_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    """``open``, ``resigned`` (a new mandate answers it) or ``closed`` (by a person)."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"))
    """The re-signed paper."""
    closed_by: Mapped[str | None] = mapped_column(String(80))
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_mandate_correction_open",
            "mandate_id",
            "kind",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class Campaign(Table):
    """Dossiers of a place that are gone through up to a day, item by item (S0-16)."""

    __tablename__ = "campaign"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    title: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(10))
    """``station``, ``line`` or ``district``, and which."""
    place_id: Mapped[int]
    items: Mapped[list[Any]]
    """Codes of ``verification.yaml``: what is gone through for each customer."""
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    """Its last day."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    """Ended before its day."""
    ended_by: Mapped[str | None] = mapped_column(String(80))


class CampaignTick(Table):
    """An item that somebody ticked with a reason; papers and checks tick by themselves."""

    __tablename__ = "campaign_tick"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"))
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    item: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (UniqueConstraint("campaign_id", "customer_no", "item"),)


class CustomerAttribute(Table):
    """What is known of a customer besides the register's columns (S0-17).

    Never changed but for its end; what somebody says later ends what was said before.
    """

    __tablename__ = "customer_attribute"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    name: Mapped[str] = mapped_column(String(30))
    """Of ``rulebook/attributes.yaml``, as are the codes."""
    codes: Mapped[list[Any]]
    source: Mapped[str] = mapped_column(String(40))
    """``customer_file``, ``person``, or what a program calls itself."""
    noted_at: Mapped[datetime]
    noted_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(80))
    __table_args__ = (
        Index(
            "uq_customer_attribute_open",
            "customer_no",
            "name",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


protect_when_made(RealNameCheck.__table__)
protect_when_made(ContactCheck.__table__)
watch_when_made(Table.metadata)

OF_VERIFICATION = (
    RealNameCheck, ContactCheck, VerifiedFacts, OutgoingEvent, Difference, BankMandate,
    FailedDebit, Correction, CampaignTick, CustomerAttribute,
)  # fmt: skip
"""What is told of a whole dossier, to who sees its customer."""
