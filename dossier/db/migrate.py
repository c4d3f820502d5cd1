"""Bringing a database to this version's tables (Alembic), once, by whichever process is first."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

from dossier.db.engines import Database
from dossier.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = "dossier.db:migrations"
VERSION_TABLE = "alembic_version_core"
_NUMBER = 4
"""Digits that a migration's file name begins with: its revision."""


def migration_config() -> Config:
    """Alembic's configuration without a file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database: Database) -> None:
    """Create or upgrade the tables; safe to be called by several processes at once.

    Where there is nothing to do, which is nearly always, nobody who writes is waited for, and
    Alembic with all migrations is not imported: that is a tenth of a command's processor time.

    Raises:
        ConfigurationError: the database was made by a newer version of the program.
    """
    if revision(database) != newest_revision():
        _upgrade(database)


def is_new(database: Database) -> bool:
    """Whether the database has no tables of ours yet."""
    return revision(database) is None


def revision(database: Database) -> str | None:
    """How far the database is; None when it has no tables of ours yet."""
    with database.reader.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        number: str | None = connection.scalar(
            select(column("version_num")).select_from(table(VERSION_TABLE))
        )
        return number


def newest_revision() -> str:
    """The last of the migrations, which are one line and numbered in their files' names."""
    files = resources.files("dossier.db.migrations.versions").iterdir()
    return max(file.name[:_NUMBER] for file in files if file.name[:_NUMBER].isdigit())


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = migration_config()
    scripts = ScriptDirectory.from_config(config)
    with database.writer.begin() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        current = context.get_current_revision()
        if current == scripts.get_current_head():
            return  # another process was first
        if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
            raise ConfigurationError(
                "The database was made by a newer version of dossier; install that version"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
