"""One person's looks of one day, read from the sealed part of the audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from dossier import access
from dossier.clock import SHANGHAI
from dossier.db import grants
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, Customer, Document
from dossier.plugins.anomalies import watched
from dossier.plugins.anomalies.rules import Look, RuleFile
from dossier.services.context import Context

SEARCH = "search"
AT_ONCE = 500
"""Keys of one query: SQLite takes a limited number of values."""


@dataclass(frozen=True, slots=True)
class PersonDay:
    """Whose looks, and of which day in Shanghai."""

    actor: str
    day: date

    @property
    def begins(self) -> datetime:
        """Midnight in Shanghai."""
        return datetime.combine(self.day, time(), SHANGHAI)


@dataclass(frozen=True, slots=True)
class _Whose:
    unit_id: int | None
    name_hash: str


def of(
    context: Context, session: ScopedSession, file: RuleFile, who: PersonDay, *, until: int
) -> list[Look]:
    """The looks, oldest first, up to the audit row ``until``."""
    rows = _rows(session, file, who, until)
    owners = _owners(session, rows)
    customers = _customers(context, session, owners.values())
    area = _area(session, who)
    lists = watched.hashes(context, session)
    found = []
    for row in rows:
        if row.action == SEARCH:
            if which := lists.searched(row.object_id):
                found.append(Look(row.id, row.at, row.role, watched=which))
            continue
        number = owners.get(row.object_id, "")
        whose = customers.get(number)
        if whose is None:
            continue
        is_glimpse = row.action in file.glimpses
        found.append(
            Look(
                event_id=row.id,
                at=row.at,
                role=row.role,
                customer_no=number,
                is_export=row.action in file.exports,
                is_glimpse=is_glimpse,
                is_outside=not is_glimpse and _is_outside(area, whose.unit_id),
                watched=frozenset() if is_glimpse else lists.named(whose.name_hash),
            )
        )
    return found


def _rows(
    session: ScopedSession, file: RuleFile, who: PersonDay, until: int
) -> Sequence[AuditEvent]:
    actions = [*file.looks, *file.glimpses, *file.exports, SEARCH]
    query = (
        select(AuditEvent)
        .where(AuditEvent.actor == who.actor, AuditEvent.id <= until)
        .where(AuditEvent.at >= who.begins, AuditEvent.at < who.begins + timedelta(days=1))
        .where(AuditEvent.action.in_(actions), AuditEvent.outcome == "ok")
        .order_by(AuditEvent.id)
    )
    return session.scalars(query).all()


def _owners(session: ScopedSession, rows: Iterable[AuditEvent]) -> dict[str, str]:
    """Customer number by the id that stands in a row: itself, or a paper's customer now."""
    rows = list(rows)
    found = {row.object_id: row.object_id for row in rows if row.object_kind == "customer"}
    papers = sorted({row.object_id for row in rows if row.object_kind == "document"})
    for part in _parts(papers):
        query = select(Document.id, Document.customer_no).where(Document.id.in_(part))
        found |= {key: number for key, number in session.execute(query) if number}
    return found


def _customers(
    context: Context, session: ScopedSession, numbers: Iterable[str]
) -> Mapping[str, _Whose]:
    found = {}
    for part in _parts(sorted(set(numbers))):
        query = select(Customer.customer_no, Customer.unit_id, Customer.name_key)
        for number, unit_id, name in session.execute(query.where(Customer.customer_no.in_(part))):
            found[number] = _Whose(unit_id, watched.key_of(context, name))
    return found


def _area(session: ScopedSession, who: PersonDay) -> frozenset[int] | None:
    """The units that the person belonged to on that day, with all below; None for no unit."""
    ends = who.begins + timedelta(days=1)
    units = grants.units_between(session, who.actor, who.begins, ends)
    return access.subtree(session, units) if units else None


def _is_outside(area: frozenset[int] | None, unit_id: int | None) -> bool:
    return area is not None and unit_id is not None and unit_id not in area


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE))
