"""The list of hits as a file: same customers and order; reason, approval, password, end, audit."""

from __future__ import annotations

import csv
import html
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import msoffcrypto
import msoffcrypto.exceptions
import pytest
import pyzipper
from fastapi.testclient import TestClient
from msoffcrypto.method.ecma376_agile import ECMA376Agile
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.clock import SHANGHAI, FixedClock, SystemClock
from dossier.db.list_tables import ListFile
from dossier.db.tables import AuditEvent, Customer
from dossier.hookspecs import ListLink, hookimpl
from dossier.plugins.list_export import export, files
from dossier.rules import rulebook
from dossier.services import accounts, approvals
from dossier.services.plugin_registry import PluginRegistry
from dossier.services.table_export import as_csv, as_xlsx
from dossier.settings import Settings
from tests.support_list_files import PATH, bearer, clear, exported, make, opened
from tests.support_seeded import (
    COMMON,
    EAST,
    PASSWORD,
    SETUP,
    USERS,
    WEST,
    Seeded,
    csrf_token,
    seeded_archive,
)

PEOPLE = USERS | {
    "chief": ("supervisor", None),
    "east_chief": ("supervisor", EAST.unit),
    "marketing": ("marketing", None),
}
ROUNDS = 100_000
"""How often Excel hashes a password: each try of a guess costs as much."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    home = tmp_path_factory.mktemp("export") / "home"
    with seeded_archive(home, users=PEOPLE) as made:
        made.context = replace(made.context, clock=FixedClock(SystemClock().now()))
        app = create_app(made.context)
        with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
            made.client = client
            yield made


@pytest.fixture
def clock(archive: Seeded) -> Iterator[FixedClock]:
    """The archive's clock; it is as late after the test as before."""
    found = archive.context.clock
    assert isinstance(found, FixedClock)
    began = found.instant
    yield found
    found.instant = began


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets numbers of the rule file for one test."""
    return lambda **numbers: [
        monkeypatch.setitem(rulebook.load("list_export"), name, value)
        for name, value in numbers.items()
    ]


def table(archive: Seeded, user: str, q: str = "", **more: Any) -> list[list[str]]:
    return exported(archive.client, archive.tokens[user], q, **more)


def wish(archive: Seeded, user: str, q: str = "", **more: Any) -> Any:
    return make(archive.client, archive.tokens[user], q, **more)


def asks(archive: Seeded, user: str, q: str, **more: Any) -> Any:
    body = {"q": q, "purpose": "核对", "hours": 2} | more
    headers = bearer(archive.tokens[user])
    return archive.client.post(f"{PATH}/approval", json=body, headers=headers)


def decide(archive: Seeded, user: str, request_id: str) -> None:
    viewer = accounts.viewer_by_name(archive.context, user)
    approvals.approve(archive.context, viewer, request_id)


def waiting(archive: Seeded, user: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = archive.get("/api/v1/approvals/waiting", user).json()["items"]
    return items


def test_the_file_holds_the_list_in_its_order_masked(archive: Seeded) -> None:
    hits = archive.get(f"/api/v1/search?q={COMMON}", "archivist").json()["hits"]
    head, *rows = table(archive, "archivist", COMMON)
    assert head[:2] == ["户号", "户名"]
    shown = [hit["customer"]["customer_no"] if hit["customer"] else "" for hit in hits]
    assert [row[0] for row in rows] == shown
    east = next(row for row in rows if row[0] == EAST.customer_no)
    assert east[1].startswith("欧阳*")
    assert east[2:4] == ["在用", "低压居民"]
    assert east[5:] == [EAST.unit, EAST.line, EAST.district, "资料类型 · 题名 · 页面文字", "1"]
    assert all(secret not in str(rows) for person in (EAST, WEST) for secret in person.secrets)


@pytest.mark.parametrize(
    ("user", "status"), [("admin", 403), ("archivist", 201), ("agent", 403), ("auditor", 403)]
)
def test_the_role_decides(archive: Seeded, user: str, status: int) -> None:
    assert wish(archive, user).status_code == status


def test_filters_and_scope_hold_in_the_file(archive: Seeded) -> None:
    rows = table(archive, "archivist_east", COMMON)[1:]
    assert WEST.customer_no not in str(rows)
    assert [row[0] for row in rows] == [EAST.customer_no, ""]
    assert table(archive, "archivist", COMMON, filters={"status": ["closed"]})[1:] == []


def test_without_a_reason_there_is_no_file(archive: Seeded) -> None:
    answer = wish(archive, "archivist", EAST.customer_no, purpose="  ")
    assert answer.status_code == 422
    assert "用途" in answer.json()["detail_zh"]


def test_the_file_opens_with_its_password_only_and_says_who_and_what_for(
    archive: Seeded, locked_by: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ECMA376Agile, "encrypt", staticmethod(locked_by))
    made = wish(archive, "archivist", EAST.customer_no, purpose="稽查核对").json()
    file = archive.get(made["href"], "archivist")
    assert msoffcrypto.OfficeFile(BytesIO(file.content)).info["spinValue"] >= ROUNDS
    assert file.headers["content-disposition"].endswith('.xlsx"')
    assert EAST.customer_no.encode() not in file.content
    with pytest.raises(msoffcrypto.exceptions.InvalidKeyError):
        opened(file.content, made["password"] + "x")
    assert opened(file.content, made["password"])[1][0] == EAST.customer_no
    sheet = clear(file.content, made["password"])
    inside = zipfile.ZipFile(BytesIO(sheet)).read("xl/worksheets/sheet1.xml").decode()
    assert "archivist" in inside
    assert "稽查核对" in inside
    other = wish(archive, "archivist", EAST.customer_no).json()["password"]
    assert other != made["password"]


def test_a_list_comes_as_csv_too_in_a_zip_under_the_password(archive: Seeded) -> None:
    wanted = {"format": "csv", "purpose": "稽查核对"}
    made = wish(archive, "archivist", EAST.customer_no, **wanted).json()
    file = archive.get(made["href"], "archivist")
    assert file.headers["content-disposition"].endswith('.zip"')
    assert EAST.customer_no.encode() not in file.content
    with pyzipper.AESZipFile(BytesIO(file.content)) as packed:
        rows, mark = sorted(packed.namelist())
        assert rows.endswith(".csv")
        for password in (None, made["password"] + "x"):
            with pytest.raises(RuntimeError):
                packed.read(rows, pwd=password and password.encode())
        packed.setpassword(made["password"].encode())
        text = packed.read(rows).decode("utf-8-sig")
        assert "稽查核对" in packed.read(mark).decode()
    assert list(csv.reader(text.splitlines())) == table(archive, "archivist", EAST.customer_no)


def test_a_file_is_its_makers_own_and_ends(archive: Seeded, clock: FixedClock) -> None:
    href = wish(archive, "archivist", EAST.customer_no).json()["href"]
    assert archive.get(href, "archivist_east").status_code == 404
    assert archive.get(href, "agent").status_code == 403
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert archive.get(href, "archivist").status_code == 200
    assert files.erase_expired(archive.context) == 0
    clock.advance(timedelta(seconds=1))
    assert archive.get(href, "archivist").status_code == 404
    assert files.erase_expired(archive.context) >= 1
    with archive.context.reading(SETUP) as session:
        row = session.get_one(ListFile, href.rpartition("/")[2])
        assert row.body is None
        steps = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc()).limit(4))
        assert "list.expired" in steps.all()


def test_each_file_is_in_the_audit_without_the_words(archive: Seeded) -> None:
    made = wish(archive, "archivist", EAST.name, purpose="稽查").json()
    with archive.context.reading(SETUP) as session:
        newest = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(2)
        entry, event = session.scalars(newest).all()
    assert (event.action, event.purpose) == ("list.exported", "稽查")
    assert event.facts["rows"] == 1
    assert event.facts["file"] == made["id"]
    assert event.facts["clear"] is False
    assert (entry.action, entry.object_id) == ("customer.exported", EAST.customer_no)
    assert (entry.actor, entry.facts) == (event.actor, {"bulk": event.id})
    assert EAST.name not in str((event.__dict__, entry.__dict__))
    assert made["password"] not in str((event.__dict__, entry.__dict__))


def test_a_long_list_waits_for_somebody_elses_approval(
    archive: Seeded, clock: FixedClock, rules: Any
) -> None:
    rules(rows_without_approval=1)
    assert wish(archive, "archivist", EAST.customer_no).status_code == 201
    answer = wish(archive, "archivist", COMMON)
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_needed")
    assert asks(archive, "archivist", EAST.customer_no).status_code == 409
    request_id = asks(archive, "archivist", COMMON).json()["id"]
    assert asks(archive, "archivist", COMMON).status_code == 409
    assert waiting(archive, "east_chief") == []
    (seen,) = waiting(archive, "chief")
    assert seen["asked_list"] == {"q": COMMON, "filters": {}, "clear": False}
    decide(archive, "chief", request_id)
    assert len(table(archive, "archivist", COMMON)) == 4
    other = wish(archive, "archivist", COMMON, filters={"status": ["active"]})
    assert other.status_code in (201, 403)
    assert wish(archive, "archivist", f"{COMMON} OR x").status_code in (201, 403)
    assert wish(archive, "archivist", COMMON, clear=True).status_code == 403
    clock.advance(timedelta(hours=2))
    assert wish(archive, "archivist", COMMON).status_code == 403


def test_a_list_in_clear_waits_however_short(archive: Seeded, clock: FixedClock) -> None:
    q = EAST.customer_no
    assert wish(archive, "archivist", q, clear=True).status_code == 403
    request_id = asks(archive, "archivist", q, clear=True).json()["id"]
    viewer = accounts.viewer_by_name(archive.context, "archivist")
    assert not viewer.may(approvals.Permission.APPROVE)
    decide(archive, "chief", request_id)
    assert EAST.name in str(table(archive, "archivist", q, clear=True))
    assert EAST.name not in str(table(archive, "archivist", q))
    masked, made = wish(archive, "archivist", q).json(), wish(archive, "archivist", q, clear=True)
    assert archive.get(made.json()["href"], "archivist").status_code == 200
    chief = accounts.viewer_by_name(archive.context, "chief")
    approvals.revoke(archive.context, chief, request_id, reason="用途已结束")
    assert archive.get(made.json()["href"], "archivist").status_code == 404
    assert archive.get(masked["href"], "archivist").status_code == 200, "it needed none"
    again = asks(archive, "archivist", q, clear=True).json()["id"]
    decide(archive, "chief", again)
    assert archive.get(made.json()["href"], "archivist").status_code == 404, "that is another one"
    late = wish(archive, "archivist", q, clear=True).json()
    assert datetime.fromisoformat(late["expires_at"]) == clock.now() + timedelta(hours=2)


def test_a_list_that_grew_since_the_approval_is_asked_for_again(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    q = WEST.customer_no
    request_id = asks(archive, "archivist", q, clear=True).json()["id"]
    decide(archive, "chief", request_id)
    monkeypatch.setattr(export, "_counted", lambda *_: (None, 2))
    answer = wish(archive, "archivist", q, clear=True)
    assert answer.json()["code"] == "approval_needed"


def test_a_list_that_is_too_long_is_refused_with_the_remedy(archive: Seeded, rules: Any) -> None:
    assert rulebook.load("list_export")["most_rows"] >= 1000
    rules(most_rows=1)
    answer = wish(archive, "archivist", COMMON)
    assert answer.status_code == 422
    assert "narrow it down" in answer.json()["detail"]
    assert "缩小范围" in answer.json()["detail_zh"]


def test_more_than_one_page_of_hits_comes_whole(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 1)
    with archive.context.reading(SETUP) as session:
        everybody = set(session.scalars(select(Customer.customer_no)))
    assert {row[0] for row in table(archive, "archivist")[1:]} == {*everybody, ""}


def test_by_the_pages_without_script_from_the_list_to_the_file(archive: Seeded, rules: Any) -> None:
    client = archive.client
    answer = client.post("/login", data={"name": "archivist", "password": PASSWORD})
    assert answer.status_code == 303
    text = client.get(f"/search?q={COMMON}&filter.status=active").text
    (link,) = re.findall(r'href="(/search/export\?[^"]*)"', text)
    page = client.get(html.unescape(link)).text
    search = html.unescape(re.findall(r'name="search" value="([^"]*)"', page)[0])
    form = {"csrf_token": csrf_token(page), "search": search, "purpose": "年度核对"}
    assert client.post("/search/export", data=form | {"purpose": ""}).status_code == 422
    done = client.post("/search/export", data=form)
    password = re.findall(r'id="password">([^<]+)<', done.text)[0]
    file = client.get(re.findall(r'href="(/search/export/[^"]+)"', done.text)[0])
    here = archive.context.clock.now().astimezone(SHANGHAI)
    assert f"dossier-{here:%Y%m%d-%H%M}" in file.headers["content-disposition"]
    rows = opened(file.content, html.unescape(password))
    assert rows == table(archive, "archivist", COMMON, filters={"status": ["active"]})
    refused = client.post("/search/export", data=form | {"clear": "1"})
    assert refused.status_code == 403
    assert 'formaction="/search/export/approval"' in refused.text
    assert '<button type="submit">生成文件</button>' in refused.text
    assert '<option value="24">1 天</option>' in refused.text
    asked = client.post("/search/export/approval", data=form | {"clear": "1", "hours": "2"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/approvals")
    assert "明文" in client.get("/approvals").text
    client.cookies.clear()
    answer = archive.get(f"/search?q={COMMON}", "agent")
    assert "/search/export" not in answer.text


def test_without_the_plugin_there_is_no_link(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, workers=1, plugins_off=("list_export",))
    context = build(settings)
    try:
        assert context.plugins.list_links(SETUP, "q=x") == []
    finally:
        context.readers.close()
        context.database.dispose()


def test_a_plugin_that_fails_here_leaves_the_list_and_the_other_links() -> None:
    class Stumbling:
        @hookimpl
        def list_links(self, viewer: object, asked: str) -> list[ListLink]:
            raise RuntimeError(asked)

    class Printing:
        @hookimpl
        def list_links(self, asked: str) -> list[ListLink]:
            return [ListLink("打印", "Print", f"/prints?{asked}")]

    plugins = PluginRegistry((("stumbling", Stumbling()), ("printing", Printing())))
    assert [link.href for link in plugins.list_links(SETUP, "q=x")] == ["/prints?q=x"]
    assert [fault.plugin for fault in plugins.faults] == ["stumbling"]


def test_a_cell_is_never_a_formula() -> None:
    rows = [("=1+1", "+86", "-2", "@x", "\tx")]
    text = as_csv(("a",) * 5, rows).decode("utf-8-sig").splitlines()[1]
    assert next(iter(csv.reader([text]))) == ["'=1+1", "'+86", "'-2", "'@x", "'\tx"]
    assert b"<f>" not in as_xlsx(("a",), rows, widths=(9,))
