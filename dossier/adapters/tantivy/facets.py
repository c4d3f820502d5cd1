"""Counts of one facet over documents; a facet with a choice does not filter itself."""

from __future__ import annotations

from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import facet_request, facet_values
from dossier.search.expression import Expression, Term, all_of
from dossier.search.port import FacetCount, RowKind

CANDIDATES = "segment_size"
"""What the engine calls the values that a segment gives of a facet."""


def count_facet(view: View, match: Expression, name: str) -> tuple[FacetCount, ...]:
    """Counts of one facet over the documents that match."""
    documents = all_of(match, Term("kind", (RowKind.DOCUMENT.value,)))
    answer = view.searcher.aggregate(
        make_query(view.schema, documents), facet_request([name], candidates=CANDIDATES)
    )
    return facet_values(answer, [name])[name]
