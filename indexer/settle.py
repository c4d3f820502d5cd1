"""When is a file that lies in the inbox whole? Pure: looks go in, decisions come out.

Events only hint; what counts is that size, time and identity of a file stay the same between two
looks that are the settle time apart. A file of 0 bytes waits longer, because scanners and copiers
make the name first and fill it later. Names of unfinished downloads wait until they are renamed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum, auto

MAX_TRACKED = 50_000
"""Files looked at the same time: some 15 MB of memory. Others wait until these are taken."""


class Decision(Enum):
    """What to do with a file now."""

    WAIT = auto()
    TAKE = auto()
    EMPTY = auto()
    """It stayed at 0 bytes for longer than any writer needs."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a file told: whatever a writer changes, changes one of these."""

    size_bytes: int
    modified_ns: int
    inode: int

    @staticmethod
    def of(status: os.stat_result) -> Look:
        """What the system says of a file."""
        return Look(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class SettleTimes:
    """How long a file must be unchanged, in seconds."""

    settle_seconds: float
    empty_seconds: float


class Settling:
    """Remembers the last look at each file that waits."""

    def __init__(self, times: SettleTimes, *, max_tracked: int = MAX_TRACKED) -> None:
        self._times = times
        self._max_tracked = max_tracked
        self._seen: dict[str, tuple[Look, float]] = {}
        self._grown: set[str] = set()

    def __len__(self) -> int:
        """How many files wait."""
        return len(self._seen)

    def look(self, path: str, look: Look, *, at: float) -> Decision:
        """Decide on a file.

        Args:
            path: names the file; any unique text.
            look: what it looks like now.
            at: seconds of a clock that only goes forward.
        """
        known = self._seen.get(path)
        if known is None or known[0] != look:
            if known is not None or len(self._seen) < self._max_tracked:
                self._seen[path] = (look, at)
            return Decision.WAIT
        quiet_seconds = at - known[1]
        if look.size_bytes == 0:
            return Decision.EMPTY if quiet_seconds >= self._times.empty_seconds else Decision.WAIT
        return Decision.TAKE if quiet_seconds >= self._wanted_seconds(path) else Decision.WAIT

    def has_grown(self, path: str) -> None:
        """It was taken too early once: from now on it must be quiet as long as an empty file."""
        self._grown.add(path)

    def _wanted_seconds(self, path: str) -> float:
        if path in self._grown:
            return max(self._times.settle_seconds, self._times.empty_seconds)
        return self._times.settle_seconds

    def forget(self, path: str) -> None:
        """The file was taken, or is looked at anew."""
        self._seen.pop(path, None)

    def keep_only(self, present: set[str]) -> None:
        """Forget files that are gone."""
        for path in self._seen.keys() - present:
            del self._seen[path]
        self._grown &= present

    def next_due(self, *, at: float) -> float | None:
        """Seconds until the first waiting file may be whole, None when none waits.

        Files of 0 bytes are left to the periodic reconcile.
        """
        waiting = [
            since + self._wanted_seconds(path) - at
            for path, (look, since) in self._seen.items()
            if look.size_bytes
        ]
        return max(0.0, min(waiting)) if waiting else None
