"""The list of hits as a file: same customers, order and masks; rights, limit and audit."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import re
from pathlib import Path

import pytest
import python_calamine
from fastapi.testclient import TestClient
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.db.tables import AuditEvent, Customer
from dossier.hookspecs import ListLink, hookimpl
from dossier.plugins.list_export import export
from dossier.rules import rulebook
from dossier.services import accounts
from dossier.services.plugin_registry import PluginRegistry
from dossier.services.table_export import as_csv, as_xlsx
from dossier.services.views import SearchRequest
from dossier.settings import Settings
from dossier.viewer import Permission
from tests.support_seeded import COMMON, EAST, SETUP, WEST, Seeded, seeded_archive

PATH = "/api/v1/search/export"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory):
    with (
        seeded_archive(tmp_path_factory.mktemp("export") / "home") as made,
        TestClient(create_app(made.context)) as client,
    ):
        made.client = client
        yield made


def table(archive: Seeded, user: str, **query: str) -> list[list[str]]:
    answer = archive.get(PATH, user, params={"format": "csv", **query})
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_file_holds_the_list_in_its_order(archive: Seeded) -> None:
    hits = archive.get(f"/api/v1/search?q={COMMON}", "archivist").json()["hits"]
    head, *rows = table(archive, "archivist", q=COMMON)
    assert head[:2] == ["户号", "户名"]
    shown = [hit["customer"]["customer_no"] if hit["customer"] else "" for hit in hits]
    assert [row[0] for row in rows] == shown
    east = next(row for row in rows if row[0] == EAST.customer_no)
    assert east == [
        EAST.customer_no, EAST.name, "在用", "低压居民", EAST.address, EAST.unit, EAST.line,
        EAST.district, "资料类型 · 题名 · 页面文字", "1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("user", "status"),
    [("admin", 403), ("archivist", 200), ("agent", 403), ("auditor", 403), (None, 401)],
)
def test_the_role_decides(archive: Seeded, user: str | None, status: int) -> None:
    assert archive.get(PATH, user).status_code == status


def test_filters_and_scope_hold_in_the_file(archive: Seeded) -> None:
    rows = table(archive, "archivist_east", q=COMMON)[1:]
    assert WEST.customer_no not in str(rows)
    assert [row[0] for row in rows] == [EAST.customer_no, ""]
    assert table(archive, "archivist", q=COMMON, **{"filter.status": "closed"})[1:] == []


def test_a_workbook_keeps_long_numbers_as_text(archive: Seeded, tmp_path: Path) -> None:
    answer = archive.get(PATH, "archivist", params={"q": EAST.customer_no, "format": "xlsx"})
    file = tmp_path / "list.xlsx"
    file.write_bytes(answer.content)
    rows = python_calamine.CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == EAST.customer_no
    assert answer.headers["content-disposition"].endswith('.xlsx"')


def test_who_sees_masked_and_may_export_gets_a_masked_file(archive: Seeded) -> None:
    agent = accounts.viewer_by_name(archive.context, "agent")
    both = dataclasses.replace(agent, permissions=agent.permissions | {Permission.EXPORT})
    found = export.export_list(
        archive.context, both, SearchRequest(q=EAST.customer_no), file_format="csv"
    )
    body = as_csv(found.head, found.rows).decode()
    assert EAST.customer_no in body
    assert all(secret not in body for secret in EAST.secrets)


def test_each_file_is_in_the_audit_without_the_words(archive: Seeded) -> None:
    table(archive, "archivist", q=EAST.name)
    with archive.context.reading(SETUP) as session:
        newest = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(2)
        entry, event = session.scalars(newest).all()
    assert (event.action, event.facts) == ("list.exported", {"rows": 1, "format": "csv"})
    assert (entry.action, entry.object_id) == ("customer.exported", EAST.customer_no)
    assert (entry.actor, entry.facts) == (event.actor, {"bulk": event.id})
    assert EAST.name not in str((event.__dict__, entry.__dict__))


def test_a_list_that_is_too_long_is_refused_with_the_remedy(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rulebook.load("list_export")["most_rows"] >= 1000
    monkeypatch.setattr(export.rulebook, "load", lambda name: {"most_rows": 1})
    answer = archive.get(PATH, "archivist", params={"q": COMMON})
    assert answer.status_code == 422
    assert "narrow it down" in answer.json()["detail"]
    assert "缩小范围" in answer.json()["detail_zh"]


def test_more_than_one_page_of_hits_comes_whole(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 1)
    with archive.context.reading(SETUP) as session:
        everybody = set(session.scalars(select(Customer.customer_no)))
    assert {row[0] for row in table(archive, "archivist", q="")[1:]} == {*everybody, ""}


def links(archive: Seeded, user: str) -> list[str]:
    """Addresses of files above the list."""
    text = archive.get(f"/search?q={COMMON}&filter.status=active", user).text
    return [html.unescape(each) for each in re.findall(r'href="([^"]*)" download', text)]


def test_the_page_links_to_the_file_of_its_list_for_who_may_export(archive: Seeded) -> None:
    workbook, plain = links(archive, "archivist")
    assert archive.get(workbook, "archivist").content.startswith(b"PK")
    rows = list(csv.reader(io.StringIO(archive.get(plain, "archivist").text)))
    assert [row[0] for row in rows[1:]] == [
        row[0] for row in table(archive, "archivist", q=COMMON, **{"filter.status": "active"})[1:]
    ]
    assert links(archive, "agent") == []


def test_without_the_plugin_there_is_no_link(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, workers=1, plugins_off=("list_export",))
    context = build(settings)
    try:
        assert context.plugins.list_links(SETUP, "q=x") == []
    finally:
        context.readers.close()
        context.database.dispose()


def test_a_plugin_that_fails_here_leaves_the_list_and_the_other_links(archive: Seeded) -> None:
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
