"""What a process and all that it started hold in memory, asked many times a second.

Whoever wants to know what a process started must look through all of /proc. psutil reads all of it
each time, which with some hundred processes took 2 % of a core beside every page that was read
(docs/performance.md, "Intake"). Here each process is read once and told from the family for a
while, and nothing is listed while nobody has started anything.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

READ_ALL_SECONDS = 10.0
"""After so long every process is read anew: numbers are used again in the course of time."""
_PROC = Path("/proc")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Of /proc/PID/stat behind the name in brackets, which may hold anything (proc(5)).
_PARENT, _SESSION = 1, 3
_RESIDENT = 1


class Family:
    """A process that leads a session of its own, and what it started.

    Args:
        leader: its process id, which is its session's too.
    """

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._members = {leader}
        self._strangers: set[int] = set()
        self._read_all_at = float("-inf")
        self._newest = b""

    def resident_bytes(self) -> int:
        """Memory of the leader and of the members that were seen so far."""
        return sum(_resident_bytes(pid) for pid in self._members)

    def look(self) -> None:
        """See who belongs to it by now: by the session, or by the parent if that was left."""
        now, newest = time.monotonic(), _newest()
        if now - self._read_all_at < READ_ALL_SECONDS and newest and newest == self._newest:
            return  # nobody started anything
        self._newest = newest
        if now - self._read_all_at >= READ_ALL_SECONDS:
            self._strangers, self._read_all_at = set(), now
        present = {int(name) for name in os.listdir(_PROC) if name.isdigit()}  # noqa: PTH208 - names
        self._members = self._members & present | {self._leader}
        self._strangers &= present
        unknown = present - self._members - self._strangers
        read = {pid: found for pid in unknown if (found := _parent_and_session(pid))}
        while joined := {pid for pid, found in read.items() if self._belongs(*found)}:
            self._members |= joined
            read = {pid: found for pid, found in read.items() if pid not in joined}
        self._strangers |= read.keys()

    def _belongs(self, parent: int, session: int) -> bool:
        return session == self._leader or parent in self._members


def _newest() -> bytes:
    """The process or thread that was started last; empty where the system does not say."""
    try:
        return (_PROC / "loadavg").read_bytes().split()[-1]
    except (OSError, IndexError):
        return b""


def _parent_and_session(pid: int) -> tuple[int, int] | None:
    """None when the process is gone."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return int(fields[_PARENT]), int(fields[_SESSION])


def _resident_bytes(pid: int) -> int:
    """0 when the process is gone."""
    try:
        return int((_PROC / str(pid) / "statm").read_bytes().split()[_RESIDENT]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
