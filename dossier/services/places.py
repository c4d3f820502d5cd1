"""Units, lines and districts by name, made when a file names new ones.

A file may still name a place as it was before a reorganisation: then the place is meant as it is
now (S3-18), and nobody is brought back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from dossier.db.organisation_tables import PlaceState
from dossier.db.session import ScopedSession
from dossier.db.tables import District, Line, OrgUnit
from dossier.rules.organisation import PlaceKind


@dataclass(frozen=True, slots=True)
class Place:
    """Where a customer belongs, by ids; None where nothing is named."""

    unit_id: int | None = None
    line_id: int | None = None
    district_id: int | None = None


class Places:
    """Finds places and remembers them for the length of an import.

    When it may not create, unknown places get negative ids that are never written.
    """

    def __init__(self, *, may_create: bool) -> None:
        """Start with nothing known."""
        self._may_create = may_create
        self._units: dict[str, int] = {}
        self._lines: dict[tuple[str, int | None], int] = {}
        self._districts: dict[tuple[str, int | None, int | None], int] = {}
        self._went: dict[tuple[str, int], Place] = {}
        """Lines and districts that were elsewhere when the file was made, with where they are."""
        self.units_created: list[str] = []
        self.lines_created: list[str] = []
        self.districts_created: list[str] = []

    def unit(self, session: ScopedSession, name: str) -> int:
        """The unit of this name."""
        if name not in self._units:
            known = session.scalar(select(OrgUnit.id).where(OrgUnit.name == name))
            if known is None:
                known = _former(session, PlaceKind.UNIT, name)
            if known is None:
                known = self._create(session, OrgUnit(name=name), self.units_created)
            self._units[name] = _successor(session, known)
        return self._units[name]

    def line(self, session: ScopedSession, name: str, unit_id: int | None) -> int:
        """The line of this name in the unit."""
        key = (name, unit_id)
        if key not in self._lines:
            known = session.scalar(
                select(Line.id).where(Line.name == name, Line.unit_id.is_not_distinct_from(unit_id))
            )
            if known is None:
                known = self._line_that_went(session, name, unit_id)
            if known is None:
                row = Line(name=name, unit_id=unit_id)
                known = self._create(session, row, self.lines_created)
            self._lines[key] = known
        return self._lines[key]

    def district(
        self, session: ScopedSession, name: str, line_id: int | None, unit_id: int | None
    ) -> int:
        """The transformer district of this name on the line."""
        key = (name, line_id, unit_id)
        if key not in self._districts:
            query = select(District.id).where(
                District.name == name,
                District.line_id.is_not_distinct_from(line_id),
                District.unit_id.is_not_distinct_from(unit_id),
            )
            known = session.scalar(query)
            if known is None:
                known = self._district_that_went(session, name, line_id, unit_id)
            if known is None:
                row = District(name=name, line_id=line_id, unit_id=unit_id)
                known = self._create(session, row, self.districts_created)
            self._districts[key] = known
        return self._districts[key]

    def present(self, place: Place) -> Place:
        """Where a line or district is now that the file names where it was."""
        if place.district_id is not None:
            went = self._went.get((PlaceKind.DISTRICT, place.district_id))
            if went is not None:
                return went
        if place.line_id is not None:
            went = self._went.get((PlaceKind.LINE, place.line_id))
            if went is not None:
                return Place(went.unit_id, place.line_id, place.district_id)
        return place

    def _line_that_went(self, session: ScopedSession, name: str, unit_id: int | None) -> int | None:
        known = _former(session, PlaceKind.LINE, name, unit_id=unit_id)
        row = session.get(Line, known) if known else None
        if row is not None:
            self._went[PlaceKind.LINE, row.id] = Place(row.unit_id, row.id)
        return known

    def _district_that_went(
        self, session: ScopedSession, name: str, line_id: int | None, unit_id: int | None
    ) -> int | None:
        above = {"unit_id": unit_id} if line_id is None else {"line_id": line_id}
        known = _former(session, PlaceKind.DISTRICT, name, **above)
        row = session.get(District, known) if known else None
        if row is not None:
            self._went[PlaceKind.DISTRICT, row.id] = Place(row.unit_id, row.line_id, row.id)
        return known

    def _create(
        self, session: ScopedSession, row: OrgUnit | Line | District, created: list[str]
    ) -> int:
        created.append(row.name)
        if not self._may_create:
            return -len(created)
        session.add(row)
        session.flush()
        return row.id


def _former(session: ScopedSession, kind: PlaceKind, name: str, **above: int | None) -> int | None:
    """The place that bore this name there, the last one if there were several."""
    query = select(PlaceState.place_id).where(
        PlaceState.kind == kind,
        PlaceState.name == name,
        PlaceState.applied_at.is_not(None),
        *(getattr(PlaceState, column).is_not_distinct_from(to) for column, to in above.items()),
    )
    return session.scalar(query.order_by(PlaceState.id.desc()).limit(1))


def _successor(session: ScopedSession, unit_id: int) -> int:
    """The unit that this one went into, however often; itself when it was not merged."""
    seen = {unit_id}
    while True:
        query = select(PlaceState.successor_id).where(
            PlaceState.kind == PlaceKind.UNIT,
            PlaceState.place_id == unit_id,
            PlaceState.successor_id.is_not(None),
            PlaceState.applied_at.is_not(None),
        )
        following = session.scalar(query)
        if following is None or following in seen:
            return unit_id
        unit_id = following
        seen.add(unit_id)
