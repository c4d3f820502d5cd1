"""Counts of facets over documents, apart from the search for groups."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.plan import planned
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import facet_request, facet_values
from dossier.search.expression import Expression, Term, all_of
from dossier.search.port import FacetCount, RowKind

CANDIDATES = "segment_size"
"""What the engine calls the values that a segment gives of a facet."""


def count_facets(
    view: View, match: Expression, names: Sequence[str]
) -> dict[str, tuple[FacetCount, ...]]:
    """Counts of facets over the documents that match."""
    documents = all_of(match, Term("kind", (RowKind.DOCUMENT.value,)))
    query = make_query(view.schema, planned(documents, view.dictionary))
    answer = view.searcher.aggregate(query, facet_request(names, candidates=CANDIDATES))
    return facet_values(answer, names)
