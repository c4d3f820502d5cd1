"""What was typed, understood with the records' help and bound to what its viewer may see.

Every door comes this way: a station, line or district that is named becomes its id here, for the
index knows no names of places.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from dossier import access
from dossier.search.notes import note
from dossier.search.parser import parse
from dossier.search.places import AskedPlace, NamedPlace, asked_places
from dossier.search.port import ScopedQuery
from dossier.search.query import Query
from dossier.search.values import is_code
from dossier.services import place_names
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

_LONGEST_SHOWN, _MOST_REMARKS = 40, 8
"""Characters of a wrong filter value that a remark repeats, and remarks on filters."""


def ask(
    context: Context,
    viewer: Viewer,
    text: str,
    *,
    filters: Mapping[str, tuple[str, ...]] | None = None,
) -> ScopedQuery:
    """The query that ``text`` means for this viewer; nothing that is typed is an error.

    Raises:
        ForbiddenError: the role may not search.
    """
    viewer = access.demand(viewer, Permission.SEARCH)
    query = _with_filters_known(parse(text), filters or {})
    pieces = asked_places(query)
    counted = context.plugins.of_dossiers()
    if not pieces:
        return access.restrict(viewer, query, filters=filters, of_dossiers=counted)
    with context.reading(viewer) as session:
        known = place_names.known(session, viewer, pieces)
        places = [
            place for piece in pieces for place in place_names.named(session, viewer, piece, known)
        ]
    query = _remarked(query, pieces, places)
    if len(known) >= place_names.MOST_KNOWN:
        query = replace(query, remarks=(*query.remarks, note("many_places", len(known))))
    return access.restrict(viewer, query, filters=filters, places=places, of_dossiers=counted)


def _with_filters_known(query: Query, filters: Mapping[str, tuple[str, ...]]) -> Query:
    """The query with a remark for each filter's value that there cannot be."""
    wrong = [
        note("unknown_filter_value", name, value[:_LONGEST_SHOWN])
        for name, values in filters.items()
        for value in values
        if not is_code(name, value)
    ]
    return replace(query, remarks=(*query.remarks, *wrong[:_MOST_REMARKS]))


def _remarked(query: Query, pieces: Iterable[AskedPlace], places: Collection[NamedPlace]) -> Query:
    """The query with a remark for each place that was named as one and is not known."""
    found = {place.asked for place in places}
    unknown = (piece for piece in pieces if piece.field and piece not in found)
    return replace(
        query, remarks=(*query.remarks, *(note("unknown_place", each.text) for each in unknown))
    )
