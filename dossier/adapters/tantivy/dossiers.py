"""What customers' own rows say: whose dossier lacks something, and how many of some groups do."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.facets import CANDIDATES
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import facet_request, facet_values
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
    most = max(1, view.searcher.num_docs)
    addresses = [each for _, each in view.searcher.search(query, most, count=False).hits]
    found: Sequence[int] = view.searcher.fast_field_values("group", addresses)
    return found


def count_dossiers(
    view: View, rows: Expression, names: Sequence[str]
) -> dict[str, tuple[FacetCount, ...]]:
    """Counts of facets over customers' own rows."""
    query = make_query(view.schema, rows)
    answer = view.searcher.aggregate(query, facet_request(names, candidates=CANDIDATES))
    return facet_values(answer, names)
