"""Sources that somebody went on writing to after they were taken in.

A file is taken when it is quiet and no program of this machine has it open; a writer on another
machine, or another user's, may only have paused. Its bytes go on into ``done/``, for a move changes
nothing for who has a file open. So each source is looked at again for a while; one that changed
goes back into the inbox and is taken in anew, whole. The first part stays a document of its own:
what was received is never taken away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.settle import Look

LOOK_SECONDS = 5.0
"""Between two looks at the sources that were taken."""
MOST = 20_000
"""Sources that are looked after; in a flood the oldest are let go first."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A source that was taken in: where it lies now, whence it came, and how it looked then."""

    place: Path
    relative: Path
    look: Look
    at: float


class LateWrites:
    """Remembers what was taken; the clock only goes forward, in seconds."""

    def __init__(self, watch_seconds: float) -> None:
        self._watch_seconds = watch_seconds
        self._moved: deque[Moved] = deque(maxlen=MOST)
        self._looked_at = 0.0

    def remember(self, moved: Moved) -> None:
        """Look after a source from now on."""
        self._moved.append(moved)

    def changed(self, *, at: float) -> Iterator[Moved]:
        """The sources that were written to since they were taken; each is told once."""
        if at - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = at
        watched = [one for one in self._moved if at - one.at < self._watch_seconds]
        self._moved.clear()
        for one in watched:
            now = _look(one.place)
            if now is not None and _differs(now, one.look):
                yield one
            elif now is not None:
                self._moved.append(one)


def _look(place: Path) -> Look | None:
    try:
        status = place.lstat()
    except OSError:
        return None  # set aside or tidied away since
    return Look.of(status)


def _differs(now: Look, then: Look) -> bool:
    """Whether somebody wrote; on another disk it is another inode all the same."""
    return (now.size_bytes, now.modified_ns) != (then.size_bytes, then.modified_ns)
