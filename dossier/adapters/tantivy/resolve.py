"""Expressions against an index's dictionary: what no row can match is left out before searching.

A word may match in a dozen ways of which most hold for no row at all. Looking terms up costs
microseconds; a prefix becomes the terms that begin so (an automaton costs milliseconds).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from dossier.search.compile import CompiledQuery
from dossier.search.expression import (
    AllOf,
    AnyOf,
    Expression,
    LoosePhrase,
    Nothing,
    Prefix,
    Term,
    TokenPhrase,
    Without,
    all_of,
    any_of,
)

_MOST_TERMS = 500  # a prefix with more terms stays a prefix: the engine's automaton is then cheaper


def resolve_query(compiled: CompiledQuery, searcher: Any) -> CompiledQuery:
    """The same query without the clauses that no row can match."""
    resolved = partial(resolve, searcher=searcher)
    return replace(
        compiled,
        match=resolved(compiled.match),
        classes=tuple(
            (rank, found)
            for rank, expression in compiled.classes
            if not isinstance(found := resolved(expression), Nothing)
        ),
        reasons=tuple(
            (reason, found)
            for reason, expression in compiled.reasons
            if not isinstance(found := resolved(expression), Nothing)
        ),
    )


def resolve(expression: Expression, searcher: Any) -> Expression:
    """The expression with terms that exist; rows that are deleted but not merged away may count."""
    match expression:
        case Term(field, values):
            known = tuple(value for value in values if searcher.doc_freq(field, value))
            return Term(field, known) if known else Nothing()
        case Prefix(field, value):
            return _expanded(
                expression, searcher.terms_with_prefix(field, value, None, _MOST_TERMS)
            )
        case TokenPhrase(field, tokens):
            possible = all(searcher.doc_freq(field, token) for _, token in tokens)
            return expression if possible else Nothing()
        case LoosePhrase(field, tokens, prefixes, longer):
            possible = all(searcher.doc_freq(field, token) for _, token in tokens) and all(
                searcher.terms_with_prefix(field, start, None, 1)
                for _, start in (*prefixes, *longer)
            )
            return expression if possible else Nothing()
        case AllOf(parts):
            return all_of(*(resolve(part, searcher) for part in parts))
        case AnyOf(parts):
            return any_of(*(resolve(part, searcher) for part in parts))
        case Without(part, unwanted):
            left, right = resolve(part, searcher), resolve(unwanted, searcher)
            return left if isinstance(right, Nothing) else Without(left, right)
        case _:
            return expression


def _expanded(prefix: Prefix, terms: list[tuple[str, int]]) -> Expression:
    if len(terms) >= _MOST_TERMS:
        return prefix
    return Term(prefix.field, tuple(term for term, _ in terms)) if terms else Nothing()
