"""kill -9 of any process at any moment: nothing lost, nothing twice, no finished step repeated."""

from __future__ import annotations

import io
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from dossier.bootstrap import build
from dossier.db.tables import AuditEvent, Document, Intake, Page, Rendition, WorkItem
from dossier.records import DocumentState, PageReading
from dossier.services import intake
from dossier.services.context import Context
from dossier.settings import Settings
from indexer import supervisor as supervisor_module
from indexer.processes import ChildSpec
from indexer.supervisor import Supervisor
from indexer.worker import Worker, WorkerOptions
from tests.faults.archive_samples import (
    VIEWER,
    documents,
    done_files,
    inbox_files,
    intakes,
    is_idle,
    letter,
    pages,
    pending,
    wait_until,
    work,
)

LEASE_SECONDS = 2.0


def worker_spec(home: Path, number: int, *, lease_seconds: float = LEASE_SECONDS) -> ChildSpec:
    return ChildSpec(
        f"worker {number}",
        "tests.faults.worker_process:main",
        {"home": str(home), "lease_seconds": lease_seconds},
    )


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Context]:
    context = build(Settings(home=tmp_path / "home"))
    yield context
    context.readers.close()
    context.index.close()
    context.database.dispose()


def family(supervisor: Supervisor) -> list[psutil.Process]:
    """The workers and everything that they started: reading children as well."""
    found: list[psutil.Process] = []
    for pid in supervisor.pids.values():
        try:
            parent = psutil.Process(pid)
            found += [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def drop(context: Context, numbers: range) -> None:
    for number in numbers:
        (context.settings.inbox_path / f"{number:04d}.pdf").write_bytes(letter(number))


def assert_nothing_lost_and_nothing_twice(context: Context, files: int) -> None:
    """Every file one document, one page, one original and no other copy; its source in done.

    A second copy would mean that a page of a born-digital letter went to OCR.
    """
    assert inbox_files(context) == []
    assert len(done_files(context)) == files
    with context.reading(VIEWER) as session:
        assert session.scalar(select(func.count(Document.id))) == files
        assert session.scalar(select(func.count(func.distinct(Document.sha256)))) == files
        assert session.scalar(select(func.count(Intake.id))) == files
        assert session.scalar(select(func.count(Page.number))) == files
        kinds = session.execute(select(Rendition.kind, func.count()).group_by(Rendition.kind))
        assert dict(kinds.all()) == {"original": files}
        assert all(session.scalars(select(Page.digital)))
        assert set(session.scalars(select(Document.state))) == {DocumentState.TO_ASSIGN}
        texts = set(session.scalars(select(Page.text)))
    assert len(texts) == files
    for document in documents(context):
        assert context.store.exists(document.sha256)


def assert_no_finished_step_was_repeated(context: Context) -> None:
    """Received once, read once: the audit has one note each, and no item failed on the way."""
    with context.reading(VIEWER) as session:
        received = session.execute(
            select(AuditEvent.object_id, func.count())
            .where(AuditEvent.action == "document.received")
            .group_by(AuditEvent.object_id)
        ).all()
        items = session.execute(
            select(WorkItem.subject, WorkItem.kind, func.count()).group_by(
                WorkItem.subject, WorkItem.kind
            )
        ).all()
        failed = session.scalars(select(WorkItem.error).where(WorkItem.state == "failed")).all()
    assert {number for _, number in received} == {1}
    assert {number for _, _, number in items} == {1}
    assert list(failed) == []


def kill_one(supervisor: Supervisor, chance: random.Random) -> bool:
    """Kill a worker or something that it started; False when it had just ended by itself."""
    while not (victims := family(supervisor)):
        supervisor.look_after_all()
        time.sleep(0.05)
    try:
        chance.choice(victims).send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    return True


def kill_rounds(context: Context, *, files: int, rounds: int, seed: int) -> int:
    """Drop files while random processes are killed; returns how many were hit."""
    home = context.settings.home
    supervisor = Supervisor([worker_spec(home, number) for number in (1, 2)], grace_seconds=20)
    chance = random.Random(seed)
    hit = 0
    supervisor.start_all()
    try:
        for number in range(rounds):
            drop(context, range(number * files // rounds, (number + 1) * files // rounds))
            until = time.monotonic() + chance.uniform(0.2, 2.5)
            while time.monotonic() < until:
                supervisor.look_after_all()
                time.sleep(0.05)
            hit += kill_one(supervisor, chance)

        def is_done() -> bool:
            supervisor.look_after_all()
            return len(documents(context)) == files and is_idle(context) and pending(context) == 0

        wait_until(is_done, seconds=240, what="the work's end")
        wait_until(lambda: inbox_files(context) == [], seconds=60)
    finally:
        supervisor.end_all()
    return hit


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_thirty_kills_of_any_process_lose_nothing_and_double_nothing(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "LONGEST_PAUSE_SECONDS", 0.5)  # dead ones kill nobody
    hit = kill_rounds(archive, files=200, rounds=30, seed=11)
    assert hit >= 25
    assert_nothing_lost_and_nothing_twice(archive, 200)
    assert_no_finished_step_was_repeated(archive)


def test_a_page_whose_reader_is_killed_is_read_again_and_does_not_fall_to_ocr(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That somebody killed the reader says nothing about the page."""
    intake.accept(archive, VIEWER, source=io.BytesIO(letter(1)), file_name="a.pdf")
    read, killed = archive.readers.read_digital, []

    def read_and_be_killed(path: Path, *, page_number: int) -> PageReading:
        if not killed:
            killed.append(archive.readers._pages.pid)  # type: ignore[attr-defined]
            os.kill(killed[0], signal.SIGSTOP)
            threading.Timer(0.2, os.kill, (killed[0], signal.SIGKILL)).start()
        return read(path, page_number=page_number)

    monkeypatch.setattr(archive.readers, "read_digital", read_and_be_killed)
    worker = Worker(archive, WorkerOptions(watch=False))
    worker._prepare()
    while worker.work_once():
        pass
    assert len(killed) == 1
    (document,) = documents(archive)
    (page,) = pages(archive, document.id)
    assert (page.digital, page.error) == (True, "")
    assert set(work(archive)) == {("read", "done"), ("recognise", "done")}


@pytest.mark.slow
def test_a_worker_stopped_past_its_lease_has_its_result_refused(archive: Context) -> None:
    """The first worker is stopped in the middle of a document; the second does it; the first wakes."""
    home = archive.settings.home
    drop(archive, range(30))
    first = Supervisor([worker_spec(home, 1, lease_seconds=1.0)], grace_seconds=20)
    first.start_all()
    try:
        wait_until(
            lambda: work(archive)[("read", "leased")] + work(archive)[("recognise", "leased")] > 0
        )
        (pid,) = first.pids.values()
        os.kill(pid, signal.SIGSTOP)
        second = Supervisor([worker_spec(home, 2, lease_seconds=1.0)], grace_seconds=20)
        second.start_all()
        try:
            # A worker that is stopped while it holds the database's lock stops everybody; then it is
            # woken for a moment, as an operator would have to.
            held = len(documents(archive))
            time.sleep(3)
            os.kill(pid, signal.SIGCONT)
            wait_until(lambda: len(documents(archive)) == 30 and is_idle(archive), seconds=200)
            assert held <= 30
        finally:
            second.end_all()
    finally:
        first.end_all()
    assert_nothing_lost_and_nothing_twice(archive, 30)
    assert_no_finished_step_was_repeated(archive)


@pytest.mark.slow
def test_a_worker_asked_to_end_hands_its_work_back_and_leaves_nothing_behind(
    archive: Context,
) -> None:
    home = archive.settings.home
    drop(archive, range(40))
    supervisor = Supervisor([worker_spec(home, 1)], grace_seconds=60)
    supervisor.start_all()
    wait_until(lambda: work(archive)[("read", "done")] > 2)
    began = time.monotonic()
    supervisor.end_all()
    assert time.monotonic() - began < 50
    assert work(archive)[("read", "leased")] == work(archive)[("recognise", "leased")] == 0
    with archive.reading(VIEWER) as session:
        assert session.scalar(select(func.max(WorkItem.deaths))) == 0
    assert list((home / "tmp").iterdir()) == []
    assert all(len(pages(archive, one.document_id or "")) <= 1 for one in intakes(archive))
