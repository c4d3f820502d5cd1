"""Paper originals: asked for, in line, handed out, taken back, lost; one custodian (§6, S3-05)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from dossier.asgi import create_app
from dossier.clock import FixedClock, local_date
from dossier.db.loan_tables import LoanStep, PaperOriginal
from dossier.db.tables import Document, IndexChange
from dossier.plugins.lending import paper_acts
from dossier.rules import lending
from dossier.services import accounts, custody, role_grants
from dossier.services.role_files import FOLDER
from tests.integration.test_lending import Person
from tests.support_postgres import fresh_database
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, add_document, seeded_archive

PATH = "/api/v1/loans"
NOW = datetime(2027, 2, 1, 2, 0, tzinfo=UTC)
"""A Monday before the spring festival."""
WHOLE = {"pages": 3, "condition": "intact", "matches": True}
STAFF = {
    "wang": ("archivist", None),
    "zhao": ("supervisor", None),
    "qian": ("marketing", None),
    "crew1": ("crew", EAST.unit),
    "crew2": ("crew", EAST.unit),
    "crew3": ("crew", EAST.unit),
    "agent1": ("agent", None),
    "crewwest": ("crew", WEST.unit),
}


@dataclass
class House:
    """An archive with people who are logged in, and papers that are made as they are asked for."""

    archive: Seeded
    people: dict[str, Person]

    def __getattr__(self, name: str) -> Person:
        return self.people[name]

    def paper(self, *, pages: int = 3) -> str:
        """A new paper of the eastern customer at the receiving desk; its id."""
        context = self.archive.context
        with context.writing(SETUP) as session:
            number = 1000 + len(self.archive.documents)
            texts = [f"第{page}页 供用电合同 {number}" for page in range(1, pages + 1)]
            made = add_document(context, session, EAST, number, texts)
            document = session.get_one(Document, made)
            custody.begin(session, SETUP, document, at=context.clock.now())
        self.archive.documents[f"paper{number}"] = made
        return made

    def custodian(self, document: str) -> tuple[str, str]:
        with self.archive.context.reading(SETUP) as session:
            row = custody.of_document(session, document)
            assert row is not None
            name = role_grants.account_names(session, [row.custodian]).get(row.custodian)
            return row.custodian_kind, name or row.custodian

    def asked(self, who: Person, document: str, **more: Any) -> dict[str, Any]:
        wish = {"kind": "paper", "documents": [document], "purpose": "法院调取", **more}
        answer = who.borrows(**wish)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def out(self, who: Person, document: str, **more: Any) -> str:
        loan = str(self.asked(who, document, **more)["id"])
        assert self.zhao.does(loan, "approve").status_code == 200
        said = {"code": document, "borrower": who.name, "pages": 3, "condition": "intact"}
        answer = self.wang.does(loan, "issue", **said)
        assert answer.status_code == 200, answer.text
        return loan

    def shown(self, who: Person, loan: str) -> dict[str, Any]:
        return dict(who.get(f"{PATH}/{loan}").json())

    def advance(self, **by: float) -> None:
        self.archive.context.clock.advance(timedelta(**by))
        paper_acts.note_due(self.archive.context)

    def steps(self, loan: str) -> list[str]:
        number = int(self.shown(self.wang, loan)["number"].removeprefix("JY"))
        with self.archive.context.reading(SETUP) as session:
            query = select(LoanStep.event).where(LoanStep.loan_number == number)
            return list(session.scalars(query.order_by(LoanStep.id)))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    home = tmp_path_factory.mktemp("paper") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        found = stack.enter_context(seeded_archive(home, database_url=url, users={}))
        found.context = replace(found.context, clock=FixedClock(NOW))
        app = create_app(found.context)
        found.client = stack.enter_context(
            TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
        )
        people = {}
        for name, (role, unit) in STAFF.items():
            accounts.add_user(
                found.context, SETUP, name=name, role=role, password=PASSWORD, unit=unit
            )
            people[name] = Person(found, name)
            people[name].log_in()
        yield House(found, people)


def test_s3_05_a_paper_goes_from_the_request_back_to_its_box_and_is_always_with_one(
    house: House,
) -> None:
    paper = house.paper()
    asked = house.asked(house.crew1, paper)
    assert (asked["kind"], asked["state"], asked["queue_position"]) == ("paper", "requested", 0)
    assert asked["due_at"] is None
    loan = asked["id"]
    assert house.crew1.does(loan, "approve").status_code == 403
    assert house.wang.does(loan, "approve").status_code == 404  # e-copies only
    assert loan in house.zhao.waiting()
    approved = house.zhao.does(loan, "approve").json()
    assert (approved["id"], approved["state"], approved["queue_position"]) == (loan, "to_pick", 0)
    assert house.shown(house.crew1, loan)["state"] == "to_pick"
    assert house.wang.does(loan, "pick").status_code == 200
    assert house.custodian(paper) == ("place", lending.load().desk)
    said = {"code": paper, "borrower": "crew1", "pages": 3, "condition": "intact"}
    for wrong in ({"code": "KHQ01800000019"}, {"borrower": "crew2"}, {"condition": "fine"}):
        refused = house.wang.does(loan, "issue", **said | wrong)
        assert refused.status_code == 422, refused.text
    assert house.crew1.does(loan, "issue", **said).status_code == 403
    given = house.wang.does(loan, "issue", **said).json()
    assert (given["state"], given["due_at"]) == ("out", "2027-02-15T15:59:00Z")
    assert house.custodian(paper) == ("person", "crew1")
    assert house.crew1.does(loan, "confirm").status_code == 200
    shown = house.shown(house.crew1, loan)
    assert (shown["state"], shown["due_at"]) == ("out", "2027-02-15T15:59:00Z")
    assert house.wang.does(loan, "return", **WHOLE).status_code == 200
    assert house.shown(house.crew1, loan)["state"] == "returned"
    assert house.custodian(paper) == ("place", lending.load().desk)
    assert house.wang.does(loan, "return", **WHOLE).status_code == 409
    back = house.wang.send("POST", f"/api/v1/documents/{paper}/put-back", json={})
    assert back.status_code == 422
    assert "扫描" in back.json()["detail_zh"]
    assert house.steps(loan) == [
        "ask", "approve", "pick", "hand_out", "confirm", "take_back", "find_whole",
    ]  # fmt: skip
    way = house.wang.get(f"/api/v1/documents/{paper}/custody").json()
    assert [one["name"] for one in way["stays"]] == ["收件处", "借阅台", "crew1", "借阅台"]


def test_two_borrowers_of_one_paper_are_served_in_the_order_of_their_requests(house: House) -> None:
    paper = house.paper()
    first, second, third = (
        house.asked(who, paper) for who in (house.crew1, house.crew2, house.crew3)
    )
    assert [one["queue_position"] for one in (first, second, third)] == [0, 1, 2]
    for one in (first, third, second):  # the approver's order does not count
        assert house.zhao.does(one["id"], "approve").status_code == 200
    states = [house.shown(house.zhao, one["id"]) for one in (first, second, third)]
    assert [one["state"] for one in states] == ["to_pick", "waiting", "waiting"]
    assert [one["queue_position"] for one in states] == [0, 1, 2]
    assert house.wang.does(second["id"], "issue").status_code == 409
    assert house.wang.does(first["id"], "issue").status_code == 200
    assert house.crew1.does(first["id"], "renew").status_code == 409  # somebody waits
    assert house.wang.does(first["id"], "return", **WHOLE).status_code == 200
    assert house.shown(house.crew2, second["id"])["state"] == "to_pick"
    assert house.shown(house.crew3, third["id"])["queue_position"] == 1
    assert house.crew2.does(second["id"], "cancel").status_code == 200
    assert house.shown(house.crew3, third["id"])["state"] == "to_pick"
    assert house.crew3.does(third["id"], "cancel").status_code == 200


def test_overdue_at_its_minute_blocks_the_borrower_and_a_renewal_is_once(house: House) -> None:
    paper, other = house.paper(), house.paper()
    loan = house.out(house.crew2, paper, days=3)
    due = datetime.fromisoformat(house.shown(house.crew2, loan)["due_at"])
    assert house.crew2.does(loan, "renew").status_code == 200
    again = datetime.fromisoformat(house.shown(house.crew2, loan)["due_at"])
    assert timedelta(days=3) <= again - due <= timedelta(days=14)
    assert house.crew2.does(loan, "renew").status_code == 409
    assert house.wang.does(loan, "recall", reason="诉讼").status_code == 200
    house.archive.context.clock.instant = again - timedelta(minutes=1)
    assert house.shown(house.crew2, loan)["state"] == "recalled"
    house.archive.context.clock.advance(timedelta(minutes=1))
    assert house.shown(house.crew2, loan)["state"] == "overdue"  # before anybody wrote it down
    house.advance(minutes=0)
    wish = {"kind": "paper", "documents": [other], "purpose": "核对"}
    refused = house.crew2.borrows(**wish)
    assert refused.status_code == 409
    assert "超期" in refused.json()["detail_zh"]
    assert house.wang.does(loan, "return", **WHOLE).status_code == 200
    assert house.crew2.borrows(**wish).status_code == 201


def test_a_paper_is_due_by_the_years_that_the_archive_added_to_the_calendar(house: House) -> None:
    due = local_date(house.archive.context.clock.now()) + timedelta(days=14)
    own = house.archive.context.settings.home / FOLDER / "working_days.yaml"
    own.parent.mkdir(exist_ok=True)
    after = due + timedelta(days=1)
    days = f"closed: [[{due:%m-%d}, {after:%m-%d}]], worked: []"
    head = "name: working_days\neffective_from: 2027-01-01\nsource: a test\nyears:"
    own.write_text(f"{head}\n  {due.year}: {{{days}}}\n")
    try:
        loan = house.out(house.crew1, house.paper())
    finally:
        own.unlink()
    day = local_date(datetime.fromisoformat(house.shown(house.crew1, loan)["due_at"]))
    assert day >= due + timedelta(days=2)
    assert house.wang.does(loan, "return", **WHOLE).status_code == 200


def test_S1_26_an_exchanged_page_or_a_missing_one_is_a_case_until_it_is_settled(
    house: House,
) -> None:
    for wrong, fault in (
        ({"pages": 2}, "pages"),
        ({"condition": "altered"}, "condition"),
        ({"matches": False}, "exchanged"),
    ):
        paper = house.paper()
        loan = house.out(house.crew1, paper)
        assert house.wang.does(loan, "return").status_code == 200
        assert house.shown(house.wang, loan)["state"] == "to_check"
        assert house.wang.does(loan, "return", **WHOLE | wrong).status_code == 200
        assert house.shown(house.wang, loan)["state"] == "disputed"
        with house.archive.context.reading(SETUP) as session:
            facts = session.scalars(select(LoanStep.facts).order_by(LoanStep.id.desc())).first()
        assert facts is not None
        assert facts["faults"] == [fault]
        assert house.wang.does(loan, "settle", reason="").status_code == 422
        assert house.wang.does(loan, "settle", reason="已补齐").status_code == 200
        assert house.shown(house.wang, loan)["state"] == "returned"


def test_a_lost_paper_keeps_its_row_and_a_certified_copy_takes_its_turn(house: House) -> None:
    paper = house.paper()
    loan = house.out(house.crew1, paper)
    waiting = house.asked(house.crew3, paper)
    assert house.zhao.does(waiting["id"], "approve").status_code == 200
    assert house.crew3.does(loan, "lost", reason="x").status_code == 403
    with house.archive.context.reading(SETUP) as session:
        before = len(session.scalars(select(IndexChange).where(IndexChange.key == paper)).all())
    assert house.crew1.does(loan, "lost", reason="运输途中遗失").status_code == 200
    assert house.custodian(paper) == ("person", "crew1")  # who answers for it
    assert (
        house.crew1.borrows(kind="paper", documents=[house.paper()], purpose="核对").status_code
        == 409
    )
    assert house.wang.does(loan, "replace", reason="王芳核证，crew1 书面检查").status_code == 200
    assert house.custodian(paper) == ("place", lending.load().desk)
    assert house.shown(house.crew3, waiting["id"])["state"] == "to_pick"
    with house.archive.context.reading(SETUP) as session:
        rows = session.scalars(
            select(PaperOriginal).where(PaperOriginal.document_id == paper)
        ).all()
        changes = select(IndexChange.id).where(IndexChange.key == paper)
        assert len(session.scalars(changes).all()) > before + 1  # the search counts by it (S0-04)
    assert sorted(row.state for row in rows) == ["lost", "whole"]
    assert house.wang.get(f"/api/v1/documents/{paper}/custody").json()["is_substitute"]
    found = house.out(house.crew2, house.paper())
    assert house.crew2.does(found, "lost", reason="找不到").status_code == 200
    assert house.wang.does(found, "found").status_code == 200
    assert house.wang.does(found, "return", **WHOLE).status_code == 200
    assert house.shown(house.crew2, found)["state"] == "returned"


def test_what_cannot_be_lent_is_refused_with_what_to_do(house: House) -> None:
    paper, held = house.paper(), house.paper()
    wish: dict[str, Any] = {"kind": "paper", "documents": [paper], "purpose": "核对"}

    def told(who: Person, **change: Any) -> tuple[int, str]:
        answer = who.borrows(**wish | change)
        return answer.status_code, str(answer.json().get("detail_zh"))

    with house.archive.context.writing(SETUP) as session:
        session.execute(update(Document).where(Document.id == held).values(hold=True))
    bare = house.archive.documents["东1"]
    past = (house.archive.context.clock.now() - timedelta(minutes=1)).isoformat()
    for who, change, status, words in (
        (house.crew1, {"purpose": ""}, 422, "理由"),
        (house.crew1, {"until": past}, 422, "已过"),
        (house.crew1, {"days": 15}, 422, "14"),
        (house.crew1, {"pages": [1]}, 422, "按份"),
        (house.crew1, {"documents": [held]}, 422, "冻结"),
        (house.crew1, {"documents": [bare]}, 422, "没有纸质原件"),
        (house.crewwest, {}, 404, "没有此文件"),
        (house.agent1, {}, 403, "电子件"),
    ):
        code, said = told(who, **change)
        assert (code, words in said) == (status, True), (change, code, said)
    loan = house.asked(house.crew1, paper)["id"]
    assert told(house.crew1)[0] == 409
    with house.archive.context.writing(SETUP) as session:
        session.execute(
            update(PaperOriginal)
            .where(PaperOriginal.document_id == paper)
            .values(state="destroyed")
        )
    assert house.zhao.does(loan, "approve").status_code == 409
    assert house.zhao.does(loan, "reject", reason="已销毁").status_code == 200
    assert told(house.crew1) == (422, "该原件已遗失或销毁，请借阅电子件")


def test_what_is_not_collected_goes_to_the_next_one(house: House) -> None:
    paper = house.paper()
    first, second = (house.asked(who, paper)["id"] for who in (house.crew1, house.crew3))
    for one in (first, second):
        assert house.zhao.does(one, "approve").status_code == 200
    assert house.wang.does(first, "pick").status_code == 200
    house.advance(days=3, minutes=1)
    assert house.shown(house.crew1, first)["state"] == "withdrawn"
    assert house.shown(house.crew3, second)["state"] == "to_pick"


def test_high_voltage_papers_are_approved_by_marketing(house: House) -> None:
    rules = lending.load()
    assert rules.by(["HV"], lending.LoanKind.PAPER) == {"marketing"}
    assert "archivist" not in rules.by(["LR"], lending.LoanKind.PAPER)
    assert "archivist" in rules.by(["LR"], lending.LoanKind.ELECTRONIC)
