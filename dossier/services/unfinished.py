"""Files that wait in the inbox under a name that says "not finished", and nobody writes them.

A ``.part`` is left alone until it is renamed, which is right while it is being written and silent
for ever when the sender broke off. After ``unfinished_seconds`` it is named to people.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from dossier.access import demand
from dossier.rules import file_names
from dossier.rules.unfinished_names import is_draft_name
from dossier.services import papers
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

MOST_SEEN = 50_000
"""Names looked at in one look, some 50 ms: in a flood of files nobody waits for this list."""
MOST_SHOWN = 20
REMEDY = "send them again or give them their final names; delete what nobody needs"


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


def list_unfinished(context: Context, viewer: Viewer) -> tuple[UnfinishedFile, ...]:
    """The oldest of them first, at most :data:`MOST_SHOWN`; who sees masked sees no file names.

    They belong to nobody yet, so who sees a part of the archive only sees none.

    Raises:
        ForbiddenError: the role may not see the intake.
    """
    viewer = demand(viewer, Permission.SEE_INTAKE)
    if not viewer.scope.everything:
        return ()
    settings, now = context.settings, context.clock.now().timestamp()
    found = [
        each
        for each in _drafts(settings.inbox_path, now)
        if each.age_seconds >= settings.unfinished_seconds
    ]
    oldest = sorted(found, key=lambda each: -each.age_seconds)[:MOST_SHOWN]
    return tuple(
        replace(each, path=str(papers.path_of(viewer, file_names.coded(each.path))))
        for each in oldest
    )


def _drafts(inbox: Path, now: float) -> Iterator[UnfinishedFile]:
    for entry in islice(_files(inbox), MOST_SEEN):
        if not is_draft_name(entry.name):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone since it was listed
        if stat.S_ISREG(status.st_mode):
            path = Path(entry.path).relative_to(inbox).as_posix()
            yield UnfinishedFile(path, status.st_size, now - status.st_mtime)


def _files(inbox: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below the inbox but folders, as the intake sees it: hidden folders are skipped."""
    folders = [inbox]
    while folders:
        try:
            with os.scandir(folders.pop()) as listing:
                entries = list(listing)
        except OSError:
            continue  # the intake's own look says so
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif not entry.name.startswith("."):
                folders.append(Path(entry.path))
