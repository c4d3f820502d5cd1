"""Durable work: leased, fenced, tried again, done once, by many processes and through kill -9."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from dossier.db import Database, create_database, migrate, session_for
from dossier.db.tables import IndexChange, WorkItem
from dossier.errors import LostLeaseError
from dossier.viewer import system_viewer
from dossier.work import queue
from dossier.work.queue import Lease, Task

VIEWER = system_viewer("test")
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LEASE = 60.0


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = create_database(database_url)
    migrate.upgrade(made)
    yield made
    made.dispose()


def put(database: Database, *tasks: Task, now: datetime = NOW) -> list[str]:
    with session_for(database, VIEWER, write=True) as session:
        return queue.enqueue(session, tasks, now=now)


def take(
    database: Database, *, at: datetime = NOW, owner: str = "me", **more: object
) -> Lease | None:
    with session_for(database, VIEWER, write=True) as session:
        return queue.claim(session, owner=owner, now=at, lease_seconds=LEASE, **more)  # type: ignore[arg-type]


def taken(database: Database, **more: object) -> Lease:
    lease = take(database, **more)  # type: ignore[arg-type]
    assert lease is not None
    return lease


def item(database: Database, lease: Lease) -> WorkItem:
    with session_for(database, VIEWER) as session:
        return session.get_one(WorkItem, lease.item_id)


def finish_with_result(database: Database, lease: Lease) -> None:
    with session_for(database, VIEWER, write=True) as session:
        session.add(IndexChange(index="test", key=lease.subject, at=NOW))
        queue.finish(session, lease, now=NOW)


def task(name: str, **more: object) -> Task:
    return Task("read", name, f"read:{name}", **more)  # type: ignore[arg-type]


def test_the_same_key_is_queued_once(database: Database) -> None:
    assert len(put(database, task("a"), task("a"), task("b"))) == 2
    assert put(database, task("a")) == []


def test_the_most_urgent_item_comes_first_then_the_oldest(database: Database) -> None:
    put(database, task("late", priority=50))
    put(database, task("old", priority=10))
    put(database, task("new", priority=10), now=NOW + timedelta(seconds=1))
    later = NOW + timedelta(seconds=2)
    assert [taken(database, at=later).subject for _ in range(3)] == ["old", "new", "late"]


def test_the_order_can_be_turned_so_that_the_late_pages_of_a_giant_do_not_starve(
    database: Database,
) -> None:
    put(database, task("fresh", priority=1), task("giant", priority=90), task("copy", priority=200))
    assert taken(database, least_urgent_below=200).subject == "giant"


def test_a_leased_item_is_not_given_out_again_before_its_lease_ends(database: Database) -> None:
    put(database, task("a"))
    taken(database)
    assert take(database, at=NOW + timedelta(seconds=LEASE - 1)) is None
    assert taken(database, at=NOW + timedelta(seconds=LEASE + 1)).subject == "a"


def test_a_worker_past_its_lease_has_its_result_refused(database: Database) -> None:
    put(database, task("a"))
    slow = taken(database, owner="slow")
    quick = taken(database, owner="quick", at=NOW + timedelta(seconds=LEASE + 1))
    with pytest.raises(LostLeaseError):
        finish_with_result(database, slow)
    with session_for(database, VIEWER, write=True) as session:
        queue.finish(session, quick, now=NOW)
        assert session.scalar(select(func.count(IndexChange.id))) == 0
    assert item(database, quick).state == "done"


def test_renewing_prolongs_the_lease_and_notes_the_progress(database: Database) -> None:
    put(database, task("a"))
    lease = taken(database)
    half = NOW + timedelta(seconds=LEASE / 2)
    with session_for(database, VIEWER, write=True) as session:
        queue.renew(session, lease, now=half, lease_seconds=LEASE, done=3, total=9)
    assert take(database, at=NOW + timedelta(seconds=LEASE + 1)) is None
    row = item(database, lease)
    assert (row.progress_done, row.progress_total) == (3, 9)


def test_failures_are_tried_again_later_and_end(database: Database) -> None:
    put(database, task("a", max_attempts=2))
    with session_for(database, VIEWER, write=True) as session:
        lease = queue.claim(session, owner="x", now=NOW, lease_seconds=LEASE)
        assert lease is not None
        assert queue.fail(session, lease, error="boom", now=NOW) is False
    assert take(database, at=NOW + timedelta(seconds=1)) is None
    again = taken(database, at=NOW + timedelta(seconds=3))
    assert again.is_last_attempt
    with session_for(database, VIEWER, write=True) as session:
        assert queue.fail(session, again, error="boom", now=NOW) is True
    row = item(database, again)
    assert (row.state, row.attempt, row.error) == ("failed", 2, "boom")


def test_a_worker_that_dies_costs_no_attempt(database: Database) -> None:
    put(database, task("a", max_attempts=1))
    at = NOW
    for death in range(10):
        lease = taken(database, at=at)
        assert (lease.attempt, lease.deaths, lease.is_poison) == (1, death, False)
        at += timedelta(seconds=LEASE + 1)


def test_an_item_over_which_worker_after_worker_dies_is_poison(database: Database) -> None:
    put(database, task("a"))
    at = NOW
    for _ in range(queue.MAX_DEATHS + 1):
        assert not taken(database, at=at).is_poison
        at += timedelta(seconds=LEASE + 1)
    assert taken(database, at=at).is_poison


def test_leases_of_the_dead_end_at_once_and_only_theirs(database: Database) -> None:
    put(database, task("a"), task("b"))
    taken(database, owner="dead")
    taken(database, owner="alive")
    with session_for(database, VIEWER, write=True) as session:
        ended = queue.end_leases_of_the_dead(session, is_dead=lambda who: who == "dead", now=NOW)
    assert ended == 1
    assert taken(database).subject == "a"
    assert take(database) is None


def test_handing_back_counts_no_attempt_and_may_ask_for_a_pause(database: Database) -> None:
    put(database, task("a"))
    lease = taken(database)
    with session_for(database, VIEWER, write=True) as session:
        queue.give_back(session, lease, now=NOW, pause_seconds=5)
    assert take(database, at=NOW + timedelta(seconds=4)) is None
    assert taken(database, at=NOW + timedelta(seconds=6)).attempt == 1


def test_finished_work_can_be_asked_for_again_but_running_work_stays(database: Database) -> None:
    put(database, task("done"), task("running"))
    with session_for(database, VIEWER, write=True) as session:
        lease = queue.claim(session, owner="x", now=NOW, lease_seconds=LEASE)
        assert lease is not None
        queue.finish(session, lease, now=NOW)
    running = taken(database)
    with session_for(database, VIEWER, write=True) as session:
        again = queue.requeue(
            session, [task("done", payload={"second": True}), task("running")], now=NOW
        )
    assert len(again) == 1
    assert item(database, running).state == "leased"
    assert taken(database).payload == {"second": True}


def test_looking_needs_no_writer_and_sees_only_what_is_more_urgent(database: Database) -> None:
    put(database, task("a", priority=50))
    with session_for(database, VIEWER) as session:
        assert queue.has_due(session, now=NOW)
        assert not queue.has_due(session, now=NOW, more_urgent_than=50)
        assert queue.has_due(session, now=NOW, more_urgent_than=51)
        assert not queue.has_due(session, now=NOW - timedelta(seconds=1))


def test_claiming_walks_the_index_of_open_work_without_sorting(database: Database) -> None:
    seen: list[str] = []
    event.listen(
        database.writer,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_more: seen.append(statement),
    )
    take(database)
    claims = [statement for statement in seen if "work_item" in statement]
    assert len(claims) == 1
    if not database.is_sqlite:
        return  # one statement is what counts; a planner that reads statistics may sort ten rows
    with database.reader.connect() as connection:
        plan = connection.exec_driver_sql(
            f"explain query plan {claims[0]}", ("x",) * claims[0].count("?")
        ).all()
    assert [row[3] for row in plan] == ["SCAN work_item USING INDEX ix_work_item_ready"]


def test_finished_items_are_forgotten_after_a_while(database: Database) -> None:
    put(database, task("a"), task("b"))
    with session_for(database, VIEWER, write=True) as session:
        lease = queue.claim(session, owner="x", now=NOW, lease_seconds=LEASE)
        assert lease is not None
        queue.finish(session, lease, now=NOW)
    with session_for(database, VIEWER, write=True) as session:
        assert queue.purge_done(session, kinds=["read"], before=NOW) == 0
        later = NOW + timedelta(seconds=1)
        assert queue.purge_done(session, kinds=["other"], before=later) == 0
        assert queue.purge_done(session, kinds=["read"], before=later) == 1
        assert queue.counts(session) == {"ready": 1}


@pytest.mark.slow
def test_many_processes_and_kill_9_do_each_item_once(database: Database, tmp_path: Path) -> None:
    items, processes, kills = 600, 3, 12
    put(database, *(task(str(number)) for number in range(items)), now=datetime.now(UTC))
    workers = [_start(database, tmp_path, number) for number in range(processes)]
    chance = random.Random(7)
    try:
        for kill in range(kills):
            time.sleep(chance.uniform(0.1, 0.4))
            victim = chance.randrange(processes)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            workers[victim] = _start(database, tmp_path, processes + kill)
        _wait_until_done(database, items)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    with session_for(database, VIEWER) as session:
        results = session.execute(
            select(IndexChange.key, func.count()).group_by(IndexChange.key)
        ).all()
        attempts = session.scalar(select(func.max(WorkItem.attempt)))
    assert len(results) == items
    assert {count for _, count in results} == {1}
    assert attempts == 1


def _start(database: Database, folder: Path, number: int) -> subprocess.Popen[bytes]:
    ready = folder / f"ready{number}"
    script = Path(__file__).with_name("queue_worker.py")
    url = database.writer.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, str(script), url, "1.0", str(ready)],
        env={"PYTHONPATH": str(script.parents[2]), "PATH": ""},
    )
    until = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < until:
        time.sleep(0.01)
    return process


def _wait_until_done(database: Database, items: int) -> None:
    until = time.monotonic() + 200
    while time.monotonic() < until:
        with session_for(database, VIEWER) as session:
            if queue.counts(session) == {"done": items}:
                return
        time.sleep(0.1)
    pytest.fail("the items were not done in time")
