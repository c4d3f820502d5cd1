"""Which groups match, in which order: exact totals and pages by place.

A group stands in the first of several segments that it satisfies: the classes of the query, each
with the viewer's own unit first, at last whatever matches at all. Inside a segment groups descend
by their key (active accounts first, then newer ones). The first page needs only the head of each
segment; a later one needs whole segments, to leave out groups that a better one has shown.
One request asks for all of it, facets included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dossier.adapters.elasticsearch.generations import Generation
from dossier.adapters.elasticsearch.server import Server
from dossier.adapters.elasticsearch.translate import NOTHING, Body, every
from dossier.search.answers import facet_request, facet_values
from dossier.search.cursor import Place
from dossier.search.expression import Expression
from dossier.search.port import FacetCount, RowKind
from dossier.search.rows import PARTS

_MAX_BUCKETS = 50_000  # the server refuses over 65,536 in one answer; facets need some of them
_FULL = 0.9  # parts are not all alike
CANDIDATES = "shard_size"
"""What the server calls the values that a shard gives of a facet."""
_BRIEF = "-responses.aggregations.all.buckets"
"""Left out of answers: buckets that the server only counts."""
_COUNT: Body = {"stats_bucket": {"buckets_path": "all._count"}}


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at the server says.

    Attributes:
        groups: exact number of groups that match.
        documents: exact number of documents that match.
        places: the next places of the order, as many as were wanted if there are so many.
    """

    groups: int
    documents: int
    facets: Mapping[str, tuple[FacetCount, ...]]
    places: list[Place]


class GroupOrder:
    """The matching groups of one query.

    Args:
        segments: the order's segments, best first; the last is all that matches.
        chosen: filter with a choice → the documents that the other filters leave.
    """

    def __init__(
        self,
        server: Server,
        view: Generation,
        segments: Sequence[Expression],
        chosen: Mapping[str, Expression],
    ) -> None:
        self._server = server
        self._view = view
        self._segments = [server.translate.query(each) for each in segments]
        self._chosen = {name: server.translate.query(each) for name, each in chosen.items()}

    def look(self, place: Place | None, size: int, facets: Sequence[str]) -> Looked:
        """Totals, facets, and the next ``size`` places behind ``place`` (the top when None)."""
        others = [name for name in facets if name not in self._chosen]
        chosen = {name: self._chosen[name] for name in facets if name in self._chosen}
        asked = [] if place is None else [each for each in self._segments if each != NOTHING]
        summary, *rest = self._server.search(
            [
                (self._view.both, self._first(others, size if place is None else 0)),
                *((self._view.documents, _one_facet(*each)) for each in chosen.items()),
                *((self._view.both, _keys_request(each, _MAX_BUCKETS)) for each in asked),
            ],
            brief=_BRIEF,
        )
        found = summary["aggregations"]
        counts = facet_values(found["documents"], others)
        for name, answer in zip(chosen, rest, strict=False):
            counts.update(facet_values(answer["aggregations"], [name]))
        groups = int(found["count"]["count"])
        if groups >= _MAX_BUCKETS:
            groups = self._count_by_parts()
        if place is None:
            segments = [_keys(found.get(_name(at), {})) for at in range(len(self._segments))]
        else:
            segments = self._whole([_keys(each["aggregations"]) for each in rest[len(chosen) :]])
        documents = int(found["documents"]["doc_count"])
        return Looked(groups, documents, counts, _walk(segments, place, size))

    def _first(self, facets: Sequence[str], head: int) -> Body:
        """Totals and facets, and in the same pass the first groups of every segment."""
        body = _summary(self._segments[-1], facets)
        for at, segment in enumerate(self._segments if head else ()):
            if segment != NOTHING:
                # Every segment lies within the last one, which is the query itself.
                last = at == len(self._segments) - 1
                within = {"match_all": {}} if last else segment
                body["aggs"][_name(at)] = {"filter": within, "aggs": _groups("groups", head)}
        return body

    def _whole(self, answers: list[list[int]]) -> list[list[int]]:
        """Keys of every segment; those that met the bucket limit are asked again in parts."""
        left = iter(answers)
        found = [[] if each == NOTHING else next(left) for each in self._segments]
        return [
            _keys_by_parts(self._server, self._view.both, segment)
            if len(keys) >= _MAX_BUCKETS
            else keys
            for segment, keys in zip(self._segments, found, strict=True)
        ]

    def _count_by_parts(self) -> int:
        """The number of groups, in as many requests as the bucket limit demands."""
        share = 2
        while share <= PARTS:
            queries = _shares(self._segments[-1], share)
            searches = [(self._view.both, _summary(each, ())) for each in queries]
            answers = self._server.search(searches, brief=_BRIEF)
            counts = [int(each["aggregations"]["count"]["count"]) for each in answers]
            if max(counts) < _MAX_BUCKETS:
                return sum(counts)
            share *= 2
        raise ValueError(f"more than {PARTS * _MAX_BUCKETS} groups")


def first_keys(server: Server, indices: str, query: Body, most: int) -> list[int]:
    """At most so many groups of the rows that match, descending."""
    (answer,) = server.search([(indices, _keys_request(query, most))])
    return _keys(answer["aggregations"])


def all_keys(server: Server, indices: str, query: Body, *, about: int) -> list[int]:
    """The groups of all rows that match, descending; ``about`` as many as this."""
    if about < _MAX_BUCKETS:
        keys = first_keys(server, indices, query, _MAX_BUCKETS)
        if len(keys) < _MAX_BUCKETS:
            return keys
    share = 2
    while about / share > _MAX_BUCKETS * _FULL and share < PARTS:
        share *= 2
    return _keys_by_parts(server, indices, query, share)


def _keys_by_parts(server: Server, indices: str, segment: Body, share: int = 2) -> list[int]:
    """All keys of a segment, descending, in as many requests as the bucket limit demands."""
    while share <= PARTS:
        queries = _shares(segment, share)
        searches = [(indices, _keys_request(each, _MAX_BUCKETS)) for each in queries]
        found = [_keys(each["aggregations"]) for each in server.search(searches)]
        if max(map(len, found)) < _MAX_BUCKETS:
            return sorted((key for keys in found for key in keys), reverse=True)
        share *= 2
    raise ValueError(f"more than {PARTS * _MAX_BUCKETS} groups")


def _summary(match: Body, facets: Sequence[str]) -> Body:
    """The number of groups, and documents with their facets."""
    documents = {
        "filter": {"term": {"kind": RowKind.DOCUMENT.value}},
        "aggs": facet_request(facets, candidates=CANDIDATES),
    }
    aggs = {**_groups("all", _MAX_BUCKETS), "documents": documents, "count": _COUNT}
    return {"size": 0, "track_total_hits": False, "query": match, "aggs": aggs}


def _one_facet(name: str, documents: Body) -> Body:
    aggs = facet_request([name], candidates=CANDIDATES)
    return {"size": 0, "track_total_hits": False, "query": documents, "aggs": aggs}


def _keys_request(query: Body, limit: int) -> Body:
    aggs = _groups("groups", limit)
    return {"size": 0, "track_total_hits": False, "query": query, "aggs": aggs}


def _name(segment: int) -> str:
    return f"segment{segment}"


def _groups(name: str, limit: int) -> Body:
    return {name: {"terms": {"field": "group", "size": limit, "order": {"_key": "desc"}}}}


def _shares(query: Body, share: int) -> list[Body]:
    return [
        every([query, {"terms": {"part": list(range(first, PARTS, share))}}])
        for first in range(share)
    ]


def _keys(aggregations: Mapping[str, Any]) -> list[int]:
    return [bucket["key"] for bucket in aggregations.get("groups", {}).get("buckets", ())]


def _walk(segments: Sequence[Sequence[int]], place: Place | None, size: int) -> list[Place]:
    """The next places, each group in the first segment that has it."""
    first = max(place.segment, 0) if place else 0
    seen = {key for keys in segments[:first] for key in keys}
    found: list[Place] = []
    for number, keys in enumerate(segments[first:], first):
        below = place.group if place and number == first else None
        fresh = (key for key in keys if key not in seen and (below is None or key < below))
        found += [Place(number, key) for key in fresh]
        if len(found) >= size:
            return found[:size]
        seen.update(keys)
    return found
