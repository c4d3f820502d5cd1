"""Page pictures that were drawn once: files named by what they show, bounded in bytes.

A cache only: it may be deleted at any moment. Names are hashes over content, page, size and masks,
so a picture made for one viewer's masks is never found by another's.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

SLACK = 0.9
"""Share of the limit that is left after a clean-up, so that it does not run at every picture."""
COUNT_EVERY = 50
"""Pictures between two counts of the folder; several processes may share it, so each counts."""


class ViewCache:
    """A folder of pictures; reading refreshes a picture's age, the oldest go first."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        """Use ``folder``; it is made when the first picture comes."""
        self._folder = folder
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._puts = 0

    def get(self, key: str) -> bytes | None:
        """The picture, or None."""
        path = self._path(key)
        try:
            body = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return body

    def put(self, key: str, body: bytes) -> None:
        """Keep a picture; one that cannot be kept (disk full) is drawn again next time."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
                draft.write(body)
            Path(draft.name).replace(path)
        except OSError:
            return
        with self._lock:
            self._puts += 1
            is_due = self._puts % COUNT_EVERY == 1
        if is_due:
            self.shrink()

    def shrink(self) -> None:
        """Delete the pictures that were not looked at for longest, down to the limit."""
        files = []
        for path in self._folder.glob("*/*"):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            files.append((found.st_mtime, found.st_size, path))
        total = sum(size for _, size, _ in files)
        if total <= self._limit:
            return
        for _, size, path in sorted(files):
            path.unlink(missing_ok=True)
            total -= size
            if total <= self._limit * SLACK:
                return

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key
