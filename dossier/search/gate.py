"""What every query of a viewer carries besides the words: scope, secrecy, filters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import astuple
from typing import NoReturn

from dossier.errors import QueryError
from dossier.search.expression import All, Expression, OfCustomers, Term, all_of, any_of
from dossier.search.fields import FieldList
from dossier.search.port import RowKind, Scope, ScopedQuery
from dossier.search.rows import OPEN

CUSTOMER_FILTER = "customer"
"""Filter by customer number: a search inside one dossier."""


def scope_expression(scope: Scope) -> Expression:
    """Rows that a scope lets its viewer know of; no token means no row."""
    reach: Expression = All() if scope.unlimited else any_of(*_reached(scope))
    if scope.secrecy is not None:
        reach = all_of(reach, Term("secrecy", (OPEN, *sorted(scope.secrecy))))
    return all_of(reach, *map(scope_expression, scope.also))


def _reached(scope: Scope) -> Iterator[Expression]:
    if scope.tokens:
        yield Term("scope", tuple(sorted(scope.tokens)))
    if scope.owners:
        yield Term("owner", tuple(sorted(scope.owners)))
    if scope.records:
        of_customers = Term("kind", (RowKind.CUSTOMER.value,))
        yield all_of(Term("owner", tuple(sorted(scope.records))), of_customers)


def filter_expression(query: ScopedQuery, *, without: Collection[str] = ()) -> Expression:
    """Rows that pass the chosen facet values; ``without`` leaves these facets' choices out."""
    chosen = {name: values for name, values in query.filters.items() if values}
    return all_of(
        *(
            _chosen(query, name, tuple(sorted(values)))
            for name, values in sorted(chosen.items())
            if name not in without
        )
    )


def _chosen(query: ScopedQuery, name: str, values: tuple[str, ...]) -> Expression:
    if name in query.of_dossiers:
        return OfCustomers(Term(name, values))
    return Term("owner" if name == CUSTOMER_FILTER else name, values)


def check_names(query: ScopedQuery, facets: Iterable[str], fields: FieldList) -> None:
    """Refuse names that are no facet.

    Raises:
        QueryError: an unknown facet or filter.
    """
    known = sorted(fields.facets)
    for name in facets:
        if name not in known:
            _refuse("facet", "分面", known)
    for name in query.filters:
        if name not in (*known, CUSTOMER_FILTER):
            _refuse("filter", "筛选项", [*known, CUSTOMER_FILTER])


def _refuse(kind: str, kind_zh: str, known: list[str]) -> NoReturn:
    raise QueryError(
        f"unknown {kind}; known are {', '.join(known)}",
        detail_zh=f"没有这个{kind_zh}；可用：{'、'.join(known)}",
    )


def digest(query: ScopedQuery) -> str:
    """Short hash of all that decides a query's answer: the key of caches and cursors."""
    parts = [
        query.query.text,
        _scope_parts(query.scope),
        sorted(query.rights),
        sorted((name, sorted(values)) for name, values in query.filters.items() if values),
        sorted(query.own),
        [[*astuple(place)] for place in query.places],
    ]
    text = json.dumps(parts, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _scope_parts(scope: Scope) -> list[object]:
    return [
        scope.unlimited,
        sorted(scope.tokens),
        None if scope.secrecy is None else sorted(scope.secrecy),
        sorted(scope.owners),
        sorted(scope.records),
        [_scope_parts(each) for each in scope.also],
    ]
