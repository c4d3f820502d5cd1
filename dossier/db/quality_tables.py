"""What is wrong with scanned pages, and requests for new scans of them (DA/T 31).

No references to documents: a part of a stack may be withdrawn; the duty that checks pages
(``plugins/image_quality/duty.py``) is told by a trigger and tidies up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Date, Index, String, event
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table

_AT_REST = "{row}.state NOT IN ('received', 'reading')"
"""A paper that is being read is looked at when that is done."""
_EVENTS = {
    "insert": ("INSERT", "NEW", _AT_REST),
    "update": ("UPDATE OF state, customer_no, type_code", "NEW", _AT_REST),
    "delete": ("DELETE", "OLD", "1 = 1"),
}


class ScanChange(Table):
    """A paper whose pages are to be checked; triggers note it. Keys and no cursor."""

    __tablename__ = "scan_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(String(36))
    __table_args__ = ({"sqlite_autoincrement": True},)


class ScanState(Table):
    """How many pages of a paper were checked, and how many of them fail."""

    __tablename__ = "scan_state"
    document_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    pages: Mapped[int]
    failing: Mapped[int]
    checked_at: Mapped[datetime]


class PageFinding(Table):
    """What is not as it should be on a page."""

    __tablename__ = "page_finding"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(String(36), index=True)
    page: Mapped[int]
    code: Mapped[str] = mapped_column(String(20))
    """Of ``rulebook/image_quality.yaml``."""
    severity: Mapped[str] = mapped_column(String(6))
    """``fails`` or ``warns``."""
    measured: Mapped[float]
    required: Mapped[float]
    """The limit of the rule in force, from ``rule_from`` on."""
    rule_from: Mapped[date] = mapped_column(Date)
    other_document_id: Mapped[str | None] = mapped_column(String(36), index=True)
    """Of a page that is there twice: where the other one is."""
    other_page: Mapped[int | None]


class Rescan(Table):
    """A page that fails asks for a new scan; never deleted."""

    __tablename__ = "rescan"
    document_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    """A file whose name or bar code says it is the new scan."""
    state: Mapped[str] = mapped_column(String(10))
    """``open``, ``rescanned``, ``accepted`` or ``void``: passes, or the page is no more."""
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    """Codes of the checks that fail."""
    opened_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    why: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Why it was accepted as it is: a code of the rule file."""
    note: Mapped[str] = mapped_column(String(400), default="", server_default="")
    new_document_id: Mapped[str | None] = mapped_column(String(36), index=True)
    new_page: Mapped[int | None]
    trouble: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """Why the last scan that was handed in did not settle it."""
    __table_args__ = (Index("ix_rescan_state", "state", "opened_at"),)


def triggers(dialect: str) -> Iterator[str]:
    """The statements that have changes of ``document`` noted on ``sqlite`` or ``postgresql``."""
    for name, (when, row, condition) in _EVENTS.items():
        note = (
            f"INSERT INTO scan_change (document_id) SELECT {row}.id"
            f" WHERE {condition.format(row=row)};"
        )
        head = f"CREATE TRIGGER document_scan_{name} AFTER {when} ON document FOR EACH ROW"
        if dialect == "sqlite":
            yield f"{head} BEGIN {note} END"
            continue
        function = f"document_scan_{name}_noted"
        yield (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger AS $$"
            f" BEGIN {note} RETURN NULL; END $$ LANGUAGE plpgsql"
        )
        yield f"{head} EXECUTE FUNCTION {function}()"


def watch(connection: Connection) -> None:
    """Put the triggers on; for migrations."""
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


def unwatch(connection: Connection) -> None:
    """Take them off again; for migrations."""
    on_sqlite = connection.dialect.name == "sqlite"
    for name in _EVENTS:
        trigger = f"document_scan_{name}"
        of = "" if on_sqlite else " ON document"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}{of}")
        if not on_sqlite:
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {trigger}_noted()")


@event.listens_for(Table.metadata, "after_create")
def _made(_target: Any, connection: Connection, *, tables: Any = (), **_options: Any) -> None:
    """Have the triggers come with the tables wherever the metadata makes them (tests do)."""
    if {"document", "scan_change"} <= {one.name for one in tables or ()}:
        watch(connection)


SCOPED_BY_QUALITY = (ScanState, PageFinding, Rescan)
"""Seen by who sees the paper that they are about."""
