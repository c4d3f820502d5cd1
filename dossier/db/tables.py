"""Tables of the core. A table that two plugins write belongs here (architecture.md, Records).

Ids are opaque uuid7 texts except ``customer_no``; instants are UTC; JSON columns hold plain values.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import uuid6
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from dossier.db.append_only import protect_when_made
from dossier.db.place_key import PlaceByName


def new_id() -> str:
    """A fresh opaque id, ascending with time (uuid7)."""
    return str(uuid.UUID(int=uuid6.uuid7().int))


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Refuse naive values: they would be somebody's local time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime; use an aware one in UTC")
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {
        datetime: Instant,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


# -- organisation -------------------------------------------------------------------------------


class OrgUnit(PlaceByName, Table):
    """A unit of the company (公司, 供电所, 班组); effective-dated."""

    __tablename__ = "org_unit"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    code: Mapped[str] = mapped_column(String(40), default="", server_default="")
    kind: Mapped[str] = mapped_column(String(20), default="station")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    """The unit above it; of one that was merged, the one that it went into."""
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    """Its last day, once it is closed; history: :mod:`dossier.db.organisation_tables`."""


class Line(PlaceByName, Table):
    """A distribution line (线路)."""

    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(40), default="", server_default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (UniqueConstraint("name", "unit_id"),)


class District(PlaceByName, Table):
    """A transformer district (台区)."""

    __tablename__ = "district"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(40), default="", server_default="")
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (UniqueConstraint("name", "line_id", "unit_id"),)


# -- customers ----------------------------------------------------------------------------------


class Customer(Table):
    """A customer as the register knows it. Scoped by unit, line and district."""

    __tablename__ = "customer"
    customer_no: Mapped[str] = mapped_column(String(16), primary_key=True)
    rowid: Mapped[int] = mapped_column(Integer, unique=True)
    """A small unique number, given at insert, for the index's sort keys."""
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), index=True)
    """The folded name, for linking."""
    category: Mapped[str] = mapped_column(String(2), default="LR")
    status: Mapped[str] = mapped_column(String(10), default="active")
    id_type: Mapped[str] = mapped_column(String(20), default="")
    address: Mapped[str] = mapped_column(String(400), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"), index=True)
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"), index=True)
    voltage: Mapped[str] = mapped_column(String(20), default="")
    capacity_kva: Mapped[float | None] = mapped_column()
    opened_on: Mapped[date | None] = mapped_column(Date)
    fee_control: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("category in ('LR','LN','HV','IM','PV')"),)


class CustomerPast(Table):
    """What a customer's record said before a change."""

    __tablename__ = "customer_past"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    record: Mapped[dict[str, Any]]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime]


class CustomerNumber(Table):
    """One of a customer's meters, phones or old customer numbers."""

    __tablename__ = "customer_number"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    """``meter``, ``phone`` or ``old_no``."""
    value: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    """Digits and capitals only, for comparison."""
    __table_args__ = (
        UniqueConstraint("customer_no", "kind", "key"),
        Index("ix_customer_number_key", "key", "kind"),
    )


class Identifier(Table):
    """An identity number or USCC: encrypted, with a keyed hash for equality and the last four."""

    __tablename__ = "identifier"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    hmac: Mapped[str] = mapped_column(String(64), index=True)
    encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    last4: Mapped[str] = mapped_column(String(4))
    __table_args__ = (UniqueConstraint("customer_no", "kind", "hmac"),)


# -- documents ----------------------------------------------------------------------------------


class Content(Table):
    """Bytes that the file store keeps."""

    __tablename__ = "content"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size_bytes: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(120), default="application/octet-stream")
    stored_at: Mapped[datetime]


class Document(Table):
    """A paper of a dossier. Scoped by unit, line and district; without a customer by the pool."""

    __tablename__ = "document"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    rowid: Mapped[int] = mapped_column(Integer, unique=True)
    """A small unique number, given at insert, for the index's sort keys."""
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"), index=True)
    customer_no: Mapped[str | None] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    case_no: Mapped[str | None] = mapped_column(String(40), index=True)
    type_code: Mapped[str | None] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(400), default="")
    state: Mapped[str] = mapped_column(String(16), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    captured_unit_id: Mapped[int | None]
    """The unit that it came from (S3-18): whatever is reorganised, this stays. No foreign key,
    which SQLite could only add by copying the table; units are never deleted."""
    secrecy: Mapped[int] = mapped_column(default=0)
    hold: Mapped[bool] = mapped_column(default=False)
    doc_date: Mapped[date | None] = mapped_column(Date)
    produced_at: Mapped[datetime | None]
    captured_at: Mapped[datetime]
    reference_code: Mapped[str | None] = mapped_column(String(80))
    file_name: Mapped[str] = mapped_column(String(1024), default="")
    folder: Mapped[str] = mapped_column(String(1024), default="")
    media_type: Mapped[str] = mapped_column(String(120), default="")
    sha256: Mapped[str] = mapped_column(ForeignKey("content.sha256"), index=True)
    given_customer_no: Mapped[str | None] = mapped_column(String(16))
    """The customer that the sender named (upload form, ``--customer``, folder), unchecked."""
    link_confidence: Mapped[float | None]
    link_reasons: Mapped[list[Any]] = mapped_column(default=list)
    candidates: Mapped[list[Any]] = mapped_column(default=list)
    """``[{customer_no, confidence, reasons}]``, best first, for "to be assigned"."""
    assigned_by: Mapped[str | None] = mapped_column(String(36))
    page_count: Mapped[int] = mapped_column(default=0)
    failed_pages: Mapped[int] = mapped_column(default=0)
    truncated: Mapped[bool] = mapped_column(default=False)
    source_pages: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of a paper that was cut out of a stack, its ``parent_id``: which of the stack's pages it is,
    in its own order. Its pictures are drawn from the stack's original; its own content names them
    and holds nothing of them."""
    problem: Mapped[str] = mapped_column(String(40), default="")
    """Code of what keeps it from being whole (a quarantine reason), else empty."""
    masks_due: Mapped[int] = mapped_column(default=1)
    """Above 0 when the masks of its pages are to be made ahead: raised by each change."""
    revision: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        Index(
            "ix_document_masks_due",
            "id",
            sqlite_where=text("masks_due > 0"),
            postgresql_where=text("masks_due > 0"),
        ),
        Index(
            "ix_document_part",
            "state",
            sqlite_where=text("source_pages IS NOT NULL"),
            postgresql_where=text("source_pages IS NOT NULL"),
        ),
    )


class Rendition(Table):
    """A copy of a document in the file store: original, searchable or view."""

    __tablename__ = "rendition"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(12))
    sha256: Mapped[str] = mapped_column(ForeignKey("content.sha256"))
    format: Mapped[str] = mapped_column(String(40), default="")
    checks: Mapped[list[Any]] = mapped_column(default=list)
    __table_args__ = (UniqueConstraint("document_id", "kind", "version"),)


class Page(Table):
    """What was read on a page, committed page by page: the OCR checkpoint."""

    __tablename__ = "page"
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    rendition_id: Mapped[str | None] = mapped_column(ForeignKey("rendition.id"))
    text: Mapped[str] = mapped_column(Text, default="")
    boxes: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    """Word boxes, packed by :mod:`dossier.db.word_boxes`."""
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    rotation: Mapped[int] = mapped_column(default=0)
    skew: Mapped[float] = mapped_column(default=0.0)
    confidence: Mapped[float] = mapped_column(default=0.0)
    blank: Mapped[bool] = mapped_column(default=False)
    digital: Mapped[bool] = mapped_column(default=False)
    barcodes: Mapped[list[Any]] = mapped_column(default=list)
    engine: Mapped[str] = mapped_column(String(60), default="")
    error: Mapped[str] = mapped_column(String(40), default="")
    truncated: Mapped[bool] = mapped_column(default=False)
    sightings: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """What is seen on its picture besides the text (``records.Sighting``)."""
    measures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How well it was scanned (``records.PageMeasures``); null where nobody measured it."""
    masks: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    """What who sees masked is not shown, made ahead; true while the key is (``page_masks.py``)."""
    masks_key: Mapped[str] = mapped_column(String(64), default="")
    closed: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    """What the index keeps apart (``masking.closed_spans``), made and true with the masks."""


class DocumentField(Table):
    """A value that was read on a document (a customer number, a date) and where."""

    __tablename__ = "document_field"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(400))
    """Empty for ID numbers and bank accounts: those are in ``encrypted``."""
    encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    hmac: Mapped[str | None] = mapped_column(String(64), index=True)
    """Keyed hash of an encrypted value, for equality."""
    page: Mapped[int]
    box: Mapped[list[Any] | None]
    confidence: Mapped[float] = mapped_column(default=1.0)
    correction_id: Mapped[int | None]
    """The ``field_correction`` by which a person said it; none of what was read. No foreign key,
    which SQLite could only add by copying the table."""


# -- intake and work ----------------------------------------------------------------------------


class Intake(Table):
    """One file that came in, and what became of it. Never deleted."""

    __tablename__ = "intake"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    source_path: Mapped[str] = mapped_column(Text)
    """Relative to the inbox, or as given; undecodable bytes as surrogate escapes, percent-coded."""
    origin: Mapped[str] = mapped_column(String(12))
    """``inbox``, ``upload``, ``ingest``, ``attachment`` or ``import``."""
    batch: Mapped[str | None] = mapped_column(String(36), index=True)
    sha256: Mapped[str | None] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str] = mapped_column(String(12), index=True)
    reason: Mapped[str] = mapped_column(String(40), default="")
    detail: Mapped[str] = mapped_column(String(400), default="")
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"), index=True)
    source_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Fingerprint of the source (path, inode, size, times): the same drop, seen again after a
    crash or by a resumed ``ingest``, is known and not taken twice."""
    received_by: Mapped[str] = mapped_column(String(80), default="system:intake")
    handed_to: Mapped[str | None] = mapped_column(String(36))
    """Who looks after it since its receiver left; who received it stays."""
    received_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (Index("ix_intake_sha256", "sha256"),)


class WorkItem(Table):
    """A piece of durable work: leased, fenced by a token, tried again, never lost."""

    __tablename__ = "work_item"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="ready")
    """``ready``, ``leased``, ``done`` or ``failed``."""
    priority: Mapped[int] = mapped_column(default=100)
    """Smaller is sooner."""
    run_at: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    deaths: Mapped[int] = mapped_column(default=0)
    """How often its worker vanished; no failure of the item's own, so attempts do not count it."""
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        Index(
            "ix_work_item_ready",
            "priority",
            "run_at",
            sqlite_where=text("state in ('ready','leased')"),
            postgresql_where=text("state in ('ready','leased')"),
        ),
        Index("ix_work_item_subject", "subject"),
        Index("ix_work_item_kind", "kind", "state", "changed_at"),
    )


class Worker(Table):
    """A worker process that is, or was lately, alive."""

    __tablename__ = "worker"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    pid: Mapped[int]
    host: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime]
    heartbeat: Mapped[datetime]
    doing: Mapped[str] = mapped_column(String(200), default="")
    rss_bytes: Mapped[int] = mapped_column(default=0)
    stopping: Mapped[bool] = mapped_column(default=False)


# -- index --------------------------------------------------------------------------------------


class IndexChange(Table):
    """The outbox: a key whose index row must be made anew. Keys, not bodies; no cursor."""

    __tablename__ = "index_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[str] = mapped_column(String(12))
    """``customers`` or ``documents``."""
    key: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime]
    __table_args__ = ({"sqlite_autoincrement": True},)


class IndexGeneration(Table):
    """A build of the search index; one is live, another may be in building beside it."""

    __tablename__ = "index_generation"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    schema_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    """``building``, ``live`` or ``retired``."""
    cursor: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime]


# -- rules, people, audit -----------------------------------------------------------------------


class RuleSet(Table):
    """A version of a rule file; insert only, so that an edit has an author and a date."""

    __tablename__ = "rule_set"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    effective_from: Mapped[date] = mapped_column(Date)
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(80))
    loaded_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("name", "sha256"),)


class User(Table):
    """A person who may log in."""

    __tablename__ = "user_account"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    display_name: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The person's own name, beside the account's."""
    staff_no: Mapped[str | None] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    __table_args__ = (Index("uq_user_account_staff_no", "staff_no", unique=True),)


class RoleGrant(Table):
    """A role that a user holds for a part of the archive; no part means the whole company.

    A part is one of: a unit and all below it, a line, a district, a case, a customer.
    """

    __tablename__ = "role_grant"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    role: Mapped[str] = mapped_column(String(30))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    case_no: Mapped[str | None] = mapped_column(String(40))
    customer_no: Mapped[str | None] = mapped_column(ForeignKey("customer.customer_no"))
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    """Exclusive; a grant that is revoked ends now and stays to be read."""
    granted_by: Mapped[str] = mapped_column(String(80), default="")
    granted_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    revoked_by: Mapped[str] = mapped_column(String(80), default="")
    pending: Mapped[bool] = mapped_column(default=False)
    """A sensitive role that nobody approved yet; it gives nothing."""


class KeptSearch(Table):
    """A search that a user saved, or one of the last ones; the words are encrypted."""

    __tablename__ = "kept_search"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str] = mapped_column(String(8))
    """``saved`` or ``recent``."""
    key: Mapped[str] = mapped_column(String(64))
    """Keyed hash of words and filters: the same search is kept once."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("user_id", "kind", "key"),)


class AuditEvent(Table):
    """Who did or saw what, when, from where, why. Append-only."""

    __tablename__ = "audit_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80), index=True)
    role: Mapped[str] = mapped_column(String(30), default="")
    action: Mapped[str] = mapped_column(String(40))
    object_kind: Mapped[str] = mapped_column(String(20), default="")
    object_id: Mapped[str] = mapped_column(String(80), default="", index=True)
    outcome: Mapped[str] = mapped_column(String(12), default="ok")
    purpose: Mapped[str] = mapped_column(String(200), default="")
    remote: Mapped[str] = mapped_column(String(64), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    __table_args__ = ({"sqlite_autoincrement": True},)


class AuditSeal(Table):
    """A seal over a run of audit rows, chained to the one before and signed. Append-only."""

    __tablename__ = "audit_seal"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1, 2, 3, …: two sealers at once want the same number, and one of them fails."""
    first_event: Mapped[int]
    last_event: Mapped[int]
    count: Mapped[int]
    total: Mapped[int]
    """Rows sealed up to and with this one."""
    rows: Mapped[bytes] = mapped_column(LargeBinary)
    """For each row its id (8 bytes, big-endian) and its SHA-256 (32 bytes), ascending."""
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the statement that is signed."""
    sealed_at: Mapped[datetime]
    key_id: Mapped[str] = mapped_column(String(16))
    signature: Mapped[bytes] = mapped_column(LargeBinary)


protect_when_made(AuditEvent.__table__)
protect_when_made(AuditSeal.__table__)

SCOPED = (Customer, Document)
"""Entities with a place of their own: unit, line, district."""
SCOPED_BY_DOCUMENT = (Rendition, Page, DocumentField)
SCOPED_BY_CUSTOMER = (CustomerNumber, CustomerPast, Identifier)
