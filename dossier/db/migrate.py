"""Bringing a database to this version's tables (Alembic), once, by whichever process is first."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dossier.db.engines import Database
from dossier.errors import ConfigurationError

SCRIPTS = "dossier.db:migrations"
VERSION_TABLE = "alembic_version_core"


def migration_config() -> Config:
    """Alembic's configuration without a file."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database: Database) -> None:
    """Create or upgrade the tables; safe to be called by several processes at once.

    Raises:
        ConfigurationError: the database was made by a newer version of the program.
    """
    config = migration_config()
    scripts = ScriptDirectory.from_config(config)
    with database.writer.begin() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        current = context.get_current_revision()
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
            raise ConfigurationError(
                "The database was made by a newer version of dossier; install that version"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_new(database: Database) -> bool:
    """Whether the database has no tables of ours yet."""
    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision() is None
