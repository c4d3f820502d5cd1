"""What a box may offer while one types: customers and types, in scope."""

from __future__ import annotations

from collections.abc import Iterator

from tantivy import Order

from dossier.adapters.tantivy.engine import both, make_query, term_query
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import MOST_TYPES, suggested
from dossier.search.compile import CompiledQuery
from dossier.search.expression import Expression, Term, all_of
from dossier.search.port import MatchReason, RowKind, Suggestion


def suggest_customers(
    view: View, compiled: CompiledQuery, gate: Expression, size: int
) -> list[Suggestion]:
    """Customers whose number, name, phone or address matches; the best reason first."""
    found: dict[str, Suggestion] = {}
    for reason, expression in suggested(compiled):
        if len(found) < size:
            for owner in _customers(view, all_of(expression, gate), size):
                found.setdefault(owner, Suggestion("customer", owner, reason))
    return list(found.values())[:size]


def suggest_types(
    view: View, compiled: CompiledQuery, gate: Expression, size: int
) -> list[Suggestion]:
    """Types by name, those only of which the viewer may see a document."""
    expression = dict(compiled.reasons).get(MatchReason.TYPE)
    if expression is None or size < 1:
        return []
    documents = all_of(expression, gate, Term("kind", (RowKind.DOCUMENT.value,)))
    terms = {"terms": {"field": "type", "size": min(size, MOST_TYPES)}}
    answer = view.searcher.aggregate(make_query(view.schema, documents), {"types": terms})
    return [
        Suggestion("type", str(bucket["key"]), MatchReason.TYPE)
        for bucket in answer["types"]["buckets"]
    ]


def _customers(view: View, expression: Expression, size: int) -> Iterator[str]:
    customer = term_query(view.schema, "kind", (RowKind.CUSTOMER.value,))
    query = both(make_query(view.schema, expression), customer)
    hits = view.searcher.search(
        query, size, count=False, order_by_field="group", order=Order.Desc
    ).hits
    for _, address in hits:
        yield str(view.searcher.doc(address).get_first("owner"))
