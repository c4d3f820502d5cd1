"""A killable child answers, keeps its limits, and never outlives who asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from dossier.errors import (
    ConfigurationError,
    LimitExceededError,
    StepFailedError,
    UnreadableFileError,
)
from dossier.rules.limits import MIB, ChildLimits
from dossier.work.killable import KillableChild
from tests.unit.killable_samples import Sample, never_built, refuse_to_build

LIMITS = ChildLimits(timeout_seconds=10, memory_bytes=256 * MIB, niceness=3)


@pytest.fixture
def child() -> Iterator[KillableChild[Sample]]:
    child = KillableChild(Sample, limits=LIMITS)
    yield child
    child.release()


def wait_gone(pid: int, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_a_call_is_answered_by_another_process_that_stays_warm(
    child: KillableChild[Sample],
) -> None:
    assert child.call("add", 2, right=3) == 5
    first = child.call("pid")
    assert first != os.getpid()
    assert child.call("pid") == first
    assert child.starts == 1


def test_the_proxy_looks_like_the_object(child: KillableChild[Sample]) -> None:
    sample = child.proxy()
    assert sample.add(1, right=1) == 2
    assert sample.kind == "sample"
    assert sample.greeting == "hello"
    with pytest.raises(AttributeError):
        _ = sample.nothing_of_the_kind  # type: ignore[attr-defined]


def test_a_partial_carries_arguments_to_the_factory() -> None:
    child = KillableChild(partial(Sample, "good day"), limits=LIMITS)
    assert child.proxy().greeting == "good day"
    child.release()


@pytest.mark.parametrize("name", ["OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_the_child_sees_one_thread_in_its_environment(
    child: KillableChild[Sample], name: str
) -> None:
    assert child.call("environment", name) == "1"


def test_the_child_is_nicer_than_its_parent(child: KillableChild[Sample]) -> None:
    assert child.call("niceness") == min(19, os.nice(0) + 3)


def test_the_child_imports_only_what_its_factory_needs(
    child: KillableChild[Sample],
) -> None:
    heavy = {"sqlalchemy", "fastapi", "numpy", "pydantic", "psutil"}
    assert heavy.isdisjoint(child.call("modules"))


def test_a_call_that_takes_too_long_is_ended_and_says_time(
    child: KillableChild[Sample],
) -> None:
    pid = child.call("pid")
    begun = time.monotonic()
    with pytest.raises(LimitExceededError) as caught:
        child.call("sleep", 60, timeout_seconds=0.3)
    assert time.monotonic() - begun < 30
    assert caught.value.limit == "time"
    assert "0.3 s" in caught.value.detail
    assert wait_gone(pid)
    assert child.call("add", 1, right=1) == 2
    assert child.starts == 2


def test_native_code_that_never_lets_go_is_ended_too(
    child: KillableChild[Sample],
) -> None:
    with pytest.raises(LimitExceededError):
        child.call("hold_the_interpreter", timeout_seconds=0.3)


def test_a_call_that_eats_memory_is_ended_and_says_memory(
    child: KillableChild[Sample],
) -> None:
    with pytest.raises(LimitExceededError) as caught:
        child.call("eat", 2000)
    assert caught.value.limit == "memory"
    assert "256 MiB" in caught.value.detail


def test_memory_of_processes_that_the_child_started_counts(
    child: KillableChild[Sample],
) -> None:
    with pytest.raises(LimitExceededError) as caught:
        child.call("eat_in_a_grandchild")
    assert caught.value.limit == "memory"


@pytest.mark.parametrize(("method", "args"), [("segfault", ()), ("leave", (3,)), ("leave", (0,))])
def test_a_crash_is_a_failed_step_and_the_next_call_works(
    child: KillableChild[Sample], method: str, args: tuple[int, ...]
) -> None:
    with pytest.raises(StepFailedError) as caught:
        child.call(method, *args)
    assert not isinstance(caught.value, LimitExceededError)
    assert "crashed" in caught.value.detail
    assert child.call("add", 1, right=1) == 2


def test_our_errors_come_back_with_their_fields(child: KillableChild[Sample]) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        child.call("refuse")
    assert (caught.value.reason, caught.value.detail) == (
        "password",
        "a word is needed",
    )
    assert caught.value.detail_zh == "需要密码"
    assert child.starts == 1


def test_a_foreign_error_tells_its_place_but_not_its_message(
    child: KillableChild[Sample],
) -> None:
    with pytest.raises(StepFailedError) as caught:
        child.call("stumble", "黄超 13800000000")
    assert "ValueError at killable_samples.py" in caught.value.detail
    assert "黄超" not in str(caught.value) + repr(caught.value.__dict__)
    assert child.starts == 1


def test_an_answer_that_cannot_travel_fails_the_step(
    child: KillableChild[Sample],
) -> None:
    with pytest.raises(StepFailedError):
        child.call("unpicklable")
    assert child.call("add", 1, right=1) == 2


def test_large_answers_arrive_whole(child: KillableChild[Sample]) -> None:
    assert len(child.call("large", 40 * MIB)) == 40 * MIB


def test_an_error_of_the_factory_reaches_the_caller() -> None:
    child = KillableChild(refuse_to_build, limits=LIMITS)
    with pytest.raises(ConfigurationError, match="no model"):
        child.call("add", 1, right=1)
    assert child.pid is None


def test_a_factory_that_hangs_breaks_the_start_limit() -> None:
    child = KillableChild(never_built, limits=ChildLimits(start_seconds=0.5))
    with pytest.raises(LimitExceededError) as caught:
        child.call("add", 1, right=1)
    assert caught.value.limit == "start"


def test_an_idle_child_is_let_go_and_comes_back_when_needed() -> None:
    child = KillableChild(Sample, limits=ChildLimits(idle_seconds=0.3))
    pid = child.call("pid")
    assert wait_gone(pid)
    assert child.pid is None
    assert child.call("add", 1, right=1) == 2
    child.release()


def test_a_busy_child_is_not_idle() -> None:
    child = KillableChild(Sample, limits=ChildLimits(idle_seconds=0.2))
    child.call("sleep", 0.8)
    assert child.starts == 1
    child.release()


def test_a_child_is_replaced_after_its_number_of_calls() -> None:
    child = KillableChild(Sample, limits=ChildLimits(calls=2))
    pids = [child.call("pid") for _ in range(5)]
    assert len(set(pids)) == 3
    child.release()


def test_threads_share_one_child_without_mixing_answers(
    child: KillableChild[Sample],
) -> None:
    answers: dict[int, int] = {}

    def work(number: int) -> None:
        for round_ in range(20):
            answers[number * 100 + round_] = child.call("add", number * 100, right=round_)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(key == value for key, value in answers.items())
    assert len(answers) == 120
    assert child.starts == 1


def test_release_ends_the_child_with_what_it_started(
    child: KillableChild[Sample],
) -> None:
    pid, grandchild = child.call("pid"), child.call("start_grandchild")
    child.release()
    assert wait_gone(pid)
    assert wait_gone(grandchild)


def test_temporary_files_of_a_killed_child_are_taken_away(
    child: KillableChild[Sample],
) -> None:
    left_over = Path(child.call("scratch"))
    assert left_over.exists()
    with pytest.raises(LimitExceededError):
        child.call("sleep", 60, timeout_seconds=0.1)
    assert not left_over.exists()
    assert not left_over.parent.parent.exists()


PARENT = """
import sys
sys.path[:0] = sys.argv[1:]
from tests.unit.killable_samples import Sample
from dossier.work.killable import KillableChild
child = KillableChild(Sample)
print(child.call("pid"), child.call("start_grandchild"), child.call("scratch"), flush=True)
child.call({call})
"""


@pytest.mark.parametrize("call", ["'sleep', 600", "'sleep', 0"])
def test_the_child_dies_when_its_parent_is_killed(call: str) -> None:
    code = PARENT.format(call=call) + "\nimport time; time.sleep(600)"
    paths = [str(Path(__file__).parents[2])]
    parent = subprocess.Popen(
        [sys.executable, "-c", code, *paths], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid, grandchild, scratch = parent.stdout.readline().split()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert wait_gone(int(pid))
    assert wait_gone(int(grandchild))
    assert not Path(scratch).exists()
    parent.stdout.close()
