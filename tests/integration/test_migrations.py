"""The tables in code and the tables that migrations make are the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dossier.db import create_database, migrate
from dossier.db.tables import Table
from tests.conftest import Migrating


@pytest.fixture(autouse=True)
def _really(monkeypatch: pytest.MonkeyPatch, migrated_by: Migrating) -> None:
    """By the product's own migrations, each time."""
    monkeypatch.setattr(migrate, "_upgrade", migrated_by)


def test_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    database = create_database(database_url)
    migrate.upgrade(database)
    with database.writer.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrate.VERSION_TABLE, "compare_type": False}
        )
        assert compare_metadata(context, Table.metadata) == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    database = create_database(database_url)
    assert migrate.is_new(database)
    migrate.upgrade(database)
    migrate.upgrade(database)
    assert not migrate.is_new(database)


def test_the_newest_revision_is_the_one_at_alembics_end_and_in_the_database(
    database_url: str,
) -> None:
    """It is read from the files' names, so that a start need not import all of them."""
    end = ScriptDirectory.from_config(migrate.migration_config()).get_current_head()
    database = create_database(database_url)
    assert migrate.revision(database) is None
    migrate.upgrade(database)
    assert migrate.newest_revision() == migrate.revision(database) == end


def test_a_database_file_and_its_log_are_their_owners_alone(tmp_path: Path) -> None:
    place = tmp_path / "dossier.db"
    for _ in range(2):  # made so, and mended where an older version made it readable
        database = create_database(f"sqlite:///{place}")
        migrate.upgrade(database)
        with database.reader.connect():
            files = [path for path in tmp_path.iterdir() if path.name.startswith("dossier.db")]
            assert len(files) > 1
            assert {path.stat().st_mode & 0o077 for path in files} == {0}
        database.reader.dispose()
        database.writer.dispose()
        place.chmod(0o644)
