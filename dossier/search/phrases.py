"""A text's tokens as they stand side by side on a page: the phrases that a query looks for."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

from dossier.rules import identifiers
from dossier.rules.normal_form import fold
from dossier.search import analysis
from dossier.search.analysis import NumberHash
from dossier.search.expression import Expression, Nothing, Term, TokenPhrase
from dossier.search.port import SearchRight

TokenPlaces = tuple[tuple[int, str], ...]
"""Tokens with relative positions."""

MIN_ACCOUNT = 8
"""Digits of the shortest account number that a label can mark as one (rules.identifiers)."""

_MOST_TOKENS = 64
"""Tokens of a phrase that are looked up: so many tell any text from any other, and a thousand would
be compared with each place where the first stands."""

TEXTS_KEPT = 512
_DIGIT = re.compile("[0-9]")
_MAX_VARIANTS = 4  # a phrase with more long numbers than two is searched in clear only


def page_phrases(
    text: str, *, rights: frozenset[SearchRight], number_hash: NumberHash
) -> list[TokenPlaces]:
    """The tokens that stand side by side where ``text`` is, with relative positions.

    More than one when a long number in it may have been taken for an account, for the label before
    it. None when it holds a personal number that the viewer may not search by.
    """
    folded = fold(text)
    if not _DIGIT.search(folded):
        return list(_without_numbers(text))
    kinds = {number.kind for number in identifiers.find_numbers(folded)}
    if kinds & identifiers.SENSITIVE_KINDS and SearchRight.ID_NO not in rights:
        return []
    if kinds - identifiers.SENSITIVE_KINDS and SearchRight.PHONE not in rights:
        return []
    hashes = analysis.number_hashes(number_hash)
    return list(dict.fromkeys(one for each in hashes for one in _phrases(text, rights, each)))


@lru_cache(maxsize=TEXTS_KEPT)
def _without_numbers(text: str) -> tuple[TokenPlaces, ...]:
    """The phrase of a text without digits: alike for everybody, and asked for page after page."""
    found = tuple(analysis.query_tokens(text, str)[:_MOST_TOKENS])
    return (found,) if found else ()


def _phrases(
    text: str, rights: frozenset[SearchRight], number_hash: NumberHash
) -> list[TokenPlaces]:
    found = analysis.query_tokens(text, number_hash)[:_MOST_TOKENS]
    choices = [
        [(at, token), (at, analysis.hash_token(token, number_hash))]
        if SearchRight.ID_NO in rights and _may_be_account(token)
        else [(at, token)]
        for at, token in found
    ]
    if not found or sum(len(choice) > 1 for choice in choices) > _MAX_VARIANTS // 2:
        return [tuple(found)] if found else []
    return list(product(*choices))


def side_by_side(field: str, tokens: TokenPlaces) -> Expression:
    """These tokens at these relative positions of a field."""
    if len(tokens) > 1:
        return TokenPhrase(field, tokens)
    return Term(field, (tokens[0][1],)) if tokens else Nothing()


def _may_be_account(token: str) -> bool:
    return token.isdecimal() and len(token) >= MIN_ACCOUNT
