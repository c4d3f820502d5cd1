"""Which groups match, in which order: exact totals and pages by place.

A group stands in the first of several segments that it satisfies: the classes of the query, each
with the viewer's own unit first, at last whatever matches at all. Inside a segment groups descend
by their key (active accounts first, then newer ones). Where few rows match, one search tells of
each what holds for it, and everything is made of those. Where many match, one aggregation gives the
exact totals, the facets and the last segment; the segments before it are asked only as far as a
page needs them. What was asked is kept for the next page.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tantivy import Query

from dossier.adapters.tantivy.engine import both, make_query, term_query
from dossier.adapters.tantivy.facets import CANDIDATES, count_facets
from dossier.adapters.tantivy.listing import (
    first_groups,
    lower_groups,
    without_collecting,
)
from dossier.adapters.tantivy.marked import Lead, MarkedRow, Marking, beside, marked_rows
from dossier.adapters.tantivy.plan import most_rows, planned, rarest
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import MOST_FACET_VALUES, facet_request, facet_values
from dossier.search.compile import CompiledQuery
from dossier.search.cursor import Place
from dossier.search.expression import Expression, Nothing, Term, all_of, any_of
from dossier.search.of_customers import UNASSIGNED
from dossier.search.port import FacetCount, RowKind
from dossier.search.rows import PARTS

_MAX_BUCKETS = 65_000
"""The engine refuses more in one answer, over all that was asked (stack.md)."""
_FULL = 0.9  # parts are not all alike
_OWN_OR_NOBODYS = any_of(Term("kind", (RowKind.CUSTOMER.value,)), UNASSIGNED)
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
        self,
        view: View,
        compiled: CompiledQuery,
        gate: Expression,
        own: frozenset[str],
        few_rows: int,
        *,
        by_own_rows: bool = False,
        nobodys: bool = True,
    ) -> None:
        """Order what matches; ``compiled`` is resolved against the view's dictionary.

        ``by_own_rows``: each customer that matches does so by the own row. ``nobodys``: papers of
        nobody may match.
        """
        self._few_rows = few_rows
        self._by_own_rows = by_own_rows
        self._nobodys = nobodys
        self.compiled = compiled
        self.marking = Marking(compiled, own)
        self._view = view
        self._match = all_of(compiled.match, gate)
        mine = Term("scope", tuple(sorted(own)))
        reached = [expression for _, expression in compiled.classes]
        self._segments: list[Expression] = []
        for expression in (*reached, compiled.match):
            within = all_of(expression, gate)
            self._segments += [all_of(within, mine), within] if own else [within]
        self._last = len(self._segments) - 1
        self._whole: dict[int, array[int]] = {}
        self._rows: Mapping[int, list[MarkedRow]] | None = None
        self._places: list[Place] = []
        self._summary: Summary | None = None
        self._lock = threading.Lock()

    def summary(self, facets: Sequence[str]) -> Summary:
        """Totals and facets, in one pass over all that matches."""
        with self._lock:
            if self._summary is None or not set(facets) <= set(self._summary.facets):
                self._summary = self._summed(facets)
            return self._summary

    def keys(self) -> Sequence[int]:
        """All groups that match."""
        self.summary(())
        with self._lock:
            return list(self._rows) if self._rows is not None else self._all(self._last)

    def has_few(self, most: int) -> bool:
        """Whether at most so many rows match; the groups need not be listed to say it."""
        with self._lock:
            if self._rows is not None:
                return len(self._rows) <= most
            if most_rows(self._match, self._view.dictionary) <= most:
                return True
            return int(self._view.searcher.search(self.match(), 1, count=True).count) <= most

    def rows_of(self, keys: Sequence[int]) -> list[MarkedRow] | None:
        """The matching rows of these groups; None where they are more than one looks at."""
        with self._lock:
            if self._rows is not None:
                return [row for key in keys for row in self._rows[key]]
        mine = term_query(self._view.schema, "group", keys)
        return self._marked(Lead(mine, self._few_rows), self._few_rows)

    def rows_with(self, keys: Sequence[str]) -> list[MarkedRow]:
        """The matching rows that have one of these keys."""
        some = term_query(self._view.schema, "key", tuple(keys))
        return self._marked(Lead(some, len(keys)), len(keys)) or []

    def match(self) -> Query:
        """All that matches, as the engine's query."""
        return make_query(self._view.schema, planned(self._match, self._view.dictionary))

    def after(self, place: Place | None, size: int) -> list[Place]:
        """The next ``size`` places behind ``place`` (from the top when None)."""
        with self._lock:
            if self._rows is not None:
                return self._places_behind(place)[:size]
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

    def _marked(self, some: Lead, most: int) -> list[MarkedRow] | None:
        rows = beside(self._view, some, self._match)
        return marked_rows(self._view, self.marking, rows, some, most)

    def _places_behind(self, place: Place | None) -> list[Place]:
        """Where few rows match: all places behind one."""
        if place is None:
            return self._places
        after = (place.segment, -place.group)
        return self._places[bisect_right(self._places, after, key=_rank) :]

    def _total(self) -> int | None:
        """How many groups match, once that was counted."""
        last = self._whole.get(self._last)
        return None if last is None else len(last)

    def _query(self, number: int) -> Query:
        """A segment as the engine's query; where few groups match, among those alone."""
        schema = self._view.schema
        query = make_query(schema, planned(self._segments[number], self._view.dictionary))
        total = self._total()
        if total is None or total > _FEW:
            return query
        keys = list(self._whole[self._last])
        return both(query, Query.term_set_query(schema, "group", keys))

    def _summed(self, facets: Sequence[str]) -> Summary:
        if self._rows is None and most_rows(self._match, self._view.dictionary) <= self._few_rows:
            self._look_at_rows()
        if self._rows is not None:
            return self._sum_of_rows(self._rows.values(), facets)
        summary, rows = self._count(facets)
        if rows <= self._few_rows:
            self._look_at_rows()
        return summary

    def _look_at_rows(self) -> None:
        """Fetch the few rows that match, and put their groups in order."""
        if isinstance(self._match, Nothing):
            self._rows = {}
            return
        part = rarest(self._match, self._view.dictionary)
        bound = most_rows(part, self._view.dictionary)
        lead = Lead(make_query(self._view.schema, part), bound)
        rows = marked_rows(self._view, self.marking, self.match(), lead, self._few_rows)
        if rows is None:
            return
        found: dict[int, list[MarkedRow]] = defaultdict(list)
        for row in rows:
            found[row.group].append(row)
        self._rows = found
        best = ((min(map(self.marking.segment, each)), key) for key, each in found.items())
        self._places = sorted((Place(*each) for each in best), key=_rank)

    def _sum_of_rows(self, groups: Collection[list[MarkedRow]], facets: Sequence[str]) -> Summary:
        documents = sum(self.marking.is_document(row) for rows in groups for row in rows)
        counts = count_facets(self._view, self._match, facets) if facets else {}
        return Summary(len(groups), documents, counts)

    def _count(self, facets: Sequence[str]) -> tuple[Summary, int]:
        """Totals where many match, and the number of rows."""
        kinds = {
            "terms": {"field": "kind", "size": 2},
            "aggs": facet_request(facets, candidates=CANDIDATES),
        }
        match = self._query(self._last)
        room = _MAX_BUCKETS - 2 - 2 * MOST_FACET_VALUES * len(facets)
        rows = self._view.searcher.num_docs
        is_listed = not self._by_own_rows
        if is_listed and rows > room:
            rows = int(self._view.searcher.search(match, 1, count=True).count)
        # Groups have their own answers where they may be more than facets leave room for.
        together = _group_request() if is_listed and rows <= room else {}
        with without_collecting():
            answer = self._view.searcher.aggregate(match, {"kinds": kinds, **together})
        buckets = {bucket["key"]: bucket for bucket in answer["kinds"]["buckets"]}
        if is_listed:
            keys = (
                _keys(answer) if together else _by_parts(self._view, match, about=self._most(rows))
            )
            self._whole[self._last] = array("Q", keys)
            groups = len(keys)
        else:
            own = buckets.get(RowKind.CUSTOMER.value, {"doc_count": 0})
            groups = own["doc_count"] + (self._of_nobody(match) if self._nobodys else 0)
        rows = sum(bucket["doc_count"] for bucket in buckets.values())
        papers = buckets.get(RowKind.DOCUMENT.value)
        if papers is None:
            return Summary(groups, 0, dict.fromkeys(facets, ())), rows
        return Summary(groups, papers["doc_count"], facet_values(papers, facets)), rows

    def _most(self, rows: int) -> int:
        """As many groups as these rows may be of: customers have a row each."""
        customers = make_query(self._view.schema, Term("kind", (RowKind.CUSTOMER.value,)))
        found = int(self._view.searcher.search(customers, 1, count=True).count)
        return min(rows, found + self._of_nobody(Query.all_query()))

    def _of_nobody(self, match: Query) -> int:
        """How many papers of nobody match: each is a group."""
        nobody = both(match, make_query(self._view.schema, UNASSIGNED))
        return int(self._view.searcher.search(nobody, 1, count=True).count)

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
        if self._by_own_rows and number == self._last:  # a fourth of the rows, or fewer
            query = both(query, make_query(self._view.schema, _OWN_OR_NOBODYS))
        if below is not None:
            query = both(query, lower_groups(self._view.schema, below))
        return first_groups(self._view, query, limit)

    def _all(self, number: int) -> array[int]:
        """Every key of a segment's expression, descending."""
        if isinstance(self._segments[number], Nothing):
            return array("Q")
        if number not in self._whole:
            query = self._query(number)
            with without_collecting():
                keys = _keys(self._view.searcher.aggregate(query, _group_request()))
            if len(keys) >= _MAX_BUCKETS:
                keys = _by_parts(self._view, query, about=self._view.searcher.num_docs)
            self._whole[number] = array("Q", keys)
        return self._whole[number]


def _group_request() -> dict[str, Any]:
    return {
        "groups": {"terms": {"field": "group", "size": _MAX_BUCKETS, "order": {"_key": "desc"}}}
    }


def _keys(answer: Mapping[str, Any]) -> list[int]:
    return [bucket["key"] for bucket in answer["groups"]["buckets"]]


def _by_parts(view: View, query: Query, *, about: int = 0) -> list[int]:
    """All keys in as many requests as the bucket limit demands; ``about`` at most as many."""
    share = 1
    while about / share > _MAX_BUCKETS * _FULL and share < PARTS:
        share *= 2
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
        with without_collecting():
            keys = _keys(view.searcher.aggregate(both(query, chosen), _group_request()))
        if len(keys) >= _MAX_BUCKETS:
            return None
        found += keys
    return found


def _minus(key: int) -> int:
    return -key


def _rank(place: Place) -> tuple[int, int]:
    return place.segment, -place.group
