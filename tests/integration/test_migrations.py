"""The tables in code and the tables that migrations make are the same."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from dossier.db import create_database, migrate
from dossier.db.tables import Table


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
