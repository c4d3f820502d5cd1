"""Real names, contacts and what other systems are told, on both databases (S0-01, S0-02, S0-13, S0-14)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from dossier.clock import local_date
from dossier.db.tables import AuditEvent, Customer, CustomerNumber, CustomerPast
from dossier.db.verification_tables import ContactCheck, RealNameCheck, VerifiedFacts
from dossier.plugins.verification import stale
from dossier.rules.same_names import Likeness, compare_names
from dossier.services import accounts
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, csrf_token

HERE = f"/api/v1/customers/{EAST.customer_no}"
PAGE = f"/customers/{EAST.customer_no}/verification"
NEW = "13800001234"
MASKED_NEW = "138****1234"
Door = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def keeper(seeded: Seeded, door: Door) -> TestClient:
    """Who works at the eastern station, in a browser."""
    accounts.add_user(
        seeded.context, SETUP, name="keeper", role="station", password=PASSWORD, unit=EAST.unit
    )
    return door("keeper")


@pytest.fixture(scope="module")
def archivist(door: Door) -> TestClient:
    """Who sees the whole company in clear."""
    return door("archivist")


@pytest.fixture(scope="module")
def agent(door: Door) -> TestClient:
    """Who sees the whole company masked."""
    return door("agent")


@pytest.fixture(autouse=True)
def _as_it_was(seeded: Seeded) -> Any:
    yield
    with seeded.context.writing(SETUP) as session:
        session.execute(delete(VerifiedFacts))
        mine = CustomerNumber.customer_no == EAST.customer_no, CustomerNumber.kind == "phone"
        session.execute(delete(CustomerNumber).where(*mine))
        session.add(
            CustomerNumber(
                customer_no=EAST.customer_no, kind="phone", value=EAST.phone, key=EAST.phone
            )
        )


TOKENS: dict[int, str] = {}


def send(client: TestClient, path: str, body: dict[str, Any]) -> Any:
    token = TOKENS.get(id(client)) or csrf_token(client.get("/account").text)
    TOKENS[id(client)] = token
    return client.post(path, json=body, headers={"x-csrf-token": token})


def paper(seeded: Seeded) -> str:
    return seeded.documents["东2"]


def check(client: TestClient, seeded: Seeded, **more: Any) -> Any:
    body = {"result": "verified", "document_id": paper(seeded), **more}
    return send(client, f"{HERE}/real-name", body)


def contact(client: TestClient, **more: Any) -> Any:
    phone = client.get(f"{HERE}/contacts").json()["phones"][0]["id"]
    return send(client, f"{HERE}/contacts", {"channel": "phone", "phone": phone, **more})


def test_s0_01_a_check_keeps_paper_name_result_who_and_when(
    seeded: Seeded, keeper: TestClient
) -> None:
    before = keeper.get(f"{HERE}/real-name").json()
    assert before["state"] == "not_checked"
    (proposed,) = before["papers"]
    assert (proposed["document_id"], proposed["likeness"]) == (paper(seeded), "same")
    assert proposed["read_name"] == {"text": EAST.name, "masked": False}
    assert check(keeper, seeded).status_code == 201
    after = keeper.get(f"{HERE}/real-name").json()
    assert after["state"] == "verified"
    newest = after["checks"][0]
    assert (newest["legal_name"]["text"], newest["by"]) == (EAST.name, "keeper")
    assert newest["document_id"] == paper(seeded)
    assert newest["checked_at"]


def test_s0_01_every_check_stays_and_none_can_be_changed(
    seeded: Seeded, keeper: TestClient
) -> None:
    check(keeper, seeded)
    check(keeper, seeded, result="mismatch", legal_name="王建国")
    newest, earlier = keeper.get(f"{HERE}/real-name").json()["checks"][:2]
    assert (newest["result"], earlier["result"]) == ("mismatch", "verified")
    assert newest["legal_name"]["text"] == "王建国"
    for table in (RealNameCheck, ContactCheck):
        statement = update(table).values(note="geändert")
        if table is ContactCheck:
            contact(keeper, outcome="confirmed")
        with pytest.raises(DBAPIError), seeded.context.writing(SETUP) as session:
            session.execute(statement)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"result": "perhaps"}, "请选择核验结果"),
        ({"document_id": None}, "请选择所提供的身份证件"),
        ({"document_id": "东1"}, "该户没有此身份证件"),
        ({"document_id": "西2"}, "该户没有此身份证件"),
        ({"legal_name": "王建国"}, "请说明为何核验一致"),
        ({"result": "not_checked"}, "请填写重新核验的原因"),
        ({"note": "长" * 200}, "说明不超过"),
    ],
)
def test_s0_01_what_cannot_be_is_refused_with_the_reason(
    seeded: Seeded, keeper: TestClient, body: dict[str, Any], said: str
) -> None:
    if body.get("document_id"):
        body = {**body, "document_id": seeded.documents[body["document_id"]]}
    answer = check(keeper, seeded, **body)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail_zh"]


def test_s0_01_a_name_that_was_changed_since_is_not_checked(
    seeded: Seeded, keeper: TestClient
) -> None:
    check(keeper, seeded)
    named = update(Customer).where(Customer.customer_no == EAST.customer_no)
    with seeded.context.writing(SETUP) as session:
        session.execute(named.values(name_key="另一人"))
    try:
        assert keeper.get(f"{HERE}/real-name").json()["state"] == "not_checked"
        assert keeper.get("/api/v1/real-names").json()["counts"] == {"not_checked": 1}
    finally:
        with seeded.context.writing(SETUP) as session:
            session.execute(named.values(name_key=EAST.name))


def test_s0_01_names_are_held_against_each_other_folded_and_companies_never_by_their_core_alone() -> (
    None
):
    assert compare_names("歐陽霽月 ", "欧阳霁月") is Likeness.SAME
    assert compare_names("买买提·艾力", "买买提艾力") is Likeness.SAME
    for one, other, how in (
        ("襄阳宏泰机械有限公司", "武汉宏泰机械有限公司", Likeness.ALIKE),
        ("宏泰机械有限公司", "宏远机械有限公司", Likeness.OTHER),
        ("于娜", "余娜", Likeness.OTHER),
        ("", "张三", Likeness.OTHER),
    ):
        assert compare_names(one, other) is how, (one, other)


def test_s0_02_coverage_counts_by_station_line_and_district_and_leads_to_the_list(
    seeded: Seeded, keeper: TestClient, archivist: TestClient
) -> None:
    check(keeper, seeded)
    whole = archivist.get("/api/v1/real-names").json()
    assert whole["counts"] == {"verified": 1, "not_checked": 1}
    assert whole["by"] == "station"
    by_name = {one["label"]: one for one in whole["groups"]}
    assert by_name[EAST.unit]["percent"] == {"verified": 100.0}
    assert by_name[WEST.unit]["counts"] == {"not_checked": 1}
    station = by_name[WEST.unit]["value"]
    lines = archivist.get(f"/api/v1/real-names?station={station}").json()
    assert (lines["by"], [one["label"] for one in lines["groups"]]) == ("line", [WEST.line])
    line = lines["groups"][0]["value"]
    query = f"/api/v1/real-names?station={station}&line={line}"
    districts = archivist.get(query).json()
    assert (districts["by"], districts["groups"][0]["label"]) == ("district", WEST.district)
    assert [one["customer_no"] for one in districts["items"]] == [WEST.customer_no]
    nowhere = archivist.get("/api/v1/real-names?station=0").json()
    assert (nowhere["total"], nowhere["groups"]) == (0, [])


def test_s0_02_counts_and_lists_hold_only_what_is_in_scope(
    seeded: Seeded, keeper: TestClient, archivist: TestClient
) -> None:
    mine = keeper.get("/api/v1/real-names").json()
    assert [one["label"] for one in mine["groups"]] == [EAST.unit]
    assert mine["customers"] == 1
    other = archivist.get("/api/v1/real-names").json()["groups"]
    station = next(one["value"] for one in other if one["label"] == WEST.unit)
    assert keeper.get(f"/api/v1/real-names?station={station}").json()["groups"] == []


def test_s0_02_closed_accounts_do_not_count(seeded: Seeded, archivist: TestClient) -> None:
    named = update(Customer).where(Customer.customer_no == WEST.customer_no)
    with seeded.context.writing(SETUP) as session:
        session.execute(named.values(status="closed"))
    try:
        assert archivist.get("/api/v1/real-names").json()["customers"] == 1
    finally:
        with seeded.context.writing(SETUP) as session:
            session.execute(named.values(status="active"))


def test_s0_13_a_new_number_goes_into_the_register_and_to_the_other_systems(
    seeded: Seeded, keeper: TestClient, archivist: TestClient
) -> None:
    start = archivist.get("/api/v1/changes").json()["next_cursor"]
    made = contact(keeper, outcome="changed", number=f"+86 {NEW[:3]} {NEW[3:]}", note="本人")
    assert made.status_code == 201, made.text
    found = keeper.get(f"{HERE}/contacts").json()
    assert len(found["phones"]) == 1
    assert found["phones"][0]["is_checked"]
    newest = found["checks"][0]
    assert (newest["outcome"], newest["channel"], newest["by"]) == ("changed", "phone", "keeper")
    assert newest["old_number"]["text"] == EAST.phone
    assert re.sub(r"\D", "", newest["new_number"]["text"])[-11:] == NEW
    with seeded.context.reading(SETUP) as session:
        mine = CustomerNumber.customer_no == EAST.customer_no
        keys = list(session.scalars(select(CustomerNumber.key).where(mine)))
        assert NEW in keys
        assert EAST.phone not in keys
        assert EAST.meter_no in keys
        past = session.scalars(
            select(CustomerPast.record).where(CustomerPast.customer_no == EAST.customer_no)
        ).all()
    assert past[-1]["phone"] == [EAST.phone]
    told = archivist.get(f"/api/v1/changes?cursor={start}").json()
    (event,) = told["items"]
    assert (event["specversion"], event["type"]) == ("1.0", "dossier.contact.changed")
    assert event["subject"] == EAST.customer_no
    assert event["data"]["old_number"] == {"text": EAST.phone, "masked": False}
    again = archivist.get(f"/api/v1/changes?cursor={told['next_cursor']}").json()
    assert (again["items"], again["more"]) == ([], False)
    with seeded.context.reading(SETUP) as session:
        sent = select(AuditEvent.object_id).where(AuditEvent.action == "contact.told")
        assert set(session.scalars(sent)) == {EAST.customer_no}, "whose change went out is recorded"


def test_s0_13_changes_are_told_in_scope_and_masked_for_who_sees_no_contacts(
    seeded: Seeded, keeper: TestClient, archivist: TestClient, agent: TestClient
) -> None:
    contact(keeper, outcome="changed", number=NEW)
    token = accounts.make_token(seeded.context, SETUP, "archivist", scope=("pull_changes",))
    limited = {"authorization": f"Bearer {token}"}
    program = TestClient(archivist.app, base_url="http://127.0.0.1")
    answer = program.get("/api/v1/changes", headers=limited)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"][-1]["data"]["new_number"] == {"text": MASKED_NEW, "masked": True}
    assert NEW not in answer.text
    assert agent.get("/api/v1/changes").status_code == 403
    assert archivist.get("/api/v1/changes?cursor=broken").status_code == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"outcome": "perhaps"}, "请选择核对结果"),
        ({"outcome": "confirmed", "channel": "pigeon"}, "请选择核对渠道"),
        ({"outcome": "confirmed", "phone": 999_999}, "请选择该户登记的联系电话"),
        ({"outcome": "confirmed", "phone": None}, "请选择该户登记的联系电话"),
        ({"outcome": "confirmed", "number": NEW}, "仅在变更或新增时填写"),
        ({"outcome": "changed", "number": "12345678901"}, "请填写一个正确的电话号码"),
        ({"outcome": "changed", "number": f"{NEW};13800005678"}, "请填写一个正确的电话号码"),
        ({"outcome": "added", "phone": None, "number": ""}, "请填写一个正确的电话号码"),
        ({"outcome": "added", "phone": None, "number": EAST.phone}, "该号码已登记"),
    ],
)
def test_s0_13_what_cannot_be_is_refused_and_changes_nothing(
    keeper: TestClient, body: dict[str, Any], said: str
) -> None:
    answer = contact(keeper, **body)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail_zh"]
    assert [one["number"]["text"] for one in keeper.get(f"{HERE}/contacts").json()["phones"]] == [
        EAST.phone
    ]


def test_s0_14_stale_are_who_was_never_reached_not_for_long_or_has_another_number_now(
    seeded: Seeded, keeper: TestClient
) -> None:
    def state() -> str:
        (one,) = keeper.get("/api/v1/contacts").json()["items"]
        return str(one["state"])

    def set_facts(**values: Any) -> None:
        with seeded.context.writing(SETUP) as session:
            session.execute(update(VerifiedFacts).values(**values))

    assert state() == "never"
    contact(keeper, outcome="confirmed")
    assert state() == "good"
    today = local_date(seeded.context.clock.now())
    set_facts(contact_at=stale.months_back(today, 24))
    assert state() == "good"
    set_facts(contact_at=stale.months_back(today, 25))
    assert state() == "expired"
    contact(keeper, outcome="confirmed")
    set_facts(contact_key="13900000000")
    assert state() == "replaced"
    contact(keeper, outcome="unreached")
    assert state() == "unreached"
    with seeded.context.writing(SETUP) as session:
        mine = CustomerNumber.customer_no == EAST.customer_no, CustomerNumber.kind == "phone"
        session.execute(delete(CustomerNumber).where(*mine))
    assert state() == "no_number"
    assert keeper.get("/api/v1/contacts?state=no_number").json()["total"] == 1


def test_s0_14_months_go_back_to_the_last_day_of_a_shorter_month() -> None:
    assert stale.months_back(date(2026, 3, 31), 1).date() == date(2026, 2, 28)
    assert stale.months_back(date(2026, 1, 15), 24).date() == date(2024, 1, 15)


def test_pages_show_name_and_contact_and_take_forms_without_script(
    seeded: Seeded, keeper: TestClient
) -> None:
    page = keeper.get(PAGE).text
    assert "与登记户名相同" in page
    form = {"csrf_token": csrf_token(page), "result": "verified", "document_id": paper(seeded)}
    done = keeper.post(f"{PAGE}/real-name", data=form, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert "已核验一致" in keeper.get(PAGE).text
    wrong = {"csrf_token": csrf_token(page), "outcome": "changed", "channel": "visit"}
    answer = keeper.post(f"{PAGE}/contact", data={**wrong, "number": "123", "phone": "x"})
    assert answer.status_code == 422
    assert 'value="123"' in answer.text
    for path in ("/verification", "/verification/contacts"):
        listed = keeper.get(path)
        assert listed.status_code == 200
        assert EAST.customer_no in listed.text
        assert WEST.customer_no not in listed.text
    panel = keeper.get(f"/customers/{EAST.customer_no}").text
    assert PAGE in panel


def test_s0_01_s0_13_who_sees_masked_sees_masked_and_may_not_check(
    seeded: Seeded, keeper: TestClient, agent: TestClient
) -> None:
    check(keeper, seeded, note=f"{EAST.name} 本人 {EAST.phone}")
    contact(keeper, outcome="confirmed", note=f"问 {EAST.name}")
    doors = (f"{HERE}/real-name", f"{HERE}/contacts", "/api/v1/real-names", "/api/v1/contacts")
    for path in (*doors, PAGE, "/verification", "/verification/contacts"):
        answer = agent.get(path)
        assert answer.status_code == 200
        assert not [one for one in EAST.secrets if one in answer.text], path
    for end in ("real-name", "contacts"):
        assert send(agent, f"{HERE}/{end}", {"result": "verified"}).status_code == 403


def test_what_was_checked_is_on_record_without_names_and_numbers(
    seeded: Seeded, keeper: TestClient
) -> None:
    check(keeper, seeded)
    contact(keeper, outcome="changed", number=NEW)
    with seeded.context.reading(SETUP) as session:
        wanted = AuditEvent.action.in_(["realname.checked", "contact.checked"])
        query = select(AuditEvent).where(wanted).order_by(AuditEvent.id.desc()).limit(2)
        rows = session.scalars(query).all()
    said = [(row.action, row.object_id, row.facts["result"]) for row in rows]
    assert said == [
        ("contact.checked", EAST.customer_no, "changed"),
        ("realname.checked", EAST.customer_no, "verified"),
    ]
    assert not [one for row in rows for one in (NEW, EAST.name) if one in str(row.facts)]
