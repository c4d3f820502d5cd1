"""What stays in the inbox: unfinished files, what is no paper, folders that cannot be listed.

A ``.part`` is left alone until it is renamed, which is right while it is being written and silent
for ever when the sender broke off. After ``unfinished_seconds`` it is named to people. Whatever
else the intake passes over is counted and named as well: nothing that was dropped stays unsaid.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from dossier.access import demand
from dossier.rules import file_names
from dossier.rules.unfinished_names import (
    is_draft_name,
    is_no_paper_folder,
    is_transfer_name,
    is_unfinished_name,
)
from dossier.services import papers
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Permission, Viewer

MOST_SEEN = 50_000
"""Names looked at in one look, some 50 ms: in a flood of files nobody waits for this list."""
MOST_SHOWN = 20
MOST_PATH_CHARACTERS = 120
"""A folder that cannot be listed may have a path of thousands of characters."""
REMEDY = "send them again or give them their final names; delete what nobody needs"
PASSED_OVER_REMEDY = "rename what is a paper; delete what nobody needs"
FOLDER_REMEDY = "give it to the user that dossier runs as, or move it up and shorten its names"


@dataclass(frozen=True, slots=True)
class UnfinishedFile:
    """One such file.

    Attributes:
        path: relative to the inbox, printable.
        size_bytes: what is there of it.
        age_seconds: since it was last written to.
    """

    path: str
    size_bytes: int
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Remaining:
    """What lies in the inbox and is not taken in; of each kind at most :data:`MOST_SHOWN` named.

    Attributes:
        unfinished: drafts that nobody wrote to for long, the oldest first.
        passed_over: paths of other files and folders that are passed over for their names.
        passed_over_count: how many these are in all.
        unlisted: paths of folders that the system does not let us look into.
    """

    unfinished: tuple[UnfinishedFile, ...] = ()
    passed_over: tuple[str, ...] = ()
    passed_over_count: int = 0
    unlisted: tuple[str, ...] = ()


def is_passed_over(item: os.DirEntry[str], settings: Settings, *, now: float) -> bool:
    """Whether the intake leaves it where it lies, for its name.

    Args:
        item: a file or a folder.
        settings: ``unfinished_seconds`` after its last change nobody writes to a file any more.
        now: seconds since 1970.
    """
    if item.is_dir(follow_symlinks=False):
        return is_no_paper_folder(item.name)
    if is_unfinished_name(item.name):
        return True
    return is_transfer_name(item.name) and _age(item, now) < settings.unfinished_seconds


def list_remaining(context: Context, viewer: Viewer) -> Remaining:
    """What the intake does not take, looked up now; who sees masked sees no file names.

    It belongs to nobody yet, so who sees a part of the archive only sees none.

    Raises:
        ForbiddenError: the role may not see the intake.
    """
    viewer = demand(viewer, Permission.SEE_INTAKE)
    if not viewer.scope.everything:
        return Remaining()
    look = _Look(context.settings)
    look.walk(context.clock.now().timestamp())
    oldest = sorted(look.drafts, key=lambda each: -each.age_seconds)[:MOST_SHOWN]
    return Remaining(
        tuple(replace(each, path=_shown(viewer, each.path)) for each in oldest),
        tuple(_shown(viewer, path) for path in sorted(look.passed_over)[:MOST_SHOWN]),
        len(look.passed_over),
        tuple(_shown(viewer, path) for path in sorted(look.unlisted)[:MOST_SHOWN]),
    )


def _shown(viewer: Viewer, path: str) -> str:
    shown = str(papers.path_of(viewer, file_names.coded(path)))
    return file_names.shortened(shown, limit=MOST_PATH_CHARACTERS)


def _age(item: os.DirEntry[str], now: float) -> float:
    try:
        return now - item.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0  # gone since it was listed


class _Look:
    """One walk through the inbox as the intake sees it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inbox = settings.inbox_path
        self.drafts: list[UnfinishedFile] = []
        self.passed_over: list[str] = []
        self.unlisted: list[str] = []

    def walk(self, now: float) -> None:
        """Sort what lies there; ``now`` is in seconds since 1970."""
        for item, passed_over in islice(self._items(now), MOST_SEEN):
            if not passed_over:
                continue
            age = _age(item, now)
            is_old = age >= self._settings.unfinished_seconds
            if is_old and is_draft_name(item.name) and item.is_file(follow_symlinks=False):
                self.drafts.append(UnfinishedFile(self._relative(item.path), _size(item), age))
            else:
                self.passed_over.append(self._relative(item.path))

    def _items(self, now: float) -> Iterator[tuple[os.DirEntry[str], bool]]:
        """Everything but the folders that are walked through, and whether it is passed over."""
        folders = [os.fspath(self._inbox)]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as listing:
                    items = list(listing)
            except FileNotFoundError:
                continue  # gone since it was listed
            except OSError:
                self.unlisted.append(self._relative(folder))
                continue
            for item in items:
                passed_over = is_passed_over(item, self._settings, now=now)
                if item.is_dir(follow_symlinks=False) and not passed_over:
                    folders.append(item.path)
                else:
                    yield item, passed_over

    def _relative(self, path: str) -> str:
        return Path(path).relative_to(self._inbox).as_posix()


def _size(item: os.DirEntry[str]) -> int:
    try:
        return item.stat(follow_symlinks=False).st_size
    except OSError:
        return 0  # gone since it was listed
