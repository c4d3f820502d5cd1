"""Facet counts over documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dossier.adapters.elasticsearch.translate import Body
from dossier.search.port import FacetCount

_MOST_VALUES = 1000  # values of one facet in an answer; a page shows far fewer
_EXACT = 65_000  # candidates that a shard gives: all of them, so that counts are exact


def facet_request(names: Sequence[str]) -> Body:
    """Aggregations for these facets."""
    return {
        name: {"terms": {"field": name, "size": _MOST_VALUES, "shard_size": _EXACT}}
        for name in names
    }


def facet_values(
    answer: Mapping[str, Any], names: Sequence[str]
) -> dict[str, tuple[FacetCount, ...]]:
    """Counts of each facet's values, largest first, from an aggregation's answer."""
    return {name: _values(answer[name]["buckets"]) for name in names}


def _values(buckets: Sequence[Mapping[str, Any]]) -> tuple[FacetCount, ...]:
    counts = [FacetCount(str(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets]
    return tuple(sorted(counts, key=lambda each: (-each.count, each.value)))
