"""Changes that commit in another order than they were numbered are all drained, on any database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.engine import URL

from dossier.db import Database, create_database, migrate, outbox, session_for
from dossier.viewer import system_viewer
from tests.support_postgres import fresh_database

VIEWER = system_viewer("test")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def drained(database: Database) -> list[str]:
    with session_for(database, VIEWER) as session:
        found = [(change.id, change.key) for change in outbox.waiting(session, limit=100)]
    with session_for(database, VIEWER, write=True) as session:
        outbox.drop(session, [change_id for change_id, _ in found])
    return [key for _, key in found]


def test_an_early_number_that_commits_late_is_not_lost(postgres: URL) -> None:
    """Not with SQLite, whose one writer commits numbers in their order."""
    with fresh_database(postgres) as url:
        database = create_database(url)
        migrate.upgrade(database)
        drain_around_a_slow_writer(database)
        database.dispose()


def drain_around_a_slow_writer(database: Database) -> None:
    with session_for(database, VIEWER, write=True) as slow:
        outbox.mark_changed(slow, outbox.CUSTOMERS, ["slow"], at=NOW)
        with session_for(database, VIEWER, write=True) as quick:
            outbox.mark_changed(quick, outbox.CUSTOMERS, ["quick"], at=NOW)
        assert drained(database) == ["quick"]
        assert drained(database) == []
    assert drained(database) == ["slow"]


def test_a_change_of_the_same_row_during_a_drain_is_drained_again(database_url: str) -> None:
    database = create_database(database_url)
    migrate.upgrade(database)
    with session_for(database, VIEWER, write=True) as session:
        outbox.mark_changed(session, outbox.DOCUMENTS, ["a"], at=NOW)
    with session_for(database, VIEWER) as session:
        read = [change.id for change in outbox.waiting(session, limit=100)]
    with session_for(database, VIEWER, write=True) as session:
        outbox.mark_changed(session, outbox.DOCUMENTS, ["a"], at=NOW)
    with session_for(database, VIEWER, write=True) as session:
        outbox.drop(session, read)
    assert drained(database) == ["a"]
    database.dispose()
