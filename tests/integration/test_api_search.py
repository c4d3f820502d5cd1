"""The one box over HTTP: its shape, its number of queries, and what it does with odd input."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from dossier.db import outbox
from dossier.db.tables import Content, Customer, Document, Page, new_id
from tests.support_seeded import EAST, SETUP, WEST, Seeded, index

MANY = 30


@pytest.fixture(scope="module")
def crowded(seeded: Seeded) -> Seeded:
    """More customers of the eastern station, each with a paper that says the same words."""
    context = seeded.context
    now = context.clock.now()
    with context.writing(SETUP) as session:
        east = session.get_one(Customer, EAST.customer_no)
        session.add(Content(sha256="0" * 64, size_bytes=1, stored_at=now))
        session.flush()
        for number in range(MANY):
            customer_no, document_id = f"45000{number:05d}", new_id()
            session.add(
                Customer(
                    customer_no=customer_no, rowid=100 + number, name=f"甲乙{number}号店",
                    name_key="", unit_id=east.unit_id, line_id=east.line_id, updated_at=now,
                )
            )  # fmt: skip
            session.flush()
            session.add(
                Document(
                    id=document_id, rowid=1000 + number, customer_no=customer_no, state="filed",
                    captured_at=now, sha256="0" * 64, page_count=1, unit_id=east.unit_id,
                    line_id=east.line_id, type_code="C01", title="合同",
                )
            )  # fmt: skip
            session.flush()
            session.add(Page(document_id=document_id, number=1, text="受电设施产权分界点协议"))
            outbox.mark_changed(session, outbox.CUSTOMERS, [customer_no], at=now)
            outbox.mark_changed(session, outbox.DOCUMENTS, [document_id], at=now)
    index(context)
    return seeded


@contextmanager
def statements(archive: Seeded) -> Iterator[list[str]]:
    """The statements that the database is asked inside the block."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    engines = {archive.context.database.reader, archive.context.database.writer}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def search(archive: Seeded, user: str = "agent_east", **parameters: Any) -> Any:
    answer = archive.get(f"/api/v1/search?{urllib.parse.urlencode(parameters)}", user)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_number_of_queries_does_not_depend_on_the_number_of_hits(crowded: Seeded) -> None:
    counts = []
    search(crowded, q="产权分界点")  # the token is seen for the first time in a while: one write
    for size in (1, 5, 20):
        with statements(crowded) as seen:
            answer = search(crowded, q="产权分界点", size=size)
        assert len(answer["hits"]) == size
        assert all(hit["documents"][0]["snippets"] for hit in answer["hits"])
        counts.append(len(seen))
    assert len(set(counts)) == 1, counts
    assert counts[0] <= (16 if crowded.context.database.is_sqlite else 25)  # one pool: with writes


def test_the_answer_has_the_stable_shape(seeded: Seeded) -> None:
    answer = search(seeded, "archivist", q=EAST.name, facets="type,station")
    assert {"hits", "facets", "total", "next_cursor", "took_ms", "pending", "lag_seconds"} <= (
        answer.keys()
    )
    hit = answer["hits"][0]
    assert {"customer_no", "name", "status", "category", "station"} <= hit["customer"].keys()
    assert hit["matched_on"][0] == "name"
    document = hit["documents"][0]
    assert {"id", "title", "type", "type_label", "snippets"} <= document.keys()
    snippet = document["snippets"][0]
    start, end = snippet["highlights"][0]
    assert snippet["text"][start:end] == EAST.name
    assert answer["facets"]["type"][0].keys() == {"value", "label", "count"}


INTERFACE = "type category station line district year state status quality completeness missing"
"""The facets that stay (architecture.md, Interface that stays stable)."""


def test_each_facet_of_the_stable_interface_is_counted_and_filters(seeded: Seeded) -> None:
    names = INTERFACE.split()
    facets = search(seeded, "archivist", facets=",".join(names))["facets"]
    assert list(facets) == names
    for name in names:
        for each in facets[name]:
            chosen = {f"filter.{name}": each["value"]}
            found = search(seeded, "archivist", facets=name, **chosen)
            again = {one["value"]: one["count"] for one in found["facets"][name]}
            assert again[each["value"]] == each["count"]
            if name in ("completeness", "missing"):
                assert found["total"] == each["count"]
            else:
                assert found["total_documents"] == each["count"]


def test_a_hit_by_page_text_alone_says_so(seeded: Seeded) -> None:
    hits = search(seeded, "archivist", q="居民身份证 公民身份号码")["hits"]
    assert hits
    for hit in hits:
        reasons = {reason for document in hit["documents"] for reason in document["matched_on"]}
        assert "text" in reasons
        assert reasons <= set(hit["matched_on"])


def test_pages_by_cursor_show_everything_once(crowded: Seeded) -> None:
    shown, cursor = [], ""
    while True:
        answer = search(crowded, q="产权分界点", size=7, **({"cursor": cursor} if cursor else {}))
        shown += [hit["customer"]["customer_no"] for hit in answer["hits"]]
        cursor = answer["next_cursor"]
        if not cursor:
            break
    assert len(shown) == len(set(shown)) == answer["total"] == MANY


def test_filters_narrow_and_several_values_widen(seeded: Seeded) -> None:
    both = search(seeded, "archivist", q="", **{"filter.type": "A02"})
    assert both["total_documents"] == 2
    wide = seeded.get("/api/v1/search?q=&filter.type=A02&filter.type=C01", "archivist").json()
    assert wide["total_documents"] >= 5


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/search?q=a&cursor=broken", 400),
        ("/api/v1/search?q=a&cursor=%00%ff", 400),
        ("/api/v1/search?q=a&facets=nothing", 400),
        ("/api/v1/search?q=a&filter.nothing=1", 400),
        ("/api/v1/search?q=a&size=0", 422),
        ("/api/v1/search?q=a&size=1000000000000000000000", 422),
        ("/api/v1/search?q=a&size=x", 422),
        ("/api/v1/suggest?q=a&size=-1", 422),
        (f"/api/v1/customers/{EAST.customer_no}/documents?cursor=broken", 400),
        (f"/api/v1/customers/{EAST.customer_no}/documents?size=9999", 422),
        ("/api/v1/customers/%00", 404),
        ("/api/v1/customers/..%2f..%2fetc", 404),
        ("/api/v1/documents/%00", 404),
        ("/api/v1/documents/x/pages/0/image", 404),
        ("/api/v1/documents/x/pages/-1/boxes", 404),
        ("/api/v1/documents/x/pages/99999999999999999999999/boxes", 404),
        ("/api/v1/documents/x/pages/1/image?width=999999", 422),
        ("/api/v1/intake?state=nothing", 422),
        ("/api/v1/intake?cursor=zz", 400),
        ("/api/v1/intake?cursor=" + "_" * 40, 400),
        (f"/api/v1/customers/{EAST.customer_no}/documents?cursor=" + "_" * 40, 400),
        ("/api/v1/nothing", 404),
    ],
)
def test_odd_input_is_answered_with_a_problem_document(
    seeded: Seeded, path: str, status: int
) -> None:
    answer = seeded.get(path, "archivist")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert {"type", "title", "title_zh", "code", "detail", "detail_zh"} <= body.keys()


@pytest.mark.parametrize(
    "query",
    [
        "户号：1040106028", "姓名:黄超", "黄超（本人）", '"', "((", "))", "-", "-合同", "合同 OR", "a:b:c",
        "\x00", "\x00合同\x00", "合" * 5000, " ".join(["合同"] * 500), "%", "_", "*", "?", "\\", "'; drop",
        "𠮷", "\u202e合同", "🏠", "\ud83d", "１０４０", "10kV合同", "​合​同", "\t\n", "or", "AND OR NOT",
    ],
)  # fmt: skip
def test_nothing_that_a_person_types_is_an_error(seeded: Seeded, query: str) -> None:
    """peers.md §8, failure 5: a colon, an open quote or bracket is no syntax error."""
    q = urllib.parse.quote(query, errors="surrogatepass")
    assert seeded.get(f"/api/v1/search?q={q}", "agent").status_code == 200
    assert seeded.get(f"/api/v1/suggest?q={q}", "agent").status_code == 200


def test_without_an_index_an_exact_number_still_finds(seeded: Seeded) -> None:
    import shutil

    context = seeded.context
    moved = context.settings.home / "index-away"
    context.index.release()
    shutil.move(context.settings.index_path, moved)
    try:
        for number, reason in ((EAST.customer_no, "customer_no"), (EAST.meter_no, "meter_no")):
            answer = search(seeded, "agent", q=number)
            assert answer["degraded"] is True
            assert [hit["matched_on"] for hit in answer["hits"]] == [[reason]]
        foreign = seeded.get(f"/api/v1/search?q={WEST.customer_no}", "agent_east")
        words = seeded.get("/api/v1/search?q=合同", "agent")
        assert foreign.status_code == words.status_code == 503
        assert "reindex" in words.json()["detail"]
        assert seeded.get("/readyz", None).status_code == 503
        assert seeded.get("/healthz", None).status_code == 200
    finally:
        shutil.rmtree(context.settings.index_path, ignore_errors=True)
        shutil.move(moved, context.settings.index_path)
        context.index.release()
    assert search(seeded, "agent", q="合同")["degraded"] is False


def test_labels_come_in_the_language_that_was_asked_for(seeded: Seeded) -> None:
    def label(**options: Any) -> str:
        path = "/api/v1/search?q=合同&facets=type" + options.pop("query", "")
        return seeded.get(path, "agent", **options).json()["facets"]["type"][0]["label"]

    assert label() == "供用电合同"
    assert label(query="&lang=en") == label(headers={"accept-language": "en-GB,zh;q=0.3"})
    assert label(query="&lang=en").isascii()


def test_the_query_is_noted_without_its_words(seeded: Seeded) -> None:
    from sqlalchemy import select

    from dossier.db.tables import AuditEvent

    search(seeded, "agent", q="一个没有人找过的词")
    with seeded.context.reading(SETUP) as session:
        last = session.scalar(
            select(AuditEvent).where(AuditEvent.action == "search").order_by(AuditEvent.id.desc())
        )
    assert last is not None
    assert last.facts == {"hits": 0}
    assert last.object_id == seeded.context.keyring.hash("一个没有人找过的词")


def test_every_status_that_a_route_answers_is_described(seeded: Seeded) -> None:
    described = seeded.client.get("/openapi.json").json()["paths"]
    for path, methods in described.items():
        for method, operation in methods.items():
            statuses = set(operation["responses"])
            if path in ("/healthz", "/readyz", "/metrics"):
                continue
            assert {"401", "403", "503"} <= statuses, (method, path)
            for status, response in operation["responses"].items():
                if status[0] in "45":
                    assert "application/problem+json" in response["content"], (path, status)
