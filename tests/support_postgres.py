"""A real PostgreSQL server for the tests: one given by an address, or one started here."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from tests.support_ports import free_port

GIVEN = "DOSSIER_TEST_DATABASE_URL"
PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
HOW = (
    "PostgreSQL is left out: install it (Debian: apt-get install postgresql), "
    f"or set {GIVEN}=postgresql://user@host/db of a server where databases may be created"
)
ORDINARY_USERS = ("postgres", "nobody")
"""The server refuses to run as root; started by root, it runs as one of these."""


def server_programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, the newest version first."""
    found = shutil.which("postgres")
    if found:
        return Path(found).parent
    folders = [path.parent for place in PLACES for path in Path(place).glob("*/bin/postgres")]
    return max(folders, key=lambda folder: float(folder.parent.name), default=None)


@contextmanager
def postgres_server() -> Iterator[URL]:
    """The address of a server; skips with what to install where there is none (fails with CI)."""
    if given := os.environ.get(GIVEN):
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    programs = server_programs()
    if programs is None:
        pytest.fail(HOW) if os.environ.get("CI") else pytest.skip(HOW)
    with tempfile.TemporaryDirectory(prefix="dossier-pg-") as folder:
        yield from _started(programs, Path(folder))


def _started(programs: Path, folder: Path) -> Iterator[URL]:
    data, port = folder / "data", free_port()
    become = _ordinary_user(folder)
    options = (
        f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off -c shared_buffers=64MB"
    )
    _run([*become, programs / "initdb", "-D", data, "-U", "dossier", "-A", "trust", "-E", "UTF8",
          "--locale=C.UTF-8", "--no-sync"])  # fmt: skip
    _run(
        [
            *become,
            programs / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            options,
            "start",
        ]
    )
    try:
        yield URL.create(
            "postgresql+psycopg", "dossier", host="127.0.0.1", port=port, database="postgres"
        )
    finally:
        _run([*become, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"])


def _ordinary_user(folder: Path) -> list[str]:
    if os.getuid() != 0:
        return []
    known = {user.pw_name for user in pwd.getpwall()}
    user = next(name for name in ORDINARY_USERS if name in known)
    shutil.chown(folder, user)
    folder.chmod(0o700)
    return ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"]


def _run(command: list[object]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd="/",
    )
    if done.returncode:
        raise RuntimeError(f"{command[-1]}: {done.stdout[-800:]}{done.stderr[-800:]}")


@contextmanager
def fresh_database(server: URL) -> Iterator[str]:
    """The address of a new, empty database on ``server``, gone afterwards."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()
