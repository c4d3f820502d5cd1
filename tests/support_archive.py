"""A wired archive in a folder of its own, for tests of use cases: real database and keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from dossier.clock import FixedClock
from dossier.db.engines import create_database
from dossier.db.session import ScopedSession
from dossier.db.tables import Content, Table
from dossier.services.context import Context
from dossier.services.keys import Keyring
from dossier.services.plugin_registry import PluginRegistry
from dossier.settings import Settings

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def make_archive(
    home: Path,
    plugins: tuple[tuple[str, Any], ...] = (),
    store: Any = None,
    database_url: str = "",
) -> Context:
    """An empty archive; search and reading of files are not wired."""
    settings = Settings(home=home, database_url=database_url)
    database = create_database(settings.sqlalchemy_url)
    Table.metadata.create_all(database.writer)
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
