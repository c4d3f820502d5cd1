"""An archive with sealed and unsealed audit rows, and what somebody with the database may do to it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from dossier.services import audit, audit_chain
from dossier.services.context import Context
from dossier.viewer import system_viewer

VIEWER = system_viewer("test")
RUNS = (4, 1, 7, 3, 5)
"""Rows of each seal."""
SEALED, TAIL = sum(RUNS), 3


_NUMBERS = itertools.count(1)
"""No two rows alike."""


def look(context: Context, count: int = 1, *, actor: str = "wang") -> None:
    """So many rows, in one transaction."""
    with context.writing(VIEWER) as session:
        for index in range(count):
            audit.note(
                session,
                VIEWER,
                "page.read",
                at=context.clock.now(),
                object_kind="document",
                object_id=f"d{next(_NUMBERS)}",
                facts={"page": index, "by": actor},
            )


def fill(context: Context) -> None:
    """Rows in seals of several sizes, and a tail that is not sealed."""
    for count in RUNS:
        look(context, count)
        assert audit_chain.seal(context, VIEWER) == count
    look(context, TAIL)


def disarm(connection: Connection) -> None:
    """Take the triggers away, as the owner of a database can."""
    if connection.dialect.name == "sqlite":
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type='trigger'"))
        for (name,) in names.all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        return
    for table in ("audit_event", "audit_seal"):
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


def damage(context: Context, statement: Any, **values: Any) -> None:
    """Run a statement behind the product's back."""
    with context.database.writer.begin() as connection:
        disarm(connection)
        connection.execute(text(statement) if isinstance(statement, str) else statement, values)


def home_of(tmp_path: Path) -> Path:
    """A fresh home folder."""
    home = tmp_path / "home"
    home.mkdir()
    return home
