"""More groups than the engine gives in one answer: the embedded engine answers all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dossier.adapters.tantivy import TantivyIndex
from dossier.adapters.tantivy.writer import TantivyBuilder
from dossier.search.fields import load_fields
from dossier.search.parser import parse
from dossier.search.port import CustomerRow, Row, Scope, ScopedQuery, SearchRight, scoped
from dossier.search.rows import FieldValues, RowEncoder

BUCKETS = 65_000
"""Of one answer, over groups, kinds and facets together."""
MANY = BUCKETS + 10
FACETS = ("category", "status", "station", "type", "completeness", "missing")
CLOSED = 7


class SameRows(RowEncoder):
    """Works out one row in full; of the others only what tells them apart."""

    def __init__(self) -> None:
        super().__init__(str)
        self._first: FieldValues = {}

    def encode(self, row: Row) -> FieldValues:
        """The fields of a row; quick, for there are many."""
        assert isinstance(row, CustomerRow)
        self._first = self._first or super().encode(row)
        group = (0 if row.closed else 2) << 60 | row.order
        own = {"key": [f"c:{row.customer_no}"], "owner": [row.customer_no]}
        return self._first | own | {"group": group, "part": group % 64, "status": [row.status]}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TantivyIndex]:
    folder: Path = tmp_path_factory.mktemp("many") / "index"
    made = TantivyIndex(folder, fields=load_fields(), number_hash=str)
    rows = (
        CustomerRow(
            customer_no=f"{at:010d}", revision=1, order=at, name="", scope=("unit:1",),
            status="closed" if at < CLOSED else "active", closed=at < CLOSED,
            completeness="incomplete",
        )
        for at in range(MANY)
    )  # fmt: skip
    with made.build() as builder:
        assert isinstance(builder, TantivyBuilder)
        builder._encoder = SameRows()
        builder.apply(upserts=rows)
        builder.publish()
    yield made
    made.close()


def asked(scope: Scope, **filters: tuple[str, ...]) -> ScopedQuery:
    return scoped(parse(""), scope=scope, rights=frozenset(SearchRight), filters=filters)


@pytest.mark.parametrize(
    "scope",
    [Scope(unlimited=True, secrecy=None), Scope(tokens=frozenset({"unit:1"}))],
    ids=["whole", "unit"],
)
def test_an_empty_box_over_more_groups_than_one_answer_has_is_answered(
    index: TantivyIndex, scope: Scope
) -> None:
    """It failed from 64,999 customers on: kinds and facets have buckets too."""
    first = index.search(asked(scope), facets=FACETS)
    assert first.total == MANY
    assert [group.customer_no for group in first.groups][:2] == [
        f"{MANY - 1:010d}",
        f"{MANY - 2:010d}",
    ]
    counts = {one.value: one.count for one in first.facets["completeness"]}
    assert counts == {"incomplete": MANY}
    second = index.search(asked(scope), after=first.cursor, facets=FACETS)
    assert second.groups[0].customer_no == f"{MANY - 21:010d}"
    lacking = index.search(asked(scope, completeness=("incomplete",)), facets=FACETS)
    assert lacking.total == MANY
    assert index.search(asked(scope, status=("closed",))).total == CLOSED
