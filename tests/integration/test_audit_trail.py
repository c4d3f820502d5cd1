"""The audit's page, its files, and "who looked" beside a dossier."""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from fastapi.testclient import TestClient
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.clock import SHANGHAI
from dossier.db.tables import AuditEvent
from dossier.errors import ForbiddenError, InvalidInputError, UnavailableError
from dossier.plugins.audit_trail import lookers
from dossier.rules import rulebook
from dossier.services import accounts, audit, audit_bulk, audit_log, customers
from dossier.services.audit_log import AuditFilter
from dossier.viewer import Permission
from tests.support_seeded import (
    EAST,
    PASSWORD,
    SETUP,
    WEST,
    Seeded,
    add_document,
    csrf_token,
)

TAGS = re.compile(r"<[^>]+>")


@pytest.fixture(scope="module")
def door(seeded: Seeded) -> Any:
    """Opens a browser-like client for a user; a supervisor of the east station is there too."""
    names = {"supervisor": None, "supervisor_east": EAST.unit}
    for name, unit in names.items():
        accounts.add_user(
            seeded.context, SETUP, name=name, role="supervisor", password=PASSWORD, unit=unit
        )
        seeded.tokens[name] = accounts.make_token(seeded.context, SETUP, name)
    app = create_app(seeded.context)

    def opened(user: str) -> TestClient:
        client = TestClient(app, base_url="http://127.0.0.1", headers={"accept-language": "zh-CN"})
        form = {"name": user, "password": PASSWORD}
        assert client.post("/login", data=form, follow_redirects=False).status_code == 303
        return client

    return opened


def viewer(seeded: Seeded, name: str) -> Any:
    return accounts.viewer_by_name(seeded.context, name)


def entries(seeded: Seeded, user: str, **wanted: Any) -> list[audit_log.AuditEntry]:
    asked = AuditFilter(**wanted)
    found, _ = audit_log.list_audit(
        seeded.context, viewer(seeded, user), wanted=asked, size=audit_log.MOST_ITEMS
    )
    return list(found.items)


def look_at_everything(seeded: Seeded) -> None:
    """The agent looks at both customers, and at pages of both."""
    for person, document in ((EAST, "东1"), (WEST, "西1")):
        seeded.get(f"/api/v1/customers/{person.customer_no}", "agent")
        seeded.get(f"/api/v1/documents/{seeded.documents[document]}/text", "agent")


# -- filters ------------------------------------------------------------------------------------


def test_a_customer_s_rows_are_those_of_the_papers_too(seeded: Seeded, door: Any) -> None:
    look_at_everything(seeded)
    rows = entries(seeded, "auditor", customer_no=EAST.customer_no, actor="agent")
    assert {"customer.read", "text.read"} <= {row.action for row in rows}
    objects = {EAST.customer_no, *(seeded.documents[key] for key in ("东1", "东2"))}
    assert {row.object_id for row in rows} <= objects
    assert {row.actor for row in rows} == {"agent"}


def test_days_are_those_of_shanghai_and_both_ends_count(seeded: Seeded, door: Any) -> None:
    look_at_everything(seeded)
    today = seeded.context.clock.now().astimezone(SHANGHAI).date()
    day = timedelta(days=1)
    assert entries(seeded, "auditor", since=today, until=today)
    assert not entries(seeded, "auditor", since=today + day)
    assert not entries(seeded, "auditor", until=today - day)
    assert entries(seeded, "auditor", since=date.min, until=date.max)
    at = [row.at for row in entries(seeded, "auditor", since=today)]
    assert at == sorted(at, reverse=True)


def test_who_reads_the_record_of_one_station_sees_its_customers_and_people_only(
    seeded: Seeded, door: Any
) -> None:
    look_at_everything(seeded)
    seeded.get(f"/api/v1/customers/{WEST.customer_no}", "agent_west")
    seeded.get("/api/v1/search?q=无", "agent_east")
    rows = entries(seeded, "supervisor_east")
    foreign = {WEST.customer_no, *(seeded.documents[key] for key in ("西1", "西2"))}
    assert rows
    assert not [row for row in rows if row.object_id in foreign]
    assert EAST.customer_no in {row.object_id for row in rows}
    assert "agent_east" in {row.actor for row in rows}
    assert "agent_west" not in {row.actor for row in rows}
    asked = entries(seeded, "supervisor_east", customer_no=WEST.customer_no)
    assert asked == []


@pytest.fixture(scope="module")
def strayed(seeded: Seeded, door: Any) -> dict[str, Any]:
    """Somebody of the east station looked at a customer of the west, as formerly allowed."""
    who = replace(viewer(seeded, "agent_east"), purpose="核对 4300000002 的投诉")
    paper = seeded.documents["西1"]
    for kind, key, action, facts in (
        ("customer", WEST.customer_no, "customer.read", {}),
        ("document", paper, "page.read", {"page": 7, "pages": 9}),
    ):
        audit.record_read(seeded.context, who, action, object_kind=kind, object_id=key, facts=facts)
    return {"numbers": (WEST.customer_no, paper), "purpose": who.purpose}


def test_what_own_people_did_outside_stays_in_the_record_and_does_not_say_on_what(
    seeded: Seeded, door: Any, strayed: dict[str, Any]
) -> None:
    rows = entries(seeded, "supervisor_east", actor="agent_east")
    outside = [row for row in rows if row.outside]
    assert {row.action for row in outside} == {"customer.read", "page.read"}
    assert {(row.object_id, row.purpose, row.page, row.count) for row in outside} == {
        ("", "", 0, None)
    }
    whole = entries(seeded, "auditor", actor="agent_east")
    assert not any(row.outside for row in whole)
    assert set(strayed["numbers"]) <= {row.object_id for row in whole}


def test_no_filter_finds_out_which_foreign_customer_it_was(
    seeded: Seeded, door: Any, strayed: dict[str, Any]
) -> None:
    customer_no, paper = strayed["numbers"]
    for wanted in ({"customer_no": customer_no}, {"object_id": customer_no}, {"object_id": paper}):
        assert entries(seeded, "auditor", **wanted)
        assert entries(seeded, "supervisor_east", **wanted) == []
    look_at_everything(seeded)
    assert entries(seeded, "supervisor_east", customer_no=EAST.customer_no)


def test_a_supervisor_of_a_part_cannot_compare_what_the_own_people_searched_for(
    seeded: Seeded, door: Any
) -> None:
    searched = f"/api/v1/search?q={WEST.customer_no}"
    for user in ("agent_east", "supervisor_east"):
        assert seeded.get(searched, user).json()["total"] == 0
    hashed = entries(seeded, "auditor", actor="agent_east", action="search")[0].object_id
    own = entries(seeded, "supervisor_east", actor="supervisor_east", action="search")[0]
    assert (own.object_id, own.count) == (hashed, 0), "what one typed oneself is no secret"
    others = entries(seeded, "supervisor_east", actor="agent_east", action="search")
    assert others, "that they searched, and when, is told"
    assert {(row.object_id, row.count) for row in others} == {("", None)}
    found = entries(seeded, "supervisor_east", object_id=hashed)
    assert {row.actor for row in found} == {"supervisor_east"}
    assert entries(seeded, "supervisor_east", object_id=hashed, actor="agent_east") == []
    assert (
        hashed
        not in export(
            door("supervisor_east"), purpose="核查", format="csv", actor="agent_east"
        ).text
    )
    assert entries(seeded, "auditor", object_id=hashed, actor="agent_east")[0].count == 0


def test_page_files_and_api_hide_foreign_customers_alike(
    seeded: Seeded, door: Any, strayed: dict[str, Any]
) -> None:
    one = door("supervisor_east")
    hidden = (*strayed["numbers"], strayed["purpose"])
    page = one.get("/audit?actor=agent_east").text
    assert "不在您的范围内" in page
    table = export(one, purpose="核查", format="csv", actor="agent_east").text
    assert "不在您的范围内" in table
    answer = seeded.get("/api/v1/audit?actor=agent_east", "supervisor_east")
    assert any(row["outside"] for row in answer.json()["items"])
    for text in (page, table, answer.text):
        assert not [value for value in hidden if value in text]


def test_the_address_and_the_page_are_told(seeded: Seeded, door: Any) -> None:
    seeded.get(f"/api/v1/documents/{seeded.documents['东1']}/pages/1/image", "agent")
    (row, *_) = entries(seeded, "auditor", action="page.read", actor="agent")
    assert (row.remote, row.page) == ("testclient", 1)


# -- what a row says beside ----------------------------------------------------------------------


def test_a_row_says_by_which_opening_and_why_on_page_file_and_api(
    seeded: Seeded, door: Any
) -> None:
    record = f"/api/v1/customers/{EAST.customer_no}"
    header = {"Authorization": f"Bearer {seeded.tokens['agent']}"}
    ask = {"fields": ["phone"], "reason": "outage_repair"}
    opened = seeded.client.post(f"{record}/opening", json=ask, headers=header).json()
    seeded.get(record, "agent")
    seeded.client.delete(f"{record}/opening", headers=header)
    looked, asked = (
        entries(seeded, "auditor", actor="agent", action=action)[0]
        for action in ("customer.read", "disclosure.asked")
    )
    assert looked.facts == {"disclosure": opened["id"]}
    assert asked.facts["reason"] == "outage_repair"
    (row,) = (
        one
        for one in seeded.get("/api/v1/audit?action=disclosure.asked", "auditor").json()["items"]
        if one["id"] == asked.id
    )
    assert row["facts"] == asked.facts
    one = door("auditor")
    page = TAGS.sub(" ", one.get("/audit?actor=agent&action=disclosure.asked").text)
    for said in (opened["id"], "抢修派工", "电话", "截止时间"):
        assert said in page
    assert "outage_repair" not in page
    table = export(one, purpose="核查", format="csv", action="customer.read").content
    head, *rows = csv.reader(io.StringIO(table.decode("utf-8-sig")))
    told = {int(each[0]): each[head.index("详情")] for each in rows}
    assert told[looked.id] == f"临时显示编号: {opened['id']}"


@pytest.fixture(scope="module")
def moved(seeded: Seeded, door: Any) -> str:
    """A paper that was the west's customer's and was put to the east's."""
    with seeded.context.writing(SETUP) as session:
        document = add_document(seeded.context, session, WEST, 77, ["用电申请 资料移交"])
    header = {"Authorization": f"Bearer {seeded.tokens['archivist']}"}
    answer = seeded.client.patch(
        f"/api/v1/documents/{document}", json={"customer_no": EAST.customer_no}, headers=header
    )
    assert answer.status_code == 200, answer.text
    return document


def test_whose_paper_it_was_is_told_to_who_may_see_that_customer_only(
    seeded: Seeded, door: Any, moved: str
) -> None:
    whole, part = (
        entries(seeded, user, object_id=moved, action="document.assigned")[0]
        for user in ("auditor", "supervisor_east")
    )
    assert whole.facts["before"]["customer_no"] == WEST.customer_no
    assert part.facts["customer_no"] == EAST.customer_no
    assert part.facts["before"]["customer_no"] == "outside"
    page = door("supervisor_east").get(f"/audit?object_id={moved}").text
    record = seeded.get(f"/api/v1/documents/{moved}", "archivist_east")
    assert record.json()["history"][0]["action"] == "document.assigned"
    assert "不在您的范围内" in page
    assert WEST.customer_no not in page + record.text
    assert WEST.customer_no in seeded.get(f"/api/v1/documents/{moved}", "archivist").text


def test_what_others_did_outside_says_nothing_beside(
    seeded: Seeded, door: Any, strayed: dict[str, Any]
) -> None:
    rows = entries(seeded, "supervisor_east", actor="agent_east")
    assert {str(row.facts) for row in rows if row.outside} == {"{}"}
    others = entries(seeded, "supervisor_east", actor="agent_east", action="search")
    assert all(row.facts == {} for row in others)


@pytest.mark.parametrize(
    ("part", "key", "told"),
    [
        ("customer", WEST.customer_no, "outside"),
        ("customer", EAST.customer_no, EAST.customer_no),
        ("case", "SQ-2026/0031", "outside"),
    ],
)
def test_a_role_given_for_a_foreign_customer_or_case_does_not_name_it(
    seeded: Seeded, door: Any, part: str, key: str, told: str
) -> None:
    facts = {"role": "legal", "part": part, "key": key}
    who = viewer(seeded, "agent_east")
    audit.record_read(
        seeded.context, who, "role.granted", object_kind="user", object_id=who.id, facts=facts
    )
    asked = {"actor": "agent_east", "action": "role.granted"}
    assert entries(seeded, "auditor", **asked)[0].facts == facts
    assert entries(seeded, "supervisor_east", **asked)[0].facts == facts | {"key": told}


def test_who_looked_is_in_no_history_of_the_record(seeded: Seeded, door: Any) -> None:
    paper = seeded.documents["东1"]
    rows = (
        ("customer", EAST.customer_no, "customer.exported"),
        ("customer", EAST.customer_no, "approval.asked"),
        ("document", paper, "document.printed"),
    )
    for kind, key, action in rows:
        audit.record_read(seeded.context, SETUP, action, object_kind=kind, object_id=key)
    for path in (f"/api/v1/customers/{EAST.customer_no}", f"/api/v1/documents/{paper}"):
        done = {one["action"] for one in seeded.get(path, "agent").json()["history"]}
        assert not done & {action for *_, action in rows}


# -- the page -----------------------------------------------------------------------------------


def test_the_page_filters_by_person_customer_action_and_day(seeded: Seeded, door: Any) -> None:
    look_at_everything(seeded)
    today = seeded.context.clock.now().astimezone(SHANGHAI).date()
    one = door("auditor")
    found = one.get(
        f"/audit?actor=agent&customer_no={EAST.customer_no}&action=text.read"
        f"&since={today}&until={today}"
    )
    text = TAGS.sub(" ", found.text)
    assert "查看页面文字" in text
    assert "testclient" in text
    assert seeded.documents["西1"] not in found.text
    assert one.get("/audit?since=yesterday").status_code == 422
    for role in ("agent", "archivist", "admin"):
        assert door(role).get("/audit").status_code == 403
        assert 'href="/audit"' not in door(role).get("/").text


def test_pages_of_the_page_do_not_overlap(seeded: Seeded, door: Any) -> None:
    for _ in range(60):
        audit.record_read(
            seeded.context, SETUP, "customer.read", object_kind="customer", object_id="1"
        )
    one = door("auditor")
    first = one.get("/audit?object_id=1").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = one.get(following.group(1).replace("&amp;", "&")).text
    ids = re.findall(r'id="event-(\d+)"', first + second)
    assert len(ids) == len(set(ids)) == 60


# -- files --------------------------------------------------------------------------------------


def export(client: TestClient, **form: str) -> Any:
    token = csrf_token(client.get("/audit").text)
    return client.post("/audit/export", data={"csrf_token": token, **form})


def test_the_record_leaves_as_csv_and_that_is_in_the_record_with_the_purpose(
    seeded: Seeded, door: Any
) -> None:
    look_at_everything(seeded)
    one = door("auditor")
    answer = export(
        one, purpose="季度检查", format="csv", actor="agent", customer_no=EAST.customer_no
    )
    assert answer.status_code == 200
    assert 'filename="audit-' in answer.headers["content-disposition"]
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[1] == "时间"
    assert {row[2] for row in rows} == {"agent"}
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)
    (noted, *_) = entries(seeded, "auditor", action=audit_log.EXPORTED)
    assert (noted.actor, noted.purpose, noted.count) == ("auditor", "季度检查", len(rows))


def test_the_record_leaves_as_a_workbook(seeded: Seeded, door: Any, tmp_path: Path) -> None:
    look_at_everything(seeded)
    answer = export(door("auditor"), purpose="核查", format="xlsx", action="customer.read")
    file = tmp_path / "audit.xlsx"
    file.write_bytes(answer.content)
    rows = python_calamine.CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    assert {row[5] for row in rows[1:]} == {"customer.read"}


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"purpose": " ", "format": "csv"}, 422),
        ({"format": "csv"}, 422),
        ({"purpose": "x", "format": "pdf"}, 422),
        ({"purpose": "x" * 201, "format": "csv"}, 422),
    ],
)
def test_a_file_without_purpose_or_of_another_kind_is_refused(
    seeded: Seeded, door: Any, form: dict[str, str], status: int
) -> None:
    assert export(door("auditor"), **form).status_code == status


def test_a_file_needs_the_form_s_token_and_the_right(seeded: Seeded, door: Any) -> None:
    form = {"purpose": "x", "format": "csv"}
    assert door("auditor").post("/audit/export", data=form).status_code == 403
    headers = {"Authorization": f"Bearer {seeded.tokens['agent']}"}
    app = door("agent")
    app.cookies.clear()
    assert app.post("/audit/export", data=form, headers=headers).status_code == 403
    with pytest.raises(ForbiddenError):
        audit_log.export_audit(
            seeded.context, viewer(seeded, "agent"), wanted=AuditFilter(), file_format="csv"
        )


def test_more_rows_than_a_file_takes_are_refused_with_the_remedy(
    seeded: Seeded, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_everything(seeded)
    monkeypatch.setitem(rulebook.load("audit"), "most_exported_rows", 1)
    with pytest.raises(InvalidInputError, match="narrow it down"):
        audit_log.export_audit(
            seeded.context, viewer(seeded, "auditor"), wanted=AuditFilter(), file_format="csv"
        )


# -- who looked ---------------------------------------------------------------------------------


def panel_rows(seeded: Seeded, user: str) -> list[tuple[str, str]]:
    record = customers.get(seeded.context, viewer(seeded, user), EAST.customer_no)
    panels = [panel for panel in record.panels if panel.name == lookers.NAME]
    return list(panels[0].rows) if panels else []


def test_who_looked_stands_beside_the_dossier_for_those_entitled(seeded: Seeded, door: Any) -> None:
    look_at_everything(seeded)
    rows = panel_rows(seeded, "supervisor_east")
    (told,) = [what for _, what in rows if what.startswith("agent · ")]
    assert "档案 " in told
    assert "文字 " in told
    assert "testclient" in told
    page = door("supervisor_east").get(f"/customers/{EAST.customer_no}").text
    assert "谁看过" in page
    paper = door("supervisor_east").get(f"/documents/{seeded.documents['东1']}").text
    assert "谁看过" in paper
    for role in ("agent", "archivist"):
        assert panel_rows(seeded, role) == []
        assert "谁看过" not in door(role).get(f"/customers/{EAST.customer_no}").text


def test_a_dossier_that_nobody_opened_lately_says_so(
    seeded: Seeded, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lookers.rules(), "days", 0)
    assert panel_rows(seeded, "supervisor") == [lookers.NOBODY["zh"]]


# -- bulk ---------------------------------------------------------------------------------------


def test_a_bulk_leaves_one_row_for_each_object_or_none_at_all(seeded: Seeded) -> None:
    whole = {"action": "list.exported", "object_kind": "query", "object_id": "q"}
    who = replace(SETUP, purpose="why", remote="10.0.0.9")
    ids = [f"{number:010d}" for number in range(500)]
    receipt = audit_bulk.record_each(
        seeded.context, who, whole, action="customer.exported", object_kind="customer",
        object_ids=ids,
    )  # fmt: skip
    with seeded.context.reading(SETUP) as session:
        query = select(AuditEvent).where(AuditEvent.id > receipt.event_id).order_by(AuditEvent.id)
        rows = session.scalars(query).all()
    assert [row.object_id for row in rows] == ids
    assert {(row.purpose, row.remote, row.facts["bulk"]) for row in rows} == {
        ("why", "10.0.0.9", receipt.event_id)
    }
    with pytest.raises(UnavailableError):
        audit_bulk.record_each(
            seeded.context, who, whole, action="x", object_kind="y", object_ids=["ok", {}],  # type: ignore[list-item]
        )  # fmt: skip
    with seeded.context.reading(SETUP) as session:
        after = select(AuditEvent.id).where(AuditEvent.id > rows[-1].id)
        assert session.scalars(after).all() == []


def test_only_those_whom_the_rules_name_are_entitled() -> None:
    holders = set(rulebook.load("roles")["matrix"]["see_lookers"])
    assert holders == {"supervisor"}
    assert Permission.SEE_LOOKERS == "see_lookers"


@pytest.mark.parametrize("seeded", ["sqlite"], indirect=True)
def test_a_login_names_who_logged_in_and_how(seeded: Seeded, door: Any) -> None:
    door("agent")
    page = html.unescape(door("auditor").get("/audit?actor=agent&action=login").text)
    row = page[page.index('id="event-') :]
    assert '<a href="/audit?actor=agent&action=login">agent</a>' in row
    assert "登录方式: 密码" in row
    assert "系统任务" not in row
