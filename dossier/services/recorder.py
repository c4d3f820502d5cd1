"""Group commit of read records: requests that come together share one transaction.

Every look is committed before its answer leaves, and a commit costs an fsync; with one for each
request, eight clients would wait for eight of them in a row.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dossier.db import Database, locked
from dossier.db.append import append_events

MOST_TOGETHER = 200
"""Rows of one transaction; more than that are never waiting at once behind one web process."""


@dataclass
class BegunRecord:
    """A row on its way into the audit."""

    row: Mapping[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    event_id: int = 0
    error: SQLAlchemyError | None = None

    def wait(self) -> int:
        """Wait until the row is committed; returns its id.

        Raises:
            UnavailableError: the database took nothing; the look must not be answered.
        """
        self.done.wait()
        if self.error is not None:
            raise locked.refusal(self.error) from self.error
        return self.event_id


class ReadRecorder:
    """Writes audit rows of looks; may be used by any thread of the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[BegunRecord] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, row: Mapping[str, Any]) -> BegunRecord:
        """Hand a row over, to be committed together with others; wait for it before answering."""
        begun = BegunRecord(row)
        self._queue.put(begun)
        self._ensure_thread()
        return begun

    def _ensure_thread(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._work, name="read recorder", daemon=True
                )
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._commit([self._queue.get(), *self._waiting(MOST_TOGETHER - 1)])

    def _waiting(self, most: int) -> list[BegunRecord]:
        found: list[BegunRecord] = []
        while len(found) < most:
            try:
                found.append(self._queue.get_nowait())
            except Empty:
                break
        return found

    def _commit(self, together: list[BegunRecord]) -> None:
        try:
            ids = append_events(self._database, [each.row for each in together])
            for each, event_id in zip(together, ids, strict=True):
                each.event_id = event_id
        except SQLAlchemyError as err:
            # Who came meanwhile would wait as long once more, and the next after them again.
            together += self._waiting(self._queue.qsize())
            for each in together:
                each.error = err
        finally:
            for each in together:
                each.done.set()
