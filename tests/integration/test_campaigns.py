"""Re-sign campaigns: what ticks by itself, by whom, how far it is (domain.md S0-16), on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from dossier.clock import local_date
from dossier.db.tables import AuditEvent, Document, OrgUnit
from dossier.db.verification_tables import Campaign, CampaignTick
from dossier.services import accounts
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, csrf_token

API = "/api/v1/campaigns"
PAGE = "/verification/campaigns"
Door = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def chief(seeded: Seeded, door: Door) -> TestClient:
    """A supervisor of the eastern station."""
    accounts.add_user(
        seeded.context, SETUP, name="chief", role="supervisor", password=PASSWORD, unit=EAST.unit
    )
    return door("chief")


@pytest.fixture(scope="module")
def archivist(door: Door) -> TestClient:
    """Who sees the whole company in clear."""
    return door("archivist")


@pytest.fixture(scope="module")
def east(seeded: Seeded) -> int:
    """The eastern station."""
    with seeded.context.reading(SETUP) as session:
        return session.scalars(select(OrgUnit.id).where(OrgUnit.name == EAST.unit)).one()


@pytest.fixture(autouse=True)
def _papers_are_older(seeded: Seeded) -> Any:
    """What came in before a campaign counts for none."""
    before = seeded.context.clock.now() - timedelta(days=9)
    with seeded.context.writing(SETUP) as session:
        session.execute(update(Document).values(captured_at=before))
    yield
    with seeded.context.writing(SETUP) as session:
        session.execute(delete(CampaignTick))
        session.execute(delete(Campaign))


def post(client: TestClient, path: str, body: dict[str, Any]) -> Any:
    headers = {"x-csrf-token": csrf_token(client.get("/account").text)}
    return client.post(path, headers=headers, json=body)


def begin(seeded: Seeded, client: TestClient, unit: int, **more: Any) -> Any:
    until = local_date(seeded.context.clock.now()) + timedelta(days=30)
    said = {"title": "东山修签", "place": "station", "place_id": unit, "until": until.isoformat()}
    return post(client, API, {**said, **more})


def done(client: TestClient, campaign: str, query: str = "") -> dict[str, bool]:
    (one,) = client.get(f"{API}/{campaign}{query}").json()["items"]
    assert one["customer_no"] == EAST.customer_no
    found: dict[str, bool] = one["done"]
    return found


def test_s0_16_items_tick_by_papers_and_checks_that_came_since_and_by_a_person_with_a_reason(
    seeded: Seeded, chief: TestClient, east: int
) -> None:
    made = begin(seeded, chief, east).json()["id"]
    assert done(chief, made) == dict.fromkeys(("contract", "identity", "contact", "bank"), False)
    with seeded.context.writing(SETUP) as session:
        paper = update(Document).where(Document.id == seeded.documents["东1"])
        session.execute(paper.values(captured_at=seeded.context.clock.now()))
    body = {"result": "verified", "document_id": seeded.documents["东2"]}
    post(chief, f"/api/v1/customers/{EAST.customer_no}/real-name", body)
    assert done(chief, made)["contract"]
    assert done(chief, made)["identity"]
    contact = {"outcome": "unreached", "channel": "phone", "phone": _phone(chief)}
    post(chief, f"/api/v1/customers/{EAST.customer_no}/contacts", contact)
    assert not done(chief, made)["contact"], "who tried in vain has not checked"
    post(
        chief, f"/api/v1/customers/{EAST.customer_no}/contacts", contact | {"outcome": "confirmed"}
    )
    assert done(chief, made)["contact"]
    tick = {"customer_no": EAST.customer_no, "item": "bank", "reason": "现金缴费"}
    assert post(chief, f"{API}/{made}/ticks", tick | {"reason": ""}).status_code == 422
    assert post(chief, f"{API}/{made}/ticks", tick | {"item": "seal"}).status_code == 422
    assert post(chief, f"{API}/{made}/ticks", tick).status_code == 204
    assert post(chief, f"{API}/{made}/ticks", tick).status_code == 409
    found = chief.get(f"{API}/{made}").json()
    assert found["campaign"]["progress"] == {
        "label": "",
        "total": 1,
        "done": 1,
        "percent": 100.0,
        "by_item": dict.fromkeys(("contract", "identity", "contact", "bank"), 1),
    }
    assert (found["by"], found["groups"][0]["label"]) == ("line", EAST.line)
    assert chief.get(f"{API}/{made}?state=open").json()["total"] == 0
    assert chief.get(f"{API}/{made}?state=done").json()["total"] == 1


def _phone(client: TestClient) -> int:
    phones = client.get(f"/api/v1/customers/{EAST.customer_no}/contacts").json()["phones"]
    return int(phones[0]["id"])


def test_s0_16_what_comes_behind_its_end_does_not_count(
    seeded: Seeded, chief: TestClient, east: int
) -> None:
    made = begin(seeded, chief, east, items=["contract"]).json()["id"]
    assert post(chief, f"{API}/{made}/end", {}).status_code == 204
    assert post(chief, f"{API}/{made}/end", {}).status_code == 409
    with seeded.context.writing(SETUP) as session:
        session.execute(update(Document).values(captured_at=seeded.context.clock.now()))
    assert done(chief, made) == {"contract": False}
    tick = {"customer_no": EAST.customer_no, "item": "contract", "reason": "晚到"}
    assert post(chief, f"{API}/{made}/ticks", tick).status_code == 409
    assert chief.get(API).json()["items"][0]["is_running"] is False


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"title": " "}, "请填写活动名称"),
        ({"until": "2020-01-01"}, "截止日期已过"),
        ({"items": ["seal"]}, "请选择核对项目"),
        ({"place": "moon"}, "请选择您管辖的"),
        ({"place_id": 999_999}, "请选择您管辖的"),
    ],
)
def test_s0_16_what_cannot_be_is_refused_with_the_reason(
    seeded: Seeded, chief: TestClient, east: int, more: dict[str, Any], said: str
) -> None:
    answer = begin(seeded, chief, east, **more)
    assert answer.status_code == 422
    assert said in answer.json()["detail_zh"]


def test_s0_16_campaigns_of_others_are_neither_seen_nor_begun(
    seeded: Seeded, chief: TestClient, archivist: TestClient, door: Door, east: int
) -> None:
    accounts.add_user(seeded.context, SETUP, name="mark", role="marketing", password=PASSWORD)
    marketing = door("mark")
    with seeded.context.reading(SETUP) as session:
        west = session.scalars(select(OrgUnit.id).where(OrgUnit.name == WEST.unit)).one()
    assert begin(seeded, chief, west).status_code == 422
    foreign = begin(seeded, marketing, west, title="西河修签").json()["id"]
    own = begin(seeded, marketing, east).json()["id"]
    assert [one["id"] for one in chief.get(API).json()["items"]] == [own]
    assert chief.get(f"{API}/{foreign}").status_code == 404
    assert post(chief, f"{API}/{foreign}/end", {}).status_code == 404
    assert "西河" not in chief.get(PAGE).text
    tick = {"customer_no": WEST.customer_no, "item": "bank", "reason": "试"}
    assert post(chief, f"{API}/{own}/ticks", tick).status_code == 404
    assert post(archivist, f"{API}/{own}/ticks", tick).status_code == 404, "not of its place"


def test_s0_16_pages_and_the_list_as_a_file_hold_no_personal_value(
    seeded: Seeded, chief: TestClient, door: Door, east: int
) -> None:
    form = {"csrf_token": csrf_token(chief.get(PAGE).text), "title": "东山修签"}
    until = local_date(seeded.context.clock.now()).isoformat()
    made = chief.post(
        PAGE, data={**form, "place": f"station:{east}", "until": until}, follow_redirects=False
    )
    assert made.status_code == 303, made.text
    here = made.headers["location"]
    assert "东山修签" in chief.get(here).text
    tick = {**form, "customer_no": EAST.customer_no, "item": "bank", "reason": "现金缴费"}
    assert chief.post(f"{here}/ticks", data=tick, follow_redirects=False).status_code == 303
    assert "请填写导出用途" in chief.post(f"{here}/list", data=form).text
    file = chief.post(f"{here}/list", data={**form, "purpose": "修签上门"})
    assert file.headers["content-type"].startswith("text/csv")
    head, row = file.content.decode("utf-8-sig").splitlines()
    assert head == "户号,类别,供电所,线路,台区,供用电合同,身份证明,联系方式,银行代扣"
    assert row.startswith(f"{EAST.customer_no},LR,{EAST.unit},")
    assert row.endswith(",否,否,否,是") or row.endswith("是")
    assert not [one for one in EAST.secrets if one in file.text]
    agent = door("agent")
    assert not [one for one in EAST.secrets if one in agent.get(here).text]
    own = {"csrf_token": csrf_token(agent.get(PAGE).text), "purpose": "修签上门"}
    assert agent.post(f"{here}/list", data=own).status_code == 403
    with seeded.context.reading(SETUP) as session:
        told = select(AuditEvent).where(AuditEvent.purpose == "修签上门").order_by(AuditEvent.id)
        noted = [(row.action, row.object_id) for row in session.scalars(told)]
    campaign = here.rsplit("/", 1)[1]
    assert noted == [("campaign.exported", campaign), ("customer.exported", EAST.customer_no)]
    assert chief.post(f"{here}/end", data=form, follow_redirects=False).status_code == 303
