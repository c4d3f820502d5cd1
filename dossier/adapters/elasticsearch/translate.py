"""Engine-neutral expressions as Elasticsearch queries; nothing here counts scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dossier.search.expression import (
    All,
    AllOf,
    AnyOf,
    Expression,
    InGroups,
    LoosePhrase,
    Nothing,
    OfCustomers,
    Prefix,
    Range,
    Term,
    TokenPhrase,
    Without,
)
from dossier.search.fields import FieldList

Body = dict[str, Any]
NOTHING: Body = {"match_none": {}}
MOST_TERMS = 50_000
"""Of one ``terms`` query: the server refuses over 65,536."""
_LONGEST_TOKEN = 255
"""The built-in ``whitespace`` analyzer cuts a longer token into pieces of this length."""
_LONGEST_KEYWORD = 8191
"""Characters that any keyword may have: the server refuses rows with a term over 32,766 bytes."""


class Translator:
    """Knows which fields are texts."""

    def __init__(self, fields: FieldList) -> None:
        self._texts = frozenset(f.name for f in fields.all.values() if f.type == "text")

    def query(self, expression: Expression) -> Body:
        """An expression as a query for a filter."""
        match expression:
            case All():
                return {"match_all": {}}
            case Nothing():
                return NOTHING
            case Term(field, values):
                return self._term(field, values)
            case AllOf():
                return every(map(self.query, _flat(expression)))
            case AnyOf():
                return {"bool": {"should": [self.query(each) for each in _flat(expression)]}}
            case Without(part, unwanted):
                return {"bool": {"filter": [self.query(part)], "must_not": [self.query(unwanted)]}}
            case _:
                return _leaf(expression)

    def _term(self, field: str, values: tuple[str, ...]) -> Body:
        if field in self._texts and any(len(value) > _LONGEST_TOKEN for value in values):
            return {"bool": {"should": [_phrase(field, ((0, value),)) for value in values]}}
        if len(values) == 1:
            return {"term": {field: {"value": values[0]}}}
        return {"terms": {field: list(values)}}


def _leaf(
    expression: Prefix | TokenPhrase | LoosePhrase | Range | InGroups | OfCustomers,
) -> Body:
    match expression:
        case Prefix(field, value):
            return {"prefix": {field: {"value": value}}}
        case TokenPhrase(field, tokens):
            return _phrase(field, tokens)
        case LoosePhrase():
            return _loose_phrase(expression)
        case Range(field, low, high):
            return {"range": {field: {"gte": low, "lte": high}}}
        case InGroups(keys):
            return groups_of(keys)
        case OfCustomers():
            raise TypeError("its groups are found first (dossier.search.of_customers)")


def every(queries: Iterable[Body]) -> Body:
    """Rows that match all of these."""
    return {"bool": {"filter": list(queries)}}


def groups_of(keys: Sequence[int]) -> Body:
    """Rows of these groups."""
    parts = [list(keys[at : at + MOST_TERMS]) for at in range(0, len(keys), MOST_TERMS)]
    several: list[Body] = [{"terms": {"group": part}} for part in parts or [[]]]
    return several[0] if len(several) == 1 else {"bool": {"should": several}}


def _flat(expression: AllOf | AnyOf) -> Iterable[Expression]:
    """Parts with parts of the same kind opened: the server limits how deep a query may be."""
    kind = type(expression)
    for part in expression.parts:
        if isinstance(part, kind):
            yield from _flat(part)
        else:
            yield part


def _phrase(field: str, tokens: tuple[tuple[int, str], ...]) -> Body:
    """Tokens at these places; what lies between them may be anything."""
    places = _places(tokens)
    if [at for at, _ in places] == list(range(len(places))):
        return {"match_phrase": {field: {"query": " ".join(token for _, token in places)}}}
    return _spans(field, [(at, _span_term(field, token)) for at, token in places])


def _loose_phrase(phrase: LoosePhrase) -> Body:
    if not (phrase.prefixes or phrase.longer):
        return _phrase(phrase.field, phrase.tokens)
    field = phrase.field
    spans = [(at, _span_term(field, token)) for at, token in phrase.tokens]
    spans += [(at, _span_multi({"prefix": {field: start}})) for at, start in phrase.prefixes]
    spans += [
        (at, _span_multi({"wildcard": {field: f"{_escaped(start)}?*"}}))
        for at, start in phrase.longer
    ]
    return _spans(field, sorted(spans, key=lambda span: span[0]))


def _places(tokens: tuple[tuple[int, str], ...]) -> list[tuple[int, str]]:
    """Places from 0 as the server counts them: a token that it cuts takes several."""
    moved, found = -tokens[0][0], []
    for at, token in tokens:
        pieces = [token[i : i + _LONGEST_TOKEN] for i in range(0, len(token), _LONGEST_TOKEN)]
        found += [(at + moved + number, piece) for number, piece in enumerate(pieces)]
        moved += len(pieces) - 1
    return found


def _spans(field: str, spans: list[tuple[int, Body]]) -> Body:
    """Spans side by side, with holes where places are left out."""
    if len(spans) == 1:
        return spans[0][1]
    clauses: list[Body] = []
    expected = spans[0][0]
    for at, span in spans:
        if at > expected:
            clauses.append({"span_gap": {field: at - expected}})
        clauses.append(span)
        expected = at + 1
    return {"span_near": {"clauses": clauses, "slop": 0, "in_order": True}}


def _span_term(field: str, token: str) -> Body:
    return {"span_term": {field: token}}


def _span_multi(query: Body) -> Body:
    return {"span_multi": {"match": query}}


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "*?\\" else char for char in text)


def index_body(body: Mapping[str, Any], about: Mapping[str, str]) -> Body:
    """A mapping file's body, completed for the server: what is stored, limits, who made it.

    The rows' source is not kept: an index is a view that is built from the records, and half as
    large without it.
    """
    properties = {
        name: {**entry, "ignore_above": _LONGEST_KEYWORD} if entry["type"] == "keyword" else entry
        for name, entry in body["mappings"]["properties"].items()
    }
    mappings = body["mappings"]
    settings = {
        **body["settings"]["index"],
        # A deleted row's version is forgotten at the next refresh, so that it may come back.
        "gc_deletes": "0s",
        "max_inner_result_window": 10_000,
    }
    settings.pop("number_of_replicas", None)
    return {
        "settings": {"index": {**settings, "auto_expand_replicas": "0-1"}},
        "mappings": {
            **mappings,
            "_source": {"enabled": False},
            "_meta": {**mappings.get("_meta", {}), "dossier": about},
            "properties": properties,
        },
    }
