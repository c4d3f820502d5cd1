"""Signed copies of seals outside the database: the head beside the keys, checkpoints elsewhere.

Who can write the database can drop its newest seals; against a copy that lies where that person
cannot write, this shows. A checkpoint is JSON: what the seal says, and the signature.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson
from sqlalchemy import select

from dossier.db.tables import AuditSeal
from dossier.errors import InvalidInputError, NotFoundError
from dossier.services import audit, audit_keys
from dossier.services.audit_seals import Statement, statement_of
from dossier.services.context import Context
from dossier.viewer import Viewer

HEAD = "audit.head"
"""Beside the keys: the last seal that a sealer of this home made or met."""
SET_ASIDE = "audit.lost-{number:010d}.json"
"""A note of a seal that the database does not have any more, kept for whoever looks into it."""
EXPORTED = "audit.checkpoint_exported"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A seal's statement with its signature; ``source`` names the file, for findings."""

    statement: Statement
    signature: bytes
    source: str

    @property
    def text(self) -> str:
        """The checkpoint as it is kept: one line of JSON."""
        value = {"statement": self.statement, "signature": self.signature.hex()}
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() + "\n"


def of(seal: AuditSeal) -> Checkpoint:
    """The checkpoint of a stored seal."""
    return Checkpoint(statement_of(seal), seal.signature, "")


def keep_head(context: Context, viewer: Viewer, seal: AuditSeal) -> None:
    """Note the newest seal in the home folder, after its commit.

    The note before is compared first: where the end was cut off, or an old copy of the database was
    put back, the chain goes on from there, and the next note would be all that tells of it.
    """
    home = context.settings.home
    for before in _noted(home / HEAD):
        if not _is_kept(context, viewer, before):
            aside = home / SET_ASIDE.format(number=before.statement.number)
            if not aside.exists():
                _write(aside, before.text)
    _write(home / HEAD, of(seal).text)


def _noted(path: Path) -> list[Checkpoint]:
    """What a file of this home notes; nothing where there is none, or one cut short by a crash."""
    try:
        return [_parsed(path)] if path.exists() else []
    except InvalidInputError:
        return []


def _is_kept(context: Context, viewer: Viewer, noted: Checkpoint) -> bool:
    with context.reading(viewer) as session:
        seal = session.get(AuditSeal, noted.statement.number)
        return seal is not None and seal.hash == noted.statement.hash


def set_aside(context: Context) -> list[Path]:
    """Notes of seals that the database lost, the oldest first."""
    return sorted(context.settings.home.glob("audit.lost-*.json"))


def export(context: Context, viewer: Viewer) -> Checkpoint:
    """The newest checkpoint, for a place that this machine's people cannot write to.

    Raises:
        NotFoundError: nothing was sealed yet.
    """
    with context.reading(viewer) as session:
        last = session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))
    if last is None:
        raise NotFoundError("Nothing is sealed yet; a running worker seals within seconds")
    with context.writing(viewer) as session:
        facts = {"seal": last.id}
        audit.note(session, viewer, EXPORTED, at=context.clock.now(), facts=facts)
    return of(last)


def copy_to(folder: Path, seal: AuditSeal) -> None:
    """Put the checkpoint into ``folder`` under its number; the same one again changes nothing.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / f"audit-{seal.id:010d}.json"
    if not path.exists():
        _write(path, of(seal).text)


def read(paths: Iterable[Path]) -> list[Checkpoint]:
    """Checkpoints of files, and of all files in folders.

    Raises:
        InvalidInputError: a file is no checkpoint, or a folder has none: nothing was compared then.
    """
    return [_parsed(file) for path in paths for file in _files(path)]


def head(context: Context) -> list[Checkpoint]:
    """What this home knows of the newest seal and of those that were lost; empty: never sealed."""
    newest = context.settings.home / HEAD
    paths = [newest] if newest.exists() else []
    return [_parsed(path) for path in (*paths, *set_aside(context))]


def lacks_head(context: Context) -> bool:
    """Whether this home has a key to seal with, and no note of the newest seal."""
    home = context.settings.home
    return (home / audit_keys.PUBLIC).exists() and not (home / HEAD).exists()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if not (found := sorted(path.glob("*.json"))):
        raise InvalidInputError(
            f"No checkpoint (*.json) in {path}",
            detail_zh=f"文件夹 {path} 中没有检查点文件（*.json）",
        )
    return found


def _parsed(path: Path) -> Checkpoint:
    try:
        found = orjson.loads(path.read_bytes())
        said = Statement(**found["statement"])
        return Checkpoint(said, bytes.fromhex(found["signature"]), path.name)
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise InvalidInputError(
            f"{path.name} is no checkpoint of an audit", detail_zh=f"{path.name} 不是审计检查点文件"
        ) from err


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
