"""One page of groups: their customers, their best documents, and why each matched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dossier.adapters.elasticsearch.generations import Generation
from dossier.adapters.elasticsearch.server import Search, Server
from dossier.adapters.elasticsearch.translate import Body, every, groups_of
from dossier.search.answers import PAPER_REASONS, paper_weight
from dossier.search.compile import CompiledQuery
from dossier.search.expression import Expression
from dossier.search.port import DocumentHit, Group, MatchReason

_BY_NAME = {reason.value: reason for reason in MatchReason}
_SURE = 100.0
"""More than all reasons of a paper together."""
_KEY_ONLY = {"_source": False, "track_total_hits": False}


@dataclass(frozen=True, slots=True)
class _Papers:
    """A group's documents."""

    owner: str | None
    count: int
    documents: tuple[DocumentHit, ...]


class PageMaker:
    """Makes the groups of one page from their keys."""

    def __init__(
        self, server: Server, view: Generation, compiled: CompiledQuery, gate: Expression
    ) -> None:
        self._server = server
        self._view = view
        self._compiled = compiled
        self._translate = server.translate
        self._gate = self._translate.query(gate)
        self._match = every([self._translate.query(compiled.match), self._gate])

    def groups(self, keys: Sequence[int], documents_per_group: int) -> tuple[Group, ...]:
        """The groups of ``keys``, in that order; one that went away meanwhile is left out."""
        if not keys:
            return ()
        searches: list[Search] = [
            (self._view.documents, self._papers(keys, documents_per_group)),
            (self._view.customers, self._owners(keys)),
        ]
        asked = self._customer_reasons(keys)
        if asked["aggs"]:
            searches.append((self._view.both, asked))
        papers, owners, *reasons = self._server.search(searches)
        found = _papers(papers)
        for group, owner in _owned(owners):
            found.setdefault(group, _Papers(owner, 0, ()))
        why = _by_group(reasons[0]["aggregations"]) if reasons else {}
        return tuple(
            Group(found[key].owner, tuple(why.get(key, ())), found[key].count, found[key].documents)
            for key in keys
            if key in found
        )

    def _papers(self, keys: Sequence[int], size: int) -> Body:
        """Counts and best documents per group: the words themselves, best reasons, then newest."""
        best = {
            "size": max(1, size),
            "sort": [{"_score": "desc"}, {"order": "desc"}],
            "_source": False,
            "docvalue_fields": ["key", "owner"],
        }
        groups = {
            "terms": {"field": "group", "size": len(keys)},
            "aggs": {"best": {"top_hits": best}},
        }
        mine = {"bool": {"filter": [self._match, groups_of(keys)], "should": self._preferences()}}
        return {"size": 0, "track_total_hits": False, "query": mine, "aggs": {"groups": groups}}

    def _preferences(self) -> list[Body]:
        """Reasons by their names: they order a group's papers, and say why each is there."""
        preferred: list[Body] = [
            {
                "constant_score": {
                    "filter": self._translate.query(expression),
                    "boost": float(paper_weight(reason)),
                    "_name": reason.value,
                }
            }
            for reason, expression in self._compiled.reasons
            if reason in PAPER_REASONS
        ]
        if self._compiled.surely is not None:
            sure = self._translate.query(self._compiled.surely)
            preferred.append({"constant_score": {"filter": sure, "boost": _SURE}})
        return preferred

    def _owners(self, keys: Sequence[int]) -> Body:
        """Customers that match themselves: of those that show no paper this tells the number."""
        mine = every([self._match, groups_of(keys)])
        fields = ["group", "owner"]
        return {"size": len(keys), "query": mine, "docvalue_fields": fields, **_KEY_ONLY}

    def _customer_reasons(self, keys: Sequence[int]) -> Body:
        groups = {"groups": {"terms": {"field": "group", "size": len(keys)}}}
        aggs = {
            reason.value: {"filter": self._translate.query(expression), "aggs": groups}
            for reason, expression in self._compiled.reasons
            if reason not in PAPER_REASONS
        }
        mine = every([self._gate, groups_of(keys)])
        return {"size": 0, "track_total_hits": False, "query": mine, "aggs": aggs}


def _papers(answer: Mapping[str, Any]) -> dict[int, _Papers]:
    return {
        bucket["key"]: _of_bucket(bucket) for bucket in answer["aggregations"]["groups"]["buckets"]
    }


def _of_bucket(bucket: Mapping[str, Any]) -> _Papers:
    hits = bucket["best"]["hits"]["hits"]
    owners = hits[0]["fields"].get("owner")
    return _Papers(owners[0] if owners else None, bucket["doc_count"], tuple(map(_paper, hits)))


def _paper(hit: Mapping[str, Any]) -> DocumentHit:
    why = set(hit.get("matched_queries", ()))
    reasons = tuple(reason for name, reason in _BY_NAME.items() if name in why)
    return DocumentHit(str(hit["fields"]["key"][0])[2:], reasons)


def _owned(answer: Mapping[str, Any]) -> list[tuple[int, str]]:
    hits = answer["hits"]["hits"]
    return [(hit["fields"]["group"][0], hit["fields"]["owner"][0]) for hit in hits]


def _by_group(aggregations: Mapping[str, Any]) -> Mapping[int, list[MatchReason]]:
    found: dict[int, list[MatchReason]] = defaultdict(list)
    for reason in MatchReason:
        for bucket in aggregations.get(reason.value, {}).get("groups", {}).get("buckets", ()):
            found[bucket["key"]].append(reason)
    return found
