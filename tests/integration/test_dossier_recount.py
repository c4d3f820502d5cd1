"""What is kept of each dossier follows every change of the records, on both databases (S2-17)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from dossier.clock import FixedClock, local_date
from dossier.db.dossier_tables import DossierChange, DossierGap, DossierState, WaiverRow
from dossier.db.tables import Customer, Document, DocumentField, new_id
from dossier.plugins.completeness import case_events, dossiers, recount, requirements
from dossier.plugins.completeness.cases import EventType
from dossier.plugins.completeness.events import Event
from dossier.plugins.completeness.items import LACKING
from dossier.plugins.recognition.step import recognise
from dossier.records import DocumentText
from dossier.services import reading as reading_records
from dossier.services.context import Context
from dossier.viewer import system_viewer
from tests.contract.test_page_sightings import contract, look
from tests.support_archive import NOW, add_content, make_archive

SETUP = system_viewer("test")
SHA = "0" * 64
NUMBERS = [f"42000000{number:02d}" for number in range(6)]


@pytest.fixture
def archive(tmp_path: Path, database_url: str) -> Iterator[Context]:
    context = make_archive(tmp_path, database_url=database_url)
    with context.writing(SETUP) as session:
        add_content(session, SHA)
        for rowid, number in enumerate(NUMBERS):
            session.add(
                Customer(
                    customer_no=number,
                    rowid=rowid,
                    name=f"客户{rowid}",
                    name_key=f"客户{rowid}",
                    category=["LR", "LN", "HV", "IM", "PV", "LR"][rowid],
                    opened_on=date(2019, 1, 1) + timedelta(days=300 * rowid),
                    updated_at=NOW,
                )
            )
    yield context
    context.database.dispose()


def add(context: Context, owner: str | None, code: str | None, rowid: int) -> str:
    with context.writing(SETUP) as session:
        paper = Document(
            id=new_id(), rowid=rowid, customer_no=owner, type_code=code, state="filed",
            captured_at=NOW, sha256=SHA,
        )  # fmt: skip
        session.add(paper)
        return paper.id


def waiver(rng: random.Random) -> WaiverRow:
    first = local_date(NOW) + timedelta(days=rng.randrange(-3, 2))
    return WaiverRow(
        customer_no=rng.choice(NUMBERS),
        rule=rng.choice(["new-application", "new-contract", "new-licence", "new-plan"]),
        reason="lost",
        first_day=first,
        last_day=rng.choice([None, None, first + timedelta(days=2)]),
        made_at=NOW,
        made_by="test",
    )


def tell_of_a_case(context: Context, rng: random.Random) -> None:
    """Some events, late ones and contradictions among them."""
    book, found = requirements.load(), []
    for _ in range(3):
        business = rng.choice(["new", "transfer", "decrease", "close"])
        data = {
            "case_no": f"K{rng.randrange(8)}",
            "customer_no": rng.choice(["", *NUMBERS]),
            "business": rng.choice(["", business]),
            "node": rng.choice(book.businesses[business].nodes),
            "facts": rng.choice([{}, {"agent": True}, {"agent": False}]),
        }
        body = {
            "specversion": "1.0", "source": "/test", "id": str(rng.random()), "data": data,
            "type": rng.choice(list(EventType)),
            "time": NOW + timedelta(days=rng.randrange(-600, 20)),
        }  # fmt: skip
        found.append(Event.model_validate(body))
    case_events.receive(context, SETUP, found)


def settle(context: Context) -> None:
    while recount.assess_some(context):
        pass


def kept(context: Context) -> dict[str, tuple[int, int, set[tuple[str, str, date | None]]]]:
    with context.reading(SETUP) as session:
        gaps: dict[str, set[tuple[str, str, date | None]]] = {}
        for gap in session.scalars(select(DossierGap)):
            gaps.setdefault(gap.customer_no, set()).add((gap.rule, gap.state, gap.since))
        return {
            one.customer_no: (one.required, one.present, gaps.get(one.customer_no, set()))
            for one in session.scalars(select(DossierState))
        }


def counted_anew(context: Context) -> dict[str, tuple[int, int, set[tuple[str, str, date | None]]]]:
    day = local_date(context.clock.now())
    with context.reading(dossiers.LOOKING) as session:
        found = {
            no: one.on(day)
            for no, one in dossiers.read(session, requirements.of(context), NUMBERS).items()
        }
    return {
        number: (
            one.required,
            one.present,
            {(item.rule.id, item.state, item.since) for item in one.items if item.state in LACKING},
        )
        for number, one in found.items()
    }


def test_after_any_changes_what_is_kept_equals_a_recount_of_all(archive: Context) -> None:
    rng, papers = random.Random(7), []
    codes = [None, "A01", "A02", "A03", "A05", "A06", "A08", "C01", "D01", "J02"]
    for step in range(80):
        what = rng.randrange(10)
        with archive.writing(SETUP) as session:
            if papers and what == 0:
                chosen = update(Document).where(Document.id == rng.choice(papers))
                session.execute(chosen.values(customer_no=rng.choice([None, *NUMBERS])))
            elif papers and what == 1:
                chosen = update(Document).where(Document.id == rng.choice(papers))
                session.execute(chosen.values(type_code=rng.choice(codes)))
            elif papers and what == 2:
                day = (NOW + timedelta(days=rng.randrange(-900, 900))).date()
                for name, value in (("valid_until", day.isoformat()), ("signature", "absent")):
                    row = DocumentField(
                        document_id=rng.choice(papers), name=name, value=value, page=1
                    )
                    session.add(row)
            elif what == 3:
                chosen = update(Customer).where(Customer.customer_no == rng.choice(NUMBERS))
                session.execute(chosen.values(category=rng.choice(["LR", "LN", "HV", "IM", "PV"])))
            elif papers and what == 4:
                gone = papers.pop(rng.randrange(len(papers)))
                session.execute(delete(DocumentField).where(DocumentField.document_id == gone))
                session.execute(delete(Document).where(Document.id == gone))
            elif what == 6:
                session.add(waiver(rng))
            elif what == 7:
                row = session.scalars(select(WaiverRow).limit(1)).first()
                if row is not None:
                    row.withdrawn_at = NOW
        if what in (8, 9):
            tell_of_a_case(archive, rng)
        if what == 5 or not papers:
            papers.append(add(archive, rng.choice(NUMBERS), rng.choice(codes), step))
        settle(archive)
        assert kept(archive) == counted_anew(archive), step


def test_time_alone_changes_a_dossier_on_its_day(archive: Context) -> None:
    letter = add(archive, NUMBERS[0], "A08", 1)
    settle(archive)
    before = kept(archive)[NUMBERS[0]]
    assert "new-ownership" not in {rule for rule, _, _ in before[2]}, letter
    later = replace(archive, clock=FixedClock(NOW + requirements.load().promise))
    settle(later)
    assert kept(later)[NUMBERS[0]] == before
    day_after = replace(archive, clock=FixedClock(NOW + requirements.load().promise + timedelta(1)))
    settle(day_after)
    assert "new-ownership" in {rule for rule, _, _ in kept(day_after)[NUMBERS[0]][2]}
    assert kept(day_after) == counted_anew(day_after)


def test_a_waiver_ends_by_its_day_without_any_change_of_the_records(archive: Context) -> None:
    today = local_date(NOW)
    with archive.writing(SETUP) as session:
        row = waiver(random.Random(1))
        row.customer_no, row.rule = NUMBERS[0], "new-contract"
        row.first_day, row.last_day = today, today + timedelta(days=1)
        session.add(row)
    settle(archive)

    def lacks(context: Context) -> bool:
        settle(context)
        return "new-contract" in {rule for rule, _, _ in kept(context)[NUMBERS[0]][2]}

    later = [replace(archive, clock=FixedClock(NOW + timedelta(days=days))) for days in range(3)]
    assert [lacks(one) for one in later] == [False, False, True]
    assert kept(later[2]) == counted_anew(later[2])


def progress(context: Context) -> recount.Progress:
    """How far a recount is, of all dossiers."""
    with context.reading(SETUP) as session:
        return recount.progress(context, session)


def test_other_rules_recount_all_dossiers_in_parts_with_progress(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE", 4)
    settle(archive)
    with archive.writing(SETUP) as session:
        session.execute(update(DossierState).values(rules="of-yesterday", required=0))
    assert progress(archive) == recount.Progress(0, len(NUMBERS))
    assert recount.assess_some(archive)
    assert progress(archive).done == 4
    settle(archive)
    assert progress(archive).done == len(NUMBERS)
    assert kept(archive) == counted_anew(archive)


def test_a_waiver_and_a_node_alone_note_their_dossier(archive: Context) -> None:
    """Neither changes a row of the customer, of a paper or of the case."""

    def noted_by(change: Callable[[], None]) -> set[str]:
        settle(archive)
        change()
        with archive.reading(SETUP) as session:
            return set(session.scalars(select(DossierChange.customer_no)))

    def waive() -> None:
        with archive.writing(SETUP) as session:
            session.add(waiver(random.Random(1)))

    def withdraw() -> None:
        with archive.writing(SETUP) as session:
            session.execute(update(WaiverRow).values(withdrawn_at=NOW))

    def tell(kind: EventType, **data: str) -> Callable[[], None]:
        body = {
            "specversion": "1.0", "source": "/test", "id": f"{kind}{data}", "type": kind,
            "time": NOW, "data": {"case_no": "K1", **data},
        }  # fmt: skip

        def send() -> None:
            case_events.receive(archive, SETUP, [Event.model_validate(body)])

        return send

    whose = {waiver(random.Random(1)).customer_no}
    assert noted_by(waive) == whose
    assert noted_by(withdraw) == whose
    begin = tell(EventType.OPENED, customer_no=NUMBERS[2], business="decrease")
    assert noted_by(begin) == {NUMBERS[2]}
    assert noted_by(tell(EventType.COMPLETED, node="accept")) == {NUMBERS[2]}
    later = tell(EventType.COMPLETED, node="accept", completed_at="2026-12-01")
    assert noted_by(later) == {NUMBERS[2]}
    settle(archive)
    assert kept(archive) == counted_anew(archive)


def test_a_change_that_comes_while_others_are_assessed_is_not_lost(archive: Context) -> None:
    settle(archive)
    with archive.reading(SETUP) as session:
        assert not session.scalars(select(DossierChange)).all()
    add(archive, NUMBERS[1], "A03", 5)
    with archive.reading(SETUP) as session:
        assert {one.customer_no for one in session.scalars(select(DossierChange))} == {NUMBERS[1]}


def test_s2_04_a_contract_that_is_not_sealed_says_so(archive: Context, tmp_path: Path) -> None:
    """From the picture to the dossier: the supplier's place for a seal is empty."""
    page = contract(signed="scrawl", sealed="")
    reading = look(page, tmp_path)
    paper = add(archive, NUMBERS[0], "C01", 1)
    found = recognise(
        DocumentText(paper, "a.png", "", "image/png", (reading,), type_code="C01")
    ).fields
    with archive.writing(SETUP) as session:
        reading_records.store_pages(session, paper, [reading], digital=False)
        assert reading_records.readings_of(session, paper)[0].sightings == reading.sightings
        reading_records.replace_fields(session, archive.keyring, paper, found)
    settle(archive)
    _, _, gaps = kept(archive)[NUMBERS[0]]
    assert {state for rule, state, _ in gaps if rule == "new-contract"} == {"unsealed"}
