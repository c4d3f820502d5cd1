"""The inbox: whatever lies in it, whole and quiet, is taken in; events only say when to look.

The folder itself is the truth: every look lists it anew, so a missed event costs seconds, never a
file (peers.md §4, complaints 5 and 6; §8, failure 2). One bad file never stops the others.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy.exc import OperationalError

from dossier.clock import local_date
from dossier.errors import ConflictError, TooLargeError, UnavailableError
from dossier.records import IntakeOutcome, QuarantineReason
from dossier.rules import file_names
from dossier.services import coming_back, intake, papers, unfinished
from dossier.services.context import Context
from dossier.viewer import Permission, system_viewer
from indexer import source_files
from indexer.late_writes import LateWrites, Moved
from indexer.open_elsewhere import is_open_for_writing
from indexer.settle import Decision, Look, SettleTimes, Settling
from indexer.watcher import FolderWatch

VIEWER = system_viewer("intake", [Permission.UPLOAD])
PASS_SECONDS = 2.0
"""After so long a look is begun anew, so that in a flood of files fresh ones are seen as well."""
REST_SHARE = 1.0
REST_LEAST_SECONDS = 0.05
"""Between two looks at least as long as the last look took: events in a flood come without end."""
TROUBLE_SECONDS = 30.0
"""Pause before a file that could not be read or moved is tried again."""
BLOCKED_SECONDS = 5.0
"""Pause of the whole intake while disk or database takes nothing."""
TIDY_SECONDS = 60.0
"""An empty sub-folder stays so long: whoever made it may be about to put a file in."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that lies in the inbox."""

    path: Path
    relative: Path
    status: os.stat_result

    @property
    def is_file(self) -> bool:
        """An ordinary file; links, pipes and devices are never opened."""
        return stat.S_ISREG(self.status.st_mode)

    @property
    def look(self) -> Look:
        """What changes while somebody writes."""
        look = Look.of(self.status)
        return look if self.is_file else replace(look, size_bytes=1)

    @property
    def source_key(self) -> str:
        """Fingerprint of this drop: moving a file away and back makes it another (ctime)."""
        state = self.status
        parts = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        return _digest(os.fsencode(self.relative), *map(str, parts))


def _digest(first: bytes, *others: str) -> str:
    return hashlib.sha256(b"|".join([first, *(other.encode() for other in others)])).hexdigest()


class IntakeLoop:
    """Watches the inbox and takes files in; one per archive, in one thread."""

    def __init__(self, context: Context, *, tidy_seconds: float = TIDY_SECONDS) -> None:
        """Prepare.

        Raises:
            ConfigurationError: the inbox overlaps a folder that the product writes.
        """
        settings = context.settings
        source_files.check_folders(settings)
        self._context = context
        self._inbox = settings.inbox_path
        self._tidy_seconds = tidy_seconds
        self._settling = Settling(SettleTimes(settings.settle_seconds, settings.empty_seconds))
        self._late = LateWrites(settings.late_write_seconds)
        self._troubled: dict[str, float] = {}
        self._unlisted: dict[str, str] = {}
        self.problem = ""
        """What keeps the intake from working now, a short code; empty when all is well."""

    def run(self, stop: threading.Event) -> None:
        """Take files in until asked to stop."""
        reconcile_seconds = self._context.settings.reconcile_seconds
        self._inbox.mkdir(parents=True, exist_ok=True)
        with FolderWatch(self._inbox, polling=self._context.settings.inbox_polling) as watch:
            while not stop.is_set():
                watch.changed.clear()
                began = time.monotonic()
                again = self.look(stop=stop)
                took = time.monotonic() - began
                _wait(stop, None, max(REST_LEAST_SECONDS, took * REST_SHARE if not again else 0))
                due = self._settling.next_due(at=time.monotonic())
                if not again:
                    _wait(
                        stop,
                        watch.changed,
                        reconcile_seconds if due is None else min(due, reconcile_seconds),
                    )

    def look(self, *, stop: threading.Event | None = None) -> bool:
        """List the inbox once and take what is ready.

        Returns:
            True when the time for one pass was over before all was seen.
        """
        present: set[str] = set()
        unlisted: dict[str, str] = {}
        until = time.monotonic() + PASS_SECONDS
        self.problem = ""
        self._take_back_the_grown()
        for entry in self._entries(unlisted):
            key = str(entry.relative)
            present.add(key)
            if stop is not None and stop.is_set():
                return False
            if self._troubled.get(key, 0) > time.monotonic():
                continue
            decision = self._settling.look(key, entry.look, at=time.monotonic())
            if decision is not Decision.WAIT and not self._handle(entry, decision, stop):
                return False
            if time.monotonic() > until:
                return True
        self._say_unlisted(unlisted)
        self._miss_the_gone()
        self._settling.keep_only(present)
        self._troubled = {key: at for key, at in self._troubled.items() if key in present}
        return False

    def _take_back_the_grown(self) -> None:
        """Who went on writing after a file was taken gets it taken in anew, whole this time."""
        for moved in self._late.changed(at=time.monotonic()):
            log.warning("a source grew after it was taken; it is taken in anew")
            try:
                back = source_files.take_back(self._context.settings, moved.place, moved.relative)
            except OSError as err:
                log.warning("it cannot be moved back into the inbox", extra={"why": err.strerror})
                self._late.remember(moved)
                continue
            self._settling.has_grown(str(back.relative_to(self._inbox)))

    def _miss_the_gone(self) -> None:
        """A file that was given back and taken away again by hand is not waited for for ever."""
        for intake_id, path in coming_back.awaited(self._context):
            if not os.path.lexists(self._inbox / file_names.decoded(path)):
                with self._context.writing(VIEWER) as session:
                    now = self._context.clock.now()
                    coming_back.did_not_come(
                        session, intake_id, reason=QuarantineReason.GONE, at=now
                    )

    # -- what lies there ------------------------------------------------------------------------

    def _entries(self, unlisted: dict[str, str]) -> Iterator[Entry]:
        """Everything below the inbox but folders, a folder at a time, links not followed.

        Args:
            unlisted: takes the folders that cannot be listed, each with the system's words.
        """
        folders = [self._inbox]
        while folders:
            folder = folders.pop()
            try:
                found, below = self._list(folder)
            except FileNotFoundError:
                continue  # gone since it was listed
            except OSError as err:
                unlisted[str(folder)] = err.strerror or "unknown"
                continue
            folders += below
            yield from found

    def _list(self, folder: Path) -> tuple[list[Entry], list[Path]]:
        entries: list[Entry] = []
        folders: list[Path] = []
        with os.scandir(folder) as listing:
            for item in listing:
                path = folder / item.name
                if unfinished.is_passed_over(item, self._context.settings, now=time.time()):
                    continue
                if item.is_dir(follow_symlinks=False):
                    folders.append(path)
                else:
                    entries += self._entry(path)
        if not entries and not folders and folder != self._inbox:
            self._tidy(folder)
        return entries, folders

    def _entry(self, path: Path) -> list[Entry]:
        try:
            return [Entry(path, path.relative_to(self._inbox), path.lstat())]
        except OSError:
            return []  # gone since it was listed

    def _tidy(self, folder: Path) -> None:
        try:
            if time.time() - folder.stat().st_mtime > self._tidy_seconds:
                folder.rmdir()
        except OSError:
            return  # a name that waits lies in it, or it may not be removed: it stays

    def _say_unlisted(self, unlisted: dict[str, str]) -> None:
        """Once for each folder and trouble; ``doctor`` and the intake page name them at any time.

        A folder is often named after a customer: the log says which it is without the words.
        """
        for folder, why in unlisted.items():
            if self._unlisted.get(folder) != why:
                path = file_names.coded(Path(folder).relative_to(self._inbox).as_posix())
                shown = str(papers.path_of(VIEWER, path))
                log.error(
                    "a folder of the inbox cannot be listed; dossier doctor names it",
                    extra={
                        "why": why,
                        "folder": file_names.shortened(
                            shown, limit=unfinished.MOST_PATH_CHARACTERS
                        ),
                        "path_bytes": len(os.fsencode(folder)),
                    },
                )
        for folder in self._unlisted.keys() - unlisted.keys():
            log.info(
                "a folder of the inbox can be listed again, or is gone",
                extra={"was": self._unlisted[folder]},
            )
        self._unlisted = unlisted

    # -- taking one -----------------------------------------------------------------------------

    def _handle(self, entry: Entry, decision: Decision, stop: threading.Event | None) -> bool:
        """Take one file or set it aside; False when disk or database takes nothing now."""
        key = str(entry.relative)
        try:
            self._take_or_refuse(entry, decision)
        except (UnavailableError, OperationalError) as err:
            self.problem = err.code if isinstance(err, UnavailableError) else "database"
            log.warning("intake waits, sources stay where they are", extra={"why": self.problem})
            _wait(stop or threading.Event(), None, BLOCKED_SECONDS)
            return False
        except ConflictError:
            pass  # it changed while it was copied: it settles anew
        except FileNotFoundError:
            pass  # somebody took it away again
        except OSError as err:
            self._trouble(entry, err)
        self._settling.forget(key)
        return True

    def _take_or_refuse(self, entry: Entry, decision: Decision) -> None:
        if not entry.is_file:
            self._refuse(entry, QuarantineReason.NOT_A_FILE)
        elif self._is_being_written(entry):
            raise ConflictError("a program has it open for writing")
        elif decision is Decision.EMPTY:
            self._refuse(entry, QuarantineReason.EMPTY)
        elif entry.status.st_size > self._context.settings.max_file_bytes:
            self._refuse(entry, QuarantineReason.TOO_LARGE)
        else:
            self._take(entry)

    def _is_being_written(self, entry: Entry) -> bool:
        """Whether to wait for its writer; not for one who keeps it open for no reason.

        A network folder's own locks say nothing of who writes on another machine.
        """
        settings = self._context.settings
        changed = max(entry.status.st_mtime, entry.status.st_ctime)
        if settings.inbox_polling or time.time() - changed > settings.open_seconds:
            return False
        with _open(entry) as stream:
            return is_open_for_writing(stream.fileno())

    def _take(self, entry: Entry) -> None:
        arrival = self._arrival(entry)
        try:
            with _open(entry) as stream:
                steady = cast(BinaryIO, _Steady(stream, entry.look))
                intake.take(self._context, VIEWER, steady, arrival)
        except TooLargeError:
            self._refuse(entry, QuarantineReason.TOO_LARGE)
            return
        today = local_date(self._context.clock.now())
        place = source_files.move_to_done(
            self._context.settings, entry.path, entry.relative, on=today
        )
        self._late.remember(Moved(place, entry.relative, entry.look, time.monotonic()))
        self._troubled.pop(str(entry.relative), None)

    def _refuse(self, entry: Entry, reason: QuarantineReason) -> None:
        intake.refuse(self._context, VIEWER, self._arrival(entry), reason=reason)
        source_files.move_to_quarantine(
            self._context.settings, entry.path, entry.relative, reason=reason
        )

    def _trouble(self, entry: Entry, err: OSError) -> None:
        """Note once, where clerks look, that the file cannot be taken; it is tried again later."""
        key = str(entry.relative)
        self._troubled[key] = time.monotonic() + TROUBLE_SECONDS
        log.warning("a file of the inbox cannot be taken", extra={"why": err.strerror})
        path = file_names.coded(entry.relative.as_posix())
        arrival = self._arrival(entry, source_key=coming_back.trouble_key(path))
        if intake.find_known(self._context, entry.source_key) is None:
            intake.refuse(
                self._context,
                VIEWER,
                arrival,
                reason=QuarantineReason.PERMISSION
                if isinstance(err, PermissionError)
                else "unreadable",
                detail=(err.strerror or "")[:100],
                outcome=IntakeOutcome.FAILED,
            )

    def _arrival(self, entry: Entry, *, source_key: str | None = None) -> intake.Arrival:
        folder = file_names.folder_of(entry.relative)
        return intake.Arrival(
            file_name=entry.relative.name,
            folder=folder,
            origin="inbox",
            given_customer_no=intake.given_customer(self._context, folder),
            source_path=entry.relative.as_posix(),
            source_key=source_key or entry.source_key,
            trouble_key=coming_back.trouble_key(file_names.coded(entry.relative.as_posix())),
        )


def _open(entry: Entry) -> BinaryIO:
    """Open without following a link or waiting for a pipe that took the file's name meanwhile.

    Raises:
        ConflictError: it is another file by now.
    """
    handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if os.fstat(handle).st_ino != entry.status.st_ino or not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ConflictError("another file of the same name")
    return os.fdopen(handle, "rb")


class _Steady:
    """A stream that, at its end, makes sure that nobody wrote to the file meanwhile."""

    def __init__(self, stream: BinaryIO, look: Look) -> None:
        self._stream = stream
        self._look = look

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            ConflictError: the file changed since it was looked at.
        """
        piece = self._stream.read(size)
        if not piece or size < 0:
            now = os.fstat(self._stream.fileno())
            if Look.of(now) != self._look:
                raise ConflictError("the file changed while it was copied")
        return piece


def _wait(stop: threading.Event, changed: threading.Event | None, seconds: float) -> None:
    """Wait for a change, at most ``seconds``; end early when asked to stop."""
    until = time.monotonic() + seconds
    while not stop.is_set() and (left := until - time.monotonic()) > 0:
        if changed is None:
            stop.wait(left)
        elif changed.wait(min(left, 0.25)):
            return
