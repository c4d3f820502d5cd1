"""Facet counts over documents; a facet with a choice does not filter itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.reader import View
from dossier.search.expression import Expression, Term, all_of
from dossier.search.port import FacetCount, RowKind

_MOST_VALUES = 1000  # values of one facet in an answer; a page shows far fewer
_EXACT = 65_000  # candidates a segment gives: all of them, so that counts are exact


def facet_request(names: Sequence[str]) -> dict[str, Any]:
    """Aggregations for these facets."""
    return {
        name: {"terms": {"field": name, "size": _MOST_VALUES, "segment_size": _EXACT}}
        for name in names
    }


def facet_values(
    answer: Mapping[str, Any], names: Sequence[str]
) -> dict[str, tuple[FacetCount, ...]]:
    """Counts of each facet's values, largest first, from an aggregation's answer."""
    return {name: _values(answer[name]["buckets"]) for name in names}


def count_facet(view: View, match: Expression, name: str) -> tuple[FacetCount, ...]:
    """Counts of one facet over the documents that match."""
    documents = all_of(match, Term("kind", (RowKind.DOCUMENT.value,)))
    answer = view.searcher.aggregate(make_query(view.schema, documents), facet_request([name]))
    return facet_values(answer, [name])[name]


def _values(buckets: Sequence[Mapping[str, Any]]) -> tuple[FacetCount, ...]:
    counts = [FacetCount(str(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets]
    return tuple(sorted(counts, key=lambda each: (-each.count, each.value)))
