"""A trigger that has mandates looked at again when the register's name changes (S0-15).

It holds for whoever writes the name: an import, a difference that was settled, a hand in the
database. What it marks is worked off by one worker (``plugins/verification/renamed.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event

_NAME = "customer_mandate_name"
_MARK = (
    "UPDATE bank_mandate SET name_checked = FALSE"
    " WHERE customer_no = NEW.customer_no AND ended_at IS NULL;"
)
_HEAD = f"CREATE TRIGGER {_NAME} AFTER UPDATE OF name ON customer FOR EACH ROW"


def triggers(dialect: str) -> Iterator[str]:
    """The statements, on ``sqlite`` or ``postgresql``."""
    if dialect == "sqlite":
        yield f"{_HEAD} WHEN NEW.name <> OLD.name BEGIN {_MARK} END"
        return
    yield (
        f"CREATE OR REPLACE FUNCTION {_NAME}_noted() RETURNS trigger AS $$"
        f" BEGIN {_MARK} RETURN NULL; END $$ LANGUAGE plpgsql"
    )
    yield f"{_HEAD} WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION {_NAME}_noted()"


def watch(connection: Connection) -> None:
    """Put the trigger on; for migrations."""
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


def unwatch(connection: Connection) -> None:
    """Take it off again; for migrations."""
    on_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(
        f"DROP TRIGGER IF EXISTS {_NAME}{'' if on_sqlite else ' ON customer'}"
    )
    if not on_sqlite:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_NAME}_noted()")


def watch_when_made(metadata: Any) -> None:
    """Have the trigger come with the tables wherever the metadata makes them (tests do)."""

    @event.listens_for(metadata, "after_create")
    def _made(target: Any, connection: Connection, *, tables: Any = (), **_options: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
        if {"customer", "bank_mandate"} <= {one.name for one in tables or ()}:
            watch(connection)
