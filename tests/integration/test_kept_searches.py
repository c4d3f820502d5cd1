"""Saved and last searches: a person's own, encrypted at rest, offered while one types."""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.datastructures import QueryParams

from dossier.asgi import create_app
from dossier.db.tables import AuditEvent, KeptSearch
from dossier.errors import ConflictError
from dossier.search.parser import parse
from dossier.search.query import And, Word
from dossier.services import accounts, kept_searches
from tests.support_seeded import COMMON, EAST, SETUP, Seeded, seeded_archive
from ui.pages.asked import read_address

PATH = "/api/v1/searches"


@pytest.fixture
def archive(tmp_path: Path, database_url: str) -> Iterator[Seeded]:
    with (
        seeded_archive(tmp_path / "home", database_url=database_url) as made,
        TestClient(create_app(made.context)) as client,
    ):
        made.client = client
        yield made


def post(archive: Seeded, user: str, **body: object):
    headers = {"Authorization": f"Bearer {archive.tokens[user]}"}
    return archive.client.post(PATH, json=body, headers=headers)


def delete(archive: Seeded, user: str, path: str):
    headers = {"Authorization": f"Bearer {archive.tokens[user]}"}
    return archive.client.delete(path, headers=headers)


def names(archive: Seeded, user: str, kind: str = "saved") -> list[str]:
    items = archive.get(f"{PATH}?kind={kind}", user).json()["items"]
    return [item["name"] or item["q"] for item in items]


def test_a_saved_search_comes_back_with_its_filters_to_its_owner_only(archive: Seeded) -> None:
    saved = post(archive, "archivist", name="我的合同", q=COMMON, filters={"status": ["active"]})
    assert saved.status_code == 201
    item = archive.get(PATH, "archivist").json()["items"][0]
    assert (item["q"], item["filters"]) == (COMMON, {"status": ["active"]})
    assert names(archive, "agent") == []
    assert delete(archive, "agent", f"{PATH}/{item['id']}").status_code == 404
    assert delete(archive, "archivist", f"{PATH}/{item['id']}").status_code == 204
    assert names(archive, "archivist") == []


def test_saved_again_it_gets_the_new_name_and_stays_one(archive: Seeded) -> None:
    for name in ("甲", "乙"):
        post(archive, "agent", name=name, q=COMMON)
    assert names(archive, "agent") == ["乙"]


@pytest.mark.parametrize(
    "body", [{"name": "", "q": "x"}, {"name": "x" * 61, "q": "x"}, {"name": "x", "q": " "}]
)
def test_what_cannot_be_saved_is_explained(archive: Seeded, body: dict[str, str]) -> None:
    answer = post(archive, "agent", **body)
    assert answer.status_code == 422
    assert answer.json()["detail_zh"]


def test_more_than_fifty_are_refused_and_nothing_is_lost(archive: Seeded) -> None:
    viewer = accounts.viewer_by_name(archive.context, "agent")
    for number in range(kept_searches.MOST_SAVED):
        kept_searches.save(archive.context, viewer, name=f"n{number}", q=f"q{number}", filters={})
    with pytest.raises(ConflictError, match="delete one first"):
        kept_searches.save(archive.context, viewer, name="one more", q="more", filters={})
    assert len(kept_searches.listed(archive.context, viewer)) == kept_searches.MOST_SAVED


def test_words_are_neither_in_the_table_nor_in_the_audit(archive: Seeded) -> None:
    post(archive, "archivist", name=EAST.name, q=EAST.phone)
    archive.get(f"/search?q={EAST.name}", "archivist")
    archive.get(f"/search?q={EAST.id_no}", "archivist")
    with archive.context.reading(SETUP) as session:
        rows = session.scalars(select(KeptSearch)).all()
        events = session.scalars(select(AuditEvent)).all()
        everything = "".join(str(vars(each)) for each in (*rows, *events))
    assert {row.kind for row in rows} == {"saved", "recent"}
    assert all(secret not in everything for secret in (EAST.name, EAST.phone, EAST.id_no))


def test_the_last_searches_are_kept_once_each_the_newest_first_and_can_be_forgotten(
    archive: Seeded,
) -> None:
    for q in ("合同", "身份证", "合同", ""):
        archive.get(f"/search?q={q}", "archivist")
    assert names(archive, "archivist", "recent") == ["合同", "身份证"]
    for number in range(kept_searches.MOST_RECENT + 3):
        archive.get(f"/search?q=合同{number}", "archivist")
    assert len(names(archive, "archivist", "recent")) == kept_searches.MOST_RECENT
    assert delete(archive, "archivist", PATH).status_code == 204
    assert names(archive, "archivist", "recent") == []


def test_a_search_with_a_whole_personal_number_is_not_among_the_last_ones(
    archive: Seeded,
) -> None:
    for q in (EAST.id_no, f"{EAST.name} {EAST.phone}", "合同"):
        archive.get(f"/search?q={q}", "archivist")
    assert names(archive, "archivist", "recent") == ["合同"]


def test_nothing_that_a_masked_role_typed_is_kept_by_itself(archive: Seeded) -> None:
    archive.get(f"/search?q={EAST.name}", "agent")
    assert names(archive, "agent", "recent") == []


def test_own_searches_are_offered_first_while_one_types(archive: Seeded) -> None:
    post(archive, "archivist", name="合同类", q=COMMON)
    archive.get("/search?q=合同到期", "archivist")
    items = archive.get("/api/v1/suggest?q=合同", "archivist").json()["items"]
    assert [(item["kind"], item["value"]) for item in items[:2]] == [
        ("saved", COMMON),
        ("recent", "合同到期"),
    ]
    other = archive.get("/api/v1/suggest?q=合同", "agent_east").json()["items"]
    assert {item["kind"] for item in other} <= {"customer", "type"}


def test_an_own_search_is_offered_with_its_filters(archive: Seeded) -> None:
    post(archive, "archivist", name="在用的", q=COMMON, filters={"status": ["active"]})
    archive.get(f"/search?q={COMMON}&filter.category=LR&filter.status=active", "archivist")
    items = archive.get(f"/api/v1/suggest?q={COMMON[:2]}", "archivist").json()["items"]
    own = [(item["kind"], item["filters"]) for item in items if item["kind"] in ("saved", "recent")]
    assert own == [
        ("saved", {"status": ["active"]}),
        ("recent", {"category": ["LR"], "status": ["active"]}),
    ]
    rows = archive.get(f"/suggest?q={COMMON[:2]}", "archivist").text
    hrefs = [html.unescape(each) for each in re.findall(r'data-href="(/search[^"]*)"', rows)]
    asked = [urllib.parse.parse_qs(urllib.parse.urlsplit(each).query) for each in hrefs]
    assert {"q": [COMMON], "filter.status": ["active"]} in asked
    assert {"q": [COMMON], "filter.category": ["LR"], "filter.status": ["active"]} in asked
    assert "带筛选" in rows


def test_a_search_that_is_too_long_to_be_saved_says_so_in_words(archive: Seeded) -> None:
    login = accounts.log_in(
        archive.context, name="agent", password="correct horse battery", remote=""
    )
    archive.client.cookies.set("dossier_session", login.secret)
    search = "/search?q=" + urllib.parse.quote("电" * 1000)
    form = {"csrf_token": login.csrf, "name": "长", "search": search}
    answer = archive.client.post("/searches", data=form, follow_redirects=False)
    assert answer.status_code == 422
    assert "至多 400 字" in answer.text


def test_a_search_within_the_hits_asks_for_both(archive: Seeded) -> None:
    found = archive.get(
        "/search?q=合同 OR 身份证&also=" + EAST.customer_no, "archivist", follow_redirects=False
    )
    assert found.status_code == 303
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(found.headers["location"]).query)
    assert asked["q"] == [f"合同 OR 身份证 {EAST.customer_no}"]


@pytest.mark.parametrize(
    ("q", "also"),
    [
        ("手机", "13812345678"),
        ("345", "6789"),
        ("合同", "OR 身份证"),
        ('"供用', '电合同"'),
        ("年度", "2026"),
    ],
)
def test_within_the_hits_are_only_hits(q: str, also: str) -> None:
    """A label and a number, or two halves of a number, side by side mean something wider."""
    both = parse(read_address(QueryParams({"q": q, "also": also})).q).node
    assert isinstance(both, And)
    assert all(isinstance(part, Word | And) for part in both.nodes)


def test_the_page_saves_shows_and_deletes(archive: Seeded) -> None:
    login = accounts.log_in(
        archive.context, name="agent", password="correct horse battery", remote=""
    )
    client = archive.client
    client.cookies.set("dossier_session", login.secret)
    form = {
        "csrf_token": login.csrf,
        "name": "常用",
        "search": "/search?q=合同&filter.status=active",
    }
    saved = client.post("/searches", data=form, follow_redirects=False)
    assert saved.status_code == 303
    assert urllib.parse.unquote(saved.headers["location"]) == form["search"]
    start = client.get("/").text
    assert "常用" in start
    kept = kept_searches.listed(archive.context, accounts.viewer_by_name(archive.context, "agent"))[
        0
    ]
    assert kept.filters == {"status": ("active",)}
    gone = client.post(
        "/searches/forget", data={"csrf_token": login.csrf, "kept": kept.id}, follow_redirects=False
    )
    assert gone.status_code == 303
    assert "常用" not in client.get("/").text
    evil = client.post(
        "/searches", data={**form, "search": "//evil.example"}, follow_redirects=False
    )
    assert evil.status_code == 422
