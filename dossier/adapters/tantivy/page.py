"""One page of groups: their customers, their best documents, and why each matched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tantivy import Occur, Order, Query

from dossier.adapters.tantivy.engine import both, make_query, term_query
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import PAPER_REASONS
from dossier.search.compile import CompiledQuery
from dossier.search.expression import Expression
from dossier.search.port import DocumentHit, Group, MatchReason, RowKind
from dossier.search.rows import row_key

_FIRST_REASONS = PAPER_REASONS - {MatchReason.TEXT}
_AT_ONCE = 2000  # rows sorted here; pages with more documents are asked group by group
Address = tuple[int, int]


@dataclass(slots=True)
class _Found:
    """A group being put together."""

    owner: str | None = None
    count: int = 0
    documents: list[tuple[Any, str]] = field(default_factory=list)


class PageMaker:
    """Makes the groups of one page from their keys."""

    def __init__(self, view: View, compiled: CompiledQuery, gate: Expression) -> None:
        self._view = view
        self._compiled = compiled
        schema = view.schema
        self._gate = make_query(schema, gate)
        self._match = both(make_query(schema, compiled.match), self._gate)
        self._document = term_query(schema, "kind", (RowKind.DOCUMENT.value,))

    def groups(self, keys: Sequence[int], documents_per_group: int) -> tuple[Group, ...]:
        """The groups of ``keys``, in that order."""
        if not keys:
            return ()
        mine = Query.term_set_query(self._view.schema, "group", list(keys))
        found = self._documents(keys, mine, documents_per_group)
        self._owners([key for key in keys if not found[key].documents], found)
        customer_reasons = self._customer_reasons(mine)
        paper_reasons = self._paper_reasons(
            [name for each in found.values() for _, name in each.documents]
        )
        return tuple(
            Group(
                customer_no=found[key].owner,
                matched_on=tuple(customer_reasons.get(key, ())),
                document_count=found[key].count,
                documents=tuple(
                    DocumentHit(name, tuple(paper_reasons.get(name, ())))
                    for _, name in found[key].documents
                ),
            )
            for key in keys
        )

    def _documents(self, keys: Sequence[int], mine: Query, size: int) -> Mapping[int, _Found]:
        """Counts and best documents per group: type, title and numbers, then text, then newest."""
        base = both(self._match, self._document, mine)
        scored = Query.boolean_query(
            [(Occur.Must, Query.const_score_query(base, 0.0)), *self._preferences()]
        )
        answer = self._view.searcher.search(scored, _AT_ONCE, count=True)
        if answer.count > _AT_ONCE:
            return {key: self._one_group(base, key, size) for key in keys}
        return self._sorted_here(keys, answer.hits, size)

    def _preferences(self) -> list[tuple[Occur, Query]]:
        schema = self._view.schema
        return [
            (
                Occur.Should,
                Query.const_score_query(
                    make_query(schema, expression), 1.0 if reason is MatchReason.TEXT else 2.0
                ),
            )
            for reason, expression in self._compiled.reasons
            if reason in PAPER_REASONS
        ]

    def _sorted_here(
        self, keys: Sequence[int], hits: Sequence[tuple[float, Any]], size: int
    ) -> Mapping[int, _Found]:
        addresses = [address for _, address in hits]
        searcher = self._view.searcher
        groups = searcher.fast_field_values("group", addresses)
        orders = searcher.fast_field_values("order", addresses)
        rows: dict[int, list[tuple[float, int, Any]]] = defaultdict(list)
        for (score, address), group, order in zip(hits, groups, orders, strict=True):
            rows[group].append((-score, -order, address))
        found = {key: _Found(count=len(rows[key])) for key in keys}
        for key in keys:
            best = sorted(rows[key], key=lambda row: row[:2])[:size]
            self._keep(found[key], (address for _, _, address in best))
        return found

    def _one_group(self, base: Query, key: int, size: int) -> _Found:
        """A group on its own: one search a level, each ordered by the engine."""
        schema = self._view.schema
        mine = both(base, Query.term_set_query(schema, "group", [key]))
        found = _Found(count=self._view.searcher.search(mine, 1, count=True).count)
        for level in self._levels(mine):
            if len(found.documents) < size:
                # Twice, because a level may give again what the one before gave.
                hits = self._view.searcher.search(
                    level, 2 * size, count=False, order_by_field="order", order=Order.Desc
                ).hits
                have = {_plain(address) for address, _ in found.documents}
                fresh = [address for _, address in hits if _plain(address) not in have]
                self._keep(found, fresh[: size - len(found.documents)])
        return found

    def _levels(self, mine: Query) -> list[Query]:
        first: list[tuple[Occur, Query]] = []
        second: list[tuple[Occur, Query]] = []
        for reason, expression in self._compiled.reasons:
            if reason in PAPER_REASONS:
                query = make_query(self._view.schema, expression)
                (first if reason in _FIRST_REASONS else second).append((Occur.Should, query))
        some = [both(mine, Query.boolean_query(each)) for each in (first, second) if each]
        return [*some, mine]

    def _keep(self, found: _Found, addresses: Iterable[Any]) -> None:
        for address in addresses:
            stored = self._view.searcher.doc(address)
            found.owner = stored.get_first("owner")
            found.documents.append((address, _name(stored)))

    def _owners(self, keys: Sequence[int], found: Mapping[int, _Found]) -> None:
        """Customers of groups that show no paper."""
        if not keys:
            return
        searcher = self._view.searcher
        rows = both(self._match, Query.term_set_query(self._view.schema, "group", list(keys)))
        customers = Query.boolean_query([(Occur.Must, rows), (Occur.MustNot, self._document)])
        addresses = [address for _, address in searcher.search(customers, len(keys)).hits]
        groups = searcher.fast_field_values("group", addresses)
        for group, address in zip(groups, addresses, strict=True):
            found[group].owner = searcher.doc(address).get_first("owner")

    def _customer_reasons(self, mine: Query) -> Mapping[int, list[MatchReason]]:
        reasons: dict[int, list[MatchReason]] = defaultdict(list)
        for reason, expression in self._compiled.reasons:
            if reason not in PAPER_REASONS:
                query = both(make_query(self._view.schema, expression), self._gate, mine)
                terms = {"terms": {"field": "group", "size": 1000}}
                answer = self._view.searcher.aggregate(query, {"groups": terms})
                for bucket in answer["groups"]["buckets"]:
                    reasons[bucket["key"]].append(reason)
        return reasons

    def _paper_reasons(self, shown: Sequence[str]) -> Mapping[str, list[MatchReason]]:
        """Reasons of the documents shown, by document id."""
        reasons: dict[str, list[MatchReason]] = defaultdict(list)
        if not shown:
            return reasons
        keys = tuple(row_key(RowKind.DOCUMENT, name) for name in shown)
        mine = term_query(self._view.schema, "key", keys)
        searcher = self._view.searcher
        for reason, expression in self._compiled.reasons:
            if reason in PAPER_REASONS:
                query = both(make_query(self._view.schema, expression), mine)
                for _, address in searcher.search(query, len(keys), count=False).hits:
                    reasons[_name(searcher.doc(address))].append(reason)
        return reasons


def _name(stored: Any) -> str:
    """A stored row's key without the letter of its kind."""
    return str(stored.get_first("key"))[2:]


def _plain(address: Any) -> Address:
    return address.segment_ord, address.doc
