"""The choices of the work list as they stand in an address, for both doors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query

from dossier.plugins.completeness.worklist import PLACES, Wish
from dossier.rules.limits import LARGEST_INTEGER

Place = Annotated[int | None, Query(ge=1, le=LARGEST_INTEGER)]
Code = Annotated[str, Query(max_length=12)]


def wished(
    missing: Code = "",
    state: Code = "",
    category: Code = "",
    station: Place = None,
    line: Place = None,
    district: Place = None,
) -> Wish:
    """What is asked for; a code that there is not finds nothing."""
    given = zip(PLACES, (station, line, district), strict=True)
    places = {name: place for name, place in given if place is not None}
    return Wish(missing, state, category, places)


def wished_values(wish: Wish) -> Mapping[str, str | int | None]:
    """The same by its names."""
    named = {"missing": wish.missing, "state": wish.state, "category": wish.category}
    return named | {name: wish.places.get(name) for name in PLACES}
