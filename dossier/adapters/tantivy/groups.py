"""Which groups match, in which order: exact totals and pages by place.

A group stands in the first of several segments that it satisfies: the classes of the query, each
with the viewer's own unit first, at last whatever matches at all. Inside a segment groups descend
by their key (active accounts first, then newer ones). One aggregation over all that matches gives
the exact totals, the facets and the last segment; the segments before it are asked only as far as
a page needs them. What was asked is kept for the next page.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tantivy
from tantivy import Query

from dossier.adapters.tantivy.engine import both, make_query
from dossier.adapters.tantivy.facets import CANDIDATES
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import facet_request, facet_values
from dossier.search.compile import CompiledQuery
from dossier.search.cursor import Place
from dossier.search.expression import Expression, Nothing, Term, all_of
from dossier.search.port import FacetCount, RowKind
from dossier.search.rows import PARTS

_MAX_BUCKETS = 65_000  # the engine refuses more in one request (stack.md)
_FEW = 1000  # groups by whose keys the classes are looked through instead of by their words


@dataclass(frozen=True, slots=True)
class Summary:
    """Exact totals of all that matches, and counts of the facets that were asked for."""

    groups: int
    documents: int
    facets: Mapping[str, tuple[FacetCount, ...]]


class GroupOrder:
    """The matching groups of one query at one point in time; safe from any thread."""

    def __init__(
        self, view: View, compiled: CompiledQuery, gate: Expression, own: frozenset[str]
    ) -> None:
        self._view = view
        mine = Term("scope", tuple(sorted(own)))
        reached = [expression for _, expression in compiled.classes]
        self._segments: list[Expression] = []
        for expression in (*reached, compiled.match):
            within = all_of(expression, gate)
            self._segments += [all_of(within, mine), within] if own else [within]
        self._whole: dict[int, array[int]] = {}
        self._summary: Summary | None = None
        self._lock = threading.Lock()

    def summary(self, facets: Sequence[str]) -> Summary:
        """Totals and facets, in one pass over all that matches."""
        with self._lock:
            if self._summary is None or not set(facets) <= set(self._summary.facets):
                self._summary = self._count(facets)
            return self._summary

    def after(self, place: Place | None, size: int) -> list[Place]:
        """The next ``size`` places behind ``place`` (from the top when None)."""
        with self._lock:
            first = max(place.segment, 0) if place else 0
            found: list[Place] = []
            seen = {key for number in range(first) for key in self._all(number)}
            for number in range(first, len(self._segments)):
                if place is None and len(found) == self._total():
                    break
                below = place.group if place and number == first else None
                wanted = size - len(found)
                keys = self._next(number, below, wanted, seen)
                found += [Place(number, key) for key in keys]
                if len(keys) >= wanted:
                    break
                if number + 1 < len(self._segments):
                    seen.update(self._all(number))
            return found

    def _total(self) -> int | None:
        """How many groups match, once that was counted."""
        last = self._whole.get(len(self._segments) - 1)
        return None if last is None else len(last)

    def _query(self, number: int) -> Query:
        """A segment as the engine's query; where few groups match, among those alone."""
        schema = self._view.schema
        query = make_query(schema, self._segments[number])
        total = self._total()
        if total is None or total > _FEW:
            return query
        keys = list(self._whole[len(self._segments) - 1])
        return both(query, Query.term_set_query(schema, "group", keys))

    def _count(self, facets: Sequence[str]) -> Summary:
        kinds = {
            "terms": {"field": "kind", "size": 2},
            "aggs": facet_request(facets, candidates=CANDIDATES),
        }
        match = make_query(self._view.schema, self._segments[-1])
        answer = self._view.searcher.aggregate(match, {"kinds": kinds, **_group_request()})
        keys = _keys(answer)
        if len(keys) >= _MAX_BUCKETS:
            keys = _by_parts(self._view, match)
        self._whole[len(self._segments) - 1] = array("Q", keys)
        for bucket in answer["kinds"]["buckets"]:
            if bucket["key"] == RowKind.DOCUMENT.value:
                return Summary(len(keys), bucket["doc_count"], facet_values(bucket, facets))
        return Summary(len(keys), 0, dict.fromkeys(facets, ()))

    def _next(self, number: int, below: int | None, wanted: int, seen: set[int]) -> list[int]:
        """Up to ``wanted`` keys of a segment that are below a key and in no better segment."""
        if number not in self._whole and len(seen) < _MAX_BUCKETS // 2:
            limit = wanted + len(seen)
            head = self._head(number, below, limit)
            if below is None and len(head) < limit:
                self._whole[number] = array("Q", head)
            return [key for key in head if key not in seen][:wanted]
        keys = self._all(number)
        at = bisect_right(keys, -below, key=_minus) if below is not None else 0
        found: list[int] = []
        while at < len(keys) and len(found) < wanted:
            if keys[at] not in seen:
                found.append(keys[at])
            at += 1
        return found

    def _head(self, number: int, below: int | None, limit: int) -> list[int]:
        expression = self._segments[number]
        if isinstance(expression, Nothing):
            return []
        query = self._query(number)
        if below is not None:
            query = both(query, _lower(self._view.schema, below))
        return _keys(self._view.searcher.aggregate(query, _group_request(limit)))

    def _all(self, number: int) -> array[int]:
        """Every key of a segment's expression, descending."""
        if number not in self._whole:
            query = self._query(number)
            keys = _keys(self._view.searcher.aggregate(query, _group_request()))
            if len(keys) >= _MAX_BUCKETS:
                keys = _by_parts(self._view, query)
            self._whole[number] = array("Q", keys)
        return self._whole[number]


def _group_request(size: int = _MAX_BUCKETS) -> dict[str, Any]:
    return {"groups": {"terms": {"field": "group", "size": size, "order": {"_key": "desc"}}}}


def _keys(answer: Mapping[str, Any]) -> list[int]:
    return [bucket["key"] for bucket in answer["groups"]["buckets"]]


def _lower(schema: tantivy.Schema, key: int) -> Query:
    kind = tantivy.FieldType.Unsigned
    return Query.range_query(schema, "group", kind, None, key, include_upper=False)


def _by_parts(view: View, query: Query) -> list[int]:
    """All keys in as many requests as the bucket limit demands."""
    share = 2
    while share <= PARTS:
        keys = _in_shares(view, query, share)
        if keys is not None:
            return sorted(keys, reverse=True)
        share *= 2
    raise ValueError(f"more than {PARTS * _MAX_BUCKETS} groups")


def _in_shares(view: View, query: Query, share: int) -> Iterable[int] | None:
    """All keys in ``share`` requests; None when one of them meets the limit."""
    found: list[int] = []
    for first in range(share):
        chosen = Query.term_set_query(view.schema, "part", list(range(first, PARTS, share)))
        keys = _keys(view.searcher.aggregate(both(query, chosen), _group_request()))
        if len(keys) >= _MAX_BUCKETS:
            return None
        found += keys
    return found


def _minus(key: int) -> int:
    return -key
