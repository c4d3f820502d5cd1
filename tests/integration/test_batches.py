"""Batches of paper between two sides: counted, confirmed by each, differences settled (S2-11)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from dossier.asgi import create_app
from dossier.db.batch_tables import HandoverBatch
from dossier.db.tables import AuditEvent, Document, User
from dossier.plugins.shelving import boxes, rooms, volumes
from dossier.rules import lending
from dossier.rules.shelving import ColumnShape
from dossier.services import accounts, custody, role_grants
from dossier.services.custody import Holder
from tests.integration.test_lending import Person
from tests.support_postgres import fresh_database
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, add_document, seeded_archive

PATH = "/api/v1/batches"
SLOT = "K02-01-A-01-1-01"
STAFF = {
    "wang": ("archivist", None),
    "liu": ("archivist", None),
    "crew1": ("crew", EAST.unit),
    "crewwest": ("crew", WEST.unit),
}


@dataclass
class House:
    """An archive with two rooms and people who are logged in."""

    archive: Seeded
    people: dict[str, Person]

    def __getattr__(self, name: str) -> Person:
        return self.people[name]

    def paper(self, holder: str = "", *, person: Any = EAST) -> str:
        """A new paper of three pages, with somebody or at the receiving desk."""
        context = self.archive.context
        with context.writing(SETUP) as session:
            number = 2000 + len(self.archive.documents)
            made = add_document(context, session, person, number, ["一", "二", "三"])
            document, now = session.get_one(Document, made), context.clock.now()
            custody.begin(session, SETUP, document, at=now)
            if holder:
                user = session.scalars(select(User.id).where(User.name == holder)).one()
                original = custody.of_document(session, made)
                assert original is not None
                to = Holder.person(user)
                custody.hand(session, original, to, by=SETUP.id, why="", at=now)
        self.archive.documents[f"paper{number}"] = made
        return made

    def holder(self, document: str) -> str:
        with self.archive.context.reading(SETUP) as session:
            row = custody.of_document(session, document)
            assert row is not None
            names = role_grants.account_names(session, [row.custodian])
            return names.get(row.custodian, row.custodian)

    def batch(self, giver: Person, *codes: str, **to: str) -> str:
        """One that lists what these codes name; its id."""
        made = giver.send("POST", PATH, json=to or {"to": "K02"})
        assert made.status_code == 201, made.text
        found = str(made.json()["id"])
        for code in codes:
            answer = giver.send("POST", f"{PATH}/{found}/items", json={"code": code})
            assert answer.status_code == 201, answer.text
        return found

    def shown(self, who: Person, batch: str) -> dict[str, Any]:
        return dict(who.get(f"{PATH}/{batch}").json())

    def items(self, batch: str) -> dict[str | None, dict[str, Any]]:
        return {one["document_id"]: one for one in self.shown(self.wang, batch)["items"]}


def does(who: Person, batch: str, how: str, **said: Any) -> Any:
    return who.send("POST", f"{PATH}/{batch}/{how}", json=said)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        home = tmp_path_factory.mktemp("batches") / "home"
        found = stack.enter_context(seeded_archive(home, database_url=url, users={}))
        client = TestClient(
            create_app(found.context), base_url="http://127.0.0.1", follow_redirects=False
        )
        found.client = stack.enter_context(client)
        for code in ("K01", "K02"):
            rooms.make(found.context, SETUP, code, "库房")
        rooms.add_column(found.context, SETUP, "K02", 1, ColumnShape("A", 1, 1, 2, 200))
        people = {}
        for name, (role, unit) in STAFF.items():
            accounts.add_user(
                found.context, SETUP, name=name, role=role, password=PASSWORD, unit=unit
            )
            people[name] = Person(found, name)
            people[name].log_in()
        yield House(found, people)


def test_s2_11_papers_change_hands_when_the_other_side_confirms_and_not_before(
    house: House,
) -> None:
    papers = [house.paper("crew1"), house.paper("crew1")]
    batch = house.batch(house.crew1, "")
    listed = house.shown(house.crew1, batch)
    assert {one["document_id"] for one in listed["items"]} == {*papers}
    assert (listed["items_total"], listed["pages_total"]) == (2, 6)
    assert does(house.wang, batch, "receive").status_code == 409  # not handed over yet
    assert does(house.crew1, batch, "hand").json()["state"] == "handed"
    assert [house.holder(one) for one in papers] == ["crew1", "crew1"]
    assert does(house.crew1, batch, "receive").status_code == 403  # brings in, does not shelve
    assert does(house.wang, batch, "hand").status_code == 404  # it is not wang's
    assert does(house.wang, batch, "receive").json()["state"] == "done"
    assert [house.holder(one) for one in papers] == ["K02", "K02"]
    way = house.wang.get(f"/api/v1/documents/{papers[0]}/custody").json()
    assert way["stays"][-1]["why"] == listed["number"]
    assert does(house.crew1, batch, "withdraw").status_code == 409
    with house.archive.context.reading(SETUP) as session:
        acts = select(AuditEvent.action).where(AuditEvent.object_id == batch)
        noted = set(session.scalars(acts))
    assert {"batch.made", "batch.listed", "batch.handed", "batch.received"} <= noted


def test_the_same_person_never_gives_and_receives(house: House) -> None:
    batch = house.batch(house.wang, house.paper())
    does(house.wang, batch, "hand")
    refused = does(house.wang, batch, "receive")
    assert refused.status_code == 403
    assert "另一人" in refused.json()["detail_zh"]
    assert does(house.liu, batch, "receive").status_code == 200
    now = house.archive.context.clock.now()
    with house.archive.context.reading(SETUP) as session:
        giver = session.scalars(select(User.id).where(User.name == "wang")).one()
    own = insert(HandoverBatch).values(
        id="x", state="done", giver_id=giver, received_by=giver, to_place="K01", made_at=now
    )
    with pytest.raises(IntegrityError), house.archive.context.writing(SETUP) as session:
        session.execute(own)


def test_each_difference_is_named_and_settled_before_the_batch_is_done(house: House) -> None:
    there, lost, thin, found, extra, kept = papers = [house.paper() for _ in range(6)]
    batch = house.batch(house.wang, there, lost, thin, found)
    does(house.wang, batch, "hand")
    item = {document: one["id"] for document, one in house.items(batch).items()}
    answer = does(
        house.liu, batch, "receive",
        counted=[{"item": item[thin], "pages": 2}], missing=[item[lost], item[found]],
        extra=[extra, kept, "一页手写便条"],
    )  # fmt: skip
    assert answer.json()["state"] == "differs", answer.text
    desk = lending.load().receiving
    assert [house.holder(one) for one in papers] == ["K02", desk, "K02", desk, desk, desk]
    after = house.items(batch)
    said = {one: after[one]["difference"] for one in (*papers, None)}
    assert said == {
        there: "", lost: "missing", thin: "pages", found: "missing", extra: "extra",
        kept: "extra", None: "extra",
    }  # fmt: skip
    again = house.wang.send("POST", PATH, json={"to": "K01"}).json()["id"]
    listed = house.wang.send("POST", f"{PATH}/{again}/items", json={"code": lost})
    assert listed.status_code == 409  # it is on its way until that is settled
    for document, outcome in (
        (lost, "back"), (thin, "back"), (found, "taken"), (extra, "taken"), (kept, "back"),
    ):  # fmt: skip
        how = f"items/{after[document]['id']}/settle"
        assert does(house.wang, batch, how, outcome=outcome, note="x").status_code == 403
        assert does(house.liu, batch, how, outcome=outcome, note="当面核对").status_code == 200
        assert does(house.liu, batch, how, outcome=outcome, note="再次").status_code == 409
    assert house.shown(house.wang, batch)["state"] == "differs"
    last = does(
        house.liu, batch, f"items/{after[None]['id']}/settle", outcome="back", note="非档案"
    )
    assert last.json()["state"] == "done"
    assert [house.holder(one) for one in papers] == ["K02", desk, desk, "K02", "K02", desk]
    free = house.wang.send("POST", f"{PATH}/{again}/items", json={"code": lost})
    assert free.status_code == 201


def test_only_who_has_a_paper_lists_it_and_what_is_withdrawn_is_free(house: House) -> None:
    mine, other, west = house.paper("crew1"), house.paper(), house.paper("crew1", person=WEST)
    batch = house.batch(house.crew1, mine)

    def listing(who: Person, into: str, code: str) -> int:
        sent = who.send("POST", f"{PATH}/{into}/items", json={"code": code})
        return int(sent.status_code)

    assert listing(house.crew1, batch, other) == 409  # it lies at the receiving desk
    assert listing(house.crew1, batch, west) == 422  # no code that crew1 knows of
    assert listing(house.crew1, batch, "KHQ01800000999X") in (404, 422)
    second = house.batch(house.crew1)
    assert listing(house.crew1, second, mine) == 409
    assert does(house.crew1, second, "hand").status_code == 409  # nothing is on the list
    assert house.crewwest.get(f"{PATH}/{batch}").status_code == 404
    assert house.crew1.send("POST", PATH, json={"to": "K77"}).status_code == 422
    assert house.crew1.send("POST", PATH, json={"outside": "市档案馆"}).status_code == 403
    does(house.crew1, batch, "hand")
    assert does(house.crew1, batch, "withdraw").json()["state"] == "withdrawn"
    assert does(house.wang, batch, "receive").status_code == 409
    assert listing(house.crew1, second, mine) == 201
    assert batch in {one["id"] for one in house.wang.get(PATH).json()["items"]}
    assert house.crewwest.get(PATH).json()["items"] == []


def test_a_paper_that_went_elsewhere_since_it_was_listed_is_not_taken_from_there(
    house: House,
) -> None:
    paper = house.paper("crew1")
    batch = house.batch(house.crew1, paper)
    does(house.crew1, batch, "hand")
    context = house.archive.context
    with context.writing(SETUP) as session:
        original = custody.of_document(session, paper)
        assert original is not None
        at = context.clock.now()
        custody.hand(session, original, Holder.place("K01"), by=SETUP.id, why="", at=at)
    assert does(house.wang, batch, "receive").json()["state"] == "differs"
    assert house.items(batch)[paper]["difference"] == "missing"
    assert house.holder(paper) == "K01"


def test_a_box_leaves_its_slot_with_its_papers_and_they_lie_in_it_when_it_is_shelved(
    house: House,
) -> None:
    context, paper = house.archive.context, house.paper(person=WEST)
    code, *_ = volumes.file_papers(context, SETUP, WEST.customer_no)
    (box,) = boxes.make(context, SETUP, "H30", 1, "")
    volumes.put(context, SETUP, code, box)
    boxes.move(context, SETUP, box, SLOT)
    assert house.holder(paper) == box
    batch = house.batch(house.wang, box, to="K01")
    assert {one["listed_by"] for one in house.shown(house.wang, batch)["items"]} == {box}
    does(house.wang, batch, "hand")
    does(house.liu, batch, "receive")
    assert house.holder(paper) == "K01"
    assert boxes.get(context, SETUP, box).slot is None
    boxes.move(context, SETUP, box, SLOT)
    assert house.holder(paper) == "K01"  # another room's shelf: the papers lie on K01's desk
    rooms.add_column(context, SETUP, "K01", 1, ColumnShape("A", 1, 1, 1, 200))
    boxes.move(context, SETUP, box, "K01-01-A-01-1-01")
    assert house.holder(paper) == box


def test_what_goes_to_an_archive_outside_is_signed_there_and_is_not_lent_any_more(
    house: House,
) -> None:
    paper = house.paper(person=WEST)
    code = volumes.file_papers(house.archive.context, SETUP, WEST.customer_no)[-1]
    batch = house.batch(house.wang, code, outside="市档案馆")
    does(house.wang, batch, "hand")
    assert does(house.liu, batch, "receive").status_code == 422
    assert does(house.liu, batch, "receive", signatory="赵馆员").json()["signatory"] == "赵馆员"
    assert house.holder(paper) == lending.load().outside
    lent = house.crewwest.borrows(kind="paper", documents=[paper], purpose="核对")
    assert lent.status_code == 422
    assert "外单位" in lent.json()["detail_zh"]


def test_both_sides_work_a_batch_on_its_page_and_print_its_list(house: House) -> None:
    paper, other = house.paper("crew1"), house.paper("crew1")
    made = house.crew1.send("POST", "/batches", data={"to": "K02"})
    page = made.headers["location"]
    assert made.status_code == 303
    for code in (paper, other):
        assert house.crew1.send("POST", f"{page}/add", data={"code": code}).status_code == 303
    wrong = house.crew1.send("POST", f"{page}/add", data={"code": "不是编码"})
    assert (wrong.status_code, "档号" in wrong.text) == (422, True)
    printed = house.crew1.get(f"{page}/list")
    assert printed.content.startswith(b"%PDF")
    assert "确认移交" in house.crew1.get(page).text
    assert house.crew1.send("POST", f"{page}/hand").status_code == 303
    batch = page.rsplit("/", 1)[1]
    item = {document: one["id"] for document, one in house.items(batch).items()}
    assert f'name="pages_{item[paper]}"' in house.wang.get(page).text
    assert "确认接收" not in house.crew1.get(page).text
    form = {f"pages_{item[paper]}": "2", f"missing_{item[other]}": "1", "extra": ""}
    assert house.wang.send("POST", f"{page}/receive", data=form).status_code == 303
    text_of = house.wang.get(page).text
    assert "页数不符" in text_of
    assert "还有 2 项差异" in text_of
    for one in item.values():
        said = {"item": one, "outcome": "taken", "note": "补交"}
        assert house.wang.send("POST", f"{page}/settle", data=said).status_code == 303
    assert "办结" in house.wang.get(page).text
    assert house.holder(other) == "K02"
    assert house.wang.get("/batches").status_code == 200


def test_the_database_lets_no_paper_be_on_two_batches(house: House) -> None:
    batch = house.batch(house.wang, house.paper())
    assert batch
    copy = text(
        "INSERT INTO handover_item (batch_number, document_id, original_id, from_kind, from_holder,"
        " pages, is_open) SELECT batch_number, document_id, original_id, from_kind, from_holder,"
        " pages, is_open FROM handover_item WHERE is_open"
    )
    with pytest.raises(IntegrityError), house.archive.context.writing(SETUP) as session:
        session.connection().execute(copy)
