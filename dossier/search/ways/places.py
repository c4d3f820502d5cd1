"""A word as the name of a station, line or district, which the records know by id."""

from __future__ import annotations

from collections.abc import Iterator

from dossier.search.expression import Term, any_of
from dossier.search.places import AskedPlace
from dossier.search.port import MatchReason
from dossier.search.ranking import MatchClass
from dossier.search.ways.clause import Asker, Clause


def as_place(asker: Asker, text: str, *, field: str = "") -> Iterator[Clause]:
    """Who and what belongs to a place of this name; ``field`` when only one kind is meant."""
    found = asker.places.get(AskedPlace(text, field), ())
    if found:
        terms = (Term(place.field, place.ids) for place in found)
        yield Clause(MatchReason.PLACE, MatchClass.ADDRESS, any_of(*terms))
