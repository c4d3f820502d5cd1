"""Events of the marketing system make cases, and these ask for papers (S1-04, S1-05, S1-07)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select, update

from dossier.db.case_tables import BusinessCase, CaseNode, EventInbox
from dossier.db.dossier_tables import DossierGap
from dossier.db.tables import AuditEvent, Customer, Document
from dossier.plugins.completeness import recount
from tests.support_seeded import EAST, SETUP, WEST, Seeded, csrf_token

Door = Callable[[str], TestClient]
CUSTOMER = f"/api/v1/customers/{EAST.customer_no}"
IDS = itertools.count(1)
BATCH = "application/cloudevents-batch+json"


@pytest.fixture(autouse=True)
def _no_case_is_left(seeded: Seeded) -> Iterator[None]:
    yield
    with seeded.context.writing(SETUP) as session:
        for table in (CaseNode, BusinessCase, EventInbox):
            session.execute(delete(table))


@pytest.fixture(scope="module")
def sender(door: Door) -> TestClient:
    client = door("admin")
    client.headers["x-csrf-token"] = csrf_token(client.get("/account").text)
    return client


def event(kind: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {
        "specversion": "1.0", "id": f"e{next(IDS)}", "source": "/marketing", "data": data,
        "type": f"dossier.{kind}", "time": "2026-03-02T09:00:00+08:00",
    }  # fmt: skip
    return {**body, **more}


def opened(case_no: str = "K1", business: str = "transfer", **more: Any) -> dict[str, Any]:
    data = {"case_no": case_no, "customer_no": EAST.customer_no, "business": business, **more}
    return event("case.opened", data)


def node(code: str, day: str, case_no: str = "K1", **more: Any) -> dict[str, Any]:
    data = {"case_no": case_no, "node": code, "completed_at": day, "handler": "李工", **more}
    return event("node.completed", data)


def send(client: TestClient, *events: dict[str, Any]) -> list[tuple[str, str]]:
    answer = client.post(
        "/api/v1/events", content=orjson.dumps(list(events)), headers={"content-type": BATCH}
    )
    assert answer.status_code == 200, answer.text
    return [(one["outcome"], one["reason"]) for one in answer.json()["items"]]


def items(door: Door, business: str) -> dict[str, dict[str, Any]]:
    found = door("archivist").get(f"{CUSTOMER}/completeness").json()["items"]
    return {one["rule"]: one for one in found if one["business"] == business}


def test_s1_07_a_completed_node_asks_for_its_papers_and_the_next_ones_are_not_due(
    seeded: Seeded, sender: TestClient, door: Door
) -> None:
    begin = opened(business="迁址移表")
    assert send(sender, begin, node("业务受理", "2026-03-03")) == [("applied", "")] * 2
    asked = items(door, "relocate")
    found = asked["relocate-application"]
    assert (found["state"], found["since"], found["case_no"]) == ("missing", "2026-03-03", "K1")
    assert asked["relocate-survey"]["state"] == "not_due"
    while recount.assess_some(seeded.context):
        pass
    with seeded.context.reading(SETUP) as session:
        query = select(DossierGap.rule).where(DossierGap.customer_no == EAST.customer_no)
        gaps = set(session.scalars(query))
    assert "relocate-application" in gaps
    assert "relocate-survey" not in gaps


def test_events_are_done_once_in_any_order_and_another_content_is_told(
    seeded: Seeded, sender: TestClient, door: Door
) -> None:
    begin, step = opened(), node("accept", "2026-03-03")
    assert send(sender, step) == [("waiting", "not_opened")]
    assert "K1" not in door("archivist").get(f"{CUSTOMER}/completeness").text
    assert send(sender, begin, begin) == [("applied", ""), ("repeated", "")]
    assert send(sender, step) == [("repeated", "")]
    other = {**step, "data": {**step["data"], "completed_at": "2026-03-09"}}
    assert send(sender, other) == [("conflict", "")]
    case = door("archivist").get("/api/v1/cases/K1").json()
    (done,) = [one for one in case["nodes"] if one["completed_at"]]
    assert (done["node"], done["handler"]) == ("accept", "李工")
    assert done["completed_at"].startswith("2026-03-02T16:00:00"), "the first one counts"
    with seeded.context.reading(SETUP) as session:
        assert session.scalar(select(func.count(EventInbox.id))) == 2
        noted = session.scalars(
            select(AuditEvent.outcome).where(AuditEvent.action == "event.conflict")
        ).all()
    assert noted == ["refused"]


def test_an_event_of_another_kind_is_kept_and_says_so(seeded: Seeded, sender: TestClient) -> None:
    changed = event("customer.changed", {"customer_no": EAST.customer_no, "phone": EAST.phone})
    assert send(sender, changed) == [("kept", "unknown_type")]
    with seeded.context.reading(SETUP) as session:
        (row,) = session.scalars(select(EventInbox)).all()
        assert EAST.phone.encode() not in row.body, "what may be personal is encrypted"
        assert EAST.phone in seeded.context.keyring.decrypt(row.body)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (event("case.opened", {"customer_no": "1"}), "no_case"),
        (event("case.opened", {"case_no": "K1", "business": "new"}), "no_customer"),
        (opened(business="haircut"), "unknown_business"),
        (opened(customer_no="9" * 20), "bad_data"),
        (node("accept", "2026-02-30"), "bad_data"),
        (event("node.completed", {"case_no": "K1"}), "no_such_node"),
        (event("case.held", []), "bad_data"),
    ],
)
def test_what_cannot_be_applied_is_refused_by_name_and_the_rest_of_the_batch_goes_on(
    sender: TestClient, made: dict[str, Any], reason: str
) -> None:
    assert send(sender, made, opened("K2")) == [("refused", reason), ("applied", "")]


def test_a_broken_request_takes_nothing(seeded: Seeded, sender: TestClient) -> None:
    broken = {**opened(), "specversion": "0.3"}
    answer = sender.post(
        "/api/v1/events",
        content=orjson.dumps([opened(), broken]),
        headers={"content-type": BATCH},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "第 2 个事件有误" in answer.json()["detail_zh"]
    with seeded.context.reading(SETUP) as session:
        assert not session.scalar(select(func.count(EventInbox.id)))


def test_a_case_of_a_new_supply_and_the_register_ask_once(
    seeded: Seeded, sender: TestClient, door: Door
) -> None:
    """The case tells each node's day; what nobody told of was passed on the register's day."""
    own = Customer.customer_no == EAST.customer_no
    with seeded.context.writing(SETUP) as session:
        session.execute(update(Customer).where(own).values(opened_on=date(2026, 3, 20)))
    try:
        send(sender, opened("K5", "new"), node("accept", "2026-03-03", "K5"))
        found = door("archivist").get(f"{CUSTOMER}/completeness").json()["items"]
        rules = [one["rule"] for one in found]
        assert len(rules) == len(set(rules))
        asked = {one["rule"]: one for one in found}
        assert asked["new-application"]["since"] == "2026-03-03"
        assert asked["new-meter"]["since"] == "2026-03-20"
        assert asked["new-contract"]["state"] == "present", "papers of before count for it"
    finally:
        with seeded.context.writing(SETUP) as session:
            session.execute(update(Customer).where(own).values(opened_on=None))


def test_a_case_that_was_cancelled_asks_for_nothing(sender: TestClient, door: Door) -> None:
    send(sender, opened(), node("accept", "2026-03-03"))
    assert items(door, "transfer")
    cancelled = event("case.cancelled", {"case_no": "K1"}, time="2026-03-05T09:00:00+08:00")
    assert send(sender, cancelled) == [("applied", "")]
    assert not items(door, "transfer")
    page = door("archivist").get("/cases/K1").text
    assert "已撤销的工单不要求资料" in page


def test_facts_of_an_event_decide_conditions(sender: TestClient, door: Door) -> None:
    send(sender, opened(), node("accept", "2026-03-03"))
    assert items(door, "transfer")["transfer-agent"]["state"] == "undecided"
    said = node("accept", "2026-03-03", facts={"agent": True, "papers": 1, "capacity_kva": True})
    send(sender, said)
    assert items(door, "transfer")["transfer-agent"]["state"] == "missing"


def test_a_case_is_seen_by_who_sees_its_customer(sender: TestClient, door: Door) -> None:
    send(sender, opened("东-1/K1"), node("accept", "2026-03-03", "东-1/K1"))
    near = door("agent_east")
    case = near.get("/api/v1/cases/东-1/K1").json()
    assert (case["state"], case["label"], case["customer_no"]) == ("open", "过户", EAST.customer_no)
    accept = next(one for one in case["nodes"] if one["node"] == "accept")
    assert accept["required"] > accept["present"] == 0
    page = near.get("/cases/东-1/K1").text
    assert EAST.hidden_name not in page
    assert "业务受理" in page
    assert "/cases/%E4%B8%9C-1/K1" in near.get(f"/customers/{EAST.customer_no}/completeness").text
    far = door("agent_west")
    foreign, absent = (far.get(f"/api/v1/cases/{one}") for one in ("东-1/K1", "K404"))
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["detail_zh"] == absent.json()["detail_zh"] == "没有此工单"


def test_only_who_may_send_events_for_the_whole_company_does(door: Door) -> None:
    client = door("archivist")
    token = csrf_token(client.get("/account").text)
    answer = client.post("/api/v1/events", json=opened(), headers={"x-csrf-token": token})
    assert answer.status_code == 403


def test_a_case_of_a_customer_who_is_not_in_the_register_yet_waits_for_him(
    seeded: Seeded, sender: TestClient, door: Door
) -> None:
    number = "4299999999"
    send(sender, opened("K9", "new", customer_no=number), node("accept", "2026-03-03", "K9"))
    assert "尚未登记" in door("archivist").get("/cases/K9").text
    assert door("agent_west").get("/api/v1/cases/K9").status_code == 404


def test_a_paper_of_the_case_counts_for_it(seeded: Seeded, sender: TestClient, door: Door) -> None:
    send(sender, opened(), node("contract", "2026-03-03"))
    paper = Document.id == seeded.documents["东1"]
    with seeded.context.writing(SETUP) as session:
        session.execute(update(Document).where(paper).values(case_no="K2"))
    assert items(door, "transfer")["transfer-contract"]["state"] == "missing"
    with seeded.context.writing(SETUP) as session:
        session.execute(update(Document).where(paper).values(case_no="K1"))
    try:
        found = items(door, "transfer")["transfer-contract"]
        assert found["document_ids"] == [seeded.documents["东1"]]
    finally:
        with seeded.context.writing(SETUP) as session:
            session.execute(update(Document).where(paper).values(case_no=None))


def test_a_waiver_of_a_case_counts_for_that_case_alone(
    seeded: Seeded, sender: TestClient, door: Door
) -> None:
    from dossier.plugins.completeness import waivers
    from dossier.plugins.completeness.waivers import WaiverWish

    for case_no in ("K1", "K2"):
        send(sender, opened(case_no), node("accept", "2026-03-03", case_no))
    wish = WaiverWish("transfer-application", "not_issued", case_no="K1")
    made = waivers.make(seeded.context, SETUP, EAST.customer_no, wish)
    found = door("archivist").get(f"{CUSTOMER}/completeness").json()["items"]
    states = {
        one["case_no"]: one["state"] for one in found if one["rule"] == "transfer-application"
    }
    assert states == {"K1": "waived", "K2": "missing"}
    waivers.withdraw(seeded.context, SETUP, EAST.customer_no, made, why="测试")


def test_the_west_has_no_case_of_the_east(sender: TestClient, door: Door) -> None:
    send(sender, opened())
    answer = door("agent_west").get(f"/api/v1/customers/{WEST.customer_no}/completeness").json()
    assert all(one["case_no"] is None for one in answer["items"])
