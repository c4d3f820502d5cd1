"""What a box may offer while one types: customers and types, in scope, in one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dossier.adapters.elasticsearch.generations import Generation
from dossier.adapters.elasticsearch.server import Search, Server
from dossier.adapters.elasticsearch.translate import Body
from dossier.search.answers import MOST_TYPES, suggested
from dossier.search.compile import CompiledQuery
from dossier.search.expression import Expression, all_of
from dossier.search.port import MatchReason, Suggestion


def suggestions(
    server: Server, view: Generation, compiled: CompiledQuery, gate: Expression, size: int
) -> tuple[Suggestion, ...]:
    """Customers, the best reason first, then types of which the viewer may see a document."""
    known = dict(compiled.reasons)
    wanted = tuple(suggested(compiled))
    searches: list[Search] = [
        (view.customers, _customers(server.translate.query(all_of(expression, gate)), size))
        for _, expression in wanted
    ]
    if MatchReason.TYPE in known:
        documents = server.translate.query(all_of(known[MatchReason.TYPE], gate))
        searches.append((view.documents, _types(documents)))
    answers = server.search(searches)
    found: dict[str, Suggestion] = {}
    for (reason, _), answer in zip(wanted, answers, strict=False):
        for owner in _owners(answer):
            found.setdefault(owner, Suggestion("customer", owner, reason))
    customers = list(found.values())[:size]
    types = _type_codes(answers[-1]) if MatchReason.TYPE in known else []
    return (*customers, *types[: size - len(customers)])


def _customers(query: Body, size: int) -> Body:
    return {
        "size": size,
        "query": query,
        "sort": [{"group": "desc"}],
        "_source": False,
        "track_total_hits": False,
        "docvalue_fields": ["owner"],
    }


def _types(documents: Body) -> Body:
    aggs = {"types": {"terms": {"field": "type", "size": MOST_TYPES}}}
    return {"size": 0, "track_total_hits": False, "query": documents, "aggs": aggs}


def _owners(answer: Mapping[str, Any]) -> list[str]:
    return [str(hit["fields"]["owner"][0]) for hit in answer["hits"]["hits"]]


def _type_codes(answer: Mapping[str, Any]) -> list[Suggestion]:
    buckets = answer["aggregations"]["types"]["buckets"]
    return [Suggestion("type", str(bucket["key"]), MatchReason.TYPE) for bucket in buckets]
