"""What every engine's answer holds alike: bounds, which reasons are a paper's own, facet counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dossier.search.compile import CompiledQuery
from dossier.search.expression import Expression, all_of
from dossier.search.port import FacetCount, MatchReason
from dossier.search.ranking import NAME_CLASSES

MAX_PAGE_SIZE = 100
"""Groups of one page."""
MOST_TYPES = 5
"""Document types among the suggestions."""
MOST_FACET_VALUES = 1000
"""Values of one facet in an answer; a page shows far fewer."""
FACET_CANDIDATES = 65_000
"""Values that a part of the index (segment, shard) gives: all of them, so that counts are exact."""
PAPER_REASONS = frozenset(
    {
        MatchReason.TYPE,
        MatchReason.TITLE,
        MatchReason.FILE,
        MatchReason.TEXT,
        MatchReason.CASE_NO,
        MatchReason.REFERENCE_CODE,
        MatchReason.ACCOUNT,
        MatchReason.STATE,
        MatchReason.YEAR,
        MatchReason.MONTH,
        MatchReason.DATE,
    }
)
"""Reasons that hold for a paper; the others hold for its customer."""
_PAPER_WEIGHTS = {MatchReason.FILE: 2, MatchReason.TEXT: 1}
_WEIGHT_OF_OTHERS = 4  # a title or number is more than a file's name and the text together
SUGGESTED_REASONS = (
    MatchReason.CUSTOMER_NO,
    MatchReason.METER_NO,
    MatchReason.NAME,
    MatchReason.PHONE,
    MatchReason.ID_NO,
    MatchReason.USCC,
    MatchReason.ADDRESS,
)
"""Why a customer is suggested, the best reason first."""


def paper_weight(reason: MatchReason) -> int:
    """What a reason counts in the order of a customer's papers, of which the best are shown."""
    return _PAPER_WEIGHTS.get(reason, _WEIGHT_OF_OTHERS)


def suggested(compiled: CompiledQuery) -> Iterator[tuple[MatchReason, Expression]]:
    """Which customers to suggest, best first: by reason, and names by class besides."""
    known, classes = dict(compiled.reasons), dict(compiled.classes)
    for reason in SUGGESTED_REASONS:
        if reason is MatchReason.NAME:
            yield from ((reason, classes[rank]) for rank in NAME_CLASSES if rank in classes)
        if reason in known:
            yield reason, all_of(known[reason], compiled.match)


def facet_request(names: Sequence[str], *, candidates: str) -> dict[str, Any]:
    """Aggregations for these facets; ``candidates`` is the engine's name of that bound."""
    return {
        name: {"terms": {"field": name, "size": MOST_FACET_VALUES, candidates: FACET_CANDIDATES}}
        for name in names
    }


def facet_values(
    answer: Mapping[str, Any], names: Sequence[str]
) -> dict[str, tuple[FacetCount, ...]]:
    """Counts of each facet's values, largest first, from an aggregation's answer.

    Both engines answer in the same shape: ``{NAME: {"buckets": [{"key", "doc_count"}]}}``.
    """
    return {name: _values(answer[name]["buckets"]) for name in names}


def _values(buckets: Sequence[Mapping[str, Any]]) -> tuple[FacetCount, ...]:
    counts = [FacetCount(str(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets]
    return tuple(sorted(counts, key=lambda each: (-each.count, each.value)))
