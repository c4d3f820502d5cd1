"""Sealing beside busy writers: several sealers, killed at any moment, and rows that commit late."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dossier.db import session_for
from dossier.db.settled import settled_to
from dossier.db.tables import AuditEvent
from dossier.services import audit_chain
from dossier.services.audit_verify import verify
from dossier.services.context import Context
from tests.support_archive import NOW, make_archive
from tests.support_audit import VIEWER, home_of, look

SEALER = Path(__file__).with_name("audit_sealer.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> Iterator[Context]:
    context = make_archive(home_of(tmp_path), database_url=database_url)
    yield context
    context.database.dispose()


@contextmanager
def sealer(context: Context) -> Iterator[subprocess.Popen[bytes]]:
    url = context.settings.sqlalchemy_url
    command = [sys.executable, str(SEALER), str(context.settings.home), url]
    process = subprocess.Popen(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def rows_of(context: Context) -> int:
    with context.reading(VIEWER) as session:
        return session.query(AuditEvent).count()


def assert_each_row_is_sealed_once(context: Context) -> None:
    audit_chain.seal(context, VIEWER)
    found = verify(context, VIEWER)
    assert found.broken == ()
    assert (found.sealed, found.unsealed) == (rows_of(context), 0)


@contextmanager
def busy_writers(context: Context) -> Iterator[None]:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            look(context, random.randint(1, 5))

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_two_sealers_at_once_beside_writers_seal_each_row_once(archive: Context) -> None:
    look(archive)
    audit_chain.seal(archive, VIEWER)  # the key is there
    with sealer(archive), sealer(archive):
        with busy_writers(archive):
            while rows_of(archive) < 150:
                time.sleep(0.05)
        assert_each_row_is_sealed_once(archive)


@pytest.mark.slow
def test_two_sealers_that_begin_a_chain_end_with_one_key(archive: Context) -> None:
    look(archive, 50)
    with sealer(archive), sealer(archive):
        while verify(archive, VIEWER).unsealed:
            time.sleep(0.05)
    assert_each_row_is_sealed_once(archive)


@pytest.mark.slow
def test_a_sealer_killed_at_any_moment_leaves_a_sound_chain(archive: Context) -> None:
    with busy_writers(archive):
        for _ in range(6):
            with sealer(archive):
                time.sleep(random.uniform(0, 0.3))
            assert verify(archive, VIEWER).broken == ()
    assert_each_row_is_sealed_once(archive)


def test_a_row_that_commits_after_a_greater_id_is_waited_for(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL: the first writer has the smaller id and is the last to commit."""
    if archive.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    monkeypatch.setattr(
        "dossier.services.audit_chain.settled_to",
        lambda database, *, patience_seconds: settled_to(database, patience_seconds=0.05),
    )
    with session_for(archive.database, VIEWER, write=True) as slow:
        slow.add(AuditEvent(at=NOW, actor="slow", action="page.read"))
        slow.flush()
        look(archive, 3)
        assert audit_chain.seal(archive, VIEWER) == 0
        assert verify(archive, VIEWER).unsealed == 3
    assert audit_chain.seal(archive, VIEWER) == 4
    assert_each_row_is_sealed_once(archive)


def write_and_fail(archive: Context) -> None:
    with session_for(archive.database, VIEWER, write=True) as session:
        session.add(AuditEvent(at=NOW, actor="x", action="page.read"))
        session.flush()
        raise RuntimeError


def test_a_write_that_was_taken_back_leaves_a_hole_that_nobody_is_blamed_for(
    archive: Context,
) -> None:
    look(archive, 2)
    with pytest.raises(RuntimeError):
        write_and_fail(archive)
    assert verify(archive, VIEWER).holes == (0 if archive.database.is_sqlite else 1)
    look(archive, 2)
    assert_each_row_is_sealed_once(archive)


def test_the_duty_seals_what_is_written_and_copies_checkpoints(
    archive: Context, tmp_path: Path
) -> None:
    from dataclasses import replace

    from dossier.services import audit_checkpoints
    from indexer import duties

    away = tmp_path / "away"
    away.mkdir()
    settings = archive.settings.model_copy(update={"audit_checkpoints": away})
    context, stop = replace(archive, settings=settings), threading.Event()
    look(context, 5)
    thread = threading.Thread(target=duties.seal_audit, args=(context, stop))
    thread.start()
    try:
        while not list(away.glob("*.json")):
            time.sleep(0.05)
        look(context, 5)
        while verify(context, VIEWER).unsealed:
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join()
    (kept,) = audit_checkpoints.read([away])
    assert kept.statement.number == 1
    assert verify(context, VIEWER, checkpoints=[kept]).broken == ()
