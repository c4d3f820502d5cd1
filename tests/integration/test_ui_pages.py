"""The HTML door without a browser: log in, what each role gets, forms, languages, static files."""

from __future__ import annotations

import html
import io
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.db.tables import Intake, WorkItem
from dossier.records import QuarantineReason
from dossier.services import accounts, audit_chain, documents, intake
from dossier.services.accounts import viewer_by_name
from dossier.web import CSRF_FIELD, SESSION_COOKIE
from tests.support_seeded import COMMON, EAST, NOBODY, PASSWORD, SETUP, WEST, Seeded, index
from ui.pages.asked import Asked
from ui.pages.search import offered

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
TAGS = re.compile(r"<[^>]+>")


@dataclass
class Window:
    """A browser without script: follows links, sends forms with the page's token."""

    client: TestClient

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def token(self) -> str:
        found = TOKEN.search(self.get("/").text)
        assert found
        return found[1]

    def post(self, path: str, fields: dict[str, str], **options: Any) -> Any:
        return self.client.post(path, data={CSRF_FIELD: self.token(), **fields}, **options)


@pytest.fixture(scope="module")
def house(seeded: Seeded) -> Any:
    """The whole application on the seeded archive."""
    return create_app(seeded.context)


@pytest.fixture
def window(house: Any) -> Callable[[str | None], Window]:
    """Opens a window, logged in by the form when a user is named."""

    def open_window(user: str | None = None) -> Window:
        client = TestClient(house, raise_server_exceptions=False)
        if user:
            answer = client.post(
                "/login", data={"name": user, "password": PASSWORD}, follow_redirects=False
            )
            assert answer.status_code == 303, answer.text
        return Window(client)

    return open_window


# -- coming in ----------------------------------------------------------------------------------


def test_who_is_not_logged_in_is_led_to_the_login_and_back(window: Any) -> None:
    answer = window(None).get("/customers/4200000001", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/customers/4200000001"


def test_the_login_leads_back_to_the_same_address_with_its_query(window: Any) -> None:
    one = window(None)
    wanted = "/search?q=%E7%8E%8B%20%E5%90%88%E5%90%8C%26x&filter.year=2020&filter.year=2021"
    form = one.get(wanted)
    assert form.url.path == "/login"
    kept = re.search(r'name="next" value="([^"]*)"', form.text)
    assert kept
    fields = {"name": "archivist", "password": "wrong wrong", "next": html.unescape(kept[1])}
    again = one.client.post("/login", data=fields)
    assert kept[0] in again.text, "a wrong password does not lose the way"
    fields["password"] = PASSWORD
    answer = one.client.post("/login", data=fields, follow_redirects=False)
    assert answer.headers["location"] == wanted
    assert 'value="王 合同&amp;x"' in one.get(answer.headers["location"]).text


def test_a_query_that_is_too_long_to_travel_is_left_behind(window: Any) -> None:
    answer = window(None).get(f"/search?q={'9' * 3000}", follow_redirects=False)
    assert answer.headers["location"] == "/login?next=/search"


def test_a_wrong_password_shows_the_form_again_and_says_so(window: Any) -> None:
    answer = window(None).client.post("/login", data={"name": "agent", "password": "wrong wrong"})
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert 'name="password"' in answer.text
    assert SESSION_COOKIE not in answer.cookies


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(window: Any) -> None:
    answer = window(None).client.post(
        "/login", data={"name": "agent", "password": PASSWORD}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize(
    "next",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "evil.example",
        "",
    ],
)
def test_the_login_leads_nowhere_outside(window: Any, next: str) -> None:
    answer = window(None).client.post(
        "/login",
        data={"name": "agent", "password": PASSWORD, "next": next},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/"


def test_logging_out_ends_the_session(window: Any) -> None:
    one = window("agent")
    assert one.post("/logout", {}, follow_redirects=False).status_code == 303
    assert one.get("/", follow_redirects=False).status_code == 303


def test_a_change_without_the_page_s_token_is_refused_with_a_page(window: Any) -> None:
    answer = window("agent").client.post("/logout", data={})
    assert answer.status_code == 403
    assert "页面已过期" in answer.text


# -- what each role gets ------------------------------------------------------------------------


def pages_of(seeded: Seeded) -> list[str]:
    one, pool = seeded.documents["东1"], seeded.documents["pool"]
    return [
        "/",
        f"/search?q={EAST.name}",
        f"/search?q={COMMON}",
        f"/search?q={EAST.id_no}",
        f"/search?q={EAST.phone}",
        f"/suggest?q={EAST.name[0]}",
        f"/customers/{EAST.customer_no}",
        f"/documents/{one}?q={EAST.name}",
        f"/documents/{one}/preview?q={COMMON}",
        f"/documents/{pool}",
        "/upload",
        "/intake",
        "/assign",
        f"/assign/{pool}",
        f"/documents/{one}/original",
        f"/documents/{one}/pdf",
        "/audit",
    ]


ALLOWED = {
    "archivist": set(range(15)),
    "agent": {0, 1, 2, 3, 4, 5, 6, 7, 8},
    "admin": {0, 1, 2, 3, 4, 5, 6, 11},
    "auditor": {0, 16},
}


@pytest.mark.parametrize("user", ALLOWED)
def test_each_role_opens_its_pages_and_no_other(window: Any, seeded: Seeded, user: str) -> None:
    one = window(user)
    codes = [one.get(path).status_code for path in pages_of(seeded)]
    allowed = {number for number, code in enumerate(codes) if code == 200}
    assert allowed == ALLOWED[user], list(zip(pages_of(seeded), codes, strict=True))
    assert all(code in (200, 403, 404) for code in codes)


@pytest.mark.parametrize("user", ["agent", "agent_east", "agent_west", "admin", "auditor"])
def test_no_page_of_a_masked_role_holds_a_secret(window: Any, seeded: Seeded, user: str) -> None:
    one = window(user)
    for path in pages_of(seeded):
        # what was typed into the box stands there again; everything else must be free of it
        shown = re.sub(
            r'value="[^"]*"|href="[^"]*"|src="[^"]*"|hx-get="[^"]*"', "", one.get(path).text
        )
        typed = re.search(r"q=([^&]*)", path)
        plain = TAGS.sub("", re.sub(r"<title>.*?</title>", "", shown, flags=re.DOTALL))
        if typed:
            plain = plain.replace(f"“{typed[1]}”", "")
        for secret in (*EAST.secrets, *WEST.secrets, NOBODY):
            assert secret not in plain, (path, secret)


def test_what_is_out_of_scope_looks_like_what_does_not_exist(window: Any, seeded: Seeded) -> None:
    one = window("archivist_east")
    foreign = one.get(f"/documents/{seeded.documents['西1']}")
    missing = one.get("/documents/01a00000-0000-7000-8000-000000000000")
    assert foreign.status_code == missing.status_code == 404
    assert TAGS.sub("", foreign.text) == TAGS.sub("", missing.text)
    assert one.get(f"/customers/{WEST.customer_no}").status_code == 404


def test_an_archivist_sees_the_hit_boxed_and_the_field_in_clear(
    window: Any, seeded: Seeded
) -> None:
    text = window("archivist").get(f"/documents/{seeded.documents['东1']}?q={EAST.name}").text
    assert text.count('class="box-hit"') == 1
    assert f"<mark>{EAST.name}</mark>" in text


def test_an_agent_gets_no_box_for_a_part_of_a_masked_name(window: Any, seeded: Seeded) -> None:
    one = window("agent")
    text = one.get(f"/documents/{seeded.documents['东1']}?q={EAST.hidden_name}").text
    assert 'class="box-hit"' not in text


def test_downloads_are_named_by_the_paper_not_by_the_person(window: Any, seeded: Seeded) -> None:
    document = seeded.documents["东1"]
    answer = window("archivist").get(f"/documents/{document}/original")
    name = unquote(answer.headers["content-disposition"])
    assert name.startswith("attachment; ")
    assert f"{EAST.customer_no}-" in name
    assert name.rstrip('"').endswith(".png")
    assert document not in name
    assert EAST.name not in name


def test_pictures_and_strips_come_as_pictures(window: Any, seeded: Seeded) -> None:
    one, document = window("agent"), seeded.documents["东1"]
    page = one.get(f"/documents/{document}/pages/1/image?width=400")
    assert Image.open(io.BytesIO(page.content)).width == 400
    again = one.get(
        f"/documents/{document}/pages/1/image?width=400",
        headers={"If-None-Match": page.headers["etag"]},
    )
    assert again.status_code == 304
    strip = Image.open(
        io.BytesIO(one.get(f"/documents/{document}/pages/1/strip?q={COMMON}").content)
    )
    assert strip.width / strip.height > 2


# -- search -------------------------------------------------------------------------------------


def test_facets_are_links_that_put_a_filter_in_and_take_it_out(window: Any) -> None:
    one = window("archivist")
    text = one.get("/").text
    link = re.search(r'href="(/search\?filter\.station=\d+)"', text)
    assert link
    narrowed = one.get(link[1]).text
    names = set(re.findall(r'class="who-name"><a[^>]*>([^<]+)<', narrowed))
    assert len(names) == 1
    assert re.search(r'href="/" aria-current="true"', narrowed)


def test_months_are_offered_under_the_chosen_year(window: Any) -> None:
    one = window("archivist")
    assert "月份" not in one.get("/").text
    text = one.get("/search?filter.year=2026&filter.month=2026-03").text
    assert re.search(
        r'href="/search\?filter.year=2026" aria-current="true">.*?2026年3月', text, re.S
    )
    # With the year its months go.
    assert 'href="/" aria-current="true"' in text


def test_only_facets_that_can_be_shown_are_asked_for() -> None:
    first = {"type", "status", "category", "station", "year", "state", "completeness", "missing"}
    first |= {"quality", "late", "pairing"}
    assert set(offered(Asked("", {}))) == first
    assert set(offered(Asked("", {"year": ("2026",)}))) == first | {"month"}
    assert set(offered(Asked("", {"station": ("1",)}))) == first | {"line"}
    assert set(offered(Asked("", {"quality": ("failed",)}))) == first | {"finding"}


def test_an_unknown_filter_is_named_as_a_page(window: Any) -> None:
    answer = window("archivist").get("/search?filter.nonsense=1")
    assert answer.status_code == 400
    assert "查询无法识别" in answer.text
    assert "没有这个筛选项；可用：" in answer.text
    broken = window("archivist").get("/search?q=张&cursor=nonsense")
    assert broken.status_code == 400
    assert "请从第一页重新开始" in broken.text


def test_a_filter_s_value_that_cannot_be_is_remarked_on(window: Any) -> None:
    for wrong in ("year=abc", "month=2026-13", "type=ZZ", "status=nope"):
        answer = window("archivist").get(f"/search?q=张&filter.{wrong}")
        assert answer.status_code == 200
        assert "请清除筛选" in answer.text, wrong


def test_the_help_offers_only_what_the_role_may_search_by(seeded: Seeded, window: Any) -> None:
    assert "不能按后几位查" in window("agent").get("/").text
    accounts.add_user(seeded.context, SETUP, name="helped", role="crew", password=PASSWORD)
    crew = window("helped").get("/").text  # sees phones and addresses in clear (domain.md 4.7)
    assert "不能按后几位查" in crew
    assert "看不到完整号码" not in crew
    assert "已按岗位遮蔽" not in crew
    text = window("archivist").get("/").text
    assert "不能按后几位查" not in text
    assert "其中一段" not in text


def test_zero_hits_name_the_next_steps(window: Any) -> None:
    text = window("archivist").get("/search?q=绝无此词甲乙丙 丁").text
    assert "没有找到" in text
    assert "/upload" in text
    assert "绝无此词甲乙丙" in text


@pytest.mark.parametrize(
    "q", ["<script>alert(1)</script>", '"><img src=x>', "{{7*7}}", "%00", "'" * 500]
)
def test_what_is_typed_is_shown_as_text(window: Any, q: str) -> None:
    answer = window("archivist").get("/search", params={"q": q})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert q.startswith(("%00", "'")) or q in html.unescape(answer.text)


# -- work ---------------------------------------------------------------------------------------


def test_a_plain_form_takes_several_files_in_and_names_a_duplicate(window: Any) -> None:
    one = window("archivist")
    files = [("file", (f"scan{n}.txt", f"扫描 {n}".encode(), "text/plain")) for n in (1, 2)]
    first = one.post("/upload", {"customer_no": "4200 0000 01"}, files=files)
    assert first.status_code == 200
    assert first.text.count('class="uploaded"') == 3  # two, and the row that script copies
    again = one.post("/upload", {}, files=files[:1])
    assert "重复件" in again.text


def test_a_second_copy_of_what_was_set_aside_says_why_the_first_is_of_no_use(
    window: Any, seeded: Seeded
) -> None:
    """ "It is here already" sent people to a paper that cannot be read; its steps were all green."""
    one = window("archivist")
    files = [("file", ("locked.pdf", b"%PDF-1.7 locked", "application/pdf"))]
    one.post("/upload", {}, files=files)
    with seeded.context.writing(SETUP) as session:
        first = session.scalars(select(Intake).where(Intake.source_path == "locked.pdf")).one()
        reason = QuarantineReason.PASSWORD
        intake.quarantine(session, first.document_id, context=seeded.context, reason=reason)
    again = one.post("/upload", {}, files=files)
    listed = one.get("/intake?state=duplicate")
    for page in (again, listed):
        assert "重复件" in page.text
        assert "文件有密码" in page.text
        assert "无密码的文件" in page.text
    assert 'data-state="failed"' in listed.text


def test_a_file_that_was_sent_says_by_itself_that_it_was_set_aside(
    window: Any, seeded: Seeded
) -> None:
    """The row said "Taken in" for ever, seconds after the paper had been set aside."""
    one = window("archivist")
    files = [("file", ("closed.pdf", b"%PDF-1.7 closed", "application/pdf"))]
    row = one.post("/upload", {}, files=files, headers={"hx-request": "true"}).text
    found = re.search(r'hx-get="(/upload/[\w-]+)\?seen="', row)
    assert found, row
    address = found[1]
    assert one.get(f"{address}?seen=queued").status_code == 204
    with seeded.context.writing(SETUP) as session:
        own = session.scalars(select(Intake).where(Intake.source_path == "closed.pdf")).one()
        reason = QuarantineReason.PASSWORD
        intake.quarantine(session, own.document_id, context=seeded.context, reason=reason)
    row = one.get(f"{address}?seen=queued").text
    assert "文件有密码" in row
    assert "hx-get" not in row
    assert window("admin").get(address).status_code in (403, 404)  # somebody else's


def test_nothing_found_says_that_papers_are_still_being_read(window: Any) -> None:
    """A word on a scan that waits is on no page yet: only what had been read was told of."""
    one = window("archivist")
    one.post("/upload", {}, files=[("file", ("scan.txt", "未读的扫描件".encode(), "text/plain"))])
    nothing = one.get("/search?q=鹦鹉洲码头").text
    assert "没有找到" in nothing
    assert "资料识别中" in nothing


def test_nothing_found_tells_who_sees_masked_that_a_phone_is_asked_whole(window: Any) -> None:
    assert "电话：完整号码" in window("agent").get("/search?q=电话:138").text
    assert "电话：完整号码" not in window("archivist").get("/search?q=电话:138").text


def test_nothing_found_repeats_the_beginning_of_a_long_query_only(window: Any) -> None:
    nothing = window("agent").get(f"/search?q={'甲' * 900}").text
    heading = re.search(r'<h1 id="results-head">(.*?)</h1>', nothing)
    assert heading
    assert 60 < len(heading[1]) < 120


def test_an_unknown_customer_number_is_said_before_anything_is_taken(window: Any) -> None:
    files = [("file", ("scan.txt", b"text", "text/plain"))]
    answer = window("archivist").post("/upload", {"customer_no": "4299999999"}, files=files)
    assert answer.status_code == 422
    assert "没有此户号" in answer.text


def test_an_empty_file_is_set_aside_said_at_once_and_stays_in_the_list_until_it_comes_whole(
    window: Any, seeded: Seeded
) -> None:
    one = window("archivist")
    files = [
        ("file", (name, body, "text/plain"))
        for name, body in (("a.txt", b"one of two"), ("leer.txt", b""), ("b.txt", b"two of two"))
    ]
    told = one.post("/upload", {}, files=files)
    assert told.status_code == 200
    assert re.findall(r'<li class="uploaded" data-outcome="(\w+)"', told.text)[:3] == [
        "accepted", "quarantined", "accepted",
    ]  # fmt: skip
    assert "文件是空的" in told.text
    assert "请重新扫描" in told.text
    empty = ("file", ("leer.txt", b"", "text/plain"))
    by_script = one.post("/upload", {}, files=[empty], headers={"hx-request": "true"})
    assert 'data-outcome="quarantined"' in by_script.text

    def noted() -> list[tuple[str, str]]:
        with seeded.context.reading(SETUP) as session:
            rows = session.scalars(select(Intake).where(Intake.source_path == "leer.txt"))
            return [(row.outcome, row.reason) for row in rows]

    assert noted() == [("quarantined", "empty")], "said twice it is one file"
    one.post("/upload", {}, files=[("file", ("leer.txt", b"whole by now", "text/plain"))])
    assert noted() == [("accepted", "")]


def test_a_refusal_says_why_to_the_script(window: Any) -> None:
    one = window("archivist")
    files = [("file", ("a.txt", b"a paper", "text/plain"))]
    refused = one.post(
        "/upload", {"customer_no": "4299999999"}, files=files, headers={"hx-request": "true"}
    )
    assert refused.status_code == 422
    assert 'data-problem="没有此户号' in refused.text


def test_an_upload_without_the_token_is_refused(window: Any) -> None:
    files = [("file", ("scan.txt", b"text", "text/plain"))]
    assert window("archivist").client.post("/upload", files=files).status_code == 403


def test_assigning_moves_on_and_can_be_undone(window: Any, seeded: Seeded) -> None:
    one, pool = window("archivist"), seeded.documents["pool"]
    found = one.get(f"/assign/{pool}?find={EAST.name}").text
    assert EAST.customer_no in found
    revision = re.search(r'name="revision" value="(\d+)"', found)
    assert revision
    fields = {"customer_no": EAST.customer_no, "revision": revision[1]}
    done = one.post(f"/assign/{pool}", fields, follow_redirects=False)
    assert done.status_code == 303
    assert one.get(f"/assign/{pool}").status_code == 404
    assert one.post(f"/assign/{pool}", fields).status_code == 404

    last = re.search(r"undo=([^&]+)", done.headers["location"])
    assert last
    undone = one.post("/assign/undo", {"last": last[1]}, follow_redirects=False)
    assert undone.headers["location"] == f"/assign/{pool}"
    viewer = viewer_by_name(seeded.context, "archivist")
    assert documents.get(seeded.context, viewer, pool).customer_no is None
    index(seeded.context)


def test_two_people_cannot_decide_the_same_paper(window: Any, seeded: Seeded) -> None:
    one, pool = window("archivist"), seeded.documents["pool"]
    answer = one.post(f"/assign/{pool}", {"customer_no": EAST.customer_no, "revision": "0"})
    assert answer.status_code == 409
    assert 'class="steps"' in answer.text
    assert "数据已变化" in answer.text


# -- languages, files, house rules --------------------------------------------------------------


def test_the_language_is_kept_and_leads_back_to_the_page(window: Any) -> None:
    one = window("archivist")
    answer = one.get("/language/en?next=/upload", follow_redirects=False)
    assert answer.headers["location"] == "/upload"
    assert "Bring papers in" in one.get("/upload").text
    one.get("/language/zh_TW?next=/")
    assert "收入資料" in one.get("/upload").text
    assert one.get("/language/xx").status_code == 404


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("zh-CN,zh;q=0.9", "密码"),
        ("zh-HK,zh-TW;q=0.9,en;q=0.5", "密碼"),
        ("en-US,en", "Password"),
        ("fr", "密码"),
    ],
)
def test_the_login_speaks_the_browser_s_language_until_one_is_chosen(
    window: Any, asked: str, word: str
) -> None:
    one, headers = window(None), {"accept-language": asked}
    assert word in one.get("/login", headers=headers).text
    one.get("/language/zh_TW?next=/login", headers=headers)
    assert "密碼" in one.get("/login", headers=headers).text


def test_pages_hold_no_inline_script_or_style(window: Any, seeded: Seeded) -> None:
    one = window("archivist")
    for path in pages_of(seeded)[:14]:
        text = one.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text), path


def test_static_files_are_kept_for_ever_under_their_hash(window: Any) -> None:
    one = window(None)
    address = re.search(r'href="(/static/[0-9a-f]{16}/base\.css)"', one.get("/login").text)
    assert address
    answer = one.get(address[1])
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    old = one.get("/static/0000000000000000/base.css")
    assert old.headers["cache-control"] == "no-cache"
    assert one.get("/static/x/../../app.py").status_code in (303, 404)


def test_errors_are_pages_for_people_and_problems_for_programs(window: Any) -> None:
    one = window("archivist")
    page = one.get("/documents/none")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "Not found" in page.text
    problem = one.get("/api/v1/documents/none")
    assert problem.headers["content-type"].startswith("application/problem+json")


# -- the audit record ---------------------------------------------------------------------------


def test_the_auditor_lands_on_the_record_sees_names_and_filters(window: Any) -> None:
    window("agent").get(f"/customers/{EAST.customer_no}")
    one = window("auditor")
    start = one.get("/")
    assert start.url.path == "/audit"
    assert "尚未封存" in TAGS.sub("", start.text)
    assert 'href="/audit"' not in window("agent").get("/").text
    rows = one.get("/audit?actor=agent&action=customer.read").text
    assert EAST.customer_no in rows
    assert "查看客户" in rows
    assert "没有符合的记录" in one.get("/audit?object_id=none").text
    assert one.get("/audit?cursor=broken").status_code == 400


def test_reading_the_record_is_noted_and_pages_do_not_overlap(seeded: Seeded, window: Any) -> None:
    window("auditor").get("/audit")
    first = seeded.get("/api/v1/audit?size=3", "auditor").json()
    again = seeded.get(f"/api/v1/audit?size=3&cursor={first['next_cursor']}", "auditor").json()
    ids = [item["id"] for item in first["items"] + again["items"]]
    assert ids == sorted(set(ids), reverse=True)
    assert first["items"][0]["action"] == "audit.read"
    assert first["items"][0]["actor"] == "auditor"
    assert first["items"][0]["sealed"] is False
    audit_chain.seal(seeded.context, SETUP)
    sealed = seeded.get("/api/v1/audit?size=200", "auditor").json()["items"]
    assert all(item["sealed"] for item in sealed if item["id"] in ids)


# -- trouble at the intake ----------------------------------------------------------------------


@pytest.fixture
def without_copy(seeded: Seeded) -> Iterator[str]:
    """The intake row of a filed paper whose searchable copy could not be made."""
    moment, document = seeded.context.clock.now(), seeded.documents["东1"]
    with seeded.context.writing(SETUP) as session:
        item = WorkItem(
            kind="searchable", subject=document, dedupe_key=f"searchable:{document}",
            state="failed", error="step_failed", attempt=3,
            run_at=moment, created_at=moment, changed_at=moment,
        )  # fmt: skip
        session.add(item)
        row = session.scalars(select(Intake).where(Intake.document_id == document)).one()
    yield row.id
    with seeded.context.writing(SETUP) as session:
        session.delete(session.get_one(WorkItem, item.id))


def intake_list(seeded: Seeded, **query: str) -> tuple[list[str], dict[str, int]]:
    """Ids of the rows in a state, and the counts of all states."""
    answer = seeded.get("/api/v1/intake", "archivist", params=query).json()
    assert answer["total"] == len(answer["items"])
    return [item["id"] for item in answer["items"]], answer["counts"]


def test_a_paper_without_its_searchable_copy_stands_apart_with_error_and_remedy(
    window: Any, seeded: Seeded, without_copy: str
) -> None:
    apart, counts = intake_list(seeded, state="no_copy")
    filed, _ = intake_list(seeded, state="filed")
    assert (apart, counts["no_copy"]) == ([without_copy], 1)
    assert without_copy not in filed
    assert counts["filed"] == len(filed)
    text = window("archivist").get("/intake?state=no_copy").text
    (row,) = re.findall(r'<tr id="file-.*?</tr>', text, re.DOTALL)
    assert "已归档，缺副本" in row
    assert "可检索副本未生成（原件不受影响）" in row
    assert "需要副本时请重试" in row
    assert 'data-state="failed" title="可检索副本"' in row
    assert "step_failed" not in text


def test_what_stays_refused_is_not_said_to_have_changed_meanwhile(
    window: Any, seeded: Seeded
) -> None:
    filed, _ = intake_list(seeded, state="filed")
    refused = window("archivist").post(f"/intake/{filed[0]}/retry", {})
    assert refused.status_code == 409
    assert "当前情况不允许此操作" in refused.text
    assert "重复提交仍会被拒绝" in refused.text
    assert "数据已变化" not in refused.text


def test_a_copy_that_is_tried_again_is_filed_meanwhile(
    window: Any, seeded: Seeded, without_copy: str
) -> None:
    one = window("archivist")
    assert f"/intake/{without_copy}/retry" in one.get("/intake?state=no_copy").text
    assert one.post(f"/intake/{without_copy}/retry", {}).status_code == 200
    apart, counts = intake_list(seeded, state="no_copy")
    assert (apart, counts["no_copy"]) == ([], 0)
    assert without_copy in intake_list(seeded, state="filed")[0]


def test_a_draft_that_nobody_writes_any_more_is_named_on_the_intake_page(
    window: Any, seeded: Seeded
) -> None:
    draft = seeded.context.settings.inbox_path / "扫描.pdf.part"
    draft.write_bytes(b"x" * 2048)
    os.utime(draft, (time.time() - 3 * 86_400,) * 2)
    try:
        text = window("archivist").get("/intake").text
        assert "扫描.pdf.part" in text
        assert "2.0 KB" in text or "2.0 KiB" in text
        assert "3 天" in text
        assert "请重新传送，或改为正式文件名" in text
    finally:
        draft.unlink()
    assert "扫描.pdf.part" not in window("archivist").get("/intake").text


def test_a_refusal_names_the_missing_right_in_words_of_the_viewer_s_language(window: Any) -> None:
    one = window("agent")
    assert "需要“查看收件”权限" in one.get("/intake").text
    one.get("/language/en?next=/")
    english = one.get("/intake").text
    assert "It needs the right “See the intake”" in english
    assert "see_intake" not in english
    assert "您的岗位无此权限" not in english


def test_the_start_page_of_who_opens_no_paper_has_tips_for_what_it_may_search_by(
    window: Any,
) -> None:
    tips = html.unescape(window("admin").get("/").text)
    assert "一个词就能查到" in tips
    assert "页面上的任何词语" not in tips.partition('class="start"')[2]
    assert "收进来时的文件名" not in tips
    assert "收进来时的文件名" in html.unescape(window("archivist").get("/").text)
    assert "收进来时的文件名" not in html.unescape(window("agent").get("/").text)
