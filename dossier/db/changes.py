"""A cheap hint that somebody committed: asking the file system is a hundred times cheaper than SQL.

An idle product looks for work many times a second; with this it costs next to no processor time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import InstrumentedAttribute

from dossier.db.engines import Database
from dossier.db.session import ScopedSession

log = logging.getLogger(__name__)

AT_LEAST_EVERY_SECONDS = 1.0
"""Work falls due without a commit, and two commits within one clock tick look like one."""


class CommitWatch:
    """Tells whether anything may have been committed since it was asked last; for one thread.

    SQLite: every commit writes to the ``-wal`` file, so its size and time are looked at. Other
    databases: the answer is always yes.

    Args:
        database: of the archive.
        at_least_every: after so many seconds the answer is yes whatever the file says.
    """

    def __init__(
        self, database: Database, *, at_least_every: float = AT_LEAST_EVERY_SECONDS
    ) -> None:
        name = database.writer.url.database if database.is_sqlite else None
        self._log = Path(f"{name}-wal") if name else None
        self._at_least_every = at_least_every
        self._seen: tuple[int, int] | None = None
        self._answered = float("-inf")

    def may_have_changed(self) -> bool:
        """Whether it is worth asking the database; ask it after this, not before."""
        if self._log is None:
            return True
        mark = _mark(self._log)
        now = time.monotonic()
        if mark == self._seen and now - self._answered < self._at_least_every:
            return False
        self._seen, self._answered = mark, now
        return True

    def forget(self) -> None:
        """Answer yes next time: there was something, and there may be more."""
        self._answered = float("-inf")


def follow(
    database: Database,
    stop: threading.Event,
    some: Callable[[], bool],
    *,
    every: float,
    later: str,
) -> None:
    """Do what changes ask for until ``stop``; while the database is busy it is left for later.

    Args:
        database: of the archive.
        stop: ends it, between two calls of ``some``.
        some: does some of what is due; False when nothing is.
        every: seconds between two looks.
        later: what the log says is done later.
    """
    commits = CommitWatch(database)
    while not stop.wait(every):
        if not commits.may_have_changed():
            continue
        try:
            while not stop.is_set() and some():
                commits.forget()
        except OperationalError:
            log.warning("database busy, %s later", later)


def is_any(session: ScopedSession, column: InstrumentedAttribute[int]) -> bool:
    """Whether the table of this column has a row: of changes that are noted until they are done."""
    return session.scalar(select(column).limit(1)) is not None


def _mark(log: Path) -> tuple[int, int] | None:
    try:
        status = log.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
