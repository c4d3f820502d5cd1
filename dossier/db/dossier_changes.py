"""Triggers that note each dossier in which something changed that requirement rules look at.

They hold for whoever writes: a plugin, an import, a hand in the database. What is noted is worked
off by one worker (``plugins/completeness/recount.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event

NOTES = "dossier_change"


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose rows count for a dossier.

    Attributes:
        columns: an update of these alone matters.
        owner: an expression for the customer's number, of ``{row}``.
        only: a condition on ``{row}``, None where each counts.
    """

    columns: tuple[str, ...]
    owner: str = "{row}.customer_no"
    only: str = "{row}.customer_no IS NOT NULL"


WATCHED = {
    "customer": Watched(("category", "id_type", "fee_control", "capacity_kva", "opened_on")),
    "document": Watched(
        ("customer_no", "type_code", "state", "case_no", "doc_date", "captured_at"),
    ),
    "document_field": Watched(
        ("name", "value"),
        "(SELECT customer_no FROM document WHERE id = {row}.document_id)",
        "{row}.name IN ('signature', 'seal', 'valid_until', 'doc_date') AND EXISTS"
        " (SELECT 1 FROM document WHERE id = {row}.document_id AND customer_no IS NOT NULL)",
    ),
    "business_case": Watched(
        ("customer_no", "business", "state", "opened_at", "ended_at", "facts"),
    ),
    "case_node": Watched(("customer_no", "node", "completed_at")),
    "waiver": Watched(
        ("customer_no", "case_no", "rule", "first_day", "last_day", "withdrawn_at"),
    ),
}
_EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def triggers(dialect: str, table: str) -> Iterator[str]:
    """The statements that have changes of ``table`` noted on ``sqlite`` or ``postgresql``."""
    watched = WATCHED[table]
    for name, rows in _EVENTS.items():
        if table == "customer" and name == "delete":
            continue  # its dossier goes with it
        when = f"UPDATE OF {', '.join(watched.columns)}" if name == "update" else name.upper()
        head = f"CREATE TRIGGER {table}_dossier_{name} AFTER {when} ON {table} FOR EACH ROW"
        notes = " ".join(_note(watched, row) for row in rows)
        if dialect == "sqlite":
            yield f"{head} BEGIN {notes} END"
            continue
        function = f"{table}_dossier_{name}_noted"
        yield (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger AS $$"
            f" BEGIN {notes} RETURN NULL; END $$ LANGUAGE plpgsql"
        )
        yield f"{head} EXECUTE FUNCTION {function}()"


def _note(watched: Watched, row: str) -> str:
    owner, only = watched.owner.format(row=row), watched.only.format(row=row)
    return f"INSERT INTO {NOTES} (customer_no) SELECT {owner} WHERE {only};"


def watch(connection: Connection, table: str) -> None:
    """Put the triggers on an existing table; for migrations."""
    for statement in triggers(connection.dialect.name, table):
        connection.exec_driver_sql(statement)


def unwatch(connection: Connection, table: str) -> None:
    """Take them off again; for migrations."""
    on_sqlite = connection.dialect.name == "sqlite"
    for name in _EVENTS:
        trigger = f"{table}_dossier_{name}"
        of = "" if on_sqlite else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}{of}")
        if not on_sqlite:
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {trigger}_noted()")


def watch_when_made(metadata: Any) -> None:
    """Have the triggers come with the tables wherever the metadata makes them (tests do)."""

    @event.listens_for(metadata, "after_create")
    def _made(target: Any, connection: Connection, *, tables: Any = (), **_options: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
        for table in sorted({one.name for one in tables or ()} & set(WATCHED)):
            watch(connection, table)
