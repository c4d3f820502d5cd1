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


@contextmanager
def turn(database: Database) -> Iterator[None]:
    """Wait for the turn to write, and hold it; nothing to wait for but with SQLite in a file.

    Whoever waits stands at the gate first. One who has just written finds the gate taken and
    cannot have the next turn as well, however quickly it comes again. After ``turn_seconds`` we go
    on without: whoever has the turn may be stopped (SIGSTOP), or wait for a lock that is not ours.
    """
    handle, gate = _open(database, "turn"), _open(database, "gate")
    if handle is None or gate is None:
        _close(handle, gate)
        yield
        return
    try:
        until = time.monotonic() + database.turn_seconds
        if _take(gate, until):
            _take(handle, until)
        os.close(gate)
        gate = None
        yield
    finally:
        _close(handle, gate)  # gives the turn back, as the end of the process would


def _open(database: Database, what: str) -> int | None:
    name = database.writer.url.database if database.is_sqlite else None
    if not name:
        return None
    path = Path(name)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        return os.open(path.with_name(f"{path.name}-{what}"), flags, 0o600)
    except OSError:
        return None  # the disk is full or read-only: SQLite itself will say so


def _close(*handles: int | None) -> None:
    for handle in handles:
        if handle is not None:
            os.close(handle)


def _take(handle: int, until: float) -> bool:
    while time.monotonic() < until:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return True
    return False
