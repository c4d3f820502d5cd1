"""What customers' own rows say: whose dossier lacks something, and how many of some groups do."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.adapters.elasticsearch.generations import Generation
from dossier.adapters.elasticsearch.groups import CANDIDATES, all_keys
from dossier.adapters.elasticsearch.server import Server
from dossier.adapters.elasticsearch.translate import Body
from dossier.search.answers import facet_request, facet_values
from dossier.search.expression import All, Expression, Term, Without, all_of
from dossier.search.of_customers import Find, all_but, dossiers, those
from dossier.search.port import FacetCount, RowKind, Scope

_COUNT: Body = {"size": 0, "track_total_hits": True}
_OF_ALL = Term("kind", (RowKind.CUSTOMER.value,))


def finder(
    server: Server, view: Generation, scope: Scope, among: Sequence[int] | None = None
) -> Find:
    """Finds customers that a viewer may know of; for one question of that viewer.

    Args:
        server: that is asked.
        view: its live generation.
        scope: of the viewer.
        among: groups that all are of that matter; None: there are many.
    """
    found: dict[Expression, Expression] = {}
    known = dossiers(scope)

    def groups(rows: Expression, about: int) -> list[int]:
        return all_keys(server, view.customers, server.translate.query(rows), about=about)

    def find(part: Expression) -> Expression:
        asked = all_of(known, part)
        if among is not None:
            return those(groups(all_of(asked, those(among)), len(among)))
        wanted, whole = _counts_of(server, view, (asked, _OF_ALL))
        if wanted * 2 <= whole:
            return those(groups(asked, wanted) if wanted else ())
        return all_but(groups(all_of(_OF_ALL, Without(All(), asked)), whole - wanted))

    def kept(part: Expression) -> Expression:
        if part not in found:
            found[part] = find(part)
        return found[part]

    return kept


def _counts_of(server: Server, view: Generation, rows: Sequence[Expression]) -> list[int]:
    searches = [
        (view.customers, {**_COUNT, "query": server.translate.query(each)}) for each in rows
    ]
    return [int(each["hits"]["total"]["value"]) for each in server.search(searches)]


def count_dossiers(
    server: Server, view: Generation, rows: Expression, names: Sequence[str]
) -> dict[str, tuple[FacetCount, ...]]:
    """Counts of facets over customers' own rows."""
    aggs = facet_request(names, candidates=CANDIDATES)
    query = server.translate.query(rows)
    body: Body = {"size": 0, "track_total_hits": False, "query": query, "aggs": aggs}
    (answer,) = server.search([(view.customers, body)])
    return facet_values(answer["aggregations"], names)
