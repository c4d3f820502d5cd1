"""Stations, lines and districts by the names that people type, as far as a viewer may know of them.

A name elsewhere is not found, so it is a word like any other: nothing tells that the place exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    Integer,
    bindparam,
    desc,
    false,
    literal,
    null,
    or_,
    select,
    union_all,
)

from dossier import access
from dossier.db.prepared import Prepared
from dossier.db.session import ScopedSession
from dossier.db.tables import Line, OrgUnit
from dossier.rules.place_names import PlaceName, beginning_key, begins, place_name
from dossier.search.places import AskedPlace, NamedPlace
from dossier.services.labels import PLACES
from dossier.viewer import Scope, Viewer

MOST_KNOWN = 5000
"""Places that one query may name; who asks for more (``台区:1``) is told so."""
SHORTEST_OFFERED = 2
MOST_OFFERED = 2
"""Places among the suggestions; the list under the box has eight lines."""


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A place that the viewer may know of.

    Attributes:
        kind: its facet: station, line or district.
        label: its name as the records have it.
        name: the same, taken apart.
    """

    kind: str
    id: int
    label: str
    name: PlaceName


def known(session: ScopedSession, viewer: Viewer, pieces: Iterable[AskedPlace]) -> list[KnownPlace]:
    """The places in scope that one of the pieces may name, at most :data:`MOST_KNOWN`."""
    rows: list[Any] = []
    keys = [key for piece in pieces if not piece.field for key in place_name(piece.text).written()]
    if keys:
        rows += _BY_KEY.rows(session, keys=keys)
    parts = [
        (piece.field, key)
        for piece in pieces
        if piece.field
        for key in place_name(piece.text).written()
    ]
    if parts:
        rows += session.execute(
            _places(lambda kind, key: or_(*(_has(kind, key, *part) for part in parts)))
        )
    return list(islice(_within(viewer.scope, rows), MOST_KNOWN))


def named(
    session: ScopedSession, viewer: Viewer, piece: AskedPlace, places: Iterable[KnownPlace]
) -> Iterator[NamedPlace]:
    """What a piece of a query names among ``places``, by kinds; whole names before parts."""
    asked = place_name(piece.text)
    found = [place for place in places if _names(asked, piece.field, place)]
    whole = [place for place in found if asked.is_called(place.name)]
    for kind in PLACES:
        ids = {place.id for place in whole or found if place.kind == kind}
        if kind == "station" and ids:
            below = access.subtree(session, ids)
            ids = set(below if viewer.scope.everything else below & viewer.scope.units)
        if ids:
            yield NamedPlace(piece, kind, tuple(sorted(map(str, ids))))


def beginning_with(session: ScopedSession, viewer: Viewer, typed: str) -> tuple[KnownPlace, ...]:
    """Places to offer while one types."""
    beginning = beginning_key(typed)
    if typed.isascii() or len(beginning) < SHORTEST_OFFERED:
        return ()
    rows = session.execute(_places(lambda _, key: key.startswith(beginning, autoescape=True)))
    found = (place for place in _within(viewer.scope, rows) if begins(place.label, typed))
    return tuple(islice(found, MOST_OFFERED))


def _has(kind: str, name_key: Any, field: str, part: str) -> Any:
    """The records' side of :func:`_names` where a field was named."""
    return name_key.contains(part, autoescape=True) if kind == field else false()


def _names(asked: PlaceName, field: str, place: KnownPlace) -> bool:
    """Whether a piece means this place: by its whole name; by a part where the field was named.

    A word alone may be of an address: districts are called after the villages that they supply.
    """
    if field:
        fits = place.kind == field and asked.is_part_of(place.name)
    else:
        fits = asked.is_called(place.name)
    return fits and asked.agrees(place.name)


def _places(condition: Callable[[str, Any], Any]) -> Any:
    """A query for places whose key fits, of all kinds, with the unit and line that each is of."""
    each = [
        select(
            literal(kind).label("kind"),
            table.id.label("id"),
            table.name.label("name"),
            (table.id if table is OrgUnit else table.unit_id).label("unit_id"),
            _line_of(table).label("line_id"),
        ).where(condition(kind, table.name_key))
        for kind, table in PLACES.items()
    ]
    # Backwards by kind: a station before its lines and districts, which are often called alike.
    return union_all(*each).order_by(desc("kind"), "id")


def _line_of(table: Any) -> Any:
    if table is OrgUnit:
        return null().cast(Integer)
    return table.id if table is Line else table.line_id


def _within(scope: Scope, rows: Iterable[Any]) -> Iterator[KnownPlace]:
    """Those of the scope: its units, what belongs to them, and lines and districts of its own."""
    for row in rows:
        own = (
            row.unit_id in scope.units
            or row.line_id in scope.lines
            or (row.kind == "district" and row.id in scope.districts)
        )
        if scope.everything or own:
            yield KnownPlace(row.kind, row.id, row.name, place_name(row.name))


_KEYS: BindParameter[list[str]] = bindparam("keys", expanding=True)
_BY_KEY = Prepared(_places(lambda _, key: key.in_(_KEYS)))
