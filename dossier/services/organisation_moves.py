"""Customers follow a place that went elsewhere: in batches, each a transaction of its own.

What is left to do is asked of the records each time (who belongs to the place and is not yet where
it is), so that a crash loses nothing, a second run does nothing twice, and two moves of one place
end where the last one leads. Index rows of customers and papers are made anew by the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from dossier.db.organisation_tables import PlaceMove
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, District, Line, OrgUnit
from dossier.rules.organisation import PlaceKind
from dossier.services.context import Context
from dossier.services.customer_places import relocate
from dossier.viewer import system_viewer

SYSTEM = system_viewer("organisation")
BATCH = 500
"""Customers of one transaction: some 100 ms in which no other writer gets in."""
MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Moving:
    """How far the customers of a place have followed it."""

    kind: str
    place: str
    total: int
    done: int
    created_at: datetime
    finished_at: datetime | None


def open_move(
    session: ScopedSession, kind: str, place_id: int, *, from_unit_id: int | None, at: datetime
) -> None:
    """Note, in the caller's transaction, that a place's customers are to follow it."""
    move = PlaceMove(kind=kind, place_id=place_id, from_unit_id=from_unit_id, created_at=at)
    wrong, _ = _astray(session, move)
    move.total = session.scalar(select(func.count(Customer.customer_no)).where(wrong)) or 0
    if move.total:
        session.add(move)


def follow(context: Context) -> bool:
    """Take one batch along.

    Returns:
        Whether there was anything to do.
    """
    with context.writing(SYSTEM) as session:
        query = select(PlaceMove).where(PlaceMove.finished_at.is_(None)).order_by(PlaceMove.id)
        move = session.scalar(query.limit(1).with_for_update())
        if move is None:
            return False
        now = context.clock.now()
        wrong, place = _astray(session, move)
        numbers = session.scalars(
            select(Customer.customer_no).where(wrong).order_by(Customer.customer_no).limit(BATCH)
        ).all()
        relocate(session, numbers, place, at=now)
        move.done += len(numbers)
        if len(numbers) < BATCH:
            move.finished_at = now
        return True


def follow_all(context: Context) -> int:
    """Take all along, for a command without workers; returns how many batches."""
    batches = 0
    while follow(context):
        batches += 1
    return batches


def _astray(
    session: ScopedSession, move: PlaceMove
) -> tuple[ColumnElement[bool], Mapping[str, int | None]]:
    """Which customers are not yet where the place is, and what they get."""
    if move.kind == PlaceKind.UNIT:
        unit = session.get_one(OrgUnit, move.place_id)
        return Customer.unit_id == move.place_id, {"unit_id": unit.parent_id}
    if move.kind == PlaceKind.LINE:
        line = session.get_one(Line, move.place_id)
        here = Customer.line_id == line.id
        old = Customer.unit_id.is_not_distinct_from(move.from_unit_id)
        away = Customer.unit_id.is_distinct_from(line.unit_id)
        return and_(here, old, away), {"unit_id": line.unit_id}
    district = session.get_one(District, move.place_id)
    away = or_(
        Customer.unit_id.is_distinct_from(district.unit_id),
        Customer.line_id.is_distinct_from(district.line_id),
    )
    place = {"unit_id": district.unit_id, "line_id": district.line_id}
    return and_(Customer.district_id == district.id, away), place


def moves(context: Context) -> Sequence[Moving]:
    """What is under way, and the last ones that ended; for who manages the organisation."""
    first = PlaceMove.finished_at.is_(None).desc()
    with context.reading(SYSTEM) as session:
        rows = session.scalars(
            select(PlaceMove).order_by(first, PlaceMove.id.desc()).limit(MOST_LISTED)
        ).all()
        return [_shown(session, row) for row in rows]


def _shown(session: ScopedSession, row: PlaceMove) -> Moving:
    tables: Mapping[str, Any] = {
        PlaceKind.UNIT: OrgUnit,
        PlaceKind.LINE: Line,
        PlaceKind.DISTRICT: District,
    }
    place = session.get(tables[row.kind], row.place_id)
    name = place.name if place else ""
    return Moving(row.kind, name, row.total, row.done, row.created_at, row.finished_at)
