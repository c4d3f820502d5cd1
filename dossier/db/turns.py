"""Writers of SQLite take turns: its own waiting is a lottery with sleeps of up to 100 ms.

Measured with three busy writers on two cores: the unluckiest waited 1.7 s for a transaction and got
half the turns of the luckiest; with turns the longest wait was 0.4 s and all got the same (ADR 3).
The turn is a courtesy between our own processes. What keeps transactions apart is SQLite's lock.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dossier.db.engines import Database

LOOK_SECONDS = 0.001
"""Between two tries; a transaction of ours takes 5 to 20 ms."""
PATIENCE_SECONDS = 5.0
"""Then we go on without: whoever has the turn may be stopped (SIGSTOP), or not be ours."""


@contextmanager
def turn(database: Database) -> Iterator[None]:
    """Wait for the turn to write, and hold it; nothing to wait for but with SQLite in a file."""
    handle = _open(database)
    if handle is None:
        yield
        return
    try:
        _take(handle)
        yield
    finally:
        os.close(handle)  # gives the turn back, as the end of the process would


def _open(database: Database) -> int | None:
    name = database.writer.url.database if database.is_sqlite else None
    if not name:
        return None
    try:
        return os.open(_place(Path(name)), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None  # the disk is full or read-only: SQLite itself will say so


def _place(database_file: Path) -> Path:
    return database_file.with_name(f"{database_file.name}-turn")


def _take(handle: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return
