"""Electronic loans: within one's rights at once, else approved; over at their minute (§6, S0-19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from dossier.asgi import create_app
from dossier.clock import FixedClock, SystemClock
from dossier.db.loan_tables import Loan, LoanStep, PaperOriginal
from dossier.db.tables import AuditEvent, Customer, Document, User
from dossier.plugins.lending import loan_rows
from dossier.rules.loan_states import HOLDS_ORIGINAL, LoanState
from dossier.services import accounts, role_grants
from dossier.services.role_grants import Part
from dossier.services.watermark import mark_of
from dossier.viewer import Permission, Place
from tests.support_postgres import fresh_database
from tests.support_seeded import (
    EAST,
    PASSWORD,
    SETUP,
    WEST,
    Seeded,
    add_document,
    csrf_token,
    seeded_archive,
)

NUMBERS = count()
PATH = "/api/v1/loans"
PAGES = ["第一页 供用电合同", f"第二页 身份证号：{EAST.id_no}", "第三页 附图说明"]
ABSENT = "00000000-0000-7000-8000-000000000000"


def _more(archive: Seeded) -> None:
    with archive.context.writing(SETUP) as session:
        for person, name in ((EAST, "east"), (WEST, "west")):
            texts = [text.replace(EAST.id_no, person.id_no) for text in PAGES]
            number = 60 + len(archive.documents)
            archive.documents[name] = add_document(archive.context, session, person, number, texts)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """The seeded archive with papers of three pages, by a clock that the tests move."""
    home = tmp_path_factory.mktemp("lending") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        found = stack.enter_context(seeded_archive(home, database_url=url, users={}, more=_more))
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
        answer = self.archive.client.request(method, path, headers=headers, **options)
        moved = "/login" in answer.headers.get("location", "")
        if moved or answer.status_code == 401:  # the clock was moved over its end
            self.log_in()
            return self.send(method, path, **options)
        return answer

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def borrows(self, **wish: Any) -> Any:
        return self.send("POST", PATH, json=wish)

    def does(self, loan_id: str, how: str, **body: Any) -> Any:
        return self.send("POST", f"{PATH}/{loan_id}/{how}", json=body)

    def state_of(self, loan_id: str) -> str:
        return {one["id"]: one["state"] for one in self.get(PATH).json()["items"]}[loan_id]

    def waiting(self) -> list[str]:
        return [one["id"] for one in self.get(f"{PATH}/waiting").json()["items"]]

    def page(self, document_id: str, number: int) -> int:
        return self.get(f"/documents/{document_id}/pages/{number}/image?width=80").status_code

    def text(self, document_id: str) -> str:
        return self.get(f"/api/v1/documents/{document_id}/text").text


Hire = Callable[..., Person]


@pytest.fixture(scope="module")
def hire(archive: Seeded) -> Hire:
    """Makes a person with roles, each at a part of the company, and logs them in."""

    def hired(*held: tuple[str, Part]) -> Person:
        name = f"reader{next(NUMBERS)}"
        accounts.add_user(archive.context, SETUP, name=name, role="agent", password=PASSWORD)
        role_grants.revoke_role(archive.context, SETUP, name, "agent")
        for role, where in held:
            role_grants.grant(archive.context, SETUP, user=name, role=role, part=where)
        person = Person(archive, name)
        person.log_in()
        return person

    return hired


@pytest.fixture(scope="module")
def supervisor(hire: Hire) -> Person:
    return hire(("supervisor", Part()))


@pytest.fixture(scope="module")
def station(hire: Hire) -> Person:
    return hire(("station", Part(unit=EAST.unit)))


def advance(archive: Seeded, **by: float) -> None:
    archive.context.clock.advance(timedelta(**by))


def test_one_click_opens_a_paper_masked_and_it_is_gone_at_its_minute(
    archive: Seeded, hire: Hire
) -> None:
    office, paper = hire(("general_office", Part())), archive.documents["east"]
    assert "/loans/borrow" in office.get("/search?q=供用电合同").text
    assert office.page(paper, 1) in (403, 404)
    went = office.send("POST", "/loans/borrow", data={"document_id": paper})
    assert (went.status_code, went.headers["location"]) == (303, f"/documents/{paper}")
    assert office.get(f"/documents/{paper}").status_code == 200
    assert office.page(paper, 2) == 200
    assert EAST.id_no not in office.text(paper)
    west = archive.documents["west"]
    assert office.page(west, 1) in (403, 404)
    assert f'"/documents/{paper}' in office.get(f"/customers/{EAST.customer_no}").text
    assert f"/documents/{west}" not in office.get(f"/customers/{WEST.customer_no}").text
    assert office.get(f"/documents/{paper}/original").status_code in (403, 404)
    advance(archive, hours=23, minutes=59)
    assert office.page(paper, 2) == 200
    advance(archive, minutes=1)
    assert office.page(paper, 2) in (403, 404)
    assert office.get(f"/documents/{paper}").status_code in (403, 404)
    loan = office.get(PATH).json()["items"][0]
    assert loan["state"] == "expired"
    assert loan_rows.note_ended(archive.context) >= 1
    assert loan_rows.note_ended(archive.context) == 0
    with archive.context.reading(SETUP) as session:
        steps = session.scalars(select(LoanStep.event).order_by(LoanStep.id)).all()
    assert steps[:2] == ["grant", "expire"]


def test_single_pages_unmasked_as_granted_and_no_other_page_by_any_door(
    archive: Seeded, hire: Hire, supervisor: Person
) -> None:
    crew, paper = hire(("crew", Part(unit=WEST.unit))), archive.documents["east"]
    asked = crew.borrows(documents=[paper], pages=[2], purpose="现场核对", hours=2, clear=True)
    assert asked.status_code == 201, asked.text
    assert asked.json()["state"] == "requested"
    loan = asked.json()["id"]
    assert crew.page(paper, 2) == 404
    assert supervisor.does(loan, "approve").status_code == 200
    assert [crew.page(paper, number) for number in (1, 2, 3, 4)] == [404, 200, 404, 404]
    told = crew.text(paper)
    assert EAST.id_no in told
    assert "第一页" not in told
    assert "第三页" not in told
    for number in (1, 3):
        assert crew.get(f"/api/v1/documents/{paper}/pages/{number}/boxes?q=第").status_code == 404
        assert crew.get(f"/documents/{paper}/pages/{number}/strip?q=第").status_code == 404
    shown = crew.get(f"/api/v1/documents/{paper}").json()
    assert shown["fields"] == []
    page = crew.get(f"/documents/{paper}").text
    assert "第二页" in page
    assert "第一页" not in page
    assert "pages/1/image" not in page
    for way in ("original", "pdf", "print"):
        assert crew.get(f"/documents/{paper}/{way}").status_code in (403, 404), way
    assert crew.get(f"/api/v1/customers/{EAST.customer_no}").status_code == 404
    number = asked.json()["number"]
    with archive.context.reading(SETUP) as session:
        reader = session.scalar(select(User.id).where(User.name == crew.name))
        looks = session.execute(
            select(AuditEvent.action, AuditEvent.facts).where(
                AuditEvent.actor == reader, AuditEvent.object_id == paper
            )
        ).all()
    assert {action for action, _ in looks} >= {"page.read", "text.read", "document.read"}
    assert all(facts["loans"] == [number] for _, facts in looks)
    advance(archive, hours=2)
    assert crew.page(paper, 2) == 404


def test_the_watermark_names_user_time_and_loan(
    archive: Seeded, hire: Hire, supervisor: Person
) -> None:
    from dossier import access

    crew, paper = hire(("crew", Part(unit=WEST.unit))), archive.documents["east"]
    made = crew.borrows(documents=[paper], pages=[1], purpose="现场核对").json()
    supervisor.does(made["id"], "approve")
    now = archive.context.clock.now()
    with archive.context.reading(SETUP) as session:
        user = session.scalars(select(User).where(User.name == crew.name)).one()
        viewer = access.viewer_for(session, user, archive.context.roles, at=now)
        place = Place.of_document(session.get_one(Document, paper))
    mark = mark_of(viewer.at(place.on(1)), now)
    assert mark.who_and_when.startswith(crew.name)
    assert mark.who_and_when.endswith(made["number"])
    assert mark.purpose == "现场核对"
    assert made["number"] not in mark_of(viewer.at(place.on(2)), now).who_and_when
    crew.does(made["id"], "return")


def test_print_and_download_as_granted(archive: Seeded, hire: Hire, supervisor: Person) -> None:
    crew, paper = hire(("crew", Part(unit=WEST.unit))), archive.documents["east"]
    wish = {"documents": [paper], "purpose": "现场核对", "hours": 2}
    assert crew.borrows(**wish, download=True).status_code == 422
    assert crew.borrows(**wish, pages=[1], download=True, clear=True).status_code == 422
    made = crew.borrows(**wish, download=True, clear=True, print=True).json()
    supervisor.does(made["id"], "approve")
    assert crew.get(f"/documents/{paper}/original").status_code == 200
    assert crew.get(f"/documents/{paper}/print").status_code == 200
    crew.does(made["id"], "return")
    assert crew.get(f"/documents/{paper}/original").status_code in (403, 404)
    page = crew.borrows(documents=[paper], pages=[3], print=True, purpose="打印附图").json()
    supervisor.does(page["id"], "approve")
    sheets = crew.send("POST", f"/documents/{paper}/print", data={"purpose": "打印附图"}).text
    assert "pages/3/image" in sheets
    assert "pages/1/image" not in sheets


def test_a_whole_dossier_opens_its_papers_and_not_its_record(
    archive: Seeded, hire: Hire, supervisor: Person
) -> None:
    crew = hire(("crew", Part(unit=WEST.unit)))
    made = crew.borrows(customer_no=EAST.customer_no, purpose="专项检查").json()
    supervisor.does(made["id"], "approve")
    assert crew.page(archive.documents["east"], 3) == 200
    assert crew.page(archive.documents[f"{EAST.unit[:1]}1"], 1) == 200
    assert crew.get(f"/api/v1/customers/{EAST.customer_no}").status_code == 404
    listed = crew.get("/loans").text
    assert made["number"] in listed
    assert archive.documents["east"] in listed


def test_s0_19_who_decides_and_who_does_not(
    archive: Seeded, hire: Hire, supervisor: Person, station: Person
) -> None:
    west, paper = hire(("station", Part(unit=WEST.unit))), archive.documents["east"]
    made = west.borrows(documents=[paper], purpose="核对").json()
    own = supervisor.borrows(documents=[paper], clear=True, print=True, download=True)
    assert own.json()["state"] == "running"  # within one's own rights nobody is asked
    assert supervisor.does(own.json()["id"], "recall", reason="试").status_code == 403
    assert made["id"] in station.waiting()
    assert made["id"] not in west.waiting()
    refused = west.does(made["id"], "approve")
    assert refused.status_code == 403
    assert "本人" in refused.text
    stranger = hire(("station", Part(unit=WEST.unit)))
    assert stranger.does(made["id"], "approve").status_code == 404
    assert station.does(made["id"], "reject", reason="").status_code == 422
    assert station.does(made["id"], "reject", reason="与工作无关").status_code == 200
    assert "与工作无关" in west.get("/loans").text
    assert station.does(made["id"], "approve").status_code == 409
    assert west.page(paper, 1) == 404
    auditor = hire(("auditor", Part()))
    assert auditor.borrows(documents=[paper]).status_code == 403


def test_important_customers_are_decided_by_marketing_and_never_at_once(
    archive: Seeded, hire: Hire, station: Person
) -> None:
    office, paper = hire(("general_office", Part())), archive.documents["east"]
    marketing = hire(("marketing", Part()))
    with archive.context.writing(SETUP) as session:
        session.execute(
            update(Customer).where(Customer.customer_no == EAST.customer_no).values(category="HV")
        )
    try:
        made = office.borrows(documents=[paper]).json()
        assert made["state"] == "requested"
        assert made["id"] not in station.waiting()
        assert made["id"] in marketing.waiting()
        assert marketing.does(made["id"], "approve").status_code == 200
        assert office.page(paper, 1) == 200
    finally:
        with archive.context.writing(SETUP) as session:
            session.execute(
                update(Customer)
                .where(Customer.customer_no == EAST.customer_no)
                .values(category="LR")
            )


def test_extended_once_ended_early_and_given_back(
    archive: Seeded, hire: Hire, supervisor: Person
) -> None:
    office, paper = hire(("general_office", Part())), archive.documents["west"]
    loan = office.borrows(documents=[paper], hours=2).json()["id"]
    assert office.borrows(documents=[paper], hours=8).status_code == 409
    assert office.does(loan, "renew").status_code == 200
    assert office.does(loan, "renew").status_code == 409
    advance(archive, hours=3)
    assert office.page(paper, 1) == 200
    assert office.does(loan, "return").status_code == 200
    assert office.page(paper, 1) in (403, 404)
    assert office.does(loan, "return").status_code == 409
    assert office.state_of(loan) == "returned"
    crew = hire(("crew", Part(unit=EAST.unit)))
    lent = crew.borrows(documents=[paper], purpose="核对", hours=2).json()["id"]
    supervisor.does(lent, "approve")
    assert crew.does(lent, "renew").status_code == 403  # who approved extends
    assert supervisor.does(lent, "renew").status_code == 200
    assert supervisor.does(lent, "recall", reason="已无需要").status_code == 200
    assert crew.page(paper, 1) == 404
    assert crew.state_of(lent) == "ended"
    advance(archive, hours=1)
    waits = crew.borrows(documents=[paper], purpose="核对").json()["id"]
    assert crew.does(waits, "cancel").status_code == 200
    assert crew.state_of(waits) == "withdrawn"


def test_what_cannot_be_lent_is_refused_with_the_remedy(archive: Seeded, hire: Hire) -> None:
    office, paper = hire(("general_office", Part())), archive.documents["west"]
    now = archive.context.clock.now()
    for wish, words in (
        ({"documents": [paper], "pages": [4]}, "没有第 4 页"),
        ({"documents": [paper], "until": (now - timedelta(minutes=5)).isoformat()}, "已过"),
        ({"documents": [paper], "until": (now + timedelta(days=90)).isoformat()}, "最长"),
        ({"documents": [paper], "hours": 3}, "请选择期限"),
        ({"documents": [], "customer_no": ""}, "户号"),
        ({"documents": [paper, archive.documents["east"]], "pages": [1]}, "一份文件"),
        ({"documents": ["x"]}, "编号"),
    ):
        answer = office.borrows(**wish)
        assert answer.status_code == 422, wish
        assert words in answer.text, answer.text
    assert office.borrows(documents=[ABSENT]).status_code == 404
    crew = hire(("crew", Part(unit=EAST.unit)))
    unknown = [crew.borrows(documents=[one]).json()["state"] for one in (ABSENT, paper)]
    assert unknown == ["requested", "requested"]  # nothing tells which of them there is
    loan = office.borrows(documents=[paper]).json()["id"]
    with archive.context.writing(SETUP) as session:
        session.execute(update(Document).where(Document.id == paper).values(hold=True))
    try:
        assert office.page(paper, 1) in (403, 404)  # also what was lent before
        held = hire(("general_office", Part())).borrows(documents=[paper])
        assert held.status_code == 422
        assert "冻结" in held.text
    finally:
        with archive.context.writing(SETUP) as session:
            session.execute(update(Document).where(Document.id == paper).values(hold=False))
    assert office.page(paper, 1) == 200
    office.does(loan, "return")


def test_a_loan_rests_with_the_rights_that_it_stands_on(
    archive: Seeded, hire: Hire, supervisor: Person
) -> None:
    paper, approver = archive.documents["east"], hire(("supervisor", Part()))
    crew = hire(("crew", Part(unit=WEST.unit)))
    loan = crew.borrows(documents=[paper], purpose="核对", hours=2).json()["id"]
    approver.does(loan, "approve")
    assert crew.page(paper, 1) == 200
    role_grants.revoke_role(archive.context, SETUP, approver.name, "supervisor")
    assert crew.page(paper, 1) == 404
    office = hire(("general_office", Part()))
    office.borrows(documents=[paper])
    assert office.page(paper, 1) == 200
    with archive.context.writing(SETUP) as session:  # it is another customer's paper now
        session.execute(
            update(Document).where(Document.id == paper).values(customer_no=WEST.customer_no)
        )
    try:
        assert office.page(paper, 1) in (403, 404)
    finally:
        with archive.context.writing(SETUP) as session:
            session.execute(
                update(Document).where(Document.id == paper).values(customer_no=EAST.customer_no)
            )
    role_grants.revoke_role(archive.context, SETUP, office.name, "general_office")
    assert office.page(paper, 1) in (403, 404)


def test_nobody_can_borrow_more_by_a_loan_than_was_granted(
    archive: Seeded, hire: Hire, supervisor: Person
) -> None:
    """A page in clear beside one's own masked pages: only that page is clear."""
    agent, paper = hire(("agent", Part())), archive.documents["east"]
    with archive.context.reading(SETUP) as session:
        user = session.scalars(select(User).where(User.name == agent.name)).one()
    made = agent.borrows(documents=[paper], pages=[1], purpose="投诉", clear=True).json()
    supervisor.does(made["id"], "approve")
    assert EAST.id_no not in agent.text(paper)
    from dossier import access

    now = archive.context.clock.now()
    with archive.context.reading(SETUP) as session:
        viewer = access.viewer_for(session, user, archive.context.roles, at=now)
        place = Place.of_document(session.get_one(Document, paper))
    assert viewer.at(place.on(1)).sees_clear
    assert not viewer.at(place.on(2)).sees_clear
    assert not viewer.at(place).sees_clear
    assert Permission.READ_CONTENT in viewer.at(place.on(2)).permissions


def test_s2_14_one_custodian_and_one_active_loan_by_the_database(archive: Seeded) -> None:
    now = archive.context.clock.now()
    with archive.context.writing(SETUP) as session:
        user = session.scalars(select(User.id).limit(1)).one()
        original = PaperOriginal(
            document_id=archive.documents["east"],
            custodian_kind="place",
            custodian="K01-03-A-05-2-07",
            since=now,
            moved_by="test",
        )
        session.add(original)
        session.flush()
        original_id = original.id

    def lend(state: LoanState, original: str | None = original_id) -> None:
        with archive.context.writing(SETUP) as session:
            session.add(
                Loan(
                    kind="paper",
                    state=state,
                    original_id=original,
                    borrower_id=user,
                    purpose="调卷",
                    minutes=14 * 1440,
                    asked_at=now,
                    lapses_at=now,
                )
            )

    lend(LoanState.WAITING)
    lend(LoanState.OUT)
    for state in HOLDS_ORIGINAL:
        with pytest.raises(IntegrityError):
            lend(state)
    lend(LoanState.RETURNED)
    with pytest.raises(IntegrityError):
        lend(LoanState.REQUESTED, None)
    for wrong in (
        {"custodian": ""},
        {"custodian_kind": "two"},
        {"custodian": None},
    ):
        with pytest.raises(IntegrityError), archive.context.writing(SETUP) as session:
            session.execute(
                update(PaperOriginal).where(PaperOriginal.id == original_id).values(**wrong)
            )
    with pytest.raises(IntegrityError), archive.context.writing(SETUP) as session:
        session.add(
            PaperOriginal(
                document_id=archive.documents["east"],
                custodian_kind="person",
                custodian=user,
                since=now,
            )
        )
    with pytest.raises(IntegrityError), archive.context.writing(SETUP) as session:
        session.execute(update(LoanStep).values(by="somebody else"))


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW", "en"])
def test_the_pages_speak(archive: Seeded, hire: Hire, language: str, supervisor: Person) -> None:
    words = {"zh-CN": "我的借阅", "zh-TW": "我的借閱", "en": "My loans"}
    paper = archive.documents["west"]
    supervisor.get("/loans")
    headers = {"cookie": supervisor.cookie, "accept-language": language}
    for path in ("/loans", "/loans/waiting", f"/loans/ask?document_id={paper}"):
        answer = archive.client.get(path, headers=headers)
        assert answer.status_code == 200
        assert words[language] in answer.text, path
