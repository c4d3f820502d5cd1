"""What holds for each of a few rows (classes, reasons, own unit), by one search.

Each expression adds a power of two to a row's score. The score is a 32-bit float, whose sums of
such powers are exact below 2**24: so many expressions are asked at once, and hardly a query has
more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tantivy import Occur, Query

from dossier.adapters.tantivy.engine import both, make_query
from dossier.adapters.tantivy.plan import alternatives, is_much_rarer, most_rows
from dossier.adapters.tantivy.reader import View
from dossier.search.compile import CompiledQuery
from dossier.search.expression import AllOf, Expression, Nothing, Term, all_of
from dossier.search.port import MatchReason, RowKind

_MARKS_AT_ONCE = 24
_Address = tuple[int, int]
_Asked = Sequence[tuple[Expression, int]]
"""Expressions, and what each means in the marks."""


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A row that matches; bit ``n`` of ``marks`` says whether the ``n``-th expression holds."""

    address: Any
    marks: int
    group: int
    order: int


@dataclass(frozen=True, slots=True)
class Lead:
    """What every row asked for matches and few others do: the engine skips along it."""

    query: Query
    most_rows: int


class Marking:
    """The expressions that are asked of each row of a query, and what their marks mean."""

    def __init__(self, compiled: CompiledQuery, own: frozenset[str]) -> None:
        self._classes = len(compiled.classes)
        self._has_own = bool(own)
        self.reasons = tuple(reason for reason, _ in compiled.reasons)
        self.expressions: tuple[Expression, ...] = (
            *(_reached(expression, compiled.match) for _, expression in compiled.classes),
            *(expression for _, expression in compiled.reasons),
            Term("kind", (RowKind.DOCUMENT.value,)),
            Term("scope", tuple(sorted(own))) if own else Nothing(),
            Nothing() if compiled.surely is None else compiled.surely,
        )
        self._document = self._classes + len(self.reasons)

    def segment(self, row: MarkedRow) -> int:
        """The first segment of the order that the row satisfies (see ``groups``)."""
        reached = row.marks & ((1 << self._classes) - 1)
        place = (reached & -reached).bit_length() - 1 if reached else self._classes
        if not self._has_own:
            return place
        return 2 * place + (0 if row.marks >> (self._document + 1) & 1 else 1)

    def is_document(self, row: MarkedRow) -> bool:
        """Whether the row is a paper's."""
        return bool(row.marks >> self._document & 1)

    def is_sure(self, row: MarkedRow) -> bool:
        """Whether the row has the words themselves; where all have, none is marked."""
        return bool(row.marks >> (self._document + 2) & 1)

    def holding(self, marks: int) -> frozenset[MatchReason]:
        """The reasons that hold."""
        bits = marks >> self._classes
        return frozenset(reason for at, reason in enumerate(self.reasons) if bits >> at & 1)


def marked_rows(
    view: View, marking: Marking, rows: Query, lead: Lead, most: int
) -> list[MarkedRow] | None:
    """The rows of a query, or None where more than ``most`` match.

    Args:
        view: what is read.
        marking: what to say of each row.
        rows: which rows.
        lead: what all of these rows match.
        most: rows.
    """
    meant: dict[Expression, int] = defaultdict(int)
    for number, mark in enumerate(marking.expressions):
        meant[mark] |= 1 << number
    meant.pop(Nothing(), None)
    found: dict[_Address, tuple[Any, int]] = {}
    asked = list(meant.items())
    for first in range(0, len(asked), _MARKS_AT_ONCE):
        some = asked[first : first + _MARKS_AT_ONCE]
        answer = view.searcher.search(_scored(view, rows, lead, some), most, count=True)
        if answer.count > most:
            return None
        for score, address in answer.hits:
            marks = _marks(int(score), some)
            place = (address.segment_ord, address.doc)
            found[place] = (address, marks | found.get(place, (address, 0))[1])
    addresses = [address for address, _ in found.values()]
    groups = view.searcher.fast_field_values("group", addresses)
    orders = view.searcher.fast_field_values("order", addresses)
    return [
        MarkedRow(address, marks, group, order)
        for (address, marks), group, order in zip(found.values(), groups, orders, strict=True)
    ]


def _scored(view: View, rows: Query, lead: Lead, asked: _Asked) -> Query:
    """The rows, each with a score that says which of the expressions hold."""
    clauses = [(Occur.Must, Query.const_score_query(rows, 0.0))]
    for number, (mark, _) in enumerate(asked):
        weight = float(1 << number)
        clauses.append((Occur.Should, Query.const_score_query(_mark(view, lead, mark), weight)))
    return Query.boolean_query(clauses)


def _marks(score: int, asked: _Asked) -> int:
    marks = 0
    for number, (_, meant) in enumerate(asked):
        if score >> number & 1:
            marks |= meant
    return marks


def beside(view: View, lead: Lead, expression: Expression) -> Query:
    """Rows of both, read along the lead (see ``plan``)."""
    asked = [
        both(lead.query, make_query(view.schema, each))
        for each in alternatives(expression, view.dictionary)
    ]
    if len(asked) == 1:
        return asked[0]
    return Query.boolean_query([(Occur.Should, each) for each in asked])


def _mark(view: View, lead: Lead, mark: Expression) -> Query:
    if is_much_rarer(lead.most_rows, most_rows(mark, view.dictionary)):
        return beside(view, lead, mark)
    return make_query(view.schema, mark)


def _reached(expression: Expression, match: Expression) -> Expression:
    """What a class adds to the match: the rows that are marked match anyway."""
    if isinstance(expression, AllOf):
        return all_of(*(part for part in expression.parts if part != match))
    return expression
