"""Who a worker is: a name that tells, on the same machine, whether its process still lives."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import psutil

PLACE_HEX = 8
"""Tells machines (and containers of one machine) apart: 32 bits for a handful of names."""


def worker_id(pid: int | None = None) -> str:
    """The name of a process: its place, its number, and when it began.

    The beginning tells it from a later process that got the same number.
    """
    process = psutil.Process(pid or os.getpid())
    return f"{place()}-{process.pid}-{int(process.create_time() * 100)}"


def place() -> str:
    """A short name of this machine's processes: boot, host and process-number space."""
    parts = [socket.gethostname(), str(int(psutil.boot_time()))]
    numbers = Path("/proc/self/ns/pid")
    if numbers.is_symlink():
        parts.append(str(numbers.readlink()))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:PLACE_HEX]


def is_dead(owner: str) -> bool:
    """Whether the named worker is surely gone; False for one of another machine."""
    try:
        where, pid, _began = owner.split("-")
        if where != place():
            return False
        return worker_id(int(pid)) != owner
    except psutil.NoSuchProcess:
        return True
    except (ValueError, psutil.Error):
        return False
