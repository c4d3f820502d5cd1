"""A content-addressed store in a local folder: durable before it is named, never changed after.

``ab/cd/abcd…`` holds the bytes whose sha256 is ``abcd…``. A file gets its name only when it is
complete and on the disk, so whatever has a name is whole, also after a power cut.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dossier.errors import DiskFullError, NotFoundError
from dossier.ports import FileStore, StoredFile

_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = 0o440
_INCOMING = "incoming"


class LocalFileStore:
    """Files below one folder; any number of threads and processes may use it at once.

    Args:
        root: made when it is not there; must be one file system (rename is atomic there only).
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._incoming = self._root / _INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)

    def put(self, source: BinaryIO) -> StoredFile:
        """Copy, fsync, hash, rename, fsync the folder; the same bytes again change nothing.

        Raises:
            DiskFullError: no room; nothing half-written is left.
            OSError: the disk failed otherwise, or the source could not be read.
        """
        handle, name = tempfile.mkstemp(dir=self._incoming)
        incoming = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                digest, size = _copy(source, target)
            self._name(incoming, digest)
        except OSError as err:
            if err.errno in _NO_ROOM:
                raise DiskFullError("make room on the disk of the file store, then retry") from err
            raise
        finally:
            with contextlib.suppress(FileNotFoundError):
                incoming.unlink()
        return StoredFile(digest, size)

    def open(self, sha256: str) -> BinaryIO:
        """Open stored bytes for reading.

        Raises:
            NotFoundError: no such content.
        """
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        """Where the content lies, for readers that want a path.

        Raises:
            NotFoundError: no such content, or no sha256 at all.
        """
        path = self._place(sha256)
        if not path.is_file():
            raise NotFoundError(f"content {sha256[:12]} is not in the file store")
        return path

    def exists(self, sha256: str) -> bool:
        """Whether the content is here."""
        return _SHA256.match(sha256) is not None and self._place(sha256).is_file()

    def walk(self) -> Iterator[str]:
        """Every content's sha256, in ascending order; what is added meanwhile may be missed."""
        for first in _folders(self._root):
            for second in _folders(first):
                names = sorted(entry.name for entry in os.scandir(second))
                yield from (name for name in names if _SHA256.match(name))

    def sweep(self, *, older_than_seconds: float, now: float) -> int:
        """Remove copies that a crash left unfinished.

        Args:
            older_than_seconds: younger ones may belong to a running put.
            now: seconds since the epoch.

        Returns:
            How many were removed.
        """
        removed = 0
        for entry in os.scandir(self._incoming):
            with contextlib.suppress(FileNotFoundError):  # another sweep was quicker
                if now - entry.stat().st_mtime > older_than_seconds:
                    Path(entry.path).unlink()
                    removed += 1
        return removed

    def _place(self, sha256: str) -> Path:
        if not _SHA256.match(sha256):
            raise NotFoundError("that is no content name")
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _name(self, incoming: Path, digest: str) -> None:
        place = self._place(digest)
        if place.is_file():
            return
        incoming.chmod(_READ_ONLY)
        _make_folder(place.parent.parent, synced_in=self._root)
        _make_folder(place.parent, synced_in=place.parent.parent)
        incoming.replace(place)  # a second put of the same bytes may win; both are the same
        _sync_folder(place.parent)


def _copy(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        target.write(chunk)
        size += len(chunk)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _make_folder(folder: Path, *, synced_in: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        _sync_folder(synced_in)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folders(parent: Path) -> list[Path]:
    """Two hex digits each; everything else below the root is not ours."""
    names = sorted(entry.name for entry in os.scandir(parent) if entry.is_dir())
    return [parent / name for name in names if re.fullmatch("[0-9a-f]{2}", name)]


_store: type[FileStore] = LocalFileStore
