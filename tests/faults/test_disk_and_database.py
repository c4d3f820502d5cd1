"""Disk full, database locked, index gone: originals are safe, it says so, and it recovers."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dossier.bootstrap import build
from dossier.db import create_database
from dossier.errors import DiskFullError
from dossier.search.port import RowKind
from dossier.services import intake
from dossier.services.context import Context
from dossier.settings import Settings
from indexer import duties, intake_loop
from indexer.intake_loop import IntakeLoop
from indexer.worker import Worker, WorkerOptions
from tests.faults.archive_samples import (
    VIEWER,
    delete_folder,
    documents,
    done_files,
    inbox_files,
    intakes,
    letter,
    pages,
    pending,
    wait_until,
)
from tests.faults.whole_house import small_disk


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Context]:
    context = build(Settings(home=tmp_path / "home", settle_seconds=0.05, reconcile_seconds=0.2))
    yield context
    context.readers.close()
    context.index.close()
    context.database.dispose()


@pytest.fixture
def small_place(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", mebibytes=1) as place:
        yield place


def look_until_quiet(loop: IntakeLoop) -> None:
    loop.look()
    time.sleep(0.15)
    loop.look()


def test_a_full_disk_leaves_the_source_where_it_is_and_says_so_and_recovers(
    small_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_loop, "BLOCKED_SECONDS", 0.05)
    context = build(
        Settings(
            home=tmp_path / "home", files_url=f"file://{small_place / 'files'}", settle_seconds=0.05
        )
    )
    filler = small_place / "filler"
    filler.write_bytes(b"x" * 900_000)
    source = context.settings.inbox_path / "a.pdf"
    source.write_bytes(letter(1) + b"%" * 300_000)
    loop = IntakeLoop(context)
    look_until_quiet(loop)
    assert source.exists()
    assert documents(context) == intakes(context) == []
    assert loop.problem == "disk_full"
    filler.unlink()
    look_until_quiet(loop)
    assert loop.problem == ""
    assert len(documents(context)) == 1
    assert inbox_files(context) == []
    context.database.dispose()


@pytest.mark.slow
def test_a_process_that_may_write_no_more_leaves_the_source_and_no_record(archive: Context) -> None:
    """RLIMIT_FSIZE stands for a full disk where none can be mounted: writing fails in the middle."""
    script = (
        "import resource, signal, sys, io\n"
        "from pathlib import Path\n"
        "from dossier.bootstrap import build\n"
        "from dossier.settings import Settings\n"
        "from dossier.services import intake\n"
        "from dossier.viewer import system_viewer\n"
        "from dossier.errors import DiskFullError\n"
        "context = build(Settings(home=Path(sys.argv[1])))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "try:\n"
        "    intake.accept(context, system_viewer('t'), source=io.BytesIO(b'x' * 3_000_000),"
        " file_name='a')\n"
        "except DiskFullError:\n"
        "    raise SystemExit(42)\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script, str(archive.settings.home)],
        env={"PYTHONPATH": root, "PATH": ""},
        check=False,
    )
    assert done.returncode == 42
    assert documents(archive) == []
    assert list(archive.store.walk()) == []


def test_a_worker_that_finds_no_room_hands_its_work_back_and_counts_no_attempt(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = intake.accept(
        archive, VIEWER, source=io.BytesIO(b"some plain text"), file_name="a.txt"
    )
    worker = Worker(archive, WorkerOptions(watch=False))
    worker._prepare()
    real_put = type(archive.store).put

    def full(_self: object, _source: object) -> object:
        raise DiskFullError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(type(archive.store), "put", full)
        broken.setattr("indexer.worker.UNAVAILABLE_SECONDS", 0.1)
        worker.work_once()
    assert type(archive.store).put is real_put
    time.sleep(0.2)
    while worker.work_once():
        pass
    assert len(pages(archive, result.document_id)) == 1
    with archive.reading(VIEWER) as session:
        from dossier.db.tables import WorkItem

        assert {item.attempt for item in session.query(WorkItem)} == {1}


def test_a_database_locked_by_another_program_delays_and_loses_nothing(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_loop, "BLOCKED_SECONDS", 0.05)
    impatient = replace(
        archive, database=create_database(archive.settings.sqlalchemy_url, busy_seconds=0.2)
    )
    source = archive.settings.inbox_path / "a.pdf"
    source.write_bytes(letter(1))
    loop = IntakeLoop(impatient)
    foreign = sqlite3.connect(archive.settings.home / "dossier.db", isolation_level=None)
    foreign.execute("BEGIN EXCLUSIVE")
    look_until_quiet(loop)
    assert source.exists()
    assert loop.problem == "database", "not the number of a library's page"
    foreign.execute("ROLLBACK")
    look_until_quiet(loop)
    assert (len(documents(archive)), inbox_files(archive)) == (1, [])
    impatient.database.dispose()


def test_a_page_that_was_read_is_not_dropped_because_the_database_is_locked(
    archive: Context,
) -> None:
    """The commit is tried again until the other program lets go; the work is not done twice."""
    impatient = replace(
        archive, database=create_database(archive.settings.sqlalchemy_url, busy_seconds=0.1)
    )
    result = intake.accept(archive, VIEWER, source=io.BytesIO(letter(1)), file_name="a.pdf")
    worker = Worker(impatient, WorkerOptions(watch=False))
    worker._prepare()
    foreign = sqlite3.connect(
        archive.settings.home / "dossier.db", isolation_level=None, check_same_thread=False
    )
    read = impatient.readers.read_digital
    calls: list[int] = []

    def read_then_lock(path: Path, *, page_number: int) -> object:
        calls.append(page_number)
        reading = read(path, page_number=page_number)
        foreign.execute("BEGIN IMMEDIATE")
        threading.Timer(1.5, lambda: foreign.execute("ROLLBACK")).start()
        return reading

    impatient.readers.read_digital = read_then_lock  # type: ignore[method-assign,assignment]
    while worker.work_once():
        pass
    assert calls == [1]
    assert len(pages(archive, result.document_id)) == 1
    impatient.database.dispose()


def test_the_index_folder_can_be_deleted_at_any_time_and_comes_back_whole(archive: Context) -> None:
    for number in range(5):
        intake.accept(archive, VIEWER, source=io.BytesIO(letter(number)), file_name=f"{number}.pdf")
    stop = threading.Event()
    feeder = threading.Thread(target=duties.feed_index, args=(archive, stop))
    feeder.start()
    try:
        wait_until(lambda: pending(archive) == 0)
        assert archive.index.count(RowKind.DOCUMENT) == 5
        delete_folder(archive.settings.index_path)
        intake.accept(archive, VIEWER, source=io.BytesIO(letter(9)), file_name="9.pdf")
        wait_until(lambda: pending(archive) == 0 and _count(archive) == 6)
        delete_folder(archive.settings.index_path)  # and nothing new comes in
        wait_until(lambda: _count(archive) == 6)
    finally:
        stop.set()
        feeder.join()


def _count(context: Context) -> int:
    from dossier.errors import DossierError

    try:
        return context.index.count(RowKind.DOCUMENT)
    except DossierError:
        return -1


def test_intake_goes_on_while_the_index_cannot_be_written(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dossier.errors import UnavailableError
    from indexer.drain import IndexFeeder

    def broken(_self: IndexFeeder) -> int:
        raise UnavailableError("the index is broken")

    stop = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(IndexFeeder, "step", broken)
        feeder = threading.Thread(target=duties.feed_index, args=(archive, stop))
        feeder.start()
        (archive.settings.inbox_path / "a.pdf").write_bytes(letter(1))
        look_until_quiet(IntakeLoop(archive))
        time.sleep(0.5)
        assert feeder.is_alive()
    assert len(done_files(archive)) == 1
    wait_until(lambda: pending(archive) == 0)
    stop.set()
    feeder.join()
    assert archive.index.count(RowKind.DOCUMENT) == 1


def test_a_duty_is_taken_over_when_its_process_is_killed(tmp_path: Path) -> None:
    lock_file = tmp_path / "locks" / "inbox.lock"
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom indexer.duties import OsLock\n"
        "assert OsLock(Path(sys.argv[1])).try_acquire()\nprint('held', flush=True)\ntime.sleep(60)\n"
    )
    root = str(Path(__file__).parents[2])
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(lock_file)],
        env={"PYTHONPATH": root, "PATH": ""},
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    mine = duties.OsLock(lock_file)
    assert not mine.try_acquire()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert mine.try_acquire()
    mine.release()


def test_an_operational_error_is_not_mistaken_for_a_bad_file() -> None:
    from indexer.held import patiently

    tries: list[int] = []

    def locked_twice() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("x", {}, sqlite3.OperationalError("database is locked"))
        return "done"

    assert patiently(locked_twice, stop=threading.Event(), what="test") == "done"
