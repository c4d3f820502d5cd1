"""The watch list: names whose dossiers are not looked at without need, kept by administrators.

Names lie encrypted, with a keyed hash to compare by: who steals the database learns no name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dossier.access import demand
from dossier.db.anomaly_tables import WatchedName
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import InvalidInputError, NotFoundError
from dossier.plugins.anomalies.rules import LISTS
from dossier.search.analysis import keyword
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.key_stores import watched_key
from dossier.viewer import Permission, Viewer

ADDED, REMOVED, LISTED = "watched.added", "watched.removed", "watched.listed"
OBJECT = "watched_name"
NONE: frozenset[str] = frozenset()
LONGEST_NAME = 60
"""Characters; the longest name of a person or an organisation of note, with room."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A name of the list, in clear: who keeps the list typed it."""

    id: str
    kind: str
    name: str
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Hashes:
    """The list as rules ask it: lists by the hash of a folded name, and of words searched for."""

    by_name: Mapping[str, frozenset[str]]
    by_words: Mapping[str, frozenset[str]]

    def named(self, name_hash: str) -> frozenset[str]:
        """Lists that a customer's name stands on."""
        return self.by_name.get(name_hash, frozenset())

    def searched(self, query_hash: str) -> frozenset[str]:
        """Lists that the whole of a query stands on."""
        return self.by_words.get(query_hash, frozenset())


def key_of(context: Context, folded: str) -> str:
    """The keyed hash of a name as the register folds it (``Customer.name_key``)."""
    return watched_key(context.keyring, folded)


def list_names(context: Context, viewer: Viewer) -> list[Watched]:
    """The list, newest first; that it was read is noted.

    Raises:
        ForbiddenError: the role may not keep the list.
    """
    demand(viewer, Permission.MANAGE_WATCHED)
    audit.record_read(context, viewer, LISTED, object_kind=OBJECT, object_id="")
    with context.reading(viewer) as session:
        rows = session.scalars(select(WatchedName).order_by(WatchedName.id.desc())).all()
        ids = {row.added_by for row in rows}
        found = session.execute(select(User.id, User.name).where(User.id.in_(ids))).all()
    names = {row.id: row.name for row in found}
    return [
        Watched(
            row.id,
            row.kind,
            context.keyring.decrypt(row.name),
            names.get(row.added_by, row.added_by),
            row.added_at,
        )
        for row in rows
    ]


def add_name(context: Context, viewer: Viewer, *, kind: str, name: str) -> None:
    """Put a name on a list; one that is there already stays as it is.

    Raises:
        ForbiddenError: the role may not keep the list.
        InvalidInputError: no such list, or no name.
    """
    demand(viewer, Permission.MANAGE_WATCHED)
    name = " ".join(name.split())
    if kind not in LISTS or not name or len(name) > LONGEST_NAME:
        raise InvalidInputError("Give a name and its list", detail_zh="请填写姓名并选择名单")
    now, key = context.clock.now(), key_of(context, keyword(name) or name)
    with context.writing(viewer) as session:
        same = select(WatchedName.id).where(WatchedName.kind == kind, WatchedName.key == key)
        if session.scalar(same) is not None:
            return
        row = WatchedName(
            kind=kind,
            key=key,
            name=context.keyring.encrypt(name),
            added_by=viewer.id,
            added_at=now,
        )
        session.add(row)
        session.flush()
        facts = {"list": kind}
        audit.note(
            session, viewer, ADDED, at=now, object_kind=OBJECT, object_id=row.id, facts=facts
        )


def remove_name(context: Context, viewer: Viewer, name_id: str) -> None:
    """Take a name off.

    Raises:
        ForbiddenError: the role may not keep the list.
        NotFoundError: it is not there.
    """
    demand(viewer, Permission.MANAGE_WATCHED)
    with context.writing(viewer) as session:
        row = session.get(WatchedName, name_id)
        if row is None:
            raise NotFoundError("No such name", detail_zh="名单中没有此项")
        facts = {"list": row.kind}
        session.delete(row)
        now = context.clock.now()
        audit.note(
            session, viewer, REMOVED, at=now, object_kind=OBJECT, object_id=name_id, facts=facts
        )


def count_names(session: ScopedSession, _user_id: str) -> int:
    """How many names somebody has to keep the list of."""
    return session.scalar(select(func.count(WatchedName.id))) or 0


def hashes(context: Context, session: ScopedSession) -> Hashes:
    """The list for the rules; on behalf of the duty only."""
    by_name: dict[str, frozenset[str]] = {}
    by_words: dict[str, frozenset[str]] = {}
    for row in session.scalars(select(WatchedName)):
        name = context.keyring.decrypt(row.name)
        key = watched_key(context.keyring, name)
        by_name[key] = by_name.get(key, NONE) | {row.kind}
        for words in context.keyring.hashes(name):  # as the search notes it, under any key
            by_words[words] = by_words.get(words, NONE) | {row.kind}
    return Hashes(by_name, by_words)
