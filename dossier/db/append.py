"""Rows that are only ever added, in a transaction of their own and by the shortest way.

For the read records, which every look waits for: a session would double their processor time
(docs/performance.md, "The audit"). Nothing is read here, so no scope is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import insert
from sqlalchemy.sql.dml import ReturningInsert

from dossier.db.engines import Database
from dossier.db.tables import AuditEvent
from dossier.db.turns import turn


def append_events(database: Database, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Commit audit rows together; gives their ids, in the rows' order.

    Raises:
        SQLAlchemyError: the database took nothing.
    """
    with turn(database), database.writer.begin() as connection:
        found = connection.execute(_statement(), [dict(row) for row in rows])
        return [int(number) for (number,) in found]


@cache
def _statement() -> ReturningInsert[Any]:
    table: Any = AuditEvent.__table__
    return insert(table).returning(table.c.id, sort_by_parameter_order=True)
