"""Hints that something changed in a folder (watchdog lives here only); the truth is a reconcile."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from types import TracebackType

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

POLL_SECONDS = 1.0
"""Pace of the polling observer; a network folder takes a second for a large listing."""
SILENT = frozenset({"opened", "closed_no_write"})
"""Reading a file, as we do ourselves, changes nothing."""
log = logging.getLogger(__name__)


class FolderWatch:
    """Sets an event whenever something changes below a folder; a context manager."""

    def __init__(self, folder: Path, *, polling: bool) -> None:
        self._folder = folder
        self._polling = polling
        self._observer: BaseObserver | None = None
        self.changed = threading.Event()

    def __enter__(self) -> FolderWatch:
        """Begin to watch; a folder that cannot be watched is left to the reconcile alone."""
        observer = PollingObserver(timeout=POLL_SECONDS) if self._polling else Observer()
        try:
            observer.schedule(_Handler(self.changed), str(self._folder), recursive=True)
            observer.start()
        except OSError as err:
            log.warning("no change events, polling by reconcile", extra={"why": err.strerror})
            return self
        self._observer = observer
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=5)


class _Handler(FileSystemEventHandler):
    def __init__(self, changed: threading.Event) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Any change is a hint to look."""
        if event.event_type not in SILENT:
            self._changed.set()
