"""The tables in code and the tables that migrations make are the same."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from dossier.db import create_database, migrate
from dossier.db.tables import Table


def test_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    database = create_database(f"sqlite:///{tmp_path / 'd.db'}")
    migrate.upgrade(database)
    with database.writer.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrate.VERSION_TABLE, "compare_type": False}
        )
        assert compare_metadata(context, Table.metadata) == []


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    database = create_database(f"sqlite:///{tmp_path / 'd.db'}")
    assert migrate.is_new(database)
    migrate.upgrade(database)
    migrate.upgrade(database)
    assert not migrate.is_new(database)
