"""Units, lines and districts by name, made when a file names new ones."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import District, Line, OrgUnit


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
        self.units_created: list[str] = []
        self.lines_created: list[str] = []
        self.districts_created: list[str] = []

    def unit(self, session: ScopedSession, name: str) -> int:
        """The unit of this name."""
        if name not in self._units:
            known = session.scalar(select(OrgUnit.id).where(OrgUnit.name == name))
            if known is None:
                known = self._create(session, OrgUnit(name=name), self.units_created)
            self._units[name] = known
        return self._units[name]

    def line(self, session: ScopedSession, name: str, unit_id: int | None) -> int:
        """The line of this name in the unit."""
        key = (name, unit_id)
        if key not in self._lines:
            known = session.scalar(
                select(Line.id).where(Line.name == name, Line.unit_id.is_not_distinct_from(unit_id))
            )
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
                row = District(name=name, line_id=line_id, unit_id=unit_id)
                known = self._create(session, row, self.districts_created)
            self._districts[key] = known
        return self._districts[key]

    def _create(
        self, session: ScopedSession, row: OrgUnit | Line | District, created: list[str]
    ) -> int:
        created.append(row.name)
        if not self._may_create:
            return -len(created)
        session.add(row)
        session.flush()
        return row.id
