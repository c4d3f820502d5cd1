"""Generations on disk: which one is live, swapping by one rename, and the one right to write.

Layout: ``live`` holds the name of the live generation; ``gen-…/`` are the generations, each with
``generation.json``; ``writer.lock`` is locked by the one writer (flock: freed when it dies).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from uuid6 import uuid7

from dossier.adapters.tantivy.engine import (
    REMEDY,
    REMEDY_ZH,
    engine_errors,
    make_schema,
    open_index,
)
from dossier.errors import UnavailableError
from dossier.search.fields import FieldList
from dossier.search.port import IndexBusyError

_LIVE = "live"
_ABOUT = "generation.json"
META = "meta.json"


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation's folder and what it says of itself."""

    name: str
    folder: Path
    schema_fingerprint: str


class Generations:
    """The generations below one folder (on a local disk: engines map the files into memory)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def live_name(self) -> str | None:
        """The live generation's name; None when none was ever published."""
        try:
            return (self._root / _LIVE).read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def live(self) -> Generation:
        """The live generation.

        Raises:
            UnavailableError: there is none, or its folder is gone or broken.
        """
        name = self.live_name()
        if name is None:
            raise UnavailableError(f"there is no search index yet; {REMEDY}", detail_zh=REMEDY_ZH)
        return self._read(name)

    def create(self, fields: FieldList) -> Generation:
        """Make an empty generation; it is not live before :meth:`publish`."""
        name = f"gen-{uuid7().hex}"
        folder = self._root / name
        with engine_errors("creating a search index"):
            folder.mkdir(parents=True)
            open_index(folder, make_schema(fields))
            about = {"schema_fingerprint": fields.fingerprint}
            (folder / _ABOUT).write_text(json.dumps(about), encoding="ascii")
        return Generation(name, folder, fields.fingerprint)

    def publish(self, generation: Generation) -> None:
        """Make a generation live for every process, then remove the others."""
        with engine_errors("publishing a search index"):
            waiting = self._root / f"{_LIVE}.new"
            with waiting.open("w", encoding="ascii") as file:
                file.write(generation.name)
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(self._root / _LIVE)
        self.sweep()

    def sweep(self) -> None:
        """Remove generations that are not live; for the holder of the right to write only.

        Readers that still use one keep their mapped files; what cannot be removed now is removed
        the next time.
        """
        live = self.live_name()
        for folder in self._root.glob("gen-*"):
            if folder.name != live:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def right_to_write(self) -> Iterator[None]:
        """Hold the one right to write.

        Raises:
            IndexBusyError: somebody else has it.
        """
        with engine_errors("locking the search index"):
            self._root.mkdir(parents=True, exist_ok=True)
            file = (self._root / "writer.lock").open("a")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IndexBusyError("it will apply what is pending") from None
            yield

    def _read(self, name: str) -> Generation:
        folder = self._root / name
        with engine_errors("opening the search index"):
            about = json.loads((folder / _ABOUT).read_text(encoding="ascii"))
            return Generation(name, folder, str(about["schema_fingerprint"]))


def size_bytes(folder: Path) -> int:
    """Bytes of a generation's files; merging removes files meanwhile, those count as nothing."""
    total = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def meta_stamp(folder: Path) -> tuple[int, int, int]:
    """Changes with every commit; raises FileNotFoundError when the index is gone."""
    stat = (folder / META).stat()
    return stat.st_mtime_ns, stat.st_ino, stat.st_size
