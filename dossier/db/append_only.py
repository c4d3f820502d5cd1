"""Tables whose rows are written once: triggers refuse every change, whoever asks for it.

They keep our own program, its plugins and a careless operator honest. Who owns the database can
drop them; the chain of seals names what such a person did (ADR 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event

TABLES = ("audit_event", "audit_seal")
_FUNCTION = """
CREATE OR REPLACE FUNCTION dossier_append_only() RETURNS trigger AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$ LANGUAGE plpgsql
"""
# INSERT OR REPLACE deletes a row without asking the delete trigger, hence the third one.
_SQLITE = (
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
    "WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
)
_POSTGRESQL = (
    _FUNCTION,
    "CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION dossier_append_only()",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION dossier_append_only()",
)


def triggers(dialect: str, table: str) -> Iterator[str]:
    """The statements that make ``table`` append-only on ``sqlite`` or ``postgresql``."""
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[dialect]:
        yield statement if statement is _FUNCTION else statement.format(table=table)


def protect(connection: Connection, table: str) -> None:
    """Put the triggers on an existing table; for migrations."""
    for statement in triggers(connection.dialect.name, table):
        connection.exec_driver_sql(statement.replace("%", "%%"))


def protect_when_made(table: Any) -> None:
    """Have the triggers come with the table wherever the metadata makes it (tests do)."""

    @event.listens_for(table, "after_create")
    def _made(target: Any, connection: Connection, **_options: Any) -> None:
        protect(connection, target.name)
