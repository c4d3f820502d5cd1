"""In which order an expression is looked up: the rarest part leads.

The engine unites alternatives window by window (4,096 rows at once, phrases compared in each), also
where only a few rows are asked for. Each alternative intersected with a rare part is skipped
through instead: a name beside a word of every form took 14 ms with its misreadings and takes 2.
"""

from __future__ import annotations

from dossier.adapters.tantivy.dictionary import Dictionary
from dossier.search.expression import (
    AllOf,
    AnyOf,
    Expression,
    LoosePhrase,
    Nothing,
    Term,
    TokenPhrase,
    Without,
    all_of,
    any_of,
)

_MUCH_RARER = 10  # times: below that a union is read about as fast as it is skipped through
_MOST_ALTERNATIVES = 128  # of one conjunction; each costs some ten microseconds to set up


def planned(expression: Expression, dictionary: Dictionary) -> Expression:
    """The same rows, alternatives beside a much rarer part asked one by one."""
    flat = flattened(expression)
    if not isinstance(flat, AllOf):
        return flat
    parts = sorted(flat.parts, key=lambda part: most_rows(part, dictionary))
    lead = most_rows(parts[0], dictionary)
    if not is_much_rarer(lead, dictionary.all_rows):
        return flat
    choices = [parts[0]]
    for part in parts[1:]:
        each = part.parts if isinstance(part, AnyOf) else (part,)
        is_common = is_much_rarer(lead, most_rows(part, dictionary))
        if not is_common or len(each) * len(choices) > _MOST_ALTERNATIVES:
            each = (part,)
        choices = [all_of(choice, one) for choice in choices for one in each]
    return any_of(*choices)


def is_much_rarer(few: int, many: int) -> bool:
    """Whether so few rows are worth skipping along through so many."""
    return few * _MUCH_RARER < many


def alternatives(expression: Expression, dictionary: Dictionary) -> tuple[Expression, ...]:
    """Expressions that together match the same rows, none of them a union of common parts."""
    flat = flattened(expression)
    if isinstance(flat, AnyOf):
        return flat.parts
    if not isinstance(flat, AllOf):
        return (flat,)
    unions = [part for part in flat.parts if isinstance(part, AnyOf)]
    if not unions:
        return (flat,)
    largest = max(unions, key=lambda part: most_rows(part, dictionary))
    others = [part for part in flat.parts if part is not largest]
    return tuple(all_of(each, *others) for each in largest.parts)


def rarest(expression: Expression, dictionary: Dictionary) -> Expression:
    """The part that the fewest rows can match; every row of the expression matches it."""
    flat = flattened(expression)
    if not isinstance(flat, AllOf):
        return flat
    return min(flat.parts, key=lambda part: most_rows(part, dictionary))


def most_rows(expression: Expression, dictionary: Dictionary) -> int:
    """An upper bound of the rows that match, by the dictionary alone."""
    match expression:
        case Term(field, values):
            return sum(dictionary.rows(field, value) for value in values)
        case TokenPhrase(field, tokens):
            return min(dictionary.rows(field, token) for _, token in tokens)
        case LoosePhrase(field, tokens) if tokens:
            return min(dictionary.rows(field, token) for _, token in tokens)
        case AllOf(parts):
            return min(most_rows(part, dictionary) for part in parts)
        case AnyOf(parts):
            return sum(most_rows(part, dictionary) for part in parts)
        case Without(part, _):
            return most_rows(part, dictionary)
        case Nothing():
            return 0
        case _:
            return dictionary.all_rows


def flattened(expression: Expression) -> Expression:
    """Conjunctions in conjunctions, and unions in unions, as one."""
    match expression:
        case AllOf(parts):
            found = [flattened(part) for part in parts]
            return all_of(*(one for part in found for one in _parts(part, AllOf)))
        case AnyOf(parts):
            found = [flattened(part) for part in parts]
            return any_of(*(one for part in found for one in _parts(part, AnyOf)))
        case Without(part, unwanted):
            return Without(flattened(part), flattened(unwanted))
        case _:
            return expression


def _parts(part: Expression, kind: type[AllOf] | type[AnyOf]) -> tuple[Expression, ...]:
    return part.parts if isinstance(part, kind) else (part,)
