"""The trail of paper originals: written by the database at each change of custodian (S2-14, S3-11).

Whoever changes the row of an original, by whatever way, leaves an event with it; time runs forward
only, and the row of what was lost or destroyed stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Index, String, event
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.append_only import protect_when_made
from dossier.db.loan_tables import PaperOriginal
from dossier.db.tables import Table


class CustodyEvent(Table):
    """An original came to somebody: from whom, by whom, why. Append-only, written by triggers."""

    __tablename__ = "custody_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    original_id: Mapped[str] = mapped_column(String(36))
    document_id: Mapped[str] = mapped_column(String(36), index=True)
    """Without a reference: a paper that is withdrawn, as a wrongly cut part is, may go."""
    at: Mapped[datetime]
    from_kind: Mapped[str] = mapped_column(String(10))
    """Empty with ``from_holder``: its first minute."""
    from_holder: Mapped[str] = mapped_column(String(80))
    to_kind: Mapped[str] = mapped_column(String(10))
    to_holder: Mapped[str] = mapped_column(String(80))
    moved_by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(200))
    __table_args__ = (
        Index("ix_custody_event_original_id", "original_id", "id"),
        {"sqlite_autoincrement": True},
    )


_NOTE = (
    "INSERT INTO custody_event (original_id, document_id, at, from_kind, from_holder,"
    " to_kind, to_holder, moved_by, why) VALUES (NEW.id, NEW.document_id, NEW.since,"
    " {before}, NEW.custodian_kind, NEW.custodian, NEW.moved_by, NEW.why);"
)
_CAME = _NOTE.format(before="'', ''")
_MOVED = _NOTE.format(before="OLD.custodian_kind, OLD.custodian")
_CHANGED = "OLD.custodian_kind <> NEW.custodian_kind OR OLD.custodian <> NEW.custodian"
_WRONG = {
    "backwards": ("UPDATE", "NEW.since < OLD.since OR NEW.document_id <> OLD.document_id"),
    "removed": ("DELETE", "OLD.state <> 'whole'"),
}


def triggers(dialect: str) -> Iterator[str]:
    """The statements that have the trail written, on ``sqlite`` or ``postgresql``."""
    on_sqlite = dialect == "sqlite"
    for name, when, condition, note in (
        ("came", "INSERT", "", _CAME),
        ("moved", "UPDATE", f" WHEN ({_CHANGED})", _MOVED),
    ):
        head = f"CREATE TRIGGER paper_original_{name} AFTER {when} ON paper_original FOR EACH ROW"
        if on_sqlite:
            yield f"{head}{condition} BEGIN {note} END"
            continue
        yield from _function(f"paper_original_{name}_noted", f"{note} RETURN NULL;")
        yield f"{head}{condition} EXECUTE FUNCTION paper_original_{name}_noted()"
    for name, (when, condition) in _WRONG.items():
        head = f"CREATE TRIGGER paper_original_{name} BEFORE {when} ON paper_original FOR EACH ROW"
        said = f"a paper original is never {name}"
        if on_sqlite:
            yield f"{head} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{said}'); END"
            continue
        error = f"RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation';"
        yield from _function(f"paper_original_{name}_refused", error)
        yield f"{head} WHEN ({condition}) EXECUTE FUNCTION paper_original_{name}_refused()"


def _function(name: str, body: str) -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$"
        f" BEGIN {body} END $$ LANGUAGE plpgsql"
    )


def watch(connection: Connection) -> None:
    """Put the triggers on; for migrations."""
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


def unwatch(connection: Connection) -> None:
    """Take them off again; for migrations."""
    on_sqlite = connection.dialect.name == "sqlite"
    for name, act in (
        ("came", "noted"), ("moved", "noted"), ("backwards", "refused"), ("removed", "refused"),
    ):  # fmt: skip
        of = "" if on_sqlite else " ON paper_original"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS paper_original_{name}{of}")
        if not on_sqlite:
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS paper_original_{name}_{act}()")


protect_when_made(CustodyEvent.__table__)


@event.listens_for(Table.metadata, "after_create")
def _made(_target: Any, connection: Connection, *, tables: Any = (), **_options: Any) -> None:
    """Have the triggers come with the tables wherever the metadata makes them (tests do)."""
    if {"paper_original", "custody_event"} <= {one.name for one in tables or ()}:
        watch(connection)


SCOPED_BY_CUSTODY = (PaperOriginal, CustodyEvent)
"""Seen by who sees the paper that they are about."""
