"""A real worker process for fault tests: the whole product's worker, with a home of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from dossier.bootstrap import build
from dossier.settings import Settings
from indexer import worker


def main(home: str, lease_seconds: float = 2.0, **more: object) -> None:
    """Body of a process; to be started as an :class:`indexer.processes.ChildSpec`."""
    settings = Settings(
        home=Path(home),
        settle_seconds=0.1,
        reconcile_seconds=0.5,
        lease_seconds=lease_seconds,
        idle_release_seconds=60,
        **more,  # type: ignore[arg-type]
    )
    context = build(settings)
    try:
        worker.run(context)
    finally:
        context.readers.close()
        context.database.dispose()


def show_environment(out: str) -> None:
    """Write down what a worker's environment says about threads."""
    import os

    Path(out).write_text(os.environ.get("OMP_THREAD_LIMIT", "none"))


def sleep_for_ever(out: str) -> None:
    """Note the process id and wait for a signal."""
    import os
    import time

    Path(out).write_text(str(os.getpid()))
    while True:
        time.sleep(1)


def crash() -> None:
    """End at once, badly."""
    sys.exit(9)


def supervise(folder: str, count: int) -> None:
    """A supervisor over sleeping children."""
    from indexer.processes import ChildSpec
    from indexer.supervisor import Supervisor

    specs = [
        ChildSpec(
            f"sleeper {number}",
            "tests.faults.worker_process:sleep_for_ever",
            {"out": str(Path(folder) / f"pid{number}")},
        )
        for number in range(count)
    ]
    Supervisor(specs, grace_seconds=5).run()


def end_slowly(out: str) -> None:
    """Wait for the signal to end, and take a second over ending."""
    import threading
    import time

    from indexer.end_signals import EndSignals

    stop = threading.Event()
    with EndSignals(stop):
        Path(out).touch()
        stop.wait()
        time.sleep(1)
    Path(out).write_text("ended in order")
