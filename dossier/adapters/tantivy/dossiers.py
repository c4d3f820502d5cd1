"""What customers' own rows say: whose dossier lacks something, and how many of some groups do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.facets import CANDIDATES
from dossier.adapters.tantivy.listing import all_others, groups_of_rows
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import MOST_FACET_VALUES, facet_request, facet_values
from dossier.search.expression import All, Expression, Term, Without, all_of
from dossier.search.of_customers import Find, all_but, dossiers, those
from dossier.search.port import FacetCount, RowKind, Scope

_KEPT = 32  # of 100,000 groups, 4 MB each
_OF_ALL = Term("kind", (RowKind.CUSTOMER.value,))


def finder(view: View, scope: Scope, among: Sequence[int] | None = None) -> Find:
    """Finds customers that a viewer may know of; kept until the next commit.

    Args:
        view: what is read.
        scope: of the viewer.
        among: groups that all are of that matter; None: there are many.
    """
    known = dossiers(scope)
    if among is not None:
        within = all_of(known, those(among))
        return lambda part: those(_groups(view, all_of(within, part)))

    def find(part: Expression) -> Expression:
        asked = all_of(known, part)
        found = view.groups.get(asked)
        if found is None:
            if len(view.groups) >= _KEPT:
                view.groups.clear()
            found = view.groups[asked] = _shorter(view, asked)
        return found

    return find


def _shorter(view: View, asked: Expression) -> Expression:
    """By the groups that have it, or by all others, whichever are fewer."""
    wanted = view.searcher.search(make_query(view.schema, asked), 1, count=True).count
    if wanted * 2 <= view.searcher.search(make_query(view.schema, _OF_ALL), 1, count=True).count:
        return those(_groups(view, asked))
    return all_but(_groups(view, all_of(_OF_ALL, Without(All(), asked))))


def _groups(view: View, rows: Expression) -> Sequence[int]:
    query = make_query(view.schema, rows)
    return groups_of_rows(view, query, view.searcher.num_docs)


def count_dossiers(
    view: View, rows: Expression, names: Sequence[str], groups: Sequence[int] | None = None
) -> dict[str, tuple[FacetCount, ...]]:
    """Counts of facets over customers' own rows, of some groups' alone when they are given.

    Where most customers match, all are counted less those that do not.
    """
    if groups is None:
        return facet_values(_counted(view, rows, names), names)
    others = all_others(groups)
    if others is not None:
        everybody, left_out = (_counted(view, each, names) for each in (rows, all_of(rows, others)))
        if not any(len(everybody[name]["buckets"]) >= MOST_FACET_VALUES for name in names):
            return facet_values(
                {name: _less(everybody[name], left_out[name]) for name in names}, names
            )
    return facet_values(_counted(view, all_of(rows, those(groups)), names), names)


def _counted(view: View, rows: Expression, names: Sequence[str]) -> Mapping[str, Any]:
    query = make_query(view.schema, rows)
    found: Mapping[str, Any] = view.searcher.aggregate(
        query, facet_request(names, candidates=CANDIDATES)
    )
    return found


def _less(counts: Mapping[str, Any], others: Mapping[str, Any]) -> Mapping[str, Any]:
    """One facet's answer less another's; values of which none is left are not named."""
    taken = {bucket["key"]: bucket["doc_count"] for bucket in others["buckets"]}
    left = (
        {"key": bucket["key"], "doc_count": bucket["doc_count"] - taken.get(bucket["key"], 0)}
        for bucket in counts["buckets"]
    )
    return {"buckets": [bucket for bucket in left if bucket["doc_count"]]}
