"""Units, lines and districts: founded, renamed, moved, merged, closed, each on a day with a reason.

Rules are :mod:`dossier.rules.organisation`. The rows ``org_unit``, ``line`` and ``district`` say
what holds today; a change whose day has come is taken over at once, a later one by the duty on its
day. Customers follow afterwards in batches (:mod:`dossier.services.organisation_moves`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from dossier.access import demand_whole
from dossier.clock import local_date
from dossier.db.organisation_tables import PlaceState
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, District, Line, OrgUnit
from dossier.errors import NotFoundError
from dossier.rules.organisation import (
    BEGINNINGS,
    Change,
    Organisation,
    PlaceKind,
    RefusedChangeError,
    State,
    Wanted,
)
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.organisation_moves import open_move
from dossier.viewer import Permission, Viewer, system_viewer

SYSTEM = system_viewer("organisation")
"""Sees all customers: where a place has any is a question of the whole register."""
TABLES: Mapping[PlaceKind, Any] = {
    PlaceKind.UNIT: OrgUnit,
    PlaceKind.LINE: Line,
    PlaceKind.DISTRICT: District,
}
HOLDERS: Mapping[str, Any] = {
    PlaceKind.UNIT: Customer.unit_id,
    PlaceKind.LINE: Customer.line_id,
    PlaceKind.DISTRICT: Customer.district_id,
}
WITHDRAWN = "place.withdrawn"
OBJECTS: Mapping[str, str] = {
    PlaceKind.UNIT: "org_unit",
    PlaceKind.LINE: "line",
    PlaceKind.DISTRICT: "district",
}


# -- reading ------------------------------------------------------------------------------------


def load(session: ScopedSession) -> Organisation:
    """All places with their histories; one that never changed is as its row says."""
    states = [_state(row) for row in session.scalars(_in_order())]
    known = {state.key for state in states}
    baselines = [
        _baseline(kind, row)
        for kind, table in TABLES.items()
        for row in session.scalars(select(table).order_by(table.id))
        if (kind, row.id) not in known
    ]
    return Organisation([*baselines, *states])


def _in_order() -> Any:
    first = PlaceState.since.is_(None).desc()
    return select(PlaceState).order_by(first, PlaceState.since, PlaceState.id)


def _state(row: PlaceState) -> State:
    return State(
        kind=PlaceKind(row.kind),
        place_id=row.place_id,
        since=row.since,
        change=Change(row.change),
        name=row.name,
        code=row.code,
        unit_id=row.unit_id,
        line_id=row.line_id,
        is_open=row.is_open,
        successor_id=row.successor_id,
        is_own=row.along_of is None,
        reason=row.reason,
    )


def _baseline(kind: PlaceKind, row: Any) -> State:
    unit_id = row.parent_id if kind is PlaceKind.UNIT else row.unit_id
    line_id = row.line_id if kind is PlaceKind.DISTRICT else None
    return State(kind, row.id, row.valid_from, Change.KNOWN, row.name, row.code, unit_id, line_id)


# -- changing -----------------------------------------------------------------------------------


def change_place(context: Context, viewer: Viewer, wanted: Wanted) -> int:
    """Enter one change; what is due is in force when this returns.

    Returns:
        The place's id.

    Raises:
        ForbiddenError: the role does not manage the organisation of the whole company.
        RefusedChangeError: it is not possible, with the reason and what to do; nothing is kept.
    """
    demand_whole(viewer, Permission.MANAGE_ORGANISATION)
    if wanted.change is Change.KNOWN:
        raise RefusedChangeError("change", "This is no change", "没有此种变更")
    if wanted.on is None:
        raise RefusedChangeError("from", "Give the day of the change", "请填写变更日期")
    with context.writing(SYSTEM) as session:
        lock(session)
        book = Book(context, session, viewer, load(session))
        place_id = book.enter(wanted)
        book.apply_due()
        return place_id


def lock(session: ScopedSession) -> None:
    """Let changes of the organisation wait for each other, so that two make no cycle together."""
    session.scalars(select(OrgUnit.id).order_by(OrgUnit.id).with_for_update()).all()


class Book:
    """Takes changes into the organisation and writes them, in the caller's transaction."""

    def __init__(
        self, context: Context, session: ScopedSession, viewer: Viewer, organisation: Organisation
    ) -> None:
        """Keep what all changes of a transaction share."""
        self._context = context
        self._session = session
        self._viewer = viewer
        self._organisation = organisation
        self._now = context.clock.now()
        self._entered: list[PlaceState] = []
        written = session.execute(select(PlaceState.kind, PlaceState.place_id).distinct())
        self._known = {(kind, place_id) for kind, place_id in written}
        """Places that have states written already; of the others the beginning is still to be."""

    def enter(self, wanted: Wanted) -> int:
        """Check one change and write it; not in force yet.

        Raises:
            RefusedChangeError: it is not possible.
        """
        refuse_closing(self._session, wanted)
        before = self._organisation.last(wanted.kind, wanted.place_id or 0)
        own, *along = self._organisation.change(wanted)
        if wanted.change is Change.FOUNDED:
            own = self._found(own)
        row = self._write(own)
        for state in along:
            self._write(state, along_of=row.id)
        self._note(wanted, own, before, along=len(along))
        return own.place_id

    @contextmanager
    def wholly(self) -> Iterator[None]:
        """Several changes that are entered together, or none of them (a savepoint)."""
        entered, known = list(self._entered), set(self._known)
        try:
            with self._session.begin_nested():
                yield
        except (RefusedChangeError, IntegrityError):
            self._entered, self._known = entered, known
            raise

    def apply_due(self) -> None:
        """Put in force what was entered and whose day has come."""
        today = local_date(self._now)
        for row in self._entered:
            if row.since is None or row.since <= today:
                _apply(self._session, row, at=self._now)
        self._entered.clear()

    def _found(self, state: State) -> State:
        """Make the row, so that the place has its id."""
        row = TABLES[state.kind](name=state.name, code=state.code, valid_from=state.since)
        if state.kind is PlaceKind.UNIT:
            row.parent_id = state.unit_id
        else:
            row.unit_id = state.unit_id
        if state.kind is PlaceKind.DISTRICT:
            row.line_id = state.line_id
        self._session.add(row)
        self._session.flush()
        self._organisation.give_id(state.key, row.id)
        return replace(state, place_id=row.id)

    def _write(self, state: State, *, along_of: int | None = None) -> PlaceState:
        """The state; before the first one of a place, how it was until then."""
        if state.change is not Change.FOUNDED and state.key not in self._known:
            beginning = self._organisation.history(state.kind, state.place_id)[0]
            self._session.add(self._row(beginning, applied_at=self._now))
        self._known.add(state.key)
        row = self._row(state, along_of=along_of)
        self._session.add(row)
        self._session.flush()
        self._entered.append(row)
        return row

    def _row(self, state: State, **more: Any) -> PlaceState:
        return PlaceState(
            kind=state.kind,
            place_id=state.place_id,
            since=state.since,
            change=state.change,
            name=state.name,
            code=state.code,
            unit_id=state.unit_id,
            line_id=state.line_id,
            is_open=state.is_open,
            successor_id=state.successor_id,
            reason=state.reason,
            noted_by=self._viewer.id,
            noted_at=self._now,
            **more,
        )

    def _note(self, wanted: Wanted, own: State, before: State | None, *, along: int) -> None:
        facts = {
            "on": own.since.isoformat() if own.since else None,
            "from": [before.unit_id, before.line_id] if before else None,
            "to": [own.unit_id, own.line_id],
            "along": along,
        }
        audit.note(
            self._session,
            replace(self._viewer, purpose=wanted.reason.strip()),
            f"place.{wanted.change}",
            at=self._now,
            object_kind=OBJECTS[own.kind],
            object_id=str(own.place_id),
            facts=facts,
        )


def refuse_closing(session: ScopedSession, wanted: Wanted) -> None:
    """A place that is to be closed has no customers now; asked again on its day.

    Raises:
        RefusedChangeError: it has.
    """
    if wanted.change is Change.CLOSED and wanted.place_id is not None:
        _refuse_while_customers(session, wanted.kind, wanted.place_id)


def _refuse_while_customers(session: ScopedSession, kind: str, place_id: int) -> None:
    """A closed place has no customers; a merged unit's go along."""
    number = customers_of(session, kind, place_id)
    if number:
        raise RefusedChangeError(
            "to",
            f"{number} customers still belong to it; move them first, or merge the unit",
            f"仍有 {number} 户客户属于该处，请先移出，或改为合并单位",
        )


def customers_of(session: ScopedSession, kind: str, place_id: int) -> int:
    """How many customers belong to a place now."""
    query = select(func.count(Customer.customer_no)).where(HOLDERS[kind] == place_id)
    return session.scalar(query) or 0


# -- the day comes ------------------------------------------------------------------------------


def _apply(session: ScopedSession, row: PlaceState, *, at: datetime) -> None:
    """Let today's row say what the state says; customers of a place that went elsewhere follow."""
    place = session.get_one(TABLES[PlaceKind(row.kind)], row.place_id)
    unit = "parent_id" if row.kind == PlaceKind.UNIT else "unit_id"
    old = (getattr(place, unit), getattr(place, "line_id", None))
    place.name, place.code = row.name, row.code
    setattr(place, unit, row.unit_id)
    if row.kind == PlaceKind.DISTRICT:
        place.line_id = row.line_id
    if not row.is_open and row.since is not None:
        place.valid_to = row.since - timedelta(days=1)
    row.applied_at, row.problem = at, ""
    session.flush()
    went = row.along_of is None and row.kind != PlaceKind.UNIT and old != (row.unit_id, row.line_id)
    if row.change == Change.MERGED or went:
        open_move(session, row.kind, row.place_id, from_unit_id=old[0], at=at)


def apply_on_its_day(context: Context) -> int:
    """For the duty: put in force what is due, each change with what comes along or not at all.

    One that fails is told beside it and tried again.

    Returns:
        How many changes were put in force.
    """
    today = local_date(context.clock.now())
    with context.reading(SYSTEM) as session:
        waiting = session.scalars(_in_order().where(*_WAITS)).all()
    due = [row.id for row in waiting if row.since is None or row.since <= today]
    return sum(_apply_one(context, state_id) for state_id in due)


_WAITS = (PlaceState.applied_at.is_(None), PlaceState.along_of.is_(None))


def _apply_one(context: Context, state_id: int) -> bool:
    try:
        with context.writing(SYSTEM) as session:
            lock(session)
            row = session.get(PlaceState, state_id)
            if row is None or row.applied_at is not None:
                return False
            if row.change == Change.CLOSED:
                _refuse_while_customers(session, row.kind, row.place_id)
            for one in (row, *_along(session, row)):
                _apply(session, one, at=context.clock.now())
    except (IntegrityError, RefusedChangeError) as err:
        told = err.detail_zh if isinstance(err, RefusedChangeError) else type(err).__name__
        with context.writing(SYSTEM) as session:
            session.get_one(PlaceState, state_id).problem = told
        return False
    return True


def _along(session: ScopedSession, row: PlaceState) -> Iterable[PlaceState]:
    query = select(PlaceState).where(PlaceState.along_of == row.id).order_by(PlaceState.id)
    return session.scalars(query).all()


def withdraw(context: Context, viewer: Viewer, state_id: int) -> None:
    """Take back a change whose day has not come, with what came along with it.

    Raises:
        ForbiddenError: the role does not manage the organisation.
        NotFoundError: no such change.
        RefusedChangeError: it is in force already, or others build on it.
    """
    demand_whole(viewer, Permission.MANAGE_ORGANISATION)
    with context.writing(SYSTEM) as session:
        lock(session)
        row = session.get(PlaceState, state_id)
        if row is None or row.along_of is not None:
            raise NotFoundError("No such change", detail_zh="没有此项变更")
        if row.applied_at is not None:
            raise RefusedChangeError(
                "from", "It is in force already; enter a new change", "已生效，请另行办理变更"
            )
        together = [row, *_along(session, row)]
        _refuse_if_built_on(session, together)
        _take_out(session, row, together)
        facts = {"change": row.change, "on": row.since.isoformat() if row.since else None}
        audit.note(
            session,
            viewer,
            WITHDRAWN,
            at=context.clock.now(),
            object_kind=OBJECTS[row.kind],
            object_id=str(row.place_id),
            facts=facts,
        )


def _refuse_if_built_on(session: ScopedSession, rows: list[PlaceState]) -> None:
    for row in rows:
        later = select(PlaceState.id).where(
            PlaceState.kind == row.kind, PlaceState.place_id == row.place_id, PlaceState.id > row.id
        )
        if session.scalar(later.limit(1)) is not None or _has_places(session, row):
            raise _built_on(row)


def _built_on(row: PlaceState) -> RefusedChangeError:
    return RefusedChangeError(
        "from",
        f"Something else builds on this change of {row.name}; withdraw that first",
        f"{row.name} 的此项变更已被后续变更或人员引用，请先撤回后者",
    )


def _has_places(session: ScopedSession, row: PlaceState) -> bool:
    """Whether a founding that is to be withdrawn has places planned below it."""
    if row.change not in BEGINNINGS:
        return False
    if row.kind == PlaceKind.DISTRICT:
        return False
    column = PlaceState.unit_id if row.kind == PlaceKind.UNIT else PlaceState.line_id
    return session.scalar(select(PlaceState.id).where(column == row.place_id).limit(1)) is not None


def _take_out(session: ScopedSession, row: PlaceState, together: list[PlaceState]) -> None:
    founded = TABLES[PlaceKind(row.kind)] if row.change == Change.FOUNDED else None
    for one in reversed(together):
        session.delete(one)
    try:
        session.flush()
        if founded is not None:
            session.delete(session.get_one(founded, row.place_id))
            session.flush()
    except IntegrityError as err:
        raise _built_on(row) from err


__all__ = [
    "Book",
    "apply_on_its_day",
    "change_place",
    "customers_of",
    "load",
    "lock",
    "withdraw",
]
