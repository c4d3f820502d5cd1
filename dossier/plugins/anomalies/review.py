"""Anomalies as an auditor reads and settles them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from dossier.access import demand
from dossier.db import grants
from dossier.db.anomaly_tables import Anomaly
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import ForbiddenError, InvalidInputError, NotFoundError
from dossier.plugins.anomalies import rules
from dossier.plugins.anomalies.duty import ACKNOWLEDGED, OPEN
from dossier.plugins.anomalies.rules import RuleFile
from dossier.services import audit, audit_scope, cursors, labels
from dossier.services.context import Context
from dossier.services.views import Listing
from dossier.viewer import Permission, Viewer

LISTING = "anomalies"
READ, SETTLED = "anomalies.read", "anomaly.acknowledged"
OBJECT = "anomaly"
STATES = (OPEN, ACKNOWLEDGED)
LONGEST_NOTE = 200
"""Characters; the note stands in the audit too, as its purpose."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly in words; ``person`` is the account's name.

    ``customers`` are those within the reader's scope, ``outside`` whether there are others.
    """

    id: str
    title: str
    why: str
    person: str
    is_self: bool
    day: date
    count: int
    allowed: int
    rule_from: date
    customers: tuple[str, ...]
    outside: bool
    is_cut: bool
    found_at: datetime
    state: str
    settled_by: str
    settled_at: datetime | None
    note: str


def list_anomalies(
    context: Context,
    viewer: Viewer,
    *,
    state: str = OPEN,
    person: str = "",
    cursor: str | None = None,
    size: int = 50,
) -> Listing[Finding]:
    """Anomalies, newest first; ``state`` "" gives all. That they were read is noted.

    Raises:
        ForbiddenError: the role may not read the audit.
        InvalidInputError: no such state.
        QueryError: a broken cursor.
        UnavailableError: the reading cannot be noted now, so nothing is shown.
    """
    viewer = demand(viewer, Permission.READ_AUDIT)
    if state and state not in STATES:
        raise InvalidInputError(f"A state is one of {', '.join(STATES)}", detail_zh="没有此状态")
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else None
    with context.reading(viewer) as session:
        total = session.scalar(_of(select(func.count(Anomaly.id)), viewer, state, person)) or 0
        query = _of(select(Anomaly), viewer, state, person).order_by(Anomaly.id.desc())
        if after is not None:
            query = query.where(Anomaly.id < after)
        rows = session.scalars(query.limit(size + 1)).all()
        ids = {row.actor for row in rows} | {row.acknowledged_by for row in rows}
        found = session.execute(select(User.id, User.name).where(User.id.in_(ids))).all()
        own = _own(session, viewer, rows)
    names, file = {row.id: row.name for row in found}, rules.of(context)
    items = tuple(_finding(file, viewer, row, names, own) for row in rows[:size])
    following = None
    if len(rows) > size:
        following = cursors.pack(context.keyring, LISTING, items[-1].id)
    facts = {"rows": len(items)}
    audit.record_read(context, viewer, READ, object_kind=OBJECT, object_id="", facts=facts)
    return Listing(items, following, total)


def acknowledge(context: Context, viewer: Viewer, anomaly_id: str, *, note: str) -> None:
    """Settle one, with what was found out; nobody settles what is told of themselves.

    Raises:
        ForbiddenError: the role may not, or it is about the viewer.
        InvalidInputError: no note, or too long a one.
        NotFoundError: no such anomaly, or of people of another part of the company.
    """
    viewer = demand(viewer, Permission.READ_AUDIT)
    note = " ".join(note.split())
    if not note or len(note) > LONGEST_NOTE:
        raise InvalidInputError("Say in a line what was found out", detail_zh="请填写核查结果")
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = session.scalar(_of(select(Anomaly), viewer).where(Anomaly.id == anomaly_id))
        if row is None:
            raise NotFoundError("No such anomaly", detail_zh="没有此项异常")
        if row.actor == viewer.id:
            raise ForbiddenError(
                "It is about yourself; somebody else settles it",
                detail_zh="涉及本人，须由他人核查",
            )
        row.state, row.note = ACKNOWLEDGED, note
        row.acknowledged_by, row.acknowledged_at = viewer.id, now
        row.acknowledged_count = row.count
        facts = {"rule": row.rule, "rows": row.count}
        why = replace(viewer, purpose=note)
        audit.note(session, why, SETTLED, at=now, object_kind=OBJECT, object_id=row.id, facts=facts)


def count_open_for(session: ScopedSession, user_id: str) -> int:
    """What waits to be settled by somebody: not what is told of the user."""
    query = select(func.count(Anomaly.id)).where(Anomaly.state == OPEN, Anomaly.actor != user_id)
    return session.scalar(query) or 0


def _of(query: Select[Any], viewer: Viewer, state: str = "", person: str = "") -> Select[Any]:
    if state:
        query = query.where(Anomaly.state == state)
    if person:
        named = select(User.id).where(User.name == person)
        query = query.where(or_(Anomaly.actor == person, Anomaly.actor.in_(named)))
    if viewer.scope.everything:
        return query
    then = grants.in_units_at(Anomaly.actor, Anomaly.found_at, viewer.scope.units)
    return query.where(then)


def _own(session: ScopedSession, viewer: Viewer, rows: Sequence[Anomaly]) -> Collection[str]:
    """Customers named by these that lie within the viewer's scope."""
    numbers = {number for row in rows for number in row.objects}
    if viewer.scope.everything:
        return numbers
    return audit_scope.own_keys(session, "customer", numbers)


def _finding(
    file: RuleFile, viewer: Viewer, row: Anomaly, names: dict[str, str], own: Collection[str]
) -> Finding:
    rule = file.named(row.rule)
    at = 0 if viewer.language.startswith(labels.CHINESE) else 1
    return Finding(
        id=row.id,
        title=rule.titles[at] if rule else row.rule,
        why=rule.whys[at] if rule else "",
        person=names.get(row.actor, row.actor),
        is_self=row.actor == viewer.id,
        day=row.day,
        count=row.count,
        allowed=row.allowed,
        rule_from=row.rule_from,
        customers=tuple(number for number in row.objects if number in own),
        outside=any(number not in own for number in row.objects),
        is_cut=len(row.objects) >= file.most_named,
        found_at=row.found_at,
        state=row.state,
        settled_by=names.get(row.acknowledged_by, row.acknowledged_by),
        settled_at=row.acknowledged_at,
        note=row.note,
    )
