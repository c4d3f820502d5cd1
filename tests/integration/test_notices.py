"""Notices of loans: each once, by each way, and only while it is true (§6.2; issue 7, point 6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from dossier.asgi import create_app
from dossier.clock import SHANGHAI, FixedClock, SystemClock
from dossier.db.loan_tables import Loan, LoanStep, LoanThing, PaperOriginal
from dossier.db.notice_tables import Notice, NoticeAddress, NoticedStep
from dossier.db.tables import (
    Customer,
    Document,
    OrgUnit,
    RoleGrant,
    User,
    WorkItem,
    new_id,
)
from dossier.errors import ConflictError, ForbiddenError, InvalidInputError
from dossier.plugins import notices as notices_plugin
from dossier.plugins.notices import carriers, notice_views, planning, sending
from dossier.rules import notices, rulebook
from dossier.rules.role_matrix import in_order
from dossier.rules.role_matrix_file import read_matrix
from dossier.rules.role_words import load_words
from dossier.services import accounts
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Permission, Viewer
from dossier.work import queue
from indexer.worker import STEPS
from tests.support_archive import add_content, make_archive
from tests.support_notices import Mailbox, Receiver, mail_server, receiver
from tests.support_postgres import fresh_database
from tests.support_seeded import PASSWORD, SETUP, csrf_token

START = datetime(2026, 11, 23, 4, tzinfo=UTC)
SECRET = "a secret of twenty-four or more"
OWNER = "00000000-1-1"
CUSTOMER, SHA256 = "4200000001", "ab" * 32
NUMBERS = count(1)
OPERATOR = Viewer(
    id="", name="root", role="administrator", permissions=frozenset({Permission.OPERATE})
)


def instant(text: str) -> datetime:
    """Of a time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@dataclass
class Office:
    """The archive with people who lend and borrow, a mail server, and another system."""

    context: Context
    clock: FixedClock
    mailbox: Mailbox
    other: Receiver
    unit: int = 0
    people: dict[str, str] = field(default_factory=dict)

    def paper_loan(self, due: str, begun: str = "2025-01-01T09:00", state: str = "out") -> Loan:
        """A paper original with the borrower, by the tables."""
        with self.context.writing(SETUP) as session:
            original = PaperOriginal(
                document_id=self.paper(session),
                custodian_kind="place",
                custodian="K01",
                since=START,
                moved_by="test",
            )
            session.add(original)
            session.flush()
            row = Loan(
                kind="paper",
                state=state,
                original_id=original.id,
                borrower_id=self.people["borrower"],
                purpose="核对",
                minutes=1440,
                asked_at=instant(begun),
                lapses_at=instant(begun),
                begins_at=instant(begun),
                ends_at=instant(due),
            )
            session.add(row)
            session.flush()
            session.expunge(row)
            return row

    def electronic(
        self, due: str = "", begun: str = "2026-11-23T11:00", state: str = "running"
    ) -> Loan:
        """Pages on the screen; a request where nobody said until when."""
        with self.context.writing(SETUP) as session:
            row = Loan(
                kind="electronic",
                state=state,
                borrower_id=self.people["borrower"],
                purpose="核对",
                minutes=1440,
                asked_at=instant(begun),
                lapses_at=instant(begun) + timedelta(days=14),
                begins_at=instant(begun) if due else None,
                ends_at=instant(due) if due else None,
            )
            session.add(row)
            session.flush()
            thing = LoanThing(loan_number=row.number, customer_no=CUSTOMER)
            thing.document_id = self.paper(session)
            session.add(thing)
            session.flush()
            session.expunge(row)
            return row

    def change(self, loan: Loan, **values: Any) -> None:
        with self.context.writing(SETUP) as session:
            session.execute(update(Loan).where(Loan.number == loan.number).values(**values))

    def step(self, loan: Loan, event: str, by: str = "system", **values: Any) -> None:
        if values:
            self.change(loan, **values)
        with self.context.writing(SETUP) as session:
            state = values.get("state", loan.state)
            session.add(
                LoanStep(
                    loan_number=loan.number,
                    at=self.clock.now(),
                    by=by,
                    event=event,
                    state=state,
                    facts={},
                )
            )

    def at(self, text: str) -> int:
        """Go to a time in Shanghai and work out who is told; how many are."""
        self.clock.instant = instant(text)
        return planning.plan(self.context)

    def send(self) -> int:
        """Send all that is due; how often something was tried."""
        return sum(1 for _ in iter(lambda: sending.send_next(self.context, OWNER), False))

    def rows(self, loan: Loan, **wanted: str) -> list[Notice]:
        query = select(Notice).where(Notice.loan_number == loan.number).order_by(Notice.made_at)
        for name, value in wanted.items():
            query = query.where(getattr(Notice, name) == value)
        with self.context.reading(SETUP) as session:
            return list(session.scalars(query))

    def told(self, loan: Loan, channel: str = "product") -> list[tuple[str, str]]:
        """Rule and name of who was told, in order."""
        names = {user: name for name, user in self.people.items()}
        return [
            (one.rule, names.get(one.to_user or "", "")) for one in self.rows(loan, channel=channel)
        ]

    def viewer(self, name: str) -> Viewer:
        return Viewer(id=self.people[name], name=name, role="crew", permissions=frozenset())

    def letters(self, loan: Loan) -> list[str]:
        number = f"JY{loan.number:06d}"
        return [str(one["subject"]) for one in self.mailbox.letters if number in one["subject"]]

    def paper(self, session: Any) -> str:
        """One more paper of the customer."""
        number = next(NUMBERS)
        document = Document(
            id=new_id(),
            rowid=number,
            customer_no=CUSTOMER,
            unit_id=self.unit,
            state="filed",
            captured_at=START,
            sha256=SHA256,
            page_count=3,
        )
        session.add(document)
        session.flush()
        return document.id


def _settled(context: Context, clock: FixedClock, mailbox: Mailbox, other: Receiver) -> Context:
    """With e-mail and calls, and the real role matrix."""
    own = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox.port,
        "smtp_security": "none",
        "smtp_from": "dossier@company.example",
        "smtp_seconds": 5.0,
        "webhook_url": f"http://127.0.0.1:{other.port}/hook?of=loans",
        "webhook_secret": SECRET,
        "public_url": "https://dossier.example",
    }
    settings = Settings(
        home=context.settings.home, database_url=context.settings.database_url, **own
    )
    roles = read_matrix(rulebook.text("roles"), "roles", load_words())
    return replace(context, settings=settings, clock=clock, roles=in_order([roles]))


def _fill(office: Office) -> None:
    company, east, west = (OrgUnit(name=name) for name in ("公司", "东山供电所", "西河供电所"))
    with office.context.writing(SETUP) as session:
        session.add(company)
        session.flush()
        east.parent_id = west.parent_id = company.id
        session.add_all([east, west])
        session.flush()
        office.unit = east.id
        session.add(
            Customer(
                customer_no=CUSTOMER,
                rowid=1,
                name="张三",
                name_key="张三",
                unit_id=east.id,
                updated_at=START,
            )
        )
        add_content(session, SHA256)
        for name, role, unit in (
            ("borrower", "crew", east.id),
            ("leader", "station", east.id),
            ("boss", "supervisor", None),
            ("market", "marketing", None),
            ("stranger", "station", west.id),
            ("keeper", "archivist", None),
        ):
            user = User(name=name, created_at=START)
            session.add(user)
            session.flush()
            session.add(RoleGrant(user_id=user.id, role=role, unit_id=unit))
            office.people[name] = user.id
            session.add(
                NoticeAddress(user_id=user.id, email=f"{name}@company.example", set_at=START)
            )


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An archive with people who lend and borrow, by a clock that the tests move."""
    with ExitStack() as stack:
        mailbox, other = stack.enter_context(mail_server()), stack.enter_context(receiver())
        home, url = tmp_path_factory.mktemp("notices"), ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        clock = FixedClock(START)
        bare = make_archive(home, (("notices", notices_plugin),), database_url=url)
        stack.callback(bare.database.dispose)
        found = Office(_settled(bare, clock, mailbox, other), clock, mailbox, other)
        _fill(found)
        yield found


@pytest.fixture(autouse=True)
def _quiet(office: Office) -> Iterator[None]:
    """Nothing is left to be told of the test before."""
    yield
    office.mailbox.answers.clear()
    office.mailbox.refused = ""
    office.other.answers.clear()
    with office.context.writing(SETUP) as session:
        session.execute(update(Loan).values(state="returned"))
        session.execute(delete(WorkItem))
    office.mailbox.letters.clear()
    office.other.calls.clear()


# -- reminders ----------------------------------------------------------------------------------


def test_s6_2_reminders_go_to_the_borrower_then_the_unit_then_management(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    days = {
        "2026-11-30T12:00": [],
        "2026-12-01T08:29": [],
        "2026-12-01T08:30": [("due_soon", "borrower")],
        "2026-12-02T12:00": [],
        "2026-12-03T08:30": [("due_today", "borrower")],
        "2026-12-04T08:30": [("overdue", "borrower")],
        "2026-12-05T08:30": [("overdue", "borrower")],
        "2026-12-06T08:30": [("overdue", "borrower"), ("overdue_unit", "leader")],
        "2026-12-07T08:30": [("overdue", "borrower")],
        "2026-12-10T08:30": [
            ("overdue", "borrower"),
            ("overdue_management", "boss"),
            ("overdue_management", "market"),
        ],
        "2026-12-11T08:30": [("overdue", "borrower")],
    }
    seen = 0
    for day, expected in days.items():
        office.at(day)
        office.at(day)  # looked at again: nothing new
        told = office.told(loan)
        assert sorted(told[seen:]) == expected, day
        seen = len(told)
    assert [rule for rule, _ in office.told(loan, "webhook")] == [
        "overdue_unit",
        "overdue_management",
    ]


def test_a_reminder_is_sent_once_and_says_no_more_than_loan_day_and_link(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.at("2026-12-01T09:00")
    assert office.send() == 1
    for _ in range(3):
        planning.plan(office.context)
        assert office.send() == 0
    [letter] = office.mailbox.letters
    number = f"JY{loan.number:06d}"
    assert letter["subject"] == f"借阅 {number} 将于 2026-12-03 到期"
    assert letter["to"] == "borrower@company.example"
    assert letter["auto-submitted"] == "auto-generated"
    assert letter.get_content().split() == [
        *f"借阅 {number} 将于 2026-12-03 到期".split(),
        f"https://dossier.example/loans#{number}",
    ]
    with office.context.writing(SETUP) as session:  # the queue forgot what it did
        session.execute(delete(WorkItem))
    planning.plan(office.context)
    assert office.send() == 0


def test_s3_05_nobody_is_told_of_what_was_returned_meanwhile(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.at("2026-12-03T09:00")
    borrower = office.viewer("borrower")
    assert notice_views.unread(office.context, borrower) == 1
    office.change(loan, state="to_check")
    assert notice_views.unread(office.context, borrower) == 0
    assert notice_views.mine(office.context, borrower)[0].is_settled
    office.send()
    assert office.mailbox.letters == []
    assert [one.state for one in office.rows(loan, channel="mail")] == ["dropped"]
    assert office.at("2026-12-04T09:00") == 0


def test_an_extended_loan_is_reminded_of_by_its_new_day(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.at("2026-12-02T09:00")
    office.change(loan, ends_at=instant("2026-12-17T17:00"))
    office.send()
    assert office.mailbox.letters == []
    assert notice_views.unread(office.context, office.viewer("borrower")) == 0
    assert office.at("2026-12-04T09:00") == 0
    office.at("2026-12-15T09:00")
    office.send()
    assert office.letters(loan) == [f"借阅 JY{loan.number:06d} 将于 2026-12-17 到期"]


def test_a_later_reminder_takes_the_place_of_one_that_did_not_leave(office: Office) -> None:
    """The mail server was away for two days: one letter, not three."""
    loan = office.paper_loan("2026-12-03T17:00")
    for day in ("01", "03", "04", "05"):
        office.at(f"2026-12-{day}T09:00")
    office.send()
    number = f"JY{loan.number:06d}"
    said = f"借阅 {number} 应于 2026-12-03 归还，已超期 2 天，请立即归还"
    assert office.letters(loan) == [said]
    found = notice_views.mine(office.context, office.viewer("borrower"))
    assert [one.text for one in found if one.loan == number] == [said]


def test_an_electronic_loan_is_reminded_of_and_told_of_when_it_is_over(office: Office) -> None:
    loan = office.electronic("2026-12-03T17:00", begun="2026-11-25T09:00")
    short = office.electronic("2026-12-01T17:00", begun="2026-12-01T10:00")
    office.at("2026-12-01T10:01")
    assert office.told(loan) == [("due_soon", "borrower")]
    office.at("2026-12-01T17:00")
    office.step(short, "expire", state="expired")
    office.at("2026-12-01T17:01")
    assert office.told(short) == [("over", "borrower")]
    office.at("2026-12-03T08:30")
    assert office.told(loan)[1:] == [("due_today", "borrower")]
    assert notice_views.unread(office.context, office.viewer("borrower")) == 2
    office.at("2026-12-03T17:00")  # its minute
    assert notice_views.unread(office.context, office.viewer("borrower")) == 1
    office.at("2026-12-09T09:00")
    assert len(office.told(loan)) == 2


def test_nobody_who_left_is_told_and_a_leader_is_found_above(office: Office) -> None:
    with office.context.writing(SETUP) as session:
        session.execute(update(User).where(User.name == "leader").values(disabled=True))
        company = session.scalars(select(OrgUnit.id).where(OrgUnit.name == "公司")).one()
        session.add(RoleGrant(user_id=office.people["keeper"], role="station", unit_id=company))
    loan = office.paper_loan("2026-12-03T17:00")
    try:
        office.at("2026-12-06T09:00")
        assert sorted(office.told(loan)) == [("overdue", "borrower"), ("overdue_unit", "keeper")]
    finally:
        with office.context.writing(SETUP) as session:
            session.execute(update(User).where(User.name == "leader").values(disabled=False))
            session.execute(delete(RoleGrant).where(RoleGrant.unit_id == company))


# -- steps --------------------------------------------------------------------------------------


def test_s6_2_who_may_approve_is_told_of_a_request_and_the_borrower_of_the_answer(
    office: Office,
) -> None:
    loan = office.electronic(state="requested")
    office.clock.instant = START
    office.step(loan, "ask", by=office.people["borrower"])
    office.at("2026-11-23T12:30")
    told = office.told(loan)
    assert told == [("asked", name) for name in ("boss", "keeper", "leader")]
    assert notice_views.unread(office.context, office.viewer("leader")) == 1
    approved = {"state": "running", "begins_at": START, "ends_at": START + timedelta(days=1)}
    office.step(loan, "approve", by=office.people["leader"], **approved)
    office.at("2026-11-23T12:31")
    assert office.told(loan)[3:] == [("approved", "borrower")]
    assert notice_views.unread(office.context, office.viewer("leader")) == 0
    office.send()  # nobody else is asked by e-mail any more
    assert [one["to"] for one in office.mailbox.letters] == ["borrower@company.example"]


def test_a_step_is_told_once_never_to_who_took_it_and_never_long_after(office: Office) -> None:
    loan = office.paper_loan("2026-12-30T17:00")
    office.clock.instant = START
    office.step(loan, "recall", by=office.people["keeper"], state="recalled")
    office.step(loan, "approve", by=office.people["borrower"])
    office.at("2026-11-25T12:00")
    assert office.told(loan) == []  # the house was off for two days
    office.step(loan, "recall", by=office.people["keeper"])
    office.step(loan, "recall", by=office.people["borrower"])
    for _ in range(3):
        planning.plan(office.context)
    assert office.told(loan) == [("recalled", "borrower")]


def test_a_step_that_was_committed_late_is_not_passed_over(office: Office) -> None:
    """PostgreSQL gives numbers in another order than it commits."""
    loan = office.paper_loan("2026-12-30T17:00")
    office.clock.instant = START
    office.step(loan, "recall", state="recalled")
    office.step(loan, "recall")
    with office.context.writing(SETUP) as session:
        first, last = session.scalars(
            select(LoanStep.id).where(LoanStep.loan_number == loan.number).order_by(LoanStep.id)
        )
        session.add(NoticedStep(step_id=last))
    planning.plan(office.context)
    assert [one.occasion for one in office.rows(loan, channel="product")] == [
        f"recalled:JY{loan.number:06d}:{first}"
    ]


# -- sending ------------------------------------------------------------------------------------


def test_what_the_server_cannot_take_now_is_tried_again_and_then_said(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.mailbox.answers[:] = ["451 later"] * 6
    office.at("2026-12-03T09:00")
    pauses = notices.load().retry_seconds
    for at in range(len(pauses) + 1):
        assert office.send() == 1, at
        [row] = office.rows(loan, channel="mail")
        is_over = at == len(pauses)
        assert (row.state, row.error) == ("failed" if is_over else "open", "refused 451")
        assert office.send() == 0
        office.clock.advance(timedelta(seconds=pauses[min(at, len(pauses) - 1)]))
    [shown] = [one for one in notice_views.leaving(office.context, OPERATOR) if one.can_retry]
    assert (shown.loan, shown.to, shown.error) == (
        f"JY{loan.number:06d}",
        "borrower",
        "refused 451",
    )
    office.mailbox.answers.clear()
    notice_views.retry(office.context, OPERATOR, shown.id)
    assert office.send() == 1
    assert len(office.letters(loan)) == 1
    with pytest.raises(ConflictError):
        notice_views.retry(office.context, OPERATOR, shown.id)


def test_a_reminder_that_was_replaced_while_its_server_did_not_answer_stays_replaced(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.at("2026-12-03T09:00")

    def away(*_: object) -> None:
        office.at("2026-12-04T09:00")
        raise carriers.NotSentError("unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(sending.carriers, "mail", away)
        sending.send_next(office.context, OWNER)
    office.clock.advance(timedelta(seconds=max(notices.load().retry_seconds)))
    office.send()
    assert len(office.letters(loan)) == 1
    assert sorted(one.state for one in office.rows(loan, channel="mail")) == ["replaced", "sent"]


def test_what_is_refused_for_good_is_not_tried_again(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.mailbox.refused = "550 no such mailbox"
    office.at("2026-12-03T09:00")
    office.send()
    [row] = office.rows(loan, channel="mail")
    assert (row.state, row.error) == ("failed", "refused 550")
    office.clock.advance(timedelta(hours=6))
    assert office.send() == 0


def test_a_letter_that_perhaps_arrived_is_never_sent_twice_by_itself(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.mailbox.answers[:] = ["gone"]
    office.at("2026-12-03T09:00")
    office.send()
    [row] = office.rows(loan, channel="mail")
    assert (row.state, row.error) == ("unsure", "no_answer")
    office.clock.advance(timedelta(hours=6))
    assert office.send() == 0
    notice_views.retry(office.context, OPERATOR, row.id)
    office.send()
    assert len(office.letters(loan)) == 1


def test_who_slept_past_the_lease_sends_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.at("2026-12-03T09:00")
    real, slept = sending._leaves, []

    def sleepy(context: Context, lease: queue.Lease) -> None:
        if not slept:
            slept.append(lease)
            office.clock.advance(timedelta(seconds=notices.load().lease_seconds + 1))
            assert sending.send_next(office.context, "another")
        real(context, lease)

    monkeypatch.setattr(sending, "_leaves", sleepy)
    sending.send_next(office.context, OWNER)
    assert len(office.letters(loan)) == 1
    assert [one.state for one in office.rows(loan, channel="mail")] == ["sent"]


def test_a_document_waits_for_no_notice(office: Office) -> None:
    """Whoever reads papers leaves notices alone, and the other way round."""
    office.paper_loan("2026-12-03T17:00")
    office.at("2026-12-03T09:00")
    now = office.clock.now()
    with office.context.reading(SETUP) as session:
        assert queue.has_due(session, now=now, kinds=sending.KINDS)
        assert not queue.has_due(session, now=now, kinds=STEPS)


def test_a_call_is_a_signed_cloud_event_and_has_the_same_id_when_repeated(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    office.other.answers[:] = [500, 302]
    office.at("2026-12-06T09:00")
    for pause in (0, *notices.load().retry_seconds[:2], 1):
        office.clock.advance(timedelta(seconds=pause))
        office.send()
    assert len(office.other.calls) == 3
    bodies = set()
    for headers, body in office.other.calls:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        made = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(made).decode()
        assert headers["content-type"].startswith("application/cloudevents+json")
        bodies.add(body)
    [body] = bodies
    event = json.loads(body)
    number = f"JY{loan.number:06d}"
    assert event["specversion"] == "1.0"
    assert event["id"] == office.other.calls[0][0]["webhook-id"]
    assert (event["type"], event["subject"]) == ("dossier.loan.overdue_unit", number)
    assert event["source"] == "https://dossier.example"
    assert datetime.fromisoformat(event["time"]) == instant("2026-12-06T09:00")
    assert event["data"] == {
        "loan": number,
        "kind": "paper",
        "due_at": instant("2026-12-03T17:00").isoformat(),
    }


def test_a_way_that_is_not_set_up_is_not_used(office: Office) -> None:
    loan = office.paper_loan("2026-12-03T17:00")
    bare = office.context.settings.model_copy(update={"smtp_host": "", "webhook_url": ""})
    office.clock.instant = instant("2026-12-06T09:00")
    planning.plan(replace(office.context, settings=bare))
    assert {one.channel for one in office.rows(loan)} == {"product"}


# -- pages --------------------------------------------------------------------------------------


def test_the_pages_and_the_api_show_ones_own_and_no_others(office: Office) -> None:
    office.clock.instant = SystemClock().now()
    name = f"reader{next(NUMBERS)}"
    accounts.add_user(office.context, SETUP, name=name, role="crew", password=PASSWORD)
    with office.context.reading(SETUP) as session:
        office.people[name] = session.scalars(select(User.id).where(User.name == name)).one()
    day = (office.clock.now() + timedelta(days=1)).astimezone(SHANGHAI)
    mine = office.paper_loan(f"{day:%Y-%m-%d}T23:00")
    office.change(mine, borrower_id=office.people[name])
    others = office.paper_loan(f"{day:%Y-%m-%d}T23:00")
    planning.plan(office.context)
    app = create_app(office.context)
    client = TestClient(app, base_url="https://dossier.example", follow_redirects=False)
    client.headers["accept-language"] = "zh-CN"
    client.post("/login", data={"name": name, "password": PASSWORD})
    page = client.get("/notices").text
    assert f"借阅 JY{mine.number:06d} 将于 {day:%Y-%m-%d} 到期" in page
    assert f"JY{others.number:06d}" not in page
    assert '<b class="nav-count num">1</b>' in page
    [item] = client.get("/api/v1/notices").json()["items"]
    assert not item["is_read"]
    client.headers["x-csrf-token"] = csrf_token(page)
    foreign = office.rows(others, channel="product")[0].id
    assert client.post(f"/notices/{foreign}/read").status_code == 404
    assert client.post(f"/api/v1/notices/{item['id']}/read").status_code == 204
    assert "nav-count" not in client.get("/notices").text
    assert client.get("/notices/sent").status_code == 403
    for wrong in ("a b@c", "a@b\r\nBcc: x@y.example", "nobody", "a@b,c@d"):
        answer = client.post("/notices/address", data={"email": wrong})
        assert answer.status_code == 422, wrong
    client.post("/notices/address", data={"email": "me@company.example"})
    assert "me@company.example" in client.get("/notices").text
    client.post("/notices/address", data={"email": ""})
    assert notice_views.address_of(office.context, office.viewer(name)) == ""


def test_the_administrator_sees_what_failed_with_the_remedy(office: Office) -> None:
    office.paper_loan("2026-12-03T17:00")
    office.mailbox.refused = "550 no such mailbox"
    office.at("2026-12-03T09:00")
    office.send()
    found = notice_views.leaving(office.context, OPERATOR)
    assert found[0].can_retry
    with pytest.raises(ForbiddenError):
        notice_views.leaving(office.context, office.viewer("borrower"))
    with pytest.raises(InvalidInputError):
        notice_views.set_address(office.context, office.viewer("borrower"), "no address")
