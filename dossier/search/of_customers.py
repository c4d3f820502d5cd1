"""What only customers' own rows say, made part of a query for all their rows.

How complete a dossier is changes with each paper in it, and with a rule for all dossiers at once.
Were it written into papers' rows, one change would write a dossier of 200 papers again, and one
rule all papers of the archive. So it stands in the customer's row alone; a query that asks for it
is answered in two steps: which customers, then their groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from dossier.search.compile import CompiledQuery
from dossier.search.expression import (
    All,
    AllOf,
    AnyOf,
    Expression,
    InGroups,
    Nothing,
    OfCustomers,
    Range,
    Term,
    Without,
    all_of,
    any_of,
)
from dossier.search.gate import CUSTOMER_FILTER, filter_expression, scope_expression
from dossier.search.port import RowKind, Scope, ScopedQuery
from dossier.search.rows import UNASSIGNED_GROUPS

FEW_GROUPS = 5000
"""Groups among which one looks for those whose customers' rows hold something, instead of listing
all customers that do."""
ALSO_OF_PAPERS = frozenset({CUSTOMER_FILTER, "category", "status"})
"""Filters that hold for a customer's own row whenever they hold for one of the papers' rows."""
UNASSIGNED = Range("group", *UNASSIGNED_GROUPS)
"""Papers of nobody."""
Find = Callable[[Expression], Expression]
"""Gives rows of the groups whose customers' rows match, by the groups' keys."""


def dossiers(scope: Scope) -> Expression:
    """Customers' own rows whose completeness is told to a viewer.

    Not those that are known for a case's sake: how their dossiers stand tells of other papers.
    """
    return all_of(Term("kind", (RowKind.CUSTOMER.value,)), scope_expression(_whole(scope)))


def _whole(scope: Scope) -> Scope:
    return replace(scope, records=frozenset(), also=tuple(map(_whole, scope.also)))


def joined(expression: Expression, find: Find) -> Expression:
    """The expression with groups in place of what only customers' rows say."""
    match expression:
        case OfCustomers(part):
            return find(part)
        case AllOf(parts):
            return all_of(*(joined(each, find) for each in parts))
        case AnyOf(parts):
            return any_of(*(joined(each, find) for each in parts))
        case Without(part, unwanted):
            left, right = joined(part, find), joined(unwanted, find)
            return left if isinstance(right, Nothing) else Without(left, right)
        case _:
            return expression


def is_joined(expression: Expression) -> bool:
    """Whether it asks for what only customers' rows say."""
    match expression:
        case OfCustomers():
            return True
        case AllOf(parts) | AnyOf(parts):
            return any(map(is_joined, parts))
        case Without(part, unwanted):
            return is_joined(part) or is_joined(unwanted)
        case _:
            return False


def joined_query(compiled: CompiledQuery, find: Find) -> CompiledQuery:
    """The same of a whole query; its wider one is left as it is."""
    if not is_joined(compiled.match):
        return compiled
    return replace(
        compiled,
        match=joined(compiled.match, find),
        classes=tuple((rank, joined(each, find)) for rank, each in compiled.classes),
        reasons=tuple((reason, joined(each, find)) for reason, each in compiled.reasons),
        surely=None if compiled.surely is None else joined(compiled.surely, find),
    )


def those(keys: Iterable[int]) -> Expression:
    """Rows of these groups."""
    listed = tuple(keys)
    return InGroups(listed) if listed else Nothing()


def all_but(keys: Iterable[int]) -> Expression:
    """Rows of all customers' groups but these: most have what was asked for."""
    return Without(All(), any_of(UNASSIGNED, those(keys)))


def counted_together(
    query: ScopedQuery, facets: Iterable[str]
) -> list[tuple[tuple[str, ...], frozenset[str]]]:
    """Those of ``facets`` that count dossiers, by the choices left out when they are counted.

    All without a choice are counted at once; one with a choice does not filter itself.
    """
    asked = sorted(query.of_dossiers.intersection(facets))
    others = tuple(name for name in asked if not query.filters.get(name))
    together = [(others, frozenset[str]())] if others else []
    for name in asked:
        if name not in others:
            together.append(((name,), frozenset({name})))
    return together


def directly(query: ScopedQuery, name: str, *, everything: bool) -> Expression | None:
    """Customers' rows that a facet of dossiers counts, where these alone tell; else None.

    Where nothing was typed, and no filter holds for papers alone, a customer's own row matches
    whenever one of the papers does. The groups need not be listed then.

    Args:
        query: of the viewer.
        name: of the facet, which does not filter itself.
        everything: nothing was typed.
    """
    chosen = {each for each, values in query.filters.items() if values}
    if not everything or not chosen <= query.of_dossiers | ALSO_OF_PAPERS:
        return None
    kept = filter_expression(query, without=(name,))
    return all_of(dossiers(query.scope), _of_own_row(kept))


def is_told_by_own_rows(
    query: ScopedQuery, *, everything: bool, without: frozenset[str] = frozenset()
) -> bool:
    """Whether each customer whose papers match matches by the own row too.

    So it is where nothing was typed, by filters that hold for the customer or that only the own row
    tells, for who sees all: then the groups are the customers' rows and the papers of nobody, and
    need not be listed.
    """
    chosen = {name for name, values in query.filters.items() if values} - without
    all_seen = query.scope.unlimited and not query.scope.also
    return everything and all_seen and chosen <= query.of_dossiers | ALSO_OF_PAPERS


def _of_own_row(expression: Expression) -> Expression:
    """What customers' rows say, asked of these rows themselves."""
    match expression:
        case OfCustomers(part):
            return part
        case AllOf(parts):
            return all_of(*map(_of_own_row, parts))
        case _:
            return expression
