"""One process tree: crashed children come back, all end with their parent, however that ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from indexer.processes import Child, ChildSpec
from indexer.supervisor import Supervisor
from tests.faults.archive_samples import wait_until

PROCESS = "tests.faults.worker_process"


def spec(function: str, **arguments: object) -> ChildSpec:
    return ChildSpec(function, f"{PROCESS}:{function}", arguments)


def read_pid(file: Path) -> int:
    wait_until(lambda: file.exists() and file.read_text() != "", what=f"start of {file.name}")
    return int(file.read_text())


def is_gone(pid: int) -> Callable[[], bool]:
    def check() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return check


def test_a_workers_process_sees_that_engines_may_use_one_thread_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    out = tmp_path / "seen"
    assert Child(spec("show_environment", out=str(out))).wait() == 0
    assert out.read_text() == "1"


def test_a_child_that_is_killed_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    supervisor = Supervisor([spec("sleep_for_ever", out=str(file))], grace_seconds=5)
    supervisor.start_all()
    try:
        first = read_pid(file)
        os.kill(first, signal.SIGKILL)

        def is_back() -> bool:
            supervisor.look_after_all()
            return file.read_text() not in {"", str(first)}

        wait_until(is_back)
    finally:
        supervisor.end_all()
    wait_until(is_gone(read_pid(file)))


def test_a_child_that_crashes_at_once_is_started_ever_more_seldom() -> None:
    supervisor = Supervisor([spec("crash")])
    began = time.monotonic()
    supervisor.start_all()
    seen: set[int] = set()

    def is_third() -> bool:
        supervisor.look_after_all()
        seen.update(supervisor.pids.values())
        return len(seen) == 3

    wait_until(is_third)
    supervisor.end_all()
    assert time.monotonic() - began > 1.5  # half a second, then a whole one


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_children_end_with_their_supervisor(tmp_path: Path, number: signal.Signals) -> None:
    supervisor = Child(spec("supervise", folder=str(tmp_path), count=2))
    children = [read_pid(tmp_path / f"pid{index}") for index in range(2)]
    os.kill(supervisor.pid, number)
    for pid in children:
        wait_until(is_gone(pid), seconds=30)
    code = supervisor.wait()
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def test_a_second_signal_while_ending_does_no_harm(tmp_path: Path) -> None:
    out = tmp_path / "ended"
    child = Child(spec("end_slowly", out=str(out)))
    wait_until(lambda: out.exists(), what="its start")
    for _ in range(3):
        os.kill(child.pid, signal.SIGTERM)
        time.sleep(0.2)
    assert child.wait() == 0
    assert out.read_text() == "ended in order"
