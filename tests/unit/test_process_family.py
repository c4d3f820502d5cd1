"""What a process started is found, also when who started it is gone, and nobody else counts."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from dossier.work import family
from dossier.work.family import Family

LEADER = """
import subprocess, sys
started = subprocess.run(["sh", "-c", "sleep 600 > /dev/null & echo $!"], stdout=subprocess.PIPE)
print(int(started.stdout), flush=True)
sys.stdin.read()
"""
"""Starts a process by one that ends at once, so that init is its parent."""


SOME_PAGES = 256 << 10
"""In bytes; the least of the processes here holds several times as much."""


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.communicate()


def resident(*pids: int) -> object:
    """Nearly so much: a process that waits still moves by some pages."""
    found = sum(psutil.Process(pid).memory_info().rss for pid in pids)
    return pytest.approx(found, abs=SOME_PAGES)


def test_memory_of_what_was_started_counts_though_its_parent_is_gone(
    leader: subprocess.Popen[str],
) -> None:
    assert leader.stdout is not None
    orphan = int(leader.stdout.readline())
    found = Family(leader.pid)
    assert found.resident_bytes() == resident(leader.pid)
    found.look()
    assert found.resident_bytes() == resident(leader.pid, orphan)


def test_who_is_gone_counts_no_more(leader: subprocess.Popen[str]) -> None:
    assert leader.stdout is not None
    orphan = int(leader.stdout.readline())
    found = Family(leader.pid)
    found.look()
    os.kill(orphan, 9)
    while psutil.pid_exists(orphan) and psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    found.look()
    assert found.resident_bytes() == resident(leader.pid)
    leader.kill()
    leader.wait()
    found.look()
    assert found.resident_bytes() == 0


def test_what_was_taken_for_a_stranger_is_looked_at_again(
    leader: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leader.stdout is not None
    orphan = int(leader.stdout.readline())
    found = Family(leader.pid)
    found._strangers.add(orphan)  # its number was another's before
    found._read_all_at = time.monotonic()
    found.look()
    assert found.resident_bytes() == resident(leader.pid)
    monkeypatch.setattr(family, "READ_ALL_SECONDS", 0.0)
    found.look()
    assert found.resident_bytes() == resident(leader.pid, orphan)
