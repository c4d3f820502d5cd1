"""Which groups match, in which order: exact totals and pages by place.

A terms aggregation over the group key gives every matching group, descending, which is the order
inside a class (active first, then newer). A class's groups are those that reach it less those of
better classes; the last class is what remains. The order is kept for the next page and for facets.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tantivy import Query

from dossier.adapters.tantivy.engine import both, make_query
from dossier.adapters.tantivy.reader import View
from dossier.search.compile import CompiledQuery
from dossier.search.cursor import Place
from dossier.search.expression import Expression, Term, all_of
from dossier.search.rows import PARTS

_MAX_BUCKETS = 65_000  # the engine refuses more in one request (stack.md)


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """All matching groups in ranked order.

    Attributes:
        segments: group keys, descending inside a segment; segments best first.
        documents: exact number of matching documents.
    """

    segments: tuple[array[int], ...]
    documents: int

    @property
    def total(self) -> int:
        """Exact number of groups."""
        return sum(map(len, self.segments))

    def after(self, place: Place | None, size: int) -> list[Place]:
        """The next ``size`` places behind ``place`` (from the top when None)."""
        found: list[Place] = []
        first = place.segment if place else 0
        for number in range(max(first, 0), len(self.segments)):
            keys = self.segments[number]
            start = bisect_right(keys, -place.group, key=_minus) if place and number == first else 0
            found += [Place(number, key) for key in keys[start : start + size - len(found)]]
            if len(found) >= size:
                break
        return found


def order_groups(
    view: View, compiled: CompiledQuery, gate: Expression, own: frozenset[str]
) -> GroupOrder:
    """Every group that matches within ``gate``, ranked; ``own`` tokens come first in a class."""
    match = all_of(compiled.match, gate)
    remaining = _groups(view, match)
    segments: list[Iterable[int]] = []
    seen: set[int] = set()
    for _, reached in compiled.classes:
        keys = [key for key in _groups(view, all_of(reached, gate)) if key not in seen]
        seen.update(keys)
        segments.append(keys)
    segments.append([key for key in remaining if key not in seen] if seen else remaining)
    if own:
        mine = set(_groups(view, all_of(match, Term("scope", tuple(sorted(own))))))
        segments = list(_split(segments, mine))
    arrays = tuple(array("Q", keys) for keys in segments)
    return GroupOrder(arrays, _count_documents(view, match))


def _split(segments: Iterable[Iterable[int]], mine: set[int]) -> Iterator[list[int]]:
    """Each segment as two: the viewer's own unit's groups, then the others."""
    for keys in segments:
        kept = list(keys)
        yield [key for key in kept if key in mine]
        yield [key for key in kept if key not in mine]


def _groups(view: View, expression: Expression) -> list[int]:
    """Distinct group keys of the rows that match, descending."""
    query = make_query(view.schema, expression)
    keys, complete = _buckets(view.searcher, query)
    if complete:
        return keys
    return _groups_by_parts(view, query)


def _groups_by_parts(view: View, query: Query) -> list[int]:
    """As :func:`_groups`, in as many requests as the bucket limit demands."""
    share = 2
    while share <= PARTS:
        keys: list[int] = []
        for first in range(share):
            parts = list(range(first, PARTS, share))
            chosen = Query.term_set_query(view.schema, "part", parts)
            some, complete = _buckets(view.searcher, both(query, chosen))
            if not complete:
                break
            keys += some
        else:
            return sorted(keys, reverse=True)
        share *= 2
    raise ValueError(f"more than {PARTS * _MAX_BUCKETS} groups")


def _buckets(searcher: Any, query: Query) -> tuple[list[int], bool]:
    terms = {"field": "group", "size": _MAX_BUCKETS, "order": {"_key": "desc"}}
    answer = searcher.aggregate(query, {"groups": {"terms": terms}})["groups"]
    keys = [bucket["key"] for bucket in answer["buckets"]]
    return keys, len(keys) < _MAX_BUCKETS


def _count_documents(view: View, match: Expression) -> int:
    query = make_query(view.schema, all_of(match, Term("kind", ("document",))))
    return int(view.searcher.search(query, 1, count=True).count)


def _minus(key: int) -> int:
    return -key
