"""Masked values shown on click with a reason: of one customer, to one user, for some minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.clock import FixedClock, SystemClock
from dossier.db.tables import AuditEvent
from dossier.services import accounts, disclosure, role_grants
from searchapi.app import create_api
from tests.integration.test_access_canary import ink_share
from tests.support_postgres import fresh_database
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, csrf_token, seeded_archive

ASK = {"fields": ["phone", "name", "pages"], "reason": "complaint", "note": "工单 20261122-7"}
RECORD = f"/api/v1/customers/{EAST.customer_no}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """The seeded archive by a clock that the tests move."""
    home = tmp_path_factory.mktemp("disclosure") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        found = stack.enter_context(seeded_archive(home, database_url=url))
        found.context = replace(found.context, clock=FixedClock(SystemClock().now()))
        found.client = stack.enter_context(TestClient(create_api(found.context)))
        yield found


def later(archive: Seeded, **span: float) -> None:
    clock = archive.context.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(**span))


def send(archive: Seeded, method: str, path: str, user: str = "agent", **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {archive.tokens[user]}"} | options.pop("headers", {})
    return archive.client.request(method, path, headers=headers, **options)


def rows(archive: Seeded, action: str) -> list[AuditEvent]:
    with archive.context.reading(SETUP) as session:
        query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
        return list(session.scalars(query))


@pytest.fixture
def opened(archive: Seeded) -> Iterator[dict[str, Any]]:
    """Open to the agent; masked again at the end."""
    answer = send(archive, "POST", f"{RECORD}/opening", json=ASK)
    assert answer.status_code == 201, answer.text
    yield answer.json()
    send(archive, "DELETE", f"{RECORD}/opening")


def test_what_was_chosen_is_open_and_nothing_else(archive: Seeded, opened: dict[str, Any]) -> None:
    record = archive.get(RECORD, "agent").json()
    assert record["name"] == EAST.name
    assert record["phones"] == [EAST.phone]
    assert record["ids"][0]["value"] == "*" * 14 + EAST.id_no[-4:]
    assert EAST.hidden_address not in record["address"]
    assert record["opening"]["id"] == opened["id"]
    text = archive.get(f"/api/v1/documents/{archive.documents['东1']}/text", "agent").text
    assert EAST.id_no in text


def test_papers_stay_masked_when_only_the_record_was_opened(archive: Seeded) -> None:
    ask = {**ASK, "fields": ["name", "id_no", "phone", "address"]}
    assert send(archive, "POST", f"{RECORD}/opening", json=ask).status_code == 201
    assert archive.get(RECORD, "agent").json()["ids"][0]["value"] == EAST.id_no
    text = archive.get(f"/api/v1/documents/{archive.documents['东1']}/text", "agent").text
    assert EAST.id_no not in text
    assert picture_ink(archive, "agent") == 0
    send(archive, "DELETE", f"{RECORD}/opening")


def test_the_strips_of_a_search_stay_masked_while_its_papers_are_open(
    archive: Seeded, opened: dict[str, Any]
) -> None:
    assert opened["fields"] == ["name", "pages", "phone"]
    assert picture_ink(archive, "agent") > 0.01
    assert picture_ink(archive, "archivist", f"?strip=true&q={EAST.id_no}") > 0.01
    assert picture_ink(archive, "agent", f"?strip=true&q={EAST.id_no}") == 0


def picture_ink(archive: Seeded, user: str, part: str = "") -> float:
    import io

    path = f"/api/v1/documents/{archive.documents['东1']}/pages/1/image{part}"
    answer = archive.get(path, user)
    return ink_share(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def test_no_browser_keeps_the_picture_of_a_page_that_is_open_for_a_time(archive: Seeded) -> None:
    path = f"/api/v1/documents/{archive.documents['东1']}/pages/1/image"
    masked = archive.get(path, "agent").headers
    assert masked["cache-control"] == "private, no-cache"
    assert send(archive, "POST", f"{RECORD}/opening", json=ASK).status_code == 201
    asked_again = send(archive, "GET", path, headers={"If-None-Match": masked["etag"]})
    assert asked_again.status_code == 200
    assert asked_again.headers["cache-control"] == "no-store"
    assert "etag" not in asked_again.headers
    later(archive, minutes=5)
    assert archive.get(path, "agent").headers["cache-control"] == "private, no-cache"
    assert disclosure.note_ended(archive.context) == 1


def test_after_five_minutes_it_is_masked_again_and_the_end_is_written_down(
    archive: Seeded,
) -> None:
    assert send(archive, "POST", f"{RECORD}/opening", json=ASK).status_code == 201
    later(archive, minutes=4, seconds=59)
    assert archive.get(RECORD, "agent").json()["name"] == EAST.name
    assert picture_ink(archive, "agent") > 0.01
    later(archive, seconds=1)
    assert archive.get(RECORD, "agent").json()["name"] != EAST.name
    assert picture_ink(archive, "agent") == 0
    ended = len(rows(archive, disclosure.ENDED))
    assert disclosure.note_ended(archive.context) == 1
    assert disclosure.note_ended(archive.context) == 0
    (row,) = rows(archive, disclosure.ENDED)[ended:]
    assert (row.object_id, row.facts["by"]) == (EAST.customer_no, "time")


def test_reason_and_looks_are_in_the_audit(archive: Seeded, opened: dict[str, Any]) -> None:
    archive.get(RECORD, "agent")
    asked = rows(archive, disclosure.ASKED)[-1]
    assert asked.purpose == "处理投诉工单：工单 20261122-7"
    assert asked.facts["fields"] == ["name", "pages", "phone"]
    look = rows(archive, "customer.read")[-1]
    assert look.purpose == asked.purpose
    assert look.facts["disclosure"] == opened["id"] == asked.facts["disclosure"]
    archive.get(f"/api/v1/documents/{archive.documents['东1']}/text", "agent")
    assert rows(archive, "text.read")[-1].facts["disclosure"] == opened["id"]
    archive.get(f"/api/v1/customers/{WEST.customer_no}", "agent")
    assert "disclosure" not in rows(archive, "customer.read")[-1].facts


@pytest.mark.usefixtures("opened")
def test_no_other_customer_no_other_user_and_no_search_is_opened(archive: Seeded) -> None:
    other = archive.get(f"/api/v1/customers/{WEST.customer_no}", "agent").json()
    assert other["name"] != WEST.name
    assert other["opening"] is None
    west = archive.get(f"/api/v1/documents/{archive.documents['西1']}/text", "agent").text
    assert WEST.name not in west
    assert archive.get(RECORD, "agent_east").json()["name"] != EAST.name
    found = archive.get(f"/api/v1/search?q={EAST.name}", "agent").text
    assert EAST.name not in found
    assert archive.get(f"/api/v1/search?q={EAST.phone[3:]}", "agent").json()["total"] == 0
    assert archive.get(f"/api/v1/search?q={EAST.hidden_address}", "agent").json()["total"] == 0
    assert (
        send(archive, "GET", f"/api/v1/documents/{archive.documents['东1']}/original").status_code
        == 403
    )


@pytest.mark.usefixtures("opened")
def test_a_click_ends_it_at_once(archive: Seeded) -> None:
    assert send(archive, "DELETE", f"{RECORD}/opening").status_code == 204
    assert archive.get(RECORD, "agent").json()["name"] != EAST.name
    assert rows(archive, disclosure.ENDED)[-1].facts["by"] == "click"
    assert send(archive, "DELETE", f"{RECORD}/opening").status_code == 204


def test_asking_again_ends_the_one_before(archive: Seeded, opened: dict[str, Any]) -> None:
    again = send(archive, "POST", f"{RECORD}/opening", json={**ASK, "fields": ["phone"]})
    assert again.json()["id"] != opened["id"]
    record = archive.get(RECORD, "agent").json()
    assert record["name"] != EAST.name
    assert record["phones"] == [EAST.phone]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**ASK, "fields": []}, 422),
        ({**ASK, "fields": ["everything"]}, 422),
        ({**ASK, "reason": "curiosity"}, 422),
        ({**ASK, "reason": "other", "note": "  "}, 422),
        ({**ASK, "note": "长" * 121}, 422),
        ({"reason": "complaint"}, 422),
    ],
)
def test_without_a_field_and_a_reason_nothing_opens(
    archive: Seeded, body: dict[str, Any], status: int
) -> None:
    assert send(archive, "POST", f"{RECORD}/opening", json=body).status_code == status
    assert archive.get(RECORD, "agent").json()["opening"] is None


def test_who_may_not_and_what_is_out_of_scope_is_refused(archive: Seeded) -> None:
    for user in ("auditor", "admin", "archivist"):
        assert send(archive, "POST", f"{RECORD}/opening", user, json=ASK).status_code == 403
    assert send(archive, "POST", f"{RECORD}/opening", "agent_west", json=ASK).status_code == 404


def test_a_right_taken_away_or_an_account_disabled_ends_it_at_once(archive: Seeded) -> None:
    context = archive.context
    accounts.add_user(context, SETUP, name="leaver", role="agent", password=PASSWORD)
    archive.tokens["leaver"] = accounts.make_token(context, SETUP, "leaver")
    assert send(archive, "POST", f"{RECORD}/opening", "leaver", json=ASK).status_code == 201
    accounts.disable_user(context, SETUP, "leaver")
    assert archive.get(RECORD, "leaver").status_code == 401
    assert rows(archive, disclosure.ENDED)[-1].facts["by"] == "right_taken"
    accounts.enable_user(context, SETUP, "leaver")
    archive.tokens["leaver"] = accounts.make_token(context, SETUP, "leaver")
    assert archive.get(RECORD, "leaver").json()["opening"] is None
    assert send(archive, "POST", f"{RECORD}/opening", "leaver", json=ASK).status_code == 201
    role_grants.grant(context, SETUP, user="leaver", role="general_office")
    role_grants.revoke_role(context, SETUP, "leaver", "agent")
    assert rows(archive, disclosure.ENDED)[-1].facts["by"] == "right_taken"
    masked = archive.get(RECORD, "leaver").json()
    assert masked["opening"] is None
    assert masked["name"] != EAST.name


def test_the_page_says_until_when_and_comes_back_masked_without_script(archive: Seeded) -> None:
    browser = TestClient(create_app(archive.context), base_url="http://127.0.0.1")
    browser.headers["accept-language"] = "zh-CN"
    browser.post("/login", data={"name": "agent", "password": PASSWORD})
    page = f"/customers/{EAST.customer_no}"
    form = {"csrf_token": csrf_token(browser.get(page).text)}
    shown = browser.post(
        f"{page}/opening", data={**form, "fields": ["name"], "reason": "caller_verified"}
    )
    assert EAST.name in shown.text
    assert "显示至" in shown.text
    assert f'http-equiv="refresh" content="301; url={page}"' in shown.text
    masked = browser.post(f"{page}/opening/end", data=form)
    assert EAST.name not in masked.text
    assert "显示至" not in masked.text


# -- checking a caller --------------------------------------------------------------------------


def check(archive: Seeded, kind: str, last: str, user: str = "agent") -> Any:
    return send(archive, "POST", f"{RECORD}/check", user, json={"kind": kind, "last": last})


@pytest.mark.parametrize(
    ("kind", "last", "matches"),
    [
        ("id_no", EAST.id_no[-4:], True),
        ("id_no", "0000", False),
        ("phone", EAST.phone[-4:], True),
        ("phone", "００２１", True),
        ("phone", WEST.phone[-4:], False),
        ("bank_account", EAST.bank_account[-4:], True),
        ("bank_account", EAST.bank_account[:4], False),
    ],
)
def test_the_answer_is_yes_or_no_and_the_audit_holds_no_digit(
    archive: Seeded, kind: str, last: str, *, matches: bool
) -> None:
    later(archive, hours=1)
    answer = check(archive, kind, last)
    assert answer.json() == {"matches": matches}
    row = rows(archive, "caller.checked")[-1]
    assert row.facts == {"kind": kind, "matches": matches}
    assert (row.object_id, row.purpose) == (EAST.customer_no, "")


@pytest.mark.parametrize("last", ["", "123", "12345", "12a4", "X234", "一二三四"])
def test_a_wrong_format_is_explained_and_is_no_try(archive: Seeded, last: str) -> None:
    answer = check(archive, "id_no", last)
    assert answer.status_code == 422
    assert "末 4 位" in answer.json()["detail_zh"]
    assert check(archive, "shoe_size", "1234").status_code == 422


def test_tries_are_limited_for_each_customer_and_user(archive: Seeded) -> None:
    later(archive, hours=1)
    answers = [check(archive, "phone", f"{n:04}").status_code for n in range(7)]
    assert answers == [200] * 5 + [429] * 2
    assert check(archive, "phone", EAST.phone[-4:]).status_code == 429
    assert check(archive, "phone", EAST.phone[-4:], "agent_east").json() == {"matches": True}
    west = f"/api/v1/customers/{WEST.customer_no}/check"
    assert send(archive, "POST", west, json={"kind": "phone", "last": "0099"}).json()["matches"]
    later(archive, minutes=15)
    assert check(archive, "phone", EAST.phone[-4:]).json() == {"matches": True}


def test_only_who_may_checks_and_only_in_scope(archive: Seeded) -> None:
    assert check(archive, "phone", "0021", "auditor").status_code == 403
    assert check(archive, "phone", "0021", "agent_west").status_code == 404


def test_the_page_answers_yes_or_no(archive: Seeded) -> None:
    later(archive, hours=1)
    browser = TestClient(create_app(archive.context), base_url="http://127.0.0.1")
    browser.headers["accept-language"] = "zh-CN"
    browser.post("/login", data={"name": "agent", "password": PASSWORD})
    page = f"/customers/{EAST.customer_no}"
    form = {"csrf_token": csrf_token(browser.get(page).text), "kind": "phone"}
    assert "是，相符" in browser.post(f"{page}/check", data={**form, "last": "0021"}).text
    wrong = browser.post(f"{page}/check", data={**form, "last": "0022"})
    assert "否，与留存不符" in wrong.text
    assert EAST.phone not in wrong.text
    assert browser.post(f"{page}/check", data={**form, "last": "22"}).status_code == 422
