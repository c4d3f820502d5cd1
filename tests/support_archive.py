"""A wired archive in a folder of its own, for tests of use cases: real database and keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import inspect

from dossier.clock import FixedClock
from dossier.db.engines import create_database
from dossier.db.session import ScopedSession
from dossier.db.tables import Content, Table
from dossier.services.context import Context
from dossier.services.keys import Keyring
from dossier.services.plugin_registry import PluginRegistry
from dossier.settings import Settings
from tests.support_remembered import Remembered

_make_tables = Remembered(lambda database: Table.metadata.create_all(database.writer))
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def make_archive(
    home: Path,
    plugins: tuple[tuple[str, Any], ...] = (),
    store: Any = None,
    database_url: str = "",
) -> Context:
    """An archive, empty where there was none; search and reading of files are not wired."""
    settings = Settings(home=home, database_url=database_url)
    database = create_database(settings.sqlalchemy_url)
    if not inspect(database.writer).has_table(Content.__tablename__):
        _make_tables(database)
    return Context(
        settings=settings,
        clock=FixedClock(NOW),
        database=database,
        store=store,
        index=cast(Any, None),
        keyring=Keyring(bytes(range(32))),
        plugins=PluginRegistry(plugins),
        readers=cast(Any, None),
    )


def add_content(session: ScopedSession, sha256: str) -> None:
    """The row of a file's bytes, without the bytes."""
    session.add(Content(sha256=sha256, size_bytes=1, stored_at=NOW))
    session.flush()
