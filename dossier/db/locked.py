"""What to tell people when the database takes nothing: who locks it, and what helps."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from dossier.db.engines import Database
from dossier.db.turns import turn
from dossier.errors import DatabaseLockedError, UnavailableError

LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
PRIMARY = 0xFF
"""The low byte of an extended result code is what kind it is (sqlite.org/rescode.html)."""


def demand_writable(database: Database) -> None:
    """Begin to write, and write nothing.

    Raises:
        UnavailableError: the database takes nothing now.
    """
    try:
        with turn(database), database.writer.begin():
            return
    except OperationalError as err:
        raise refusal(err) from err


def refusal(err: SQLAlchemyError) -> UnavailableError:
    """The error for people in place of the database's own."""
    if not is_locked(err):
        return UnavailableError(
            "The database does not answer; try again shortly",
            detail_zh="数据库暂无响应，请稍后重试",
        )
    return DatabaseLockedError(
        "A database tool, a backup or a long import holds the database of this archive; let it "
        "finish or close it, then try again",
        detail_zh="有数据库工具、备份或大批量导入正占用本档案库的数据库；请等其结束或关闭后重试",
    )


def is_locked(err: SQLAlchemyError) -> bool:
    """Whether SQLite waited for somebody else's lock in vain."""
    cause = err.orig if isinstance(err, DBAPIError) else None
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and code & PRIMARY in LOCKED
