"""Ctrl-C in any command and at any moment: one line, exit code 130, and the same command goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dossier import interrupts
from dossier.bootstrap import build
from dossier.db.tables import Customer, Intake
from dossier.db.tables import Worker as WorkerRow
from dossier.errors import ExitCode
from dossier.services.context import Context
from dossier.services.work_status import ALIVE_SECONDS
from dossier.settings import Settings
from indexer.ingest import IngestOptions, ingest
from tests.faults.archive_samples import VIEWER, intakes, letter, wait_until
from tests.faults.whole_house import command, working

READY = "ready"
ENDING = "Ending in order 正在有序结束…"
BOOT = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from dossier.cli import main
print({READY!r}, file=sys.stderr, flush=True)
main()
"""
"""The installed command, as a terminal starts it (the tests themselves may run where Ctrl-C is
ignored, in the background); it tells when the interpreter has started and it is our turn."""
ENDS_WITHIN = 60.0
FILES = 16
ROWS = 20_000

IMPORT = ("import", "customers", "customers.csv")
INGEST = ("ingest", "papers")
DEMO = ("demo", "--customers", "10", "--papers", "2", "--port", "0", "--workers", "1")
SERVE = ("serve", "--port", "0", "--workers", "1")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a register and papers, in which commands run."""
    rows = (f"42{number:08d},甲{number}\n" for number in range(ROWS))
    (tmp_path / "customers.csv").write_text("customer_no,name\n" + "".join(rows), encoding="utf-8")
    papers = tmp_path / "papers"
    papers.mkdir()
    for number in range(FILES):
        (papers / f"{number}.txt").write_text(f"第{number}份通知", encoding="utf-8")
    return tmp_path


@contextmanager
def started(place: Path, words: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    """A command as a terminal starts it: Ctrl-C reaches its whole group."""
    process = subprocess.Popen(
        [sys.executable, "-c", BOOT, *words],
        cwd=place,
        env={**os.environ, **_settings(place)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().strip() == READY
        yield process
    finally:
        process.kill()
        process.wait()


def _settings(place: Path) -> dict[str, str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return {
        "DOSSIER_HOME": str(place / "home"),
        "DOSSIER_LOG_LEVEL": "WARNING",
        "DOSSIER_WORKERS": "1",
        "PYTHONPATH": paths,
    }


def interrupted(process: subprocess.Popen[str]) -> list[str]:
    """Press Ctrl-C; gives what was said, without the progress bars."""
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=ENDS_WITHIN)
    return [line for line in said.splitlines() if line.strip() and "━" not in line]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        *((IMPORT, seconds) for seconds in (0.02, 0.4, 0.9, 1.6)),
        *((INGEST, seconds) for seconds in (0.1, 1.6)),
        (("import", "documents", "customers.csv"), 0.3),
        (("reindex",), 0.3),
        (("reconcile",), 0.3),
        (("search", "甲"), 0.2),
        *((DEMO, seconds) for seconds in (0.3, 1.2)),
        *((SERVE, seconds) for seconds in (0.3, 1.2)),
        (("work",), 0.3),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else str(value),
)
def test_a_command_interrupted_in_its_first_seconds_says_one_line_and_ends_with_130(
    place: Path, words: tuple[str, ...], seconds: float
) -> None:
    with started(place, words) as process:
        time.sleep(seconds)
        said = interrupted(process)
        assert said == [interrupts.LINE.strip()]
        assert process.returncode == ExitCode.INTERRUPTED


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [2.0, 2.8, 4.0])
def test_serve_interrupted_while_it_starts_ends_in_order_or_at_once(
    place: Path, seconds: float
) -> None:
    """It turns into another process on the way, in which Ctrl-C is answered from the beginning."""
    with started(place, SERVE) as process:
        time.sleep(seconds)
        said = interrupted(process)
    assert (process.returncode, said) == (ExitCode.INTERRUPTED, [interrupts.LINE.strip()]) or (
        process.returncode == 0
        and not [line for line in said if "Dossier answers" not in line and line != ENDING]
    )


@pytest.mark.slow
def test_serve_says_that_it_ends_while_a_page_is_read_to_its_end(place: Path) -> None:
    """Up to a quarter of a minute: without a word people close the window, or press it again."""
    with started(place, SERVE) as process:
        assert process.stderr is not None
        assert "Dossier answers" in process.stderr.readline()
        assert interrupted(process) == [ENDING]
    assert process.returncode == 0


@pytest.mark.slow
def test_an_ingest_interrupted_in_the_middle_goes_on_and_takes_nothing_twice(place: Path) -> None:
    home = Settings(home=place / "home", workers=1)
    with opened(home) as context, started(place, INGEST) as process:
        wait_until(lambda: len(intakes(context)) > FILES // 4, what="the first files")
        said = interrupted(process)
        assert (process.returncode, said) == (ExitCode.INTERRUPTED, [interrupts.LINE.strip()])
        # At once: the workers of the interrupted run may still be seen.
        again = command(home.home, ["ingest", str(place / "papers"), "--json"], _settings(place))
        assert again.returncode == 0, again.stderr
        summary = json.loads(again.stdout)
        assert summary["accepted"] + summary["duplicates"] == FILES
        with context.reading(VIEWER) as session:
            per_document = select(func.count(Intake.id)).group_by(Intake.document_id)
            assert session.scalars(per_document).all() == [1] * FILES


@pytest.mark.slow
def test_an_import_interrupted_in_the_middle_goes_on_with_the_rows_that_are_missing(
    place: Path,
) -> None:
    home = Settings(home=place / "home", workers=1)

    def rows(context: Context) -> int:
        with context.reading(VIEWER) as session:
            return session.scalar(select(func.count()).select_from(Customer)) or 0

    with opened(home) as context, started(place, IMPORT) as process:
        wait_until(lambda: rows(context) > 0, what="the first rows")
        said = interrupted(process)
        assert (process.returncode, said) == (ExitCode.INTERRUPTED, [interrupts.LINE.strip()])
        before = rows(context)
        assert before < ROWS
        file = str(place / "customers.csv")
        again = command(home.home, ["import", "customers", file, "--json"], _settings(place))
        report = json.loads(again.stdout)
        assert (report["created"], report["unchanged"]) == (ROWS - before, before)


def test_an_ingest_beside_workers_that_end_sends_for_its_own(
    context: Context, tmp_path: Path
) -> None:
    """A worker that was killed is believed to live for some seconds more."""
    now = context.clock.now()
    with context.writing(VIEWER) as session:
        beat = now - timedelta(seconds=ALIVE_SECONDS - 2)
        session.add(WorkerRow(id="gone", pid=1, host="x", started_at=beat, heartbeat=beat))
    (tmp_path / "letter.pdf").write_bytes(letter(1))
    summary = ingest(
        context,
        VIEWER,
        [tmp_path / "letter.pdf"],
        options=IngestOptions(wait=True, show=False),
        workers=lambda: working(context),
    )
    assert (summary.accepted, summary.pages) == (1, 1)


@contextmanager
def opened(settings: Settings) -> Iterator[Context]:
    """The archive, to look into from beside."""
    context = build(settings)
    try:
        yield context
    finally:
        context.readers.close()
        context.index.close()
        context.database.dispose()
