"""Facet counts over documents; a facet with a choice does not filter itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.reader import View
from dossier.search.compile import CompiledQuery
from dossier.search.expression import Expression, Term, all_of
from dossier.search.gate import filter_expression
from dossier.search.port import FacetCount, ScopedQuery

_MOST_VALUES = 1000  # values of one facet in an answer; a page shows far fewer
_EXACT = 65_000  # candidates a segment gives: all of them, so that counts are exact


def count_facets(
    view: View,
    compiled: CompiledQuery,
    scope: Expression,
    query: ScopedQuery,
    names: Iterable[str],
) -> Mapping[str, tuple[FacetCount, ...]]:
    """Counts of each facet's values, largest first."""
    wanted = list(dict.fromkeys(names))
    chosen = [name for name in wanted if query.filters.get(name)]
    found: dict[str, tuple[FacetCount, ...]] = {}
    documents = all_of(compiled.match, scope, Term("kind", ("document",)))
    plain = [name for name in wanted if name not in chosen]
    found |= _count(view, all_of(documents, filter_expression(query)), plain)
    for name in chosen:
        others = filter_expression(query, without=name)
        found |= _count(view, all_of(documents, others), [name])
    return {name: found[name] for name in wanted}


def _count(
    view: View, expression: Expression, names: list[str]
) -> dict[str, tuple[FacetCount, ...]]:
    if not names:
        return {}
    request = {name: {"terms": _terms(name)} for name in names}
    answer = view.searcher.aggregate(make_query(view.schema, expression), request)
    return {name: _values(answer[name]["buckets"]) for name in names}


def _terms(name: str) -> Mapping[str, Any]:
    return {"field": name, "size": _MOST_VALUES, "segment_size": _EXACT}


def _values(buckets: Iterable[Mapping[str, Any]]) -> tuple[FacetCount, ...]:
    counts = [FacetCount(str(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets]
    return tuple(sorted(counts, key=lambda each: (-each.count, each.value)))
