"""The organisation as who manages it reads it: the tree of a day, one place with its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from dossier.access import demand_whole
from dossier.clock import local_date
from dossier.db.organisation_tables import PlaceState
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import NotFoundError
from dossier.rules.organisation import Organisation, PlaceKind, State
from dossier.services import organisation
from dossier.services.context import Context
from dossier.services.organisation import SYSTEM
from dossier.viewer import Permission, Viewer

MOST_LISTED = 500
"""Lines or districts of one place on its page; a station has some hundreds."""


@dataclass(frozen=True, slots=True)
class UnitNode:
    """A unit of the tree with those below it."""

    id: int
    name: str
    code: str
    lines: int
    districts: int
    children: tuple[UnitNode, ...]


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A place to choose, or to go to."""

    kind: str
    id: int
    name: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One state of a place's history, in words; ``is_planned`` while its day is to come."""

    id: int
    place: PlaceName
    since: date | None
    change: str
    name: str
    unit: str
    line: str
    is_open: bool
    successor: str
    is_own: bool
    reason: str
    noted_by: str
    noted_at: datetime | None
    is_planned: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Tree:
    """The organisation on a day."""

    on: date
    today: date
    roots: tuple[UnitNode, ...]
    closed: tuple[PlaceName, ...]
    planned: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place as it is today, or will begin; what belongs to it; its history, newest first."""

    place: PlaceName
    today: date
    is_open: bool
    unit: PlaceName | None
    line: PlaceName | None
    customers: int
    units: tuple[PlaceName, ...]
    lines: tuple[PlaceName, ...]
    districts: tuple[PlaceName, ...]
    history: tuple[Step, ...]


def tree(context: Context, viewer: Viewer, on: date | None = None) -> Tree:
    """The units of a day, each below the one above it, and what is planned.

    Raises:
        ForbiddenError: the role does not manage the organisation of the whole company.
    """
    demand_whole(viewer, Permission.MANAGE_ORGANISATION)
    today = local_date(context.clock.now())
    day = on or today
    with context.reading(SYSTEM) as session:
        places = organisation.load(session)
        waiting = session.scalars(
            select(PlaceState)
            .where(PlaceState.applied_at.is_(None), PlaceState.along_of.is_(None))
            .order_by(PlaceState.since, PlaceState.id)
        ).all()
        planned = _steps(session, places, waiting)
    units = sorted(places.on(day, PlaceKind.UNIT), key=lambda one: (one.name, one.place_id))
    below: dict[int | None, list[State]] = {}
    for one in units:
        if one.is_open:
            below.setdefault(one.unit_id, []).append(one)
    counts = {kind: _count(places.on(day, kind)) for kind in (PlaceKind.LINE, PlaceKind.DISTRICT)}
    closed = tuple(_name(one) for one in units if not one.is_open)
    return Tree(day, today, _nodes(None, below, counts), closed, planned)


def _count(states: Iterable[State]) -> Mapping[int | None, int]:
    found: dict[int | None, int] = {}
    for one in states:
        if one.is_open:
            found[one.unit_id] = found.get(one.unit_id, 0) + 1
    return found


def _nodes(
    above: int | None,
    below: Mapping[int | None, list[State]],
    counts: Mapping[PlaceKind, Mapping[int | None, int]],
) -> tuple[UnitNode, ...]:
    return tuple(
        UnitNode(
            one.place_id,
            one.name,
            one.code,
            counts[PlaceKind.LINE].get(one.place_id, 0),
            counts[PlaceKind.DISTRICT].get(one.place_id, 0),
            _nodes(one.place_id, below, counts),
        )
        for one in below.get(above, ())
    )


def _name(state: State) -> PlaceName:
    return PlaceName(state.kind, state.place_id, state.name, state.code)


def place(context: Context, viewer: Viewer, kind: str, place_id: int) -> PlaceView:
    """One unit, line or district.

    Raises:
        ForbiddenError: the role does not manage the organisation of the whole company.
        NotFoundError: there is none.
    """
    demand_whole(viewer, Permission.MANAGE_ORGANISATION)
    today = local_date(context.clock.now())
    with context.reading(SYSTEM) as session:
        places = organisation.load(session)
        last = places.last(kind, place_id)
        if last is None:
            raise NotFoundError("No such place", detail_zh="没有此单位、线路或台区")
        state = places.state(kind, place_id, today) or places.history(kind, place_id)[0]
        day = max(today, state.day)
        written = session.scalars(
            select(PlaceState)
            .where(PlaceState.kind == kind, PlaceState.place_id == place_id)
            .order_by(PlaceState.since.is_(None), PlaceState.since.desc(), PlaceState.id.desc())
        ).all()
        history = _steps(session, places, written) or (_only(places, state),)
        customers = organisation.customers_of(session, kind, place_id)
    parent = "unit" if kind == PlaceKind.UNIT else "line"
    of = {
        each: tuple(map(_name, places.of(each, parent, place_id, day)[:MOST_LISTED]))
        for each in PlaceKind
        if kind != PlaceKind.DISTRICT
    }
    return PlaceView(
        _name(state),
        today,
        state.is_open,
        _above(places, PlaceKind.UNIT, state.unit_id, day),
        _above(places, PlaceKind.LINE, state.line_id, day),
        customers,
        of.get(PlaceKind.UNIT, ()),
        of.get(PlaceKind.LINE, ()) if kind == PlaceKind.UNIT else (),
        of.get(PlaceKind.DISTRICT, ()),
        history,
    )


def _above(
    places: Organisation, kind: PlaceKind, place_id: int | None, day: date
) -> PlaceName | None:
    state = places.state(kind, place_id, day)
    return _name(state) if state else None


def choices(context: Context, viewer: Viewer) -> tuple[PlaceName, ...]:
    """Open units and lines of today, to choose from; for who manages people or the organisation.

    Raises:
        ForbiddenError: the role does neither.
    """
    if not viewer.may(Permission.MANAGE_USERS):
        demand_whole(viewer, Permission.MANAGE_ORGANISATION)
    today = local_date(context.clock.now())
    with context.reading(SYSTEM) as session:
        places = organisation.load(session)
    found = [
        _name(one)
        for kind in (PlaceKind.UNIT, PlaceKind.LINE)
        for one in places.on(today, kind)
        if one.is_open
    ]
    return tuple(sorted(found, key=lambda one: (one.kind != PlaceKind.UNIT, one.name)))


def _steps(
    session: ScopedSession, places: Organisation, rows: Iterable[PlaceState]
) -> tuple[Step, ...]:
    rows = list(rows)
    ids = {row.noted_by for row in rows}
    people = dict(session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())
    return tuple(
        Step(
            row.id,
            PlaceName(row.kind, row.place_id, row.name, row.code),
            row.since,
            row.change,
            row.name,
            _called(places, PlaceKind.UNIT, row.unit_id, row.since),
            _called(places, PlaceKind.LINE, row.line_id, row.since),
            row.is_open,
            _called(places, PlaceKind.UNIT, row.successor_id, row.since),
            row.along_of is None,
            row.reason,
            people.get(row.noted_by, row.noted_by),
            row.noted_at,
            row.applied_at is None,
            row.problem,
        )
        for row in rows
    )


def _only(places: Organisation, state: State) -> Step:
    """Of a place that never changed: how it was when the record began."""
    return Step(
        0,
        _name(state),
        state.since,
        state.change,
        state.name,
        _called(places, PlaceKind.UNIT, state.unit_id, state.since),
        _called(places, PlaceKind.LINE, state.line_id, state.since),
        is_open=True,
        successor="",
        is_own=True,
        reason="",
        noted_by="",
        noted_at=None,
        is_planned=False,
        problem="",
    )


def _called(places: Organisation, kind: PlaceKind, place_id: int | None, day: date | None) -> str:
    """What a place was called on that day."""
    if place_id is None:
        return ""
    found = places.state(kind, place_id, day or date.min) or places.last(kind, place_id)
    return found.name if found else ""
