"""Expressions against an index's dictionary: what no row can match is left out before searching.

A word may match in a dozen ways of which most hold for no row at all. Looking terms up costs
microseconds; a prefix becomes the terms that begin so (an automaton costs milliseconds).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dossier.adapters.tantivy.dictionary import Dictionary
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


def resolve_query(compiled: CompiledQuery, dictionary: Dictionary) -> CompiledQuery:
    """The same query without the clauses that no row can match."""
    resolved = _Resolver(dictionary).resolved
    match = resolved(compiled.match)
    if isinstance(match, Nothing):
        none = tuple((rank, match) for rank, _ in compiled.classes)
        return replace(compiled, match=match, classes=none, reasons=(), surely=None)
    surely = None if compiled.surely is None else resolved(compiled.surely)
    return replace(
        compiled,
        match=match,
        surely=None if surely == match or isinstance(surely, Nothing) else surely,
        # All of them, so that a cursor means the same place after a commit.
        classes=tuple((rank, resolved(expression)) for rank, expression in compiled.classes),
        reasons=tuple(
            (reason, found)
            for reason, expression in compiled.reasons
            if not isinstance(found := resolved(expression), Nothing)
        ),
    )


class _Resolver:
    """Resolves the expressions of one query, which share their parts: each part once."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._known: dict[int, Expression] = {}  # by identity: the query holds them all

    def resolved(self, expression: Expression) -> Expression:
        """The expression with terms that exist; rows deleted but not merged away may count."""
        found = self._known.get(id(expression))
        if found is None:
            found = self._known[id(expression)] = self._resolve(expression)
        return found

    def _resolve(self, expression: Expression) -> Expression:
        dictionary = self._dictionary
        match expression:
            case Term(field, values):
                known = tuple(value for value in values if dictionary.rows(field, value))
                return Term(field, known) if known else Nothing()
            case Prefix(field, value):
                return _expanded(expression, dictionary.beginning_with(field, value, _MOST_TERMS))
            case TokenPhrase(field, tokens):
                possible = all(dictionary.rows(field, token) for _, token in tokens)
                return expression if possible else Nothing()
            case LoosePhrase():
                return _filled_hole(expression, dictionary)
            case AllOf(parts):
                return all_of(*map(self.resolved, parts))
            case AnyOf(parts):
                return any_of(*map(self.resolved, parts))
            case Without(part, unwanted):
                left, right = self.resolved(part), self.resolved(unwanted)
                return left if isinstance(right, Nothing) else Without(left, right)
            case _:
                return expression


def _expanded(prefix: Prefix, terms: list[str]) -> Expression:
    if len(terms) >= _MOST_TERMS:
        return prefix
    return Term(prefix.field, tuple(terms)) if terms else Nothing()


def _filled_hole(phrase: LoosePhrase, dictionary: Dictionary) -> Expression:
    """A phrase with a hole as phrases without one, by the characters that fill it in this index.

    A pattern of a place's beginning makes the engine read the places of every token that begins so.
    The dictionary knows which characters stand between the two beside the hole, mostly few.
    """
    if not all(dictionary.rows(phrase.field, token) for _, token in phrase.tokens):
        return Nothing()
    if phrase.longer and not phrase.prefixes and len(phrase.longer) == 1:
        return any_of(*_filled_behind_head(phrase, dictionary))
    if phrase.prefixes and not phrase.longer and len(phrase.prefixes) == 1:
        return any_of(*_filled_before_tail(phrase, dictionary))
    return phrase


def _filled_behind_head(phrase: LoosePhrase, dictionary: Dictionary) -> Iterator[Expression]:
    """``供?电合``: 供X and X电 both are tokens."""
    ((at, head),) = phrase.longer
    next_at, following = min(phrase.tokens)
    if next_at != at + 2:
        yield phrase
        return
    for pair in dictionary.beginning_with(phrase.field, head):
        joint = pair[len(head) :] + following[0]
        if pair != head and dictionary.rows(phrase.field, joint):
            yield TokenPhrase(phrase.field, ((at, pair), (at + 1, joint), *phrase.tokens))


def _filled_before_tail(phrase: LoosePhrase, dictionary: Dictionary) -> Iterator[Expression]:
    """``供用?同``: 用X and X同 both are tokens; or a run of characters ends there."""
    ((at, tail),) = phrase.prefixes
    last_at, last = max(phrase.tokens)
    if last_at != at - 3:
        yield phrase
        return
    field, before, tokens = phrase.field, last[-1], phrase.tokens
    # A run's end and the first token of the next one; or between them a cell's end, or what was
    # read as a letter or digit (城关Ⅱ线).
    yield TokenPhrase(field, (*tokens, (at - 2, before), (at - 1, tail)))
    yield TokenPhrase(field, (*tokens, (at - 2, before), (at, tail)))
    for pair in dictionary.beginning_with(field, before):
        filler = pair[len(before) :]
        if filler and dictionary.rows(field, filler + tail):
            yield TokenPhrase(field, (*tokens, (at - 2, pair), (at - 1, filler + tail)))
        if filler and dictionary.rows(field, filler):
            yield TokenPhrase(field, (*tokens, (at - 2, pair), (at - 1, filler), (at, tail)))
