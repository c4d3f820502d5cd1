"""Up to which id the audit can grow no more: what the sealer may seal without missing a row.

Ids are handed out before a transaction commits. With SQLite one writer follows the other, so ids
commit in order. With PostgreSQL a smaller id may commit later than a greater one; sealing "all that
is there" would leave the late one outside for ever (architecture.md, Outbox).
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from dossier.db.engines import Database

LOOK_SECONDS = 0.02
"""Between two looks at the writers that were under way; a transaction of ours takes 5 to 20 ms."""
# Whoever was given an id holds this lock until its end: PostgreSQL takes it before the statement
# runs. `CREATE INDEX CONCURRENTLY` waits for writers in the same way, and hinders none either.
_WRITERS = text("""
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'audit_event'::regclass AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mode NOT IN ('AccessShareLock', 'RowShareLock')
""")
_HANDED_OUT = text("""
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM audit_event_id_seq
""")
_GIVEN_BY_SQLITE = text("SELECT seq FROM sqlite_sequence WHERE name = 'audit_event'")
_GREATEST = text("SELECT max(id) FROM audit_event")


def settled_to(database: Database, *, patience_seconds: float) -> int | None:
    """The greatest id of which it is certain that no smaller one can still appear.

    Args:
        database: of the archive.
        patience_seconds: how long to wait for writers that are under way.

    Returns:
        None when one of them is still not through; ask again later.
    """
    with database.reader.connect() as connection:
        if database.is_sqlite:
            return connection.scalar(_GREATEST) or 0
        handed_out = int(connection.scalar(_HANDED_OUT) or 0)
        waited_for = _writers(connection)
        until = time.monotonic() + patience_seconds
        while waited_for:
            if time.monotonic() > until:
                return None
            time.sleep(LOOK_SECONDS)
            waited_for &= _writers(connection)
        return handed_out


def _writers(connection: Connection) -> set[str]:
    return set(connection.scalars(_WRITERS))


def handed_out_to(session: Session) -> int:
    """The greatest id that was ever given to a row, also to one that is gone.

    With SQLite it is of the same moment as the session's rows.
    """
    connection = session.connection()
    statement = _GIVEN_BY_SQLITE if connection.dialect.name == "sqlite" else _HANDED_OUT
    return int(connection.scalar(statement) or 0)


def ids_have_no_holes(database: Database) -> bool:
    """Whether a missing id proves a removed row: a transaction that fails uses up none.

    SQLite takes the counter back together with the rows, PostgreSQL's sequence stays where it is.
    """
    return database.is_sqlite
