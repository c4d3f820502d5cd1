"""One page of groups: their customers, their best documents, and why each matched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tantivy import Occur, Order, Query

from dossier.adapters.tantivy.engine import both, make_query, term_query
from dossier.adapters.tantivy.groups import GroupOrder
from dossier.adapters.tantivy.marked import MarkedRow
from dossier.adapters.tantivy.reader import View
from dossier.search.answers import PAPER_REASONS, paper_weight
from dossier.search.port import DocumentHit, Group, RowKind


class PageMaker:
    """Makes the groups of one page from their keys."""

    def __init__(self, view: View, order: GroupOrder) -> None:
        self._view = view
        self._order = order
        self._marking = order.marking

    def groups(self, keys: Sequence[int], documents_per_group: int) -> tuple[Group, ...]:
        """The groups of ``keys``, in that order."""
        if not keys:
            return ()
        rows = self._order.rows_of(keys)
        if rows is None and len(keys) > 1:
            return tuple(group for key in keys for group in self.groups([key], documents_per_group))
        if rows is None:
            return (self._large_group(keys[0], documents_per_group),)
        found: dict[int, list[MarkedRow]] = defaultdict(list)
        for row in rows:
            found[row.group].append(row)
        return tuple(
            self._group(
                found[key], sum(map(self._marking.is_document, found[key])), documents_per_group
            )
            for key in keys
        )

    def _group(self, rows: Sequence[MarkedRow], count: int, size: int) -> Group:
        """A group of its rows, or of some that hold the best; ``count`` of its documents match."""
        papers = [row for row in rows if self._marking.is_document(row)]
        stored = self._stored(sorted(papers, key=self._preference)[:size] or rows[:1])
        marks = 0
        for row in rows:
            marks |= row.marks
        holding = self._marking.holding(marks) - PAPER_REASONS
        return Group(
            customer_no=stored[0][1].get_first("owner"),
            matched_on=tuple(reason for reason in self._marking.reasons if reason in holding),
            document_count=count,
            documents=tuple(
                self._document(row, each) for row, each in stored if self._marking.is_document(row)
            ),
        )

    def _stored(self, rows: Iterable[MarkedRow]) -> list[tuple[MarkedRow, Any]]:
        return [(row, self._view.searcher.doc(row.address)) for row in rows]

    def _document(self, row: MarkedRow, stored: Any) -> DocumentHit:
        holding = self._marking.holding(row.marks) & PAPER_REASONS
        reasons = tuple(reason for reason in self._marking.reasons if reason in holding)
        return DocumentHit(str(stored.get_first("key"))[2:], reasons)

    def _preference(self, row: MarkedRow) -> tuple[bool, int, int]:
        """Papers with the words themselves, then by their reasons' weight, then the newest."""
        holding = self._marking.holding(row.marks) & PAPER_REASONS
        return not self._marking.is_sure(row), -sum(map(paper_weight, holding)), -row.order

    # --- a group of more rows than are looked at one by one ---------------------------------------

    def _large_group(self, key: int, size: int) -> Group:
        """A group on its own: one search a level, each ordered by the engine, then their marks."""
        schema, searcher = self._view.schema, self._view.searcher
        document = term_query(schema, "kind", (RowKind.DOCUMENT.value,))
        mine = term_query(schema, "group", [key])
        papers = both(self._order.match(), document, mine)
        best: dict[str, None] = {}
        for level in self._levels(papers):
            hits = searcher.search(
                level, size, count=False, order_by_field="order", order=Order.Desc
            ).hits
            best |= dict.fromkeys(str(searcher.doc(each).get_first("key")) for _, each in hits)
            if len(best) >= size:
                break
        count = searcher.search(papers, 1, count=True).count
        return self._group(self._order.rows_with(tuple(best)), count, size)

    def _levels(self, papers: Query) -> list[Query]:
        levels: dict[int, list[tuple[Occur, Query]]] = defaultdict(list)
        for reason, expression in self._order.compiled.reasons:
            if reason in PAPER_REASONS:
                query = make_query(self._view.schema, expression)
                levels[paper_weight(reason)].append((Occur.Should, query))
        ordered = (levels[weight] for weight in sorted(levels, reverse=True))
        all_papers = [*(both(papers, Query.boolean_query(each)) for each in ordered), papers]
        surely = self._order.compiled.surely
        if surely is None:
            return all_papers
        sure = make_query(self._view.schema, surely)
        return [*(both(level, sure) for level in all_papers), *all_papers]
