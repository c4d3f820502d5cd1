"""The engine against a slow, obviously right reference: random archives, random questions."""

from __future__ import annotations

import random

import pytest

from dossier.adapters.elasticsearch import groups as elasticsearch_groups
from dossier.adapters.tantivy import groups as tantivy_groups
from dossier.search.parser import parse
from dossier.search.port import (
    CustomerRow,
    DocumentRow,
    Scope,
    SearchIndex,
    SearchRight,
    document_order,
    scoped,
)
from tests.support_engines import WAYS, new_place

HAN = "供电合同张三丰王国家档案"
RIGHTS = frozenset(SearchRight)
TYPES = ["A01", "B02", "C03"]


def han(rng: random.Random, most: int) -> str:
    return "".join(rng.choices(HAN, k=rng.randrange(1, most)))


def archive(rng: random.Random, customers: int) -> list[CustomerRow | DocumentRow]:
    rows: list[CustomerRow | DocumentRow] = []
    owners: list[CustomerRow | None] = [None]
    for number in range(customers):
        unit = rng.randrange(4)
        owners.append(
            CustomerRow(
                customer_no=f"42{number:08d}",
                revision=1,
                order=number,
                name=han(rng, 4),
                closed=rng.random() < 0.2,
                station=f"s{unit}",
                scope=(f"unit:{unit}",),
            )
        )
    rows += [owner for owner in owners if owner]
    for number in range(customers * 3):
        owner = rng.choice(owners)
        texts = tuple(
            "".join(
                han(rng, 6) + rng.choice(["", "，", " ", "\n"]) for _ in range(rng.randrange(4))
            )
            for _ in range(rng.randrange(3))
        )
        rows.append(
            DocumentRow(
                document_id=f"d{number}",
                revision=1,
                order=document_order(20260101, number),
                customer=owner,
                type_code=rng.choice(TYPES),
                secrecy=rng.choice(["", "", "secret"]),
                station=owner.station if owner else "",
                scope=owner.scope if owner else ("unit:0",),
                page_texts=texts,
            )
        )
    return rows


def row_matches(row: CustomerRow | DocumentRow, words: list[str], unwanted: list[str]) -> bool:
    owner = row if isinstance(row, CustomerRow) else row.customer
    pages = () if isinstance(row, CustomerRow) else row.page_texts
    texts = [owner.name if owner else "", *pages]

    def has(word: str) -> bool:
        return any(word in part for text in texts for part in plain(text))

    return all(map(has, words)) and not any(map(has, unwanted))


def plain(text: str) -> list[str]:
    """A text's runs of Han with spaces and line ends folded."""
    return ["".join(part.split()) for part in text.split("，")]


def visible(row: CustomerRow | DocumentRow, scope: Scope) -> bool:
    secrecy = "" if isinstance(row, CustomerRow) else row.secrecy
    reached = scope.unlimited or bool(scope.tokens & set(row.scope))
    return reached and (not secrecy or scope.secrecy is None or secrecy in scope.secrecy)


def group_of(row: CustomerRow | DocumentRow) -> str:
    owner = row if isinstance(row, CustomerRow) else row.customer
    return owner.customer_no if owner else row.document_id  # type: ignore[union-attr]


def everything_of(index: SearchIndex, query) -> tuple[list[str], dict[str, set[str]], int, int]:
    """All pages of an answer: groups in order, their documents, and the totals."""
    order: list[str] = []
    documents: dict[str, set[str]] = {}
    cursor = None
    while True:
        answer = index.search(query, size=7, documents_per_group=1000, after=cursor)
        for group in answer.groups:
            name = group.customer_no or group.documents[0].document_id
            order.append(name)
            documents[name] = {hit.document_id for hit in group.documents}
            assert group.document_count == len(documents[name])
        cursor = answer.cursor
        if cursor is None:
            return order, documents, answer.total, answer.total_documents


def compare(index: SearchIndex, rows, rng: random.Random) -> None:
    words = [han(rng, 4) for _ in range(rng.randrange(1, 3))]
    unwanted = [han(rng, 4)] if rng.random() < 0.3 else []
    scope = rng.choice(
        [
            Scope(unlimited=True, secrecy=None),
            Scope(tokens=frozenset({"unit:0", "unit:2"})),
            Scope(tokens=frozenset({"unit:1"}), secrecy=frozenset({"secret"})),
        ]
    )
    own = frozenset({"unit:0"}) if rng.random() < 0.3 else frozenset()
    text = " ".join([*words, *(f"-{word}" for word in unwanted)])
    found = everything_of(index, scoped(parse(text), scope=scope, rights=RIGHTS, own=own))
    order, documents, total, total_documents = found
    hits = [row for row in rows if visible(row, scope) and row_matches(row, words, unwanted)]
    papers = [row for row in hits if isinstance(row, DocumentRow)]
    assert len(order) == len(set(order)) == total, text
    assert set(order) == {group_of(row) for row in hits}, text
    assert total_documents == len(papers)
    for name in order:
        assert documents[name] == {row.document_id for row in papers if group_of(row) == name}
    check_order(order, rows, words)
    facet = index.search(
        scoped(parse(text), scope=scope, rights=RIGHTS, filters={"type": ("A01",)}),
        facets=["type", "station"],
    )
    assert {each.value: each.count for each in facet.facets["type"]} == {
        code: count for code in TYPES if (count := sum(row.type_code == code for row in papers))
    }
    assert facet.total_documents == sum(row.type_code == "A01" for row in papers)


def check_order(order: list[str], rows, words: list[str]) -> None:
    """With one word: customers of exactly that name come before all others."""
    names = {row.customer_no: row.name for row in rows if isinstance(row, CustomerRow)}
    exact = [name for name in order if names.get(name) == words[0]]
    if len(words) == 1:
        assert set(order[: len(exact)]) == set(exact)


@pytest.fixture(params=WAYS)
def engine(request):
    return request.param


@pytest.fixture
def index(engine, tmp_path):
    place = new_place(engine, tmp_path)
    index = place.open()
    yield index
    index.close()
    place.remove()


ROUNDS = {"tantivy": 60}
"""Questions of each archive; a server needs some hundred round trips for one."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_sets_counts_facets_and_paging_equal_the_reference(engine, index, seed):
    rng = random.Random(seed)
    rows = archive(rng, 40)
    with index.writer() as writer:
        for start in range(0, len(rows), 30):  # several commits: several segments
            writer.apply(upserts=rows[start : start + 30])
            writer.commit()
    for _ in range(ROUNDS.get(engine, 10)):
        compare(index, rows, rng)


def test_more_groups_than_an_engine_gives_at_once_are_still_exact(index, engine, monkeypatch):
    rng = random.Random(3)
    rows = archive(rng, 120)
    with index.writer() as writer:
        writer.apply(upserts=rows)
        writer.commit()
    for groups in (tantivy_groups, elasticsearch_groups):
        monkeypatch.setattr(groups, "_MAX_BUCKETS", 16)
    for _ in range(ROUNDS.get(engine, 12) // 3 + 1):
        compare(index, rows, rng)
    everything = everything_of(
        index, scoped(parse(""), scope=Scope(unlimited=True, secrecy=None), rights=RIGHTS)
    )
    assert everything[2] == len({group_of(row) for row in rows})
