"""The cheap hint sees every commit, and answers yes now and then in any case."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from dossier.db import changes, outbox
from dossier.db.changes import CommitWatch
from dossier.services.context import Context
from dossier.viewer import system_viewer

VIEWER = system_viewer("test")


def commit(context: Context) -> None:
    with context.writing(VIEWER) as session:
        outbox.mark_changed(session, outbox.DOCUMENTS, ["x"], at=context.clock.now())


def test_every_commit_is_seen_and_silence_too(context: Context) -> None:
    watch = CommitWatch(context.database, at_least_every=60)
    assert watch.may_have_changed()
    for _ in range(20):
        assert not watch.may_have_changed()
        commit(context)
        assert watch.may_have_changed()
        time.sleep(0.02)


def test_commits_are_seen_after_the_log_was_begun_anew(context: Context) -> None:
    watch = CommitWatch(context.database, at_least_every=60)
    commit(context)
    with context.database.writer.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    watch.may_have_changed()
    time.sleep(0.02)
    commit(context)
    assert watch.may_have_changed()


def test_the_answer_is_yes_now_and_then_even_in_silence(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(changes, "time", SimpleNamespace(monotonic=lambda: now))
    watch = CommitWatch(context.database, at_least_every=10)
    watch.may_have_changed()
    now += 9
    assert not watch.may_have_changed()
    now += 2
    assert watch.may_have_changed()
