"""Waiving a paper, listing that, taking it back, on both databases (domain.md §2.2, S0-12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from dossier.clock import local_date
from dossier.db.dossier_tables import DossierGap, WaiverRow
from dossier.db.tables import AuditEvent
from dossier.plugins.completeness import recount
from dossier.services import accounts
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, csrf_token

HERE = f"/api/v1/customers/{EAST.customer_no}"
PAGE = f"/customers/{EAST.customer_no}"
RULE = "new-application"

Door = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def chief(seeded: Seeded, door: Door) -> TestClient:
    """A supervisor of the eastern station, in a browser."""
    accounts.add_user(
        seeded.context, SETUP, name="chief", role="supervisor", password=PASSWORD, unit=EAST.unit
    )
    return door("chief")


@pytest.fixture(autouse=True)
def _none_is_left(seeded: Seeded) -> Any:
    yield
    with seeded.context.writing(SETUP) as session:
        session.query(WaiverRow).delete()


def send(client: TestClient, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, json=body, headers={"x-csrf-token": token_of(client)})


def token_of(client: TestClient) -> str:
    return csrf_token(client.get("/account").text)


def waive(client: TestClient, **more: Any) -> Any:
    body = {"rule": RULE, "reason": "lost", "note": "2008年水灾", **more}
    return send(client, f"{HERE}/waivers", body)


def item(client: TestClient, rule: str = RULE) -> dict[str, Any]:
    items = client.get(f"{HERE}/completeness").json()["items"]
    found: dict[str, Any] = next(one for one in items if one["rule"] == rule)
    return found


def today(seeded: Seeded) -> date:
    return local_date(seeded.context.clock.now())


def lacking(seeded: Seeded) -> set[str]:
    while recount.assess_some(seeded.context):
        pass
    with seeded.context.reading(SETUP) as session:
        query = select(DossierGap.rule).where(DossierGap.customer_no == EAST.customer_no)
        return set(session.scalars(query))


def test_a_waived_paper_says_who_why_and_until_when_and_lacks_no_more(
    seeded: Seeded, chief: TestClient
) -> None:
    before = chief.get(f"{HERE}/completeness").json()
    assert RULE in lacking(seeded)
    until = today(seeded) + timedelta(days=30)
    made = waive(chief, until=until.isoformat())
    assert made.status_code == 201, made.text
    found = item(chief)
    assert (found["state"], found["until"]) == ("waived", until.isoformat())
    assert found["waiver"] == {
        "id": made.json()["id"],
        "by": "chief",
        "reason": "历史资料灭失，无法补齐：2008年水灾",
        "reason_code": "lost",
        "on": today(seeded).isoformat(),
        "until": until.isoformat(),
    }
    assert RULE not in lacking(seeded)
    after = chief.get(f"{HERE}/completeness").json()
    assert (after["required"], after["present"]) == (before["required"], before["present"] + 1)
    page = chief.get(f"{PAGE}/completeness").text
    assert "历史资料灭失，无法补齐：2008年水灾" in page


def test_a_waiver_that_is_withdrawn_counts_no_more_and_stays_on_record(
    seeded: Seeded, chief: TestClient
) -> None:
    one = waive(chief).json()["id"]
    lacking(seeded)
    path = f"{HERE}/waivers/{one}/withdraw"
    assert send(chief, path, {"why": " "}).status_code == 422
    assert send(chief, path, {"why": "原件已找到"}).status_code == 204
    assert item(chief)["state"] == "missing"
    assert RULE in lacking(seeded)
    again = send(chief, path, {"why": "再次"})
    assert (again.status_code, again.json()["detail_zh"]) == (409, "此免交已撤销")
    (row,) = chief.get(f"{HERE}/waivers").json()["items"]
    assert (row["by"], row["withdrawn_by"], row["withdrawn_why"]) == (
        "chief",
        "chief",
        "原件已找到",
    )
    assert waive(chief).status_code == 201, "what was withdrawn may be waived anew"
    with seeded.context.reading(SETUP) as session:
        query = select(AuditEvent.action, AuditEvent.purpose).where(
            AuditEvent.action.in_(["waiver.made", "waiver.withdrawn"]),
            AuditEvent.object_id == EAST.customer_no,
        )
        noted = session.execute(query.order_by(AuditEvent.id.desc()).limit(3)).all()
    assert noted[1] == ("waiver.withdrawn", "原件已找到")
    assert noted[2] == ("waiver.made", "历史资料灭失，无法补齐：2008年水灾")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"rule": "no-such-rule"}, 422, "没有此规则"),
        ({"rule": "transfer-application"}, 422, "此规则不适用"),
        ({"rule": "new-application-pv"}, 422, "此规则不适用"),
        ({"case_no": "K1"}, 422, "此规则不适用"),
        ({"reason": "because"}, 422, "请选择免交原因"),
        ({"note": ""}, 422, "此原因须填写说明"),
        ({"note": "长" * 200}, 422, "说明不超过"),
        ({"until": "2020-01-01"}, 422, "早于生效日期"),
        ({"since": "2020-01-01"}, 422, "最早自今日起生效"),
        ({"rule": "new-contract"}, 409, "此资料已有或并非必需"),
        ({"rule": "new-energise"}, 409, "此资料已有或并非必需"),
    ],
)
def test_what_cannot_be_waived_is_refused_with_the_reason(
    chief: TestClient, body: dict[str, str], status: int, said: str
) -> None:
    answer = waive(chief, **body)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail_zh"]
    assert chief.get(f"{HERE}/waivers").json()["total"] == 0


def test_one_paper_is_waived_once_for_each_day(seeded: Seeded, chief: TestClient) -> None:
    day = today(seeded)
    week = day + timedelta(days=7)
    assert waive(chief, until=week.isoformat()).status_code == 201
    twice = waive(chief)
    assert (twice.status_code, twice.json()["code"]) == (409, "not_possible")
    assert "请先撤销原免交" in twice.json()["detail_zh"]


def test_a_waiver_for_days_to_come_begins_on_its_day(seeded: Seeded, chief: TestClient) -> None:
    later = (today(seeded) + timedelta(days=5)).isoformat()
    assert waive(chief, since=later).status_code == 201
    assert item(chief)["state"] == "missing"
    overlapping = waive(chief, until=later)
    assert overlapping.status_code == 409
    before = (today(seeded) + timedelta(days=4)).isoformat()
    assert waive(chief, until=before).status_code == 201


def test_who_may_not_waive_or_not_see_the_customer_is_refused(
    chief: TestClient, door: Door
) -> None:
    refused = waive(door("archivist"))
    assert refused.status_code == 403
    west = f"/api/v1/customers/{WEST.customer_no}"
    body = {"rule": RULE, "reason": "not_issued"}
    foreign = send(chief, f"{west}/waivers", body)
    absent = send(chief, "/api/v1/customers/4999999999/waivers", body)
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["detail_zh"] == absent.json()["detail_zh"]
    assert chief.get(f"{west}/waivers").status_code == 404
    page = door("archivist").get(f"{PAGE}/completeness").text
    assert "/waivers" not in page, "the form is for those who may"
    one = waive(chief).json()["id"]
    wrong = send(chief, f"{HERE}/waivers/{one[:-1]}x/withdraw", {"why": "重复"})
    assert wrong.status_code == 404


def test_the_form_beside_a_paper_waives_and_withdraws_without_script(
    seeded: Seeded, chief: TestClient
) -> None:
    page = chief.get(f"{PAGE}/completeness").text
    assert f'<input type="hidden" name="rule" value="{RULE}">' in page
    form = {"csrf_token": csrf_token(page), "rule": RULE, "case_no": "", "reason": "lost"}
    for typed, said in (
        ({"note": ""}, "此原因须填写说明"),
        ({"note": "a", "until": "明天"}, "不是日期"),
    ):
        answer = chief.post(f"{PAGE}/waivers", data=form | typed)
        assert answer.status_code == 422
        assert said in answer.text
        assert '<details class="waive" open>' in answer.text, "what was typed is still there"
    done = chief.post(f"{PAGE}/waivers", data=form | {"note": "水灾"}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}/completeness")
    (row,) = chief.get(f"{HERE}/waivers").json()["items"]
    assert row["reason"] == "历史资料灭失，无法补齐：水灾"
    path = f"{PAGE}/waivers/{row['id']}/withdraw"
    gone = chief.post(path, data=form | {"why": "已找到"}, follow_redirects=False)
    assert gone.status_code == 303
    assert item(chief)["state"] == "missing"
    with seeded.context.reading(SETUP) as session:
        assert session.scalar(select(func.count(WaiverRow.id))) == 1
