"""Cells marked `approval`: asked for, decided by somebody else, open for one thing and one term."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from dossier.asgi import create_app
from dossier.clock import FixedClock, SystemClock, local_date
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.list_tables import ListFile
from dossier.db.tables import AuditEvent, Customer, Document, OrgUnit, User
from dossier.errors import ForbiddenError
from dossier.rules.approvals import load
from dossier.services import (
    accounts,
    approval_rows,
    approvals,
    delegations,
    role_grants,
    staff_change,
)
from dossier.services.approvals import Wish
from dossier.services.role_grants import Part
from dossier.services.staff_change import StaffWish
from tests.support_postgres import fresh_database
from tests.support_seeded import (
    COMMON,
    EAST,
    PASSWORD,
    SETUP,
    WEST,
    Seeded,
    csrf_token,
    seeded_archive,
)
from ui.formatting import moment

NUMBERS = count()
PATH = "/api/v1/approvals"
HOURS = 2
ABSENT = "4999999999"
EAST_ARCHIVIST = ("archivist", Part(unit=EAST.unit))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """The seeded archive by a clock that the tests move."""
    home = tmp_path_factory.mktemp("approvals") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        found = stack.enter_context(seeded_archive(home, database_url=url, users={}))
        found.context = replace(found.context, clock=FixedClock(SystemClock().now()))
        app = create_app(found.context)
        found.client = stack.enter_context(
            TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
        )
        yield found


@dataclass
class Person:
    """Somebody with a browser."""

    archive: Seeded
    name: str
    cookie: str = ""
    csrf: str = ""

    def log_in(self) -> None:
        form = {"name": self.name, "password": PASSWORD}
        answer = self.archive.client.post("/login", data=form)
        self.cookie = answer.headers["set-cookie"].split(";")[0]
        self.archive.client.cookies.clear()
        self.csrf = csrf_token(self.get("/account").text)

    def send(self, method: str, path: str, **options: Any) -> Any:
        headers = {"cookie": self.cookie, "x-csrf-token": self.csrf, "accept-language": "zh-CN"}
        return self.archive.client.request(method, path, headers=headers, **options)

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def asks(self, action: str, **thing: Any) -> Any:
        wish = {"action": action, "purpose": "投诉核查", "hours": HOURS} | thing
        return self.send("POST", PATH, json=wish)

    def decides(self, request_id: str, how: str = "approve", reason: str = "") -> Any:
        return self.send("POST", f"{PATH}/{request_id}/{how}", json={"reason": reason})

    def waiting(self) -> list[str]:
        return [one["id"] for one in self.get(f"{PATH}/waiting").json()["items"]]

    def state_of(self, request_id: str) -> str:
        found = {one["id"]: one["state"] for one in self.get(PATH).json()["items"]}
        return found[request_id]


Hire = Callable[..., Person]


@pytest.fixture(scope="module")
def hire(archive: Seeded) -> Hire:
    """Makes a person with roles, each at a part of the company, and logs them in."""

    def hired(*held: tuple[str, Part]) -> Person:
        name = f"person{next(NUMBERS)}"
        (role, part), *others = held
        accounts.add_user(archive.context, SETUP, name=name, role="agent", password=PASSWORD)
        role_grants.revoke_role(archive.context, SETUP, name, "agent")
        for each, where in ((role, part), *others):
            role_grants.grant(archive.context, SETUP, user=name, role=each, part=where)
        person = Person(archive, name)
        person.log_in()
        return person

    return hired


@pytest.fixture(scope="module")
def marketing(hire: Hire) -> Person:
    return hire(("marketing", Part()))


@pytest.fixture(scope="module")
def lawyer(hire: Hire) -> Person:
    """Held for a case that nobody's papers belong to: all that opens, an approval opened."""
    return hire(("legal", Part(case_no="SQ-1")))


@pytest.fixture(scope="module")
def chief(hire: Hire) -> Person:
    return hire(("supervisor", Part()))


@pytest.fixture(scope="module")
def east_chief(hire: Hire) -> Person:
    return hire(("supervisor", Part(unit=EAST.unit)))


@pytest.fixture
def clock(archive: Seeded) -> FixedClock:
    found = archive.context.clock
    assert isinstance(found, FixedClock)
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_open(archive: Seeded, clock: FixedClock) -> Iterator[None]:
    """What one test had approved is gone before the next, and it is as late as before."""
    began = clock.instant
    yield
    clock.instant = began
    with archive.context.writing(SETUP) as session:
        session.execute(delete(ListFile))
        session.execute(delete(ApprovalRequest))


def steps(archive: Seeded, request_id: str) -> list[str]:
    with archive.context.reading(SETUP) as session:
        query = select(AuditEvent).where(AuditEvent.action.like("approval.%"))
        rows = session.scalars(query.order_by(AuditEvent.id))
        return [row.action for row in rows if row.facts.get("approval") == request_id]


def disable(archive: Seeded, name: str, *, disabled: bool = True) -> None:
    with archive.context.writing(SETUP) as session:
        session.execute(update(User).where(User.name == name).values(disabled=disabled))


def test_a_cell_that_needs_approval_says_so_and_where_to_ask(
    archive: Seeded, marketing: Person
) -> None:
    paper = archive.documents["东1"]
    page = marketing.get(f"/documents/{paper}/print")
    assert page.status_code == 403
    address = f"/approvals/ask?action=print&amp;document_id={paper}"
    assert address in page.text
    assert "申请" in marketing.get(f"/documents/{paper}").text
    form = marketing.get(address.replace("&amp;", "&"))
    assert form.status_code == 200
    assert 'value="print" selected' in form.text


def test_the_json_door_names_code_and_form(lawyer: Person, hire: Hire) -> None:
    collector = hire(("collector", Part()))
    for path in (f"/api/v1/documents/{'0' * 8}-0000-7000-8000-000000000000/text",):
        assert "ask" not in collector.get(path).json()
    answer = lawyer.get(f"/api/v1/customers/{EAST.customer_no}").json()
    assert answer["code"] == "not_found"
    assert answer["ask"] == f"/approvals/ask?action=read_metadata&customer_no={EAST.customer_no}"
    company = hire(("legal", Part()))
    answer = company.get(f"/api/v1/customers/{EAST.customer_no}").json()
    assert (answer["code"], answer["status"]) == ("approval_needed", 403)
    assert answer["ask"].endswith(EAST.customer_no)


def test_an_approval_opens_exactly_what_was_asked_and_ends_at_its_minute(
    archive: Seeded, lawyer: Person, chief: Person, clock: FixedClock
) -> None:
    east, west = (f"/api/v1/customers/{one.customer_no}" for one in (EAST, WEST))
    request_id = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    assert lawyer.get(east).status_code == 404
    assert chief.waiting() == [request_id]
    assert chief.decides(request_id).status_code == 204
    assert lawyer.state_of(request_id) == "approved"
    opened = lawyer.get(east)
    assert opened.status_code == 200
    assert all(secret not in opened.text for secret in EAST.secrets)
    assert lawyer.get(west).status_code == 404
    paper = archive.documents["东1"]
    assert lawyer.get(f"/api/v1/documents/{paper}/text").status_code == 404
    assert lawyer.get(f"/api/v1/documents/{paper}/original").status_code in (403, 404)
    assert lawyer.get(f"/api/v1/search?q={EAST.customer_no}").json().get("total", 0) == 0
    clock.advance(timedelta(hours=HOURS) - timedelta(microseconds=1))
    lawyer.log_in()
    assert lawyer.get(east).status_code == 200
    clock.advance(timedelta(microseconds=1))
    assert lawyer.get(east).status_code == 404
    assert lawyer.state_of(request_id) == "over"
    approval_rows.note_ended(archive.context)
    wanted = ["approval.asked", "approval.approved", "approval.ended"]
    assert steps(archive, request_id) == wanted


def test_one_paper_is_opened_alone(archive: Seeded, lawyer: Person, chief: Person) -> None:
    mine, other = archive.documents["东1"], archive.documents["东2"]
    request_id = lawyer.asks("read_image", document_id=mine).json()["id"]
    chief.decides(request_id)
    assert lawyer.get(f"/api/v1/documents/{mine}/text").status_code == 200
    picture = lawyer.get(f"/api/v1/documents/{mine}/pages/1/image?width=80")
    assert (picture.status_code, picture.headers["cache-control"]) == (200, "no-store")
    assert lawyer.get(f"/api/v1/documents/{other}/text").status_code == 404
    assert lawyer.get(f"/api/v1/customers/{EAST.customer_no}").status_code == 404
    assert lawyer.get(f"/api/v1/documents/{mine}/pages/1/strip").status_code in (404, 405)
    page = lawyer.get(f"/documents/{mine}")
    assert page.status_code == 200
    assert EAST.customer_no in page.text
    assert "其客户未对您开放" in page.text
    assert "who-name nobody" not in page.text


def test_values_are_unmasked_for_one_customer_only(marketing: Person, chief: Person) -> None:
    request_id = marketing.asks("unmask", customer_no=EAST.customer_no).json()["id"]
    page = f"/api/v1/customers/{EAST.customer_no}"
    assert EAST.name not in marketing.get(page).text
    chief.decides(request_id)
    assert EAST.name in marketing.get(page).text
    assert WEST.name not in marketing.get(f"/api/v1/customers/{WEST.customer_no}").text
    hits = marketing.get("/api/v1/search?q=合同").text
    assert WEST.name not in hits


def test_the_page_says_what_an_approval_opened_and_gives_it_up_there(
    marketing: Person, chief: Person
) -> None:
    page = f"/customers/{EAST.customer_no}"
    masked = marketing.get(page).text
    assert "个人信息已按岗位权限遮蔽" in masked
    assert "核对来电" not in masked, "marketing checks no callers"
    request_id = marketing.asks("unmask", customer_no=EAST.customer_no).json()["id"]
    chief.decides(request_id)
    opened = marketing.get(page).text
    assert "个人信息已按岗位权限遮蔽" not in opened
    [ends] = [one for one in marketing.get(PATH).json()["items"] if one["id"] == request_id]
    until = moment(datetime.fromisoformat(ends["ends_at"]))
    assert f"经审批开放至 {until}" in opened
    assert all(each in opened for each in ("查看未遮盖的个人信息", "投诉核查", chief.name))
    assert "经审批开放至" not in marketing.get(f"/customers/{WEST.customer_no}").text
    given_up = marketing.send("POST", f"/approvals/{request_id}/withdraw", data={"back": page})
    assert given_up.headers["location"] == page
    assert "经审批开放至" not in marketing.get(page).text


def test_who_has_nothing_to_ask_for_is_not_sent_to_the_form(hire: Hire) -> None:
    auditor, archivist = hire(("auditor", Part())), hire(("archivist", Part()))
    menu = 'href="/approvals"'
    assert menu not in auditor.get("/account").text
    assert menu in archivist.get("/account").text
    for path in ("/approvals", "/approvals/ask"):
        assert "清单导出的审批在导出处申请" in archivist.get(path).text
        assert "清单导出的审批在导出处申请" not in auditor.get(path).text


def test_nobody_approves_the_own_request_nor_by_what_the_asker_lent(
    archive: Seeded, hire: Hire, lawyer: Person, clock: FixedClock
) -> None:
    both = hire(("legal", Part(case_no="SQ-3")), ("supervisor", Part()))
    friend = hire(("crew", Part(unit=EAST.unit)))
    request_id = both.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    assert both.waiting() == []
    assert both.decides(request_id).status_code == 404
    viewer = accounts.viewer_by_name(archive.context, both.name)
    today = local_date(clock.now())
    delegations.delegate(
        archive.context, viewer, role="supervisor", to=friend.name, first=today, last=today,
        reason="年休假",
    )  # fmt: skip
    assert friend.waiting() == []
    assert friend.decides(request_id).status_code == 404
    others = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    assert friend.waiting() == both.waiting() == [others]


def test_nobody_approves_outside_the_own_area(
    lawyer: Person, east_chief: Person, chief: Person
) -> None:
    west = lawyer.asks("read_metadata", customer_no=WEST.customer_no).json()["id"]
    absent = lawyer.asks("read_metadata", customer_no=ABSENT).json()["id"]
    assert east_chief.waiting() == []
    for request_id in (west, absent):
        answer = east_chief.decides(request_id)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
    assert chief.waiting() == [west, absent]
    assert chief.decides(absent).status_code == 409
    assert chief.decides(absent, "refuse", "无此户").status_code == 204
    assert lawyer.state_of(absent) == "refused"


def test_asking_tells_nothing_of_what_exists(lawyer: Person) -> None:
    there = lawyer.asks("read_metadata", customer_no=WEST.customer_no)
    absent = lawyer.asks("read_metadata", customer_no=ABSENT)
    assert there.status_code == absent.status_code == 201
    listed = lawyer.get(PATH).json()["items"][:2]
    assert {one["thing"] for one in listed} == {WEST.customer_no, ABSENT}
    same = [{k: v for k, v in one.items() if k in ("state", "kind", "hours")} for one in listed]
    assert same[0] == same[1]
    page = lawyer.get("/approvals").text
    assert f'href="/customers/{WEST.customer_no}"' not in page


def test_a_refusal_needs_a_reason_and_opens_nothing(lawyer: Person, chief: Person) -> None:
    request_id = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    assert chief.decides(request_id, "refuse").status_code == 422
    assert chief.decides(request_id, "refuse", "与案件无关").status_code == 204
    assert chief.decides(request_id).status_code == 409
    assert lawyer.get(f"/api/v1/customers/{EAST.customer_no}").status_code == 404
    assert "与案件无关" in lawyer.get("/approvals").text


def test_what_is_revoked_or_given_up_is_closed_at_the_next_request(
    archive: Seeded, lawyer: Person, chief: Person
) -> None:
    page = f"/api/v1/customers/{EAST.customer_no}"
    first = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    assert lawyer.asks("read_metadata", customer_no=EAST.customer_no).status_code == 409
    chief.decides(first)
    assert chief.decides(first, "revoke").status_code == 422
    assert chief.decides(first, "revoke", "案件已结").status_code == 204
    assert lawyer.get(page).status_code == 404
    assert steps(archive, first)[-1] == "approval.revoked"
    (told,) = (one for one in lawyer.get(PATH).json()["items"] if one["id"] == first)
    assert (told["revoked_by"], told["revoked_why"]) == (chief.name, "案件已结")
    assert "案件已结" in lawyer.get("/approvals").text
    second = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    chief.decides(second)
    assert lawyer.get(page).status_code == 200
    assert lawyer.send("DELETE", f"{PATH}/{second}").status_code == 204
    assert lawyer.get(page).status_code == 404
    assert lawyer.send("DELETE", f"{PATH}/{second}").status_code == 404


def test_a_role_taken_away_or_a_disabled_approver_counts_from_the_next_request(
    archive: Seeded, hire: Hire, lawyer: Person
) -> None:
    context, page = archive.context, f"/api/v1/customers/{EAST.customer_no}"
    asker, approver = hire(("legal", Part(case_no="SQ-2"))), hire(("supervisor", Part()))
    request_id = asker.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    approver.decides(request_id)
    assert asker.get(page).status_code == 200
    disable(archive, approver.name)
    assert asker.get(page).status_code == 404
    assert asker.state_of(request_id) == "resting"
    disable(archive, approver.name, disabled=False)
    assert asker.get(page).status_code == 200
    role_grants.revoke_role(context, SETUP, approver.name, "supervisor")
    assert asker.get(page).status_code == 404
    again = hire(("supervisor", Part()))
    other = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    again.decides(other)
    assert lawyer.get(page).status_code == 200
    third = asker.asks("read_metadata", customer_no=WEST.customer_no).json()["id"]
    role_grants.revoke_role(context, SETUP, asker.name, "legal")
    assert asker.get(f"/api/v1/customers/{WEST.customer_no}").status_code == 403
    disable(archive, asker.name)
    assert third not in again.waiting()
    assert again.decides(third).status_code == 409


def test_only_who_has_such_a_cell_asks_and_only_as_the_rules_say(
    hire: Hire, lawyer: Person, east_chief: Person
) -> None:
    agent = hire(("agent", Part()))
    assert agent.asks("print", document_id="0" * 36).status_code == 403
    assert agent.decides("x" * 36).status_code == 403
    assert lawyer.asks("unmask", customer_no=EAST.customer_no).status_code == 403
    assert lawyer.asks("read_metadata", document_id="0" * 36).status_code == 422
    assert lawyer.asks("read_metadata", customer_no="not a number").status_code == 422
    assert lawyer.asks("read_metadata", customer_no=EAST.customer_no, hours=3).status_code == 422
    assert (
        lawyer.asks("read_metadata", customer_no=EAST.customer_no, purpose=" ").status_code == 422
    )
    assert lawyer.asks("export_evidence", customer_no=EAST.customer_no).status_code == 422
    assert "没有须经审批" in agent.get("/approvals/ask").text
    assert east_chief.get("/approvals/waiting").status_code == 200


def test_it_all_works_by_the_pages_without_script(
    archive: Seeded, lawyer: Person, chief: Person
) -> None:
    form = {
        "action": "read_metadata",
        "customer_no": "4200 0000 01",
        "purpose": "诉讼",
        "hours": 24,
    }
    assert lawyer.send("POST", "/approvals/ask", data=form | {"purpose": ""}).status_code == 422
    assert lawyer.send("POST", "/approvals/ask", data=form).status_code == 303
    assert "待审批" in lawyer.get("/approvals").text
    [request_id] = chief.waiting()
    page = chief.get("/approvals/waiting").text
    assert "诉讼" in page and EAST.customer_no in page  # noqa: PT018 - one line of one page
    assert chief.send("POST", f"/approvals/{request_id}/refuse", data={}).status_code == 422
    assert chief.send("POST", f"/approvals/{request_id}/approve", data={}).status_code == 303
    assert lawyer.get(f"/customers/{EAST.customer_no}").status_code == 200
    assert f'href="/customers/{EAST.customer_no}"' in lawyer.get("/approvals").text
    again = chief.send("POST", f"/approvals/{request_id}/revoke", data={"reason": "已结"})
    assert again.status_code == 303
    assert lawyer.get(f"/customers/{EAST.customer_no}").status_code == 404
    assert archive.context is not None


def test_a_token_asks_but_never_decides(archive: Seeded, lawyer: Person, chief: Person) -> None:
    request_id = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    token = accounts.make_token(archive.context, SETUP, chief.name)
    headers = {"Authorization": f"Bearer {token}"}
    listed = archive.client.get(f"{PATH}/waiting", headers=headers)
    assert [one["id"] for one in listed.json()["items"]] == [request_id]
    answer = archive.client.post(f"{PATH}/{request_id}/approve", headers=headers, json={})
    assert answer.status_code == 403


def test_a_request_that_nobody_decides_lapses(
    archive: Seeded, lawyer: Person, chief: Person, clock: FixedClock
) -> None:
    request_id = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    clock.advance(timedelta(days=load().lapses_after_days))
    for one in (lawyer, chief):
        one.log_in()
    assert lawyer.state_of(request_id) == "lapsed"
    assert chief.waiting() == []
    assert chief.decides(request_id).status_code == 409
    approval_rows.note_ended(archive.context)
    assert steps(archive, request_id) == ["approval.asked", "approval.lapsed"]


# -- sensitive roles ----------------------------------------------------------------------------


def give(giver: Person, name: str, role: str) -> Any:
    return giver.send("POST", "/api/v1/grants", json={"user": name, "role": role})


def test_a_sensitive_role_takes_effect_once_the_security_officer_approved(
    archive: Seeded, hire: Hire
) -> None:
    admin, officer = hire(("administrator", Part())), hire(("security_officer", Part()))
    other, newcomer = hire(("administrator", Part())), hire(("agent", Part()))
    role_grants.revoke_role(archive.context, SETUP, newcomer.name, "agent")
    assert give(admin, newcomer.name, "auditor").status_code == 201
    assert newcomer.get("/api/v1/audit").status_code == 403
    listed = admin.get(f"/api/v1/grants?user={newcomer.name}").json()["items"]
    assert [(one["role"], one["state"]) for one in listed] == [("auditor", "pending")]
    assert "待审批，尚未生效" in admin.get(f"/roles/rights?user={newcomer.name}").text
    [request_id] = officer.waiting()
    for one in (admin, other):  # who gives roles approves none
        assert one.decides(request_id).status_code == 403
    page = officer.get("/approvals/waiting").text
    assert "审计员" in page
    assert newcomer.name in page
    assert officer.decides(request_id).status_code == 204
    assert newcomer.get("/api/v1/audit").status_code == 200
    listed = admin.get(f"/api/v1/grants?user={newcomer.name}").json()["items"]
    assert [one["state"] for one in listed] == ["in_force"]


def test_a_refused_or_withdrawn_sensitive_role_gives_nothing(archive: Seeded, hire: Hire) -> None:
    admin, officer = hire(("administrator", Part())), hire(("security_officer", Part()))
    refused, taken, plain = (hire(("collector", Part())) for _ in range(3))
    give(admin, refused.name, "auditor")
    [request_id] = officer.waiting()
    assert officer.decides(request_id, "refuse", "无此编制").status_code == 204
    assert refused.get("/api/v1/audit").status_code == 403
    made = give(admin, taken.name, "auditor").json()["ids"][0]
    [request_id] = officer.waiting()
    assert admin.send("DELETE", f"/api/v1/grants/{made}").status_code in (200, 204)
    assert officer.waiting() == []
    assert officer.decides(request_id).status_code == 409
    give(admin, plain.name, "agent")
    assert officer.waiting() == []
    assert plain.get(f"/api/v1/customers/{EAST.customer_no}").status_code == 200


def test_nobody_approves_a_sensitive_role_for_oneself(hire: Hire) -> None:
    admin, officer = hire(("administrator", Part())), hire(("security_officer", Part()))
    second = hire(("security_officer", Part(unit=EAST.unit)))
    assert give(admin, officer.name, "auditor").status_code == 409, "three-member separation"
    assert give(admin, second.name, "security_officer").status_code == 201
    [request_id] = officer.waiting()
    assert second.waiting() == []
    assert second.decides(request_id).status_code == 404
    assert officer.decides(request_id).status_code == 204


# -- lists of hits ------------------------------------------------------------------------------


EXPORT = "/api/v1/search/export"


def list_of(person: Person, q: str = COMMON) -> Any:
    wish = {"q": q, "purpose": "核对", "clear": True}
    return person.send("POST", EXPORT, json=wish)


def asks_list(person: Person, q: str = COMMON) -> str:
    wish = {"q": q, "purpose": "核对", "clear": True, "hours": HOURS}
    return str(person.send("POST", f"{EXPORT}/approval", json=wish).json()["id"])


def goes_west(archive: Seeded, person: Person) -> None:
    role_grants.revoke_role(archive.context, SETUP, person.name, "archivist")
    west = Part(unit=WEST.unit)
    role_grants.grant(archive.context, SETUP, user=person.name, role="archivist", part=west)


def test_a_list_of_who_may_not_export_any_more_waits_for_nobody(
    archive: Seeded, hire: Hire, east_chief: Person, chief: Person
) -> None:
    for one in (chief, east_chief):
        one.log_in()
    west_chief, asker = hire(("supervisor", Part(unit=WEST.unit))), hire(EAST_ARCHIVIST)
    request_id = asks_list(asker, EAST.name)
    assert east_chief.waiting() == chief.waiting() == [request_id]
    role_grants.revoke_role(archive.context, SETUP, asker.name, "archivist")
    for one in (west_chief, east_chief, chief):
        assert one.waiting() == []
        assert EAST.name not in one.get("/approvals/waiting").text
        assert one.decides(request_id).status_code == 404
    role_grants.grant(archive.context, SETUP, user=asker.name, role="agent", part=Part())
    assert west_chief.waiting() == chief.waiting() == []


def test_who_decides_on_a_list_covers_what_it_reached_when_it_was_asked_for_too(
    archive: Seeded, hire: Hire, east_chief: Person, chief: Person
) -> None:
    for one in (chief, east_chief):
        one.log_in()
    west_chief, asker = hire(("supervisor", Part(unit=WEST.unit))), hire(EAST_ARCHIVIST)
    request_id = asks_list(asker, EAST.name)
    goes_west(archive, asker)
    assert west_chief.waiting() == east_chief.waiting() == []
    assert chief.waiting() == [request_id]


def test_a_list_approved_at_one_station_is_neither_made_nor_fetched_at_another(
    archive: Seeded, hire: Hire, east_chief: Person
) -> None:
    east_chief.log_in()
    asker = hire(EAST_ARCHIVIST)
    assert east_chief.decides(asks_list(asker)).status_code == 204
    made = list_of(asker)
    assert made.status_code == 201
    assert asker.get(made.json()["href"]).status_code == 200
    goes_west(archive, asker)
    assert list_of(asker).status_code == 403
    assert asker.get(made.json()["href"]).status_code == 404
    east = Part(unit=EAST.unit)
    role_grants.grant(archive.context, SETUP, user=asker.name, role="archivist", part=east)
    assert asker.get(made.json()["href"]).status_code == 200
    assert list_of(asker).status_code == 403, "now it reaches both stations"


@pytest.mark.parametrize("field", ["value", "name"])
def test_half_a_character_in_a_filter_is_refused(hire: Hire, field: str) -> None:
    asker = hire(EAST_ARCHIVIST)
    filters = '{"station":["\\ud800x"]}' if field == "value" else '{"\\ud800x":["1"]}'
    head = {"content-type": "application/json", "cookie": asker.cookie, "x-csrf-token": asker.csrf}
    for path, more in (
        (EXPORT, '"purpose":"x"'),
        (f"{EXPORT}/approval", '"purpose":"x","clear":true,"hours":2'),
        ("/api/v1/searches", '"name":"x"'),
    ):
        body = f'{{"q":"",{more},"filters":{filters}}}'
        answer = asker.archive.client.post(path, content=body, headers=head)
        assert answer.status_code == 422, (path, answer.text)


# -- how long an approval holds -----------------------------------------------------------------


def test_an_approval_by_a_lent_role_rests_once_the_role_was_given_back(
    archive: Seeded, hire: Hire, marketing: Person, clock: FixedClock
) -> None:
    marketing.log_in()
    context, today = archive.context, local_date(clock.now())
    owner, deputy = hire(("supervisor", Part())), hire(("crew", Part(unit=EAST.unit)))
    holder = accounts.viewer_by_name(context, owner.name)
    [lent] = delegations.delegate(
        context, holder, role="supervisor", to=deputy.name, first=today, last=today, reason="休假"
    )
    page = f"/api/v1/customers/{EAST.customer_no}"
    request_id = marketing.asks("unmask", customer_no=EAST.customer_no).json()["id"]
    assert deputy.decides(request_id).status_code == 204
    assert EAST.name in marketing.get(page).text
    delegations.end(context, holder, lent)
    assert EAST.name not in marketing.get(page).text
    assert marketing.state_of(request_id) == "resting"


def test_who_was_disabled_comes_back_without_the_approvals_of_before(
    archive: Seeded, hire: Hire, chief: Person
) -> None:
    chief.log_in()
    asker, page = hire(("marketing", Part())), f"/api/v1/customers/{EAST.customer_no}"
    approved = asker.asks("unmask", customer_no=EAST.customer_no).json()["id"]
    waiting = asker.asks("unmask", customer_no=WEST.customer_no).json()["id"]
    assert chief.decides(approved).status_code == 204
    assert EAST.name in asker.get(page).text
    accounts.disable_user(archive.context, SETUP, asker.name)
    assert waiting not in chief.waiting()
    accounts.enable_user(archive.context, SETUP, asker.name)
    asker.log_in()
    assert EAST.name not in asker.get(page).text
    assert asker.state_of(approved) == "revoked"
    assert asker.state_of(waiting) == "withdrawn"


def test_who_leaves_on_a_day_neither_asks_nor_has_approved_from_that_day_on(
    archive: Seeded, hire: Hire, marketing: Person, chief: Person, clock: FixedClock
) -> None:
    for one in (marketing, chief):
        one.log_in()
    approver, asker = hire(("supervisor", Part())), hire(("marketing", Part()))
    page, hours = f"/api/v1/customers/{EAST.customer_no}", max(load().terms_hours)
    approved = marketing.asks("unmask", customer_no=EAST.customer_no, hours=hours).json()["id"]
    assert approver.decides(approved).status_code == 204
    waiting = asker.asks("unmask", customer_no=EAST.customer_no, hours=hours).json()["id"]
    day = local_date(clock.now()) + timedelta(days=1)
    for one in (approver, asker):
        wish = StaffWish("leave", day, reason="离职")
        staff_change.change_staff(archive.context, SETUP, one.name, wish)
    assert chief.waiting() == [waiting]
    clock.advance(timedelta(days=1))
    for one in (marketing, chief):
        one.log_in()
    assert EAST.name not in marketing.get(page).text
    assert marketing.state_of(approved) == "resting"
    assert chief.waiting() == []
    assert chief.decides(waiting).status_code == 409


def test_an_approval_of_a_paper_does_not_follow_it_to_another_customer(
    archive: Seeded, lawyer: Person, east_chief: Person
) -> None:
    for one in (lawyer, east_chief):
        one.log_in()
    paper = archive.documents["东1"]
    request_id = lawyer.asks("read_image", document_id=paper).json()["id"]
    assert east_chief.decides(request_id).status_code == 204
    assert lawyer.get(f"/api/v1/documents/{paper}").status_code == 200
    with archive.context.writing(SETUP) as session:
        session.get_one(Document, paper).customer_no = WEST.customer_no
    assert lawyer.get(f"/api/v1/documents/{paper}").status_code == 404
    assert lawyer.state_of(request_id) == "resting"
    with archive.context.writing(SETUP) as session:
        session.get_one(Document, paper).customer_no = EAST.customer_no
    assert lawyer.get(f"/api/v1/documents/{paper}").status_code == 200
    assert lawyer.state_of(request_id) == "approved"


def test_an_approval_rests_while_its_approver_does_not_reach_the_thing_and_can_be_ended_by_him(
    archive: Seeded, marketing: Person, chief: Person, east_chief: Person
) -> None:
    for one in (marketing, chief, east_chief):
        one.log_in()
    page = f"/api/v1/customers/{EAST.customer_no}"
    request_id = marketing.asks("unmask", customer_no=EAST.customer_no).json()["id"]
    assert east_chief.decides(request_id).status_code == 204
    assert EAST.name in marketing.get(page).text
    with archive.context.writing(SETUP) as session:
        east, west = (session.get_one(Customer, one.customer_no) for one in (EAST, WEST))
        places = ("unit_id", "line_id", "district_id")
        home = {name: getattr(east, name) for name in places}
        for name in places:
            setattr(east, name, getattr(west, name))
    try:
        assert EAST.name not in marketing.get(page).text
        assert marketing.state_of(request_id) == "resting"
        assert EAST.customer_no in east_chief.get("/approvals/waiting").text
        assert east_chief.decides(request_id, "revoke", "户已迁出").status_code == 204
    finally:
        with archive.context.writing(SETUP) as session:
            for name, value in home.items():
                setattr(session.get_one(Customer, EAST.customer_no), name, value)
    assert EAST.name not in marketing.get(page).text
    assert marketing.state_of(request_id) == "revoked"


def test_each_look_names_the_approval_that_it_was_made_under(
    archive: Seeded, lawyer: Person, marketing: Person, chief: Person
) -> None:
    paper = archive.documents["东1"]
    of_paper = lawyer.asks("read_image", document_id=paper).json()["id"]
    of_other = lawyer.asks("read_image", document_id=archive.documents["东2"]).json()["id"]
    of_customer = marketing.asks("unmask", customer_no=EAST.customer_no).json()["id"]
    for one in (of_paper, of_other, of_customer):
        chief.decides(one)
    with archive.context.reading(SETUP) as session:
        before = max(session.scalars(select(AuditEvent.id)))
    for each in ("", "/text", "/pages/1/image?width=80"):
        assert lawyer.get(f"/api/v1/documents/{paper}{each}").status_code == 200
    for customer in (EAST, WEST):
        marketing.get(f"/api/v1/customers/{customer.customer_no}")
    with archive.context.reading(SETUP) as session:
        query = select(AuditEvent).where(AuditEvent.id > before).order_by(AuditEvent.id)
        told = [(row.action, row.facts.get("approvals")) for row in session.scalars(query)]
    assert told == [
        ("document.read", [of_paper]),
        ("text.read", [of_paper]),
        ("page.read", [of_paper]),
        ("customer.read", [of_customer]),
        ("customer.read", None),
    ]


def test_a_limited_token_neither_asks_nor_withdraws_nor_reads_requests(
    archive: Seeded, lawyer: Person, chief: Person, hire: Hire
) -> None:
    for one in (lawyer, chief):
        one.log_in()
    request_id = lawyer.asks("read_metadata", customer_no=EAST.customer_no).json()["id"]
    exporter = hire(EAST_ARCHIVIST)

    def headers(person: Person, *scope: str) -> dict[str, str]:
        made = accounts.make_token(archive.context, SETUP, person.name, scope=scope or None)
        return {"Authorization": f"Bearer {made}"}

    limited, client = headers(lawyer, "signed_in"), archive.client
    wish = {"action": "read_metadata", "customer_no": WEST.customer_no, "purpose": "x", "hours": 2}
    assert client.post(PATH, json=wish, headers=limited).status_code == 403
    assert client.get(PATH, headers=limited).status_code == 403
    assert client.delete(f"{PATH}/{request_id}", headers=limited).status_code == 403
    clear = {"q": COMMON, "purpose": "x", "clear": True, "hours": HOURS}
    exporting = headers(exporter, "export", "search", "see_clear")
    assert client.post(f"{EXPORT}/approval", json=clear, headers=exporting).status_code == 403
    viewer = replace(accounts.viewer_by_name(archive.context, chief.name), is_limited=True)
    with pytest.raises(ForbiddenError):
        approvals.approve(archive.context, viewer, request_id)
    whole = headers(lawyer)
    assert client.get(PATH, headers=whole).status_code == 200
    assert client.delete(f"{PATH}/{request_id}", headers=whole).status_code == 204


@pytest.mark.parametrize("kind", ["leave", "move"])
def test_requests_and_approvals_end_with_the_post_and_it_is_written_down(
    archive: Seeded, hire: Hire, chief: Person, clock: FixedClock, kind: str
) -> None:
    chief.log_in()
    asker = hire(("marketing", Part()))
    approved, waiting = (
        asker.asks("unmask", customer_no=one.customer_no).json()["id"] for one in (EAST, WEST)
    )
    chief.decides(approved)
    with archive.context.reading(SETUP) as session:
        unit = session.scalars(select(OrgUnit.id).where(OrgUnit.name == WEST.unit)).one()
    there = {"unit_id": unit, "title": "营销", "role": "marketing"} if kind == "move" else {}
    wish = StaffWish(kind, local_date(clock.now()), reason="调整", **there)
    staff_change.change_staff(archive.context, SETUP, asker.name, wish)
    assert steps(archive, approved)[-1] == "approval.revoked"
    assert steps(archive, waiting)[-1] == "approval.withdrawn"
    assert chief.waiting() == []
    if kind == "move":
        asker.log_in()
        assert asker.state_of(approved) == "revoked"


def test_a_sensitive_role_whose_request_lapsed_is_over_and_can_be_given_anew(
    archive: Seeded, hire: Hire, clock: FixedClock
) -> None:
    admin, newcomer = hire(("administrator", Part())), hire(("collector", Part()))
    give(admin, newcomer.name, "auditor")
    clock.advance(timedelta(days=load().lapses_after_days))
    admin.log_in()
    assert approval_rows.note_ended(archive.context) == 1
    listed = admin.get(f"/api/v1/grants?user={newcomer.name}").json()["items"]
    assert [one["role"] for one in listed] == ["collector"]
    assert give(admin, newcomer.name, "auditor").status_code == 201


# -- at the same moment -------------------------------------------------------------------------


def at_once(*acts: Callable[[], object]) -> list[str]:
    """The names of the errors, empty where there is none, of what is done at the same moment."""
    together = Barrier(len(acts))

    def done(act: Callable[[], object]) -> str:
        together.wait()
        try:
            act()
        except Exception as error:
            return type(error).__name__
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(done, acts))


def test_the_same_request_eight_times_at_once_is_one(archive: Seeded, hire: Hire) -> None:
    context, asker = archive.context, hire(("marketing", Part()))
    viewer = accounts.viewer_by_name(context, asker.name)
    wish = Wish("unmask", "customer", EAST.customer_no, "投诉核查", HOURS)
    errors = at_once(*[lambda: approvals.ask(context, viewer, wish)] * 8)
    assert sorted(errors) == ["", *["ConflictError"] * 7]
    assert len(asker.get(PATH).json()["items"]) == 1


def test_no_more_requests_wait_at_once_than_the_rules_let(archive: Seeded, hire: Hire) -> None:
    context, asker = archive.context, hire(("marketing", Part()))
    viewer, most = accounts.viewer_by_name(context, asker.name), load().most_waiting
    numbers = [str(4_900_000_000 + number) for number in range(most + 5)]

    def ask(number: str) -> str:
        return approvals.ask(context, viewer, Wish("unmask", "customer", number, "核查", HOURS))

    for number in numbers[: most - 1]:
        ask(number)
    errors = at_once(*(partial(ask, number) for number in numbers[most - 1 :]))
    assert sorted(errors) == ["", *["ConflictError"] * 5]


def test_a_role_that_is_approved_and_taken_away_at_once_is_over(
    archive: Seeded, hire: Hire
) -> None:
    context = archive.context
    admin, officer = hire(("administrator", Part())), hire(("security_officer", Part()))
    giver, decider = (accounts.viewer_by_name(context, one.name) for one in (admin, officer))
    newcomer = hire(("collector", Part()))
    for _ in range(6):
        made = give(admin, newcomer.name, "auditor").json()["ids"][0]
        [request_id] = officer.waiting()
        approved, taken = at_once(
            partial(approvals.approve, context, decider, request_id),
            partial(role_grants.revoke, context, giver, made),
        )
        assert approved in ("", "ConflictError")
        assert taken == ""
        assert newcomer.get("/api/v1/audit").status_code == 403
