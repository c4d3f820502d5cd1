"""What rows of the audit say beside their columns, cut down to what their reader may know.

The facts of a row are codes, counts, days and ids (:func:`dossier.services.audit.note`): by which
approval or disclosure something was opened, why a paper was filed, what a role was given for. Two
of the ids are somebody's: accounts are told by their names, and the number of a customer or case
outside the reader's part of the company is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, User
from dossier.rules.role_matrix import Held
from dossier.services import audit_scope
from dossier.services.role_grants import Names
from dossier.viewer import Viewer

OUTSIDE = "outside"
"""Stands for a number that the reader may not know."""
PEOPLE = frozenset({"user", "holder", "assigned_by"})
"""Facts that are ids of accounts."""
CUSTOMER, CASE = "customer_no", "case_no"
PART, KEY = "part", "key"
"""What a role was given for: the kind of the part, and which one."""
_NUMBER_OF = {Held.CUSTOMER.value: CUSTOMER, Held.CASE.value: CASE}
_KIND_OF = {CUSTOMER: "customer", CASE: "case"}


@dataclass(frozen=True, slots=True)
class Reader:
    """What one reader may know of what some rows say."""

    names: Mapping[str, str]
    places: Names
    own: Mapping[str, set[str]] | None
    """Numbers within the reader's scope, by the name of the fact; None where that is everything."""

    def told(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """One row's facts as the reader may know them."""
        part = str(facts.get(PART, ""))
        return {name: self._value(name, value, part) for name, value in facts.items()}

    def _value(self, name: str, value: Any, part: str) -> Any:
        if isinstance(value, Mapping):
            return self.told(value)
        if not isinstance(value, str) or not value:
            return value
        if name in PEOPLE:
            return self.names.get(value, value)
        number = _number_of(name, part)
        if number:
            known = self.own is None or value in self.own[number]
            return value if known else OUTSIDE
        return self.places.of(Held(part), value) if name == KEY and part in _PARTS else value


_PARTS = frozenset(each.value for each in Held)


def reader(
    session: ScopedSession, viewer: Viewer, all_facts: Sequence[Mapping[str, Any]]
) -> Reader:
    """Look up, with a query of each kind, what these facts name; the session is the viewer's."""
    found = list(_leaves(all_facts))
    ids = {value for name, value, _ in found if name in PEOPLE}
    people = (
        session.execute(select(User.id, User.name).where(User.id.in_(ids))).all() if ids else ()
    )
    parts = [(Held(part), value) for name, value, part in found if name == KEY and part in _PARTS]
    own = None if viewer.scope.everything else _own(session, found)
    return Reader({row.id: row.name for row in people}, Names(session, parts), own)


def _own(session: ScopedSession, found: Iterable[tuple[str, str, str]]) -> dict[str, set[str]]:
    asked: dict[str, set[str]] = {number: set() for number in _KIND_OF}
    for name, value, part in found:
        if number := _number_of(name, part):
            asked[number].add(value)
    return {
        number: audit_scope.own_keys(session, _KIND_OF[number], values)
        for number, values in asked.items()
    }


def of_rows(
    session: ScopedSession, viewer: Viewer, rows: Sequence[AuditEvent]
) -> dict[int, dict[str, Any]]:
    """The facts of rows, by the rows' ids."""
    known = reader(session, viewer, [row.facts for row in rows])
    return {row.id: known.told(row.facts) for row in rows}


def _number_of(name: str, part: str) -> str:
    """Which number a fact holds: a customer's, a case's, or none."""
    if name == KEY:
        return _NUMBER_OF.get(part, "")
    return name if name in _KIND_OF else ""


def _leaves(all_facts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Every text in the facts, with its name and with the kind of part that stands beside it."""
    for facts in all_facts:
        part = str(facts.get(PART, ""))
        for name, value in facts.items():
            if isinstance(value, Mapping):
                yield from _leaves((value,))
            elif isinstance(value, str) and value:
                yield name, value, part
