"""Engines: one URL, a reader and a writer.

SQLite: readers are deferred and query-only, the writer begins IMMEDIATE with synchronous=FULL;
one engine for both gives "database is locked" (architecture.md, SQLite). PostgreSQL: one pool of
connections serves both, read-only for readers.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import QueuePool

from dossier.errors import ConfigurationError

BUSY_SECONDS = 30.0
"""How long a worker's or command's writer waits for the database, its turn among our own writers
and SQLite's lock together: longer than a transaction of ours, less than a lease."""
TURN_SECONDS = 5.0
"""Of it at most so long for the turn (turns.py), and never more than half."""
OWNER_ONLY = 0o600
"""Permissions of a database file."""
DURABLE = "durable"
"""Execution option of a writer's connection: whether its commit waits for the disk (default)."""
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p"})
"""SQLite's WAL needs shared memory, which these do not give."""


@dataclass(frozen=True)
class Database:
    """The two engines of a database.

    Attributes:
        reader: for reading only.
        writer: for transactions that write.
        turn_seconds: how long a writer waits for its turn before it goes on without.
    """

    reader: Engine
    writer: Engine
    turn_seconds: float = TURN_SECONDS

    @property
    def is_sqlite(self) -> bool:
        """Whether rows live in one local file."""
        return self.writer.dialect.name == "sqlite"

    def dispose(self) -> None:
        """Close all connections."""
        self.reader.dispose()
        self.writer.dispose()


def create_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Engines for ``url``.

    Args:
        url: as SQLAlchemy writes it.
        busy_seconds: how long a transaction waits in all while others keep SQLite locked.

    Raises:
        ConfigurationError: SQLite on a network file system.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return _server(url)
    path = Path(make_url(url).database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = file_system_of(path.parent)
    if kind in NETWORK_FILE_SYSTEMS:
        raise ConfigurationError(
            f"The database would lie on a network file system ({kind}), where SQLite loses data; "
            "set DOSSIER_HOME to a local disk or DOSSIER_DATABASE_URL to PostgreSQL"
        )
    _keep_to_its_owner(path)
    turn_seconds = min(TURN_SECONDS, busy_seconds / 2)
    lock_seconds = busy_seconds - turn_seconds
    return Database(
        _sqlite(url, lock_seconds, "BEGIN", query_only=True),
        _sqlite(url, lock_seconds, "BEGIN IMMEDIATE", query_only=False),
        turn_seconds,
    )


def _keep_to_its_owner(path: Path) -> None:
    """Names and addresses stand in it in clear; SQLite gives its log the same permissions."""
    with suppress(OSError):  # what cannot be made is said by SQLite when it opens it
        path.touch(mode=OWNER_ONLY)
        state = path.stat()
        if state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) & ~OWNER_ONLY:
            path.chmod(OWNER_ONLY)


def _server(url: str) -> Database:
    address = make_url(url)
    if address.drivername == "postgresql":  # as people write it; the driver that comes with us
        address = address.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(address, pool_pre_ping=True, hide_parameters=True, pool_size=16)
    except (ImportError, NoSuchModuleError) as err:
        raise ConfigurationError(
            "DOSSIER_DATABASE_URL names a database whose driver is not installed; for PostgreSQL: "
            "pip install 'dossier-archive[postgres]', and postgresql://user@host/name"
        ) from err

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.adapters.register_dumper(str, _without_nul())

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if not connection.get_execution_options().get(DURABLE, True):
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")

    return Database(engine.execution_options(postgresql_readonly=True), engine)


@cache
def _without_nul() -> type[Any]:
    """PostgreSQL's text holds no NUL; pages and addresses of web requests may."""
    from psycopg.types.string import StrDumper

    class NulFreeDumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\x00", "") if "\x00" in obj else obj)

    return NulFreeDumper


def _sqlite(url: str, lock_seconds: float, begin: str, *, query_only: bool) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,  # errors are logged; page text and names must not be
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=24,
        connect_args={"timeout": lock_seconds, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-16000")
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if query_only:  # takes no lock yet, so the driver alone has nothing to tell
            connection.connection.execute(begin)
            return
        waits = connection.get_execution_options().get(DURABLE, True)
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if waits else 'NORMAL'}")
        connection.exec_driver_sql(begin)

    return engine


def file_system_of(folder: Path) -> str:
    """The type of the file system that ``folder`` lies on, "" where it cannot be told."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return ""
    best, kind = "", ""
    target = str(folder.resolve())
    for row in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        point, fs = row.split(" ")[1:3]
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fs
    return kind
