"""Facets of dossiers on every engine, against a plain count over the rows (S2-07, S2-17).

Whether a dossier is complete, and what lacks in it, stands in the customer's own row alone; it is
counted by dossiers and holds for all papers of the customer.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dossier.adapters.tantivy import dossiers as tantivy_dossiers
from dossier.adapters.tantivy import listing
from dossier.search.expression import Expression
from dossier.search.parser import parse
from dossier.search.port import (
    DOSSIER_FACETS,
    CustomerRow,
    DocumentRow,
    MatchReason,
    Scope,
    ScopedQuery,
    SearchIndex,
    SearchRight,
    document_order,
    scoped,
)
from tests.support_engines import AGGREGATING, WAYS, new_place

Row = CustomerRow | DocumentRow
Holds = Callable[[Row], bool]
Filters = Mapping[str, tuple[str, ...]]
CODES = ("A01", "A02", "C01", "D01")
WORDS = ("空压机", "避雷针", "配电柜")
UNITS = ("unit:1", "unit:2")
EVERYWHERE = Scope(unlimited=True, secrecy=None)


def customer(number: int, rng: random.Random) -> CustomerRow:
    lacking = tuple(code for code in CODES if rng.random() < 0.35)
    assessed = rng.random() < 0.9
    unit = rng.choice(UNITS)
    return CustomerRow(
        customer_no=f"42000001{number:02d}", revision=1, order=number, name=f"客户{number}",
        category=rng.choice(("LR", "HV")), closed=rng.random() < 0.2, scope=(unit,), station=unit,
        completeness=("incomplete" if lacking else "complete") if assessed else "",
        missing=lacking if assessed else (),
    )  # fmt: skip


def paper(number: int, owner: CustomerRow | None, rng: random.Random) -> DocumentRow:
    """Of some customers papers lie with another unit than the customer."""
    unit = owner.scope[0] if owner and rng.random() < 0.8 else rng.choice(UNITS)
    return DocumentRow(
        document_id=f"d{number}", revision=1, order=document_order(20260101, number),
        customer=owner, scope=(unit,), station=unit, type_code=rng.choice(CODES),
        page_texts=(rng.choice(WORDS), rng.choice(WORDS)),
    )  # fmt: skip


def rows_of(rng: random.Random) -> list[Row]:
    owners = [customer(number, rng) for number in range(24)]
    papers = [paper(n, rng.choice([None, *owners[:18]]), rng) for n in range(60)]
    return [*owners, *papers]


# -- the plain count ------------------------------------------------------------------------------


def says(row: Row, word: str) -> bool:
    return isinstance(row, DocumentRow) and word in row.page_texts


@dataclass(frozen=True)
class Plain:
    """The same question put to the rows one by one."""

    rows: Sequence[Row]
    units: frozenset[str] | None
    holds: Callable[[Plain, Row], bool]
    filters: Filters

    def reaches(self, row: Row) -> bool:
        return self.units is None or bool(self.units.intersection(row.scope))

    def dossier(self, row: Row) -> CustomerRow | None:
        """Whose row it is, as far as the viewer may know of the customer."""
        owner = row if isinstance(row, CustomerRow) else row.customer
        if owner is None:
            return None
        (own,) = (
            each
            for each in self.rows
            if isinstance(each, CustomerRow) and each.customer_no == owner.customer_no
        )
        return own if self.reaches(own) else None

    def lacks(self, row: Row, code: str) -> bool:
        own = self.dossier(row)
        return own is not None and code in own.missing

    def is_called(self, row: Row, completeness: str) -> bool:
        own = self.dossier(row)
        return own is not None and own.completeness == completeness

    def passes(self, row: Row, name: str) -> bool:
        values = self.filters[name]
        match name:
            case "missing":
                return any(self.lacks(row, value) for value in values)
            case "completeness":
                return any(self.is_called(row, value) for value in values)
            case "type":
                return isinstance(row, DocumentRow) and row.type_code in values
            case "station":
                return row.station in values
            case _:
                owner = row if isinstance(row, CustomerRow) else row.customer
                return owner is not None and owner.category in values

    def matching(self, without: str = "") -> list[Row]:
        names = [name for name in self.filters if name != without]
        return [
            row
            for row in self.rows
            if self.reaches(row)
            and self.holds(self, row)
            and all(self.passes(row, name) for name in names)
        ]

    def facet(self, name: str) -> dict[str, int]:
        matching = self.matching(without=name)
        if name not in DOSSIER_FACETS:
            papers = (row.type_code for row in matching if isinstance(row, DocumentRow))
            return dict(Counter(papers))
        known = {own.customer_no: own for row in matching if (own := self.dossier(row))}
        values = (
            own.missing if name == "missing" else (own.completeness,) for own in known.values()
        )
        return dict(Counter(value for each in values for value in each if value))


QUESTIONS: Mapping[str, Callable[[Plain, Row], bool]] = {
    "": lambda _, row: True,
    "空压机": lambda _, row: says(row, "空压机"),
    "避雷针 配电柜": lambda _, row: says(row, "避雷针") and says(row, "配电柜"),
    "missing:C01": lambda plain, row: plain.lacks(row, "C01"),
    "空压机 缺:C01": lambda plain, row: says(row, "空压机") and plain.lacks(row, "C01"),
    "-缺:A01": lambda plain, row: not plain.lacks(row, "A01"),
    "配电柜 -missing:A02": lambda plain, row: says(row, "配电柜") and not plain.lacks(row, "A02"),
    "齐全:是": lambda plain, row: plain.is_called(row, "complete"),
    "避雷针 齐全:缺件": (
        lambda plain, row: says(row, "避雷针") and plain.is_called(row, "incomplete")
    ),
    "空压机 OR missing:D01": lambda plain, row: says(row, "空压机") or plain.lacks(row, "D01"),
}
FILTERS: Sequence[Filters] = (
    {},
    {"completeness": ("incomplete",)},
    {"completeness": ("complete", "incomplete")},
    {"missing": ("C01",)},
    {"missing": ("A01", "A02")},
    {"missing": ("C01",), "completeness": ("incomplete",), "category": ("LR",)},
    {"missing": ("D01",), "type": ("A01", "A02")},
    {"type": ("C01",)},
    {"station": ("unit:1",), "completeness": ("complete",)},
    {"missing": ("ZZZ",)},
)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of(random.Random(20261123))


@pytest.fixture(scope="module", params=WAYS)
def index(
    request: pytest.FixtureRequest, rows: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchIndex]:
    place = new_place(request.param, tmp_path_factory.mktemp("dossiers") / "index")
    opened = place.open()
    write(opened, rows)
    yield opened
    opened.close()
    place.remove()


def write(index: SearchIndex, rows: Sequence[Row]) -> None:
    with index.writer() as writer:
        writer.apply(upserts=rows)
        writer.commit()


def ask(
    text: str, units: frozenset[str] | None = None, filters: Filters | None = None
) -> ScopedQuery:
    scope = EVERYWHERE if units is None else Scope(tokens=units, secrecy=frozenset())
    return scoped(parse(text), scope=scope, rights=frozenset(SearchRight), filters=filters)


@pytest.mark.parametrize("units", [None, frozenset({"unit:1"})], ids=["all", "one unit"])
@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_s2_17_facets_of_dossiers_equal_a_plain_count_whatever_is_asked(
    index: SearchIndex, rows: list[Row], units: frozenset[str] | None, filters: Filters
) -> None:
    compare(index, rows, units, filters)


@pytest.mark.parametrize("units", [None, frozenset({"unit:1"})], ids=["all", "one unit"])
def test_dossiers_of_nearly_all_groups_are_counted_by_those_left_out_with_the_same_result(
    rows: list[Row], units: frozenset[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a hundred groups, and first groups read row by row: here with fewer of both."""
    said = []

    def spy(keys: Sequence[int]) -> Expression | None:
        said.append(listing.all_others(keys))
        return said[-1]

    monkeypatch.setattr(listing, "_NARROW", 1)
    monkeypatch.setattr(listing, "_ROWS_READ", 1)
    monkeypatch.setattr(tantivy_dossiers, "all_others", spy)
    place = new_place(AGGREGATING, tmp_path / "index")
    index = place.open()
    try:
        write(index, rows)
        for filters in FILTERS:
            compare(index, rows, units, filters)
    finally:
        index.close()
        place.remove()
    assert any(said)


def compare(
    index: SearchIndex, rows: list[Row], units: frozenset[str] | None, filters: Filters
) -> None:
    """Papers, groups and facets against the plain count."""
    facets = ("completeness", "missing", "type")
    for text, holds in QUESTIONS.items():
        plain = Plain(rows, units, holds, filters)
        query = ask(text, units, filters)
        answer = index.search(query, size=100, documents_per_group=100, facets=facets)
        matching = plain.matching()
        papers = {row.document_id for row in matching if isinstance(row, DocumentRow)}
        found = {hit.document_id for group in answer.groups for hit in group.documents}
        assert found == papers, text
        assert answer.total_documents == len(papers), text
        groups = {
            row.customer_no if isinstance(row, CustomerRow)
            else row.customer.customer_no if row.customer
            else row.document_id
            for row in matching
        }  # fmt: skip
        assert answer.total == len(answer.groups) == len(groups), text
        for name in facets:
            counts = {each.value: each.count for each in answer.facets[name]}
            assert counts == plain.facet(name), (text, name)


def test_the_pages_of_a_filter_by_what_lacks_are_leafed_without_a_gap(
    index: SearchIndex, rows: list[Row]
) -> None:
    wanted = {r.customer_no for r in rows if isinstance(r, CustomerRow) and "C01" in r.missing}
    found: list[str | None] = []
    cursor = None
    while cursor or not found:
        answer = index.search(ask("", filters={"missing": ("C01",)}), size=3, after=cursor)
        found += [group.customer_no for group in answer.groups]
        cursor = answer.cursor
    assert sorted(map(str, found)) == sorted(wanted)


def test_who_asks_for_what_lacks_is_told_why_a_dossier_is_there(index: SearchIndex) -> None:
    answer = index.search(ask("缺:C01"), size=5)
    assert answer.groups
    assert all(MatchReason.MISSING in group.matched_on for group in answer.groups)


@pytest.mark.parametrize("engine", WAYS)
def test_a_dossier_that_becomes_complete_is_found_so_with_its_papers_by_its_own_row_alone(
    engine: str, tmp_path: Path
) -> None:
    """No paper's row is written again."""
    rng = random.Random(3)
    owner = replace(customer(1, rng), completeness="incomplete", missing=("C01", "A01"))
    place = new_place(engine, tmp_path / "index")
    index = place.open()
    try:
        write(index, [owner, paper(1, owner, rng), paper(2, owner, rng)])
        lacking = ask("", filters={"missing": ("C01",)})
        assert index.search(lacking).total_documents == 2
        write(index, [replace(owner, missing=("A01",))])
        assert index.search(lacking).total == 0
        rest = index.search(ask("", filters={"type": CODES}), facets=("missing",))
        assert [(each.value, each.count) for each in rest.facets["missing"]] == [("A01", 1)]
        write(index, [replace(owner, completeness="complete", missing=())])
        complete = index.search(ask("", filters={"completeness": ("complete",)}))
        assert (complete.total, complete.total_documents) == (1, 2)
    finally:
        index.close()
        place.remove()
