"""What a dossier has and lacks, through the API and the pages, on both databases (S2-07, S2-17)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from dossier.clock import local_date
from dossier.db.tables import AuditEvent, Customer, Document, OrgUnit
from dossier.plugins.completeness import recount
from tests.support_seeded import EAST, SETUP, WEST, Seeded

HERE = f"/api/v1/customers/{EAST.customer_no}/completeness"
PAGE = f"/customers/{EAST.customer_no}/completeness"


Door = Callable[[str], TestClient]


def states(door: Door, query: str = "", user: str = "archivist") -> dict[str, dict[str, Any]]:
    answer = door(user).get(HERE + query)
    assert answer.status_code == 200, answer.text
    return {item["rule"]: item for item in answer.json()["items"]}


def test_s2_07_the_papers_that_are_there_and_those_that_lack_are_named_with_their_rule(
    seeded: Seeded, door: Door
) -> None:
    answer = door("archivist").get(HERE).json()
    found = {item["rule"]: item for item in answer["items"]}
    assert found["new-contract"]["state"] == found["new-identity"]["state"] == "present"
    assert found["new-contract"]["document_ids"] == [seeded.documents["东1"]]
    assert found["new-application"]["state"] == "missing"
    assert found["new-application"]["source"] == "D2.2, D2.3"
    assert found["new-agent"]["hangs_on"] == ["agent"]
    assert (answer["required"], answer["present"], answer["percent"]) == (9, 2, 22)
    assert answer["complete"] is False
    record = door("archivist").get(f"/api/v1/customers/{EAST.customer_no}").json()
    assert record["completeness"] == answer


def test_a_dossier_is_as_complete_for_everybody_and_papers_out_of_scope_are_not_named(
    seeded: Seeded, door: Door
) -> None:
    """One paper lies with the other station: it is there, and who may not see it learns no id."""
    moved = seeded.documents["东1"]
    with seeded.context.writing(SETUP) as session:
        row = session.get(Document, moved)
        before = row.unit_id, row.line_id, row.district_id
        west = session.query(OrgUnit.id).filter(OrgUnit.name == WEST.unit).scalar()
        row.unit_id, row.line_id, row.district_id = west, None, None
    try:
        assert states(door)["new-contract"]["document_ids"] == [moved]
        near = states(door, user="agent_east")["new-contract"]
        assert (near["state"], near["document_ids"]) == ("present", [])
    finally:
        with seeded.context.writing(SETUP) as session:
            row = session.get(Document, moved)
            row.unit_id, row.line_id, row.district_id = before


def test_an_earlier_day_is_shown_and_a_day_to_come_is_refused_with_the_remedy(
    seeded: Seeded, door: Door
) -> None:
    today = local_date(seeded.context.clock.now())
    yesterday = today - timedelta(days=1)
    assert states(door, f"?at={yesterday}")["new-contract"]["state"] == "missing"
    refused = door("archivist").get(f"{HERE}?at={today + timedelta(days=1)}")
    assert refused.status_code == 422
    assert "请查询今天或以前的日期" in refused.json()["detail_zh"]


def test_since_when_a_paper_lacks_follows_the_register(seeded: Seeded, door: Door) -> None:
    day = local_date(seeded.context.clock.now()) - timedelta(days=400)
    own = Customer.customer_no == EAST.customer_no
    with seeded.context.writing(SETUP) as session:
        session.execute(update(Customer).where(own).values(opened_on=day))
    try:
        assert states(door)["new-application"]["since"] == day.isoformat()
    finally:
        with seeded.context.writing(SETUP) as session:
            session.execute(update(Customer).where(own).values(opened_on=None))


def test_who_may_not_see_the_customer_learns_nothing_of_the_dossier(
    seeded: Seeded, door: Door
) -> None:
    foreign = door("agent_west").get(HERE)
    absent = door("agent_west").get("/api/v1/customers/4999999999/completeness")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["detail_zh"] == absent.json()["detail_zh"]


def test_the_page_and_the_customers_panel_say_the_same_masked_for_an_agent(
    seeded: Seeded, door: Door
) -> None:
    archivist, agent = door("archivist"), door("agent")
    page = archivist.get(PAGE).text
    assert "应有 9 件，已有 2 件" in page
    assert "用电申请书/用电登记表" in page
    assert f"/documents/{seeded.documents['东1']}" in page
    assert "2 / 9 件（22%）" in archivist.get(f"/customers/{EAST.customer_no}").text
    masked = agent.get(PAGE).text
    assert EAST.hidden_name not in masked
    assert EAST.name in page


@pytest.mark.parametrize("address", ["/catalogue", "/catalogue?business=transfer&category=HV"])
def test_the_catalogue_says_what_is_asked_for_and_what_that_rests_on(
    door: Door, address: str
) -> None:
    page = door("agent").get(address).text
    assert "供用电合同" in page
    assert "资料适用其环节完成当日的规则" in page
    assert "必需" in page
    assert "本产品建议" in page


def test_rules_in_force_on_a_day_are_given_to_programs(seeded: Seeded, door: Door) -> None:
    def ids(day: str) -> set[str]:
        rules = door("agent").get(f"/api/v1/catalogue?at={day}").json()["rules"]
        return {rule["id"] for rule in rules}

    assert "new-real-name" in ids("2020-01-01")
    assert "new-real-name" not in ids("2010-01-01")
    assert not ids("1990-01-01")


# -- the work list ------------------------------------------------------------------------------


def listed(door: Door, query: str = "", user: str = "archivist") -> dict[str, Any]:
    answer = door(user).get(f"/api/v1/incomplete{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def assessed(seeded: Seeded) -> None:
    while recount.assess_some(seeded.context):
        pass


@pytest.mark.usefixtures("assessed")
def test_s2_07_who_keeps_the_archive_gets_a_list_of_what_lacks_by_paper_and_place(
    seeded: Seeded, door: Door
) -> None:
    found = listed(door)
    assert [one["customer_no"] for one in found["items"]] == [EAST.customer_no, WEST.customer_no]
    assert (found["total"], found["dossiers"], found["complete"]) == (2, 2, 0)
    lacking = {one["type"] for one in found["items"][0]["missing"]}
    page = door("archivist").get(HERE).json()
    assert lacking == {one["type"] for one in page["items"] if one["state"] == "missing"}
    counts = {one["value"]: one["count"] for one in found["facets"]["missing"]}
    assert counts["A01"] == 2
    assert "C01" not in counts
    station = next(one["value"] for one in found["facets"]["station"])
    lines = listed(door, f"?station={station}")
    assert lines["total"] == 1
    assert [one["count"] for one in lines["facets"]["line"]] == [1]
    assert listed(door, "?missing=C01")["total"] == 0
    assert listed(door, "?missing=A01&state=expired")["total"] == 0
    assert listed(door, "?category=HV")["total"] == 0
    html = door("archivist").get("/incomplete?missing=A01").text
    assert EAST.name in html
    assert "共 2 户，其中 0 户资料齐全" in html


@pytest.mark.usefixtures("assessed")
def test_the_list_its_counts_and_places_hold_what_one_may_see_and_nothing_else(
    seeded: Seeded, door: Door
) -> None:
    found = listed(door, user="agent_east")
    assert [one["customer_no"] for one in found["items"]] == [EAST.customer_no]
    assert (found["total"], found["dossiers"]) == (1, 1)
    assert {one["count"] for one in found["facets"]["missing"]} == {1}
    assert len(found["facets"]["station"]) == 1
    page = door("agent_east").get("/incomplete").text
    for secret in (EAST.hidden_name, WEST.customer_no, WEST.unit, WEST.name):
        assert secret not in page


@pytest.mark.usefixtures("assessed")
def test_the_list_is_leafed_by_a_cursor_and_a_broken_one_is_refused(door: Door) -> None:
    first = listed(door, "?size=1")
    second = listed(door, f"?size=1&cursor={first['next_cursor']}")
    assert [one["items"][0]["customer_no"] for one in (first, second)] == [
        EAST.customer_no,
        WEST.customer_no,
    ]
    assert second["next_cursor"] is None
    assert door("archivist").get("/api/v1/incomplete?cursor=abc").status_code == 400


def test_a_look_at_a_dossiers_completeness_is_in_the_audit(seeded: Seeded, door: Door) -> None:
    def looks() -> int:
        with seeded.context.reading(SETUP) as session:
            query = select(func.count(AuditEvent.id)).where(
                AuditEvent.action == "customer.read", AuditEvent.object_id == EAST.customer_no
            )
            return session.scalar(query) or 0

    before = looks()
    door("agent").get(HERE)
    door("agent").get(PAGE)
    assert looks() == before + 2


@pytest.mark.usefixtures("assessed")
def test_a_look_at_the_list_says_how_many_dossiers_were_named_and_by_what_it_was_narrowed(
    seeded: Seeded, door: Door
) -> None:
    listed(door, "?missing=A01&size=1", user="agent")
    with seeded.context.reading(SETUP) as session:
        newest = select(AuditEvent).where(AuditEvent.action == "incomplete.listed")
        row = session.scalars(newest.order_by(AuditEvent.id.desc())).first()
        assert row is not None
        assert row.facts["rows"] == 1
        assert row.facts["filtered_by"] == ["missing"]
