"""Stock-taking: scans by several hands, what is found, and each finding to its close (§6.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DatabaseError

from dossier.clock import FixedClock
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.stock_tables import StockFinding, StockScan
from dossier.db.tables import AuditEvent, Customer, Document, User, new_id
from dossier.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from dossier.plugins.lending import paper_desk
from dossier.plugins.shelving import boxes, rooms, stock_findings, stock_scans, volumes
from dossier.plugins.shelving import stock_takes as takes
from dossier.plugins.shelving.stock_findings import FindingView, Settling
from dossier.rules.shelving import ColumnShape
from dossier.services import custody
from dossier.services.context import Context
from dossier.services.custody import Holder
from dossier.viewer import EVERYTHING, Permission, Viewer
from tests.support_archive import NOW, add_content, make_archive
from tests.support_postgres import fresh_database
from tests.support_seeded import SETUP

SHA = "0" * 64
SLOT, OTHER = "K01-01-A-01-1-01", "K01-01-A-01-1-02"
NUMBERS = count(1)
LATER = timedelta(minutes=1)
SECOND = replace(SETUP, id="system:second", name="system:second")


@dataclass(frozen=True)
class Shelf:
    """A fresh room with two boxes, each with a volume of two papers in it."""

    context: Context
    room: str
    boxes: tuple[str, str]
    papers: tuple[tuple[str, str], ...]
    """Document and reference code; two of the first box, then two of the second."""

    def slot(self, number: int) -> str:
        return f"{self.room}-01-A-01-1-{number:02}"

    def at(self, after: timedelta) -> Shelf:
        return replace(self, context=replace(self.context, clock=FixedClock(NOW + after)))

    def start(self, depth: str = "paper", place: str = "") -> int:
        return takes.start(self.context, SETUP, place or self.room, depth)

    def scan(self, number: int, *codes: str, viewer: Viewer = SETUP) -> list[stock_scans.Scanned]:
        made, slot, box = [], "", ""
        for code in codes:
            last = stock_scans.scan(self.context, viewer, number, code, slot=slot, box=box)
            slot, box = last.slot, last.box
            made.append(last)
        return made

    def whole(self, number: int) -> list[str]:
        """All codes of the room as one walks."""
        return [
            self.slot(1), self.boxes[0], *(code for _, code in self.papers[:2]),
            self.slot(2), self.boxes[1], *(code for _, code in self.papers[2:]),
        ]  # fmt: skip

    def found(self, number: int) -> dict[str, FindingView]:
        rows, _ = stock_findings.listed(self.context, SETUP, number)
        return {one.code: one for one in rows}

    def finish(self, number: int) -> dict[str, FindingView]:
        stock_findings.finish(self.context, SETUP, number)
        return self.found(number)

    def settle(self, number: int, code: str, outcome: str, note: str = "", to: str = "") -> None:
        one = self.found(number)[code]
        stock_findings.settle(self.context, SETUP, number, one.id, Settling(outcome, note, to))

    def original(self, document: str) -> PaperOriginal:
        with self.context.reading(SETUP) as session:
            found = custody.of_document(session, document)
            assert found is not None
            return found

    def give(self, document: str, to: Holder) -> None:
        with self.context.writing(SETUP) as session:
            found = custody.of_document(session, document)
            assert found is not None
            custody.hand(session, found, to, by=SETUP.id, why="", at=self.context.clock.now())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Context]:
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        context = make_archive(tmp_path_factory.mktemp("stock"), database_url=url)
        stack.callback(context.database.dispose)
        with context.writing(SETUP) as session:
            add_content(session, SHA)
            session.add(User(id="reader", name="reader", created_at=NOW))
        yield context


@pytest.fixture
def shelf(archive: Context) -> Shelf:
    nth = next(NUMBERS)
    room = f"K{nth:02}"
    rooms.make(archive, SETUP, room, "库房")
    rooms.add_column(archive, SETUP, room, 1, ColumnShape("A", 1, 1, 3, 70))
    made, papers = [], []
    for at in (1, 2):
        customer = f"42{nth:04}{at:04}"
        with archive.writing(SETUP) as session:
            rowid = (session.scalar(select(func.max(Customer.rowid))) or 0) + 1
            session.add(
                Customer(
                    customer_no=customer, rowid=rowid, name="客户", name_key="客户",
                    category="LR", updated_at=NOW,
                )
            )  # fmt: skip
            first = (session.scalar(select(func.max(Document.rowid))) or 0) + 1
            for each in (0, 1):
                document = Document(
                    id=new_id(), rowid=first + each, customer_no=customer, type_code="C01",
                    state="filed", captured_at=NOW, doc_date=date(2026, 3, 1 + each), sha256=SHA,
                    page_count=2,
                )  # fmt: skip
                session.add(document)
                session.flush()
                custody.begin(session, SETUP, document, at=NOW - timedelta(days=2))
        codes = volumes.file_papers(archive, SETUP, customer)
        (box,) = boxes.make(archive, SETUP, "H30", 1, "")
        volumes.put(archive, SETUP, codes[0][:-4], box)
        boxes.move(archive, SETUP, box, f"{room}-01-A-01-1-{at:02}")
        made.append(box)
        with archive.reading(SETUP) as session:
            query = select(Document.id, Document.reference_code).where(
                Document.customer_no == customer
            )
            papers += [tuple(row) for row in session.execute(query.order_by(Document.rowid))]
    shelf = Shelf(archive, room, (made[0], made[1]), tuple(papers))
    return shelf.at(LATER)


def test_a_room_that_is_as_the_books_say_is_closed_at_once(shelf: Shelf) -> None:
    number = shelf.start()
    made = shelf.scan(number, *shelf.whole(number))
    assert {one.verdict for one in made} == {"right"}
    view = takes.get(shelf.context, SETUP, number)
    assert (view.expected, view.seen) == (6, 6)
    assert shelf.finish(number) == {}
    takes.close(shelf.context, SETUP, number)
    assert takes.get(shelf.context, SETUP, number).state == "closed"
    with shelf.context.reading(SETUP) as session:
        told = select(AuditEvent.action).where(
            AuditEvent.object_kind == "stock_take", AuditEvent.object_id == str(number)
        )
        assert {"stock.started", "stock.counted", "stock.closed"} <= set(session.scalars(told))


def test_a_paper_that_is_lent_out_is_not_missing_and_one_that_nobody_sees_is(
    shelf: Shelf,
) -> None:
    lent, gone = shelf.papers[0], shelf.papers[1]
    shelf.give(lent[0], Holder.person("reader"))
    number = shelf.start()
    shelf.scan(number, *(one for one in shelf.whole(number) if one not in (lent[1], gone[1])))
    found = shelf.finish(number)
    assert {code: one.verdict for code, one in found.items()} == {gone[1]: "missing"}
    assert found[gone[1]].belongs == shelf.boxes[0]


def test_what_lies_elsewhere_is_told_with_its_place_and_put_back_by_a_scan_of_it(
    shelf: Shelf,
) -> None:
    stray, number = shelf.papers[0][1], shelf.start()
    mine = [one for one in shelf.whole(number) if one != stray]
    scanned = shelf.scan(number, *mine, stray)[-1]
    assert (scanned.verdict, scanned.belongs) == ("misplaced", shelf.boxes[0])
    assert set(shelf.finish(number)) == {stray}
    with pytest.raises(InvalidInputError):
        shelf.settle(number, stray, "moved_back")
    with pytest.raises(InvalidInputError) as refused:
        shelf.settle(number, stray, "moved_back", to=shelf.boxes[1])
    assert shelf.boxes[0] in refused.value.detail
    with pytest.raises(ConflictError, match="work them off"):
        takes.close(shelf.context, SETUP, number)
    shelf.settle(number, stray, "moved_back", to=shelf.boxes[0].lower())
    takes.close(shelf.context, SETUP, number)


def test_the_last_scan_counts_what_was_put_right_on_the_way_is_no_finding(shelf: Shelf) -> None:
    stray, number = shelf.papers[0][1], shelf.start()
    shelf.scan(number, *(one for one in shelf.whole(number) if one != stray), stray)
    shelf.scan(number, shelf.slot(1), shelf.boxes[0], stray)
    assert shelf.finish(number) == {}


def test_a_box_in_another_slot_is_moved_in_the_books(shelf: Shelf) -> None:
    number = shelf.start("box")
    scans = shelf.scan(number, shelf.slot(2), *shelf.boxes)
    assert [one.verdict for one in scans] == ["right", "misplaced", "right"]
    found = shelf.finish(number)
    assert found[shelf.boxes[0]].belongs == shelf.slot(1)
    shelf.settle(number, shelf.boxes[0], "corrected")
    assert boxes.get(shelf.context, SETUP, shelf.boxes[0]).slot == shelf.slot(2)
    again = shelf.at(LATER * 2)
    assert set(again.finish(again.start("box"))) == set(shelf.boxes), "missing when nobody scans"


def test_of_a_missing_box_not_each_paper_is_a_finding(shelf: Shelf) -> None:
    number = shelf.start()
    shelf.scan(number, *shelf.whole(number)[:4])
    assert set(shelf.finish(number)) == {shelf.boxes[1]}
    shelf.settle(number, shelf.boxes[1], "corrected", to=shelf.slot(3))
    assert boxes.get(shelf.context, SETUP, shelf.boxes[1]).slot == shelf.slot(3)


def test_an_unknown_code_is_kept_and_explained(shelf: Shelf) -> None:
    number = shelf.start()
    foreign = "6901234567892"
    (*_, made) = shelf.scan(number, *shelf.whole(number), foreign)
    assert (made.kind, made.verdict) == ("", "unknown")
    assert shelf.finish(number)[foreign].outcomes == ("explained",)
    with pytest.raises(InvalidInputError):
        shelf.settle(number, foreign, "explained")
    shelf.settle(number, foreign, "explained", "外单位宣传册，已取出")
    with pytest.raises(InvalidInputError, match="settled"):
        shelf.settle(number, foreign, "explained", "再次")


def test_a_misread_box_is_refused_and_not_noted(shelf: Shelf) -> None:
    number = shelf.start()
    wrong = shelf.boxes[0][:-1] + ("A" if shelf.boxes[0][-1] != "A" else "B")
    shelf.scan(number, shelf.slot(1))
    with pytest.raises(InvalidInputError, match="misread"):
        shelf.scan(number, shelf.slot(1), wrong)
    with pytest.raises(InvalidInputError, match="slot"):
        shelf.scan(number, shelf.boxes[0])
    with pytest.raises(InvalidInputError, match="box first"):
        shelf.scan(number, shelf.slot(1), shelf.papers[0][1])
    with pytest.raises(NotFoundError):
        shelf.scan(number, f"{shelf.room}-09-A-01-1-01")


def test_a_paper_that_is_there_though_it_is_lent_is_taken_back_at_the_desk(shelf: Shelf) -> None:
    document, code = shelf.papers[0]
    shelf.give(document, Holder.person("reader"))
    with shelf.context.writing(SETUP) as session:
        loan = Loan(
            kind="paper", state="out", original_id=shelf.original(document).id,
            borrower_id="reader", purpose="p", minutes=60, asked_at=NOW, lapses_at=NOW,
            begins_at=NOW, ends_at=NOW + timedelta(days=9),
        )  # fmt: skip
        session.add(loan)
    number = shelf.start()
    made = {one.code: one for one in shelf.scan(number, *shelf.whole(number))}[code]
    assert (made.verdict, made.belongs[:2]) == ("out", "JY")
    shelf.finish(number)
    with pytest.raises(ConflictError, match="lending desk"):
        shelf.settle(number, code, "corrected")
    with shelf.context.reading(SETUP) as session:
        loan_id = session.scalar(select(Loan.id).where(Loan.number == int(made.belongs[2:])))
    whole = paper_desk.Handed(pages=2, condition="intact", matches=True)
    paper_desk.take_back(shelf.context, SETUP, loan_id or "", whole)
    shelf.settle(number, code, "corrected")
    assert shelf.original(document).custodian == shelf.boxes[0]


def test_a_missing_paper_is_reported_lost_replaced_or_found_again(shelf: Shelf) -> None:
    """The lost procedure of §6.2 for what no borrower has: a tombstone, then a certified copy."""
    (first, one), (second, two) = shelf.papers[:2]
    number = shelf.start()
    shelf.scan(number, *(each for each in shelf.whole(number) if each not in (one, two)))
    assert set(shelf.finish(number)) == {one, two}
    for code in (one, two):
        shelf.settle(number, code, "lost", "两人复查未见")
    assert {shelf.original(each).state for each in (first, second)} == {"lost"}
    takes.close(shelf.context, SETUP, number)
    shelf.settle(number, one, "replaced", "核证人王芳，责任待定")
    copy = shelf.original(first)
    assert (copy.state, copy.substitute_for is not None) == ("whole", True)
    shelf.settle(number, two, "found")
    assert shelf.original(second).state == "whole"
    with pytest.raises(InvalidInputError):
        shelf.settle(number, two, "replaced", "晚了")


def test_undo_takes_ones_own_last_scan_back_and_leaves_the_others(shelf: Shelf) -> None:
    number = shelf.start()
    code = shelf.papers[0][1]
    shelf.scan(number, shelf.slot(1), shelf.boxes[0], code)
    shelf.scan(number, shelf.slot(2), shelf.boxes[1], viewer=SECOND)
    assert takes.get(shelf.context, SETUP, number).seen == 3
    undone = stock_scans.scan(shelf.context, SETUP, number, "undo")
    assert (undone.kind, undone.code, undone.box) == ("undo", code, shelf.boxes[0])
    here = stock_scans.bench(shelf.context, SETUP, number)
    assert code in here.left
    assert stock_scans.undo(shelf.context, SETUP, number).slot == shelf.slot(1)
    stock_scans.undo(shelf.context, SETUP, number)
    with pytest.raises(ConflictError, match="Nothing"):
        stock_scans.undo(shelf.context, SETUP, number)
    assert stock_scans.bench(shelf.context, SECOND, number).box == shelf.boxes[1]


def test_several_count_one_room_at_once_and_what_is_left_is_gone_on_with(shelf: Shelf) -> None:
    number = shelf.start()
    halves = (shelf.whole(number)[:4], shelf.whole(number)[4:])
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(shelf.scan, number, *codes, viewer=viewer)
            for codes, viewer in zip(halves, (SETUP, SECOND), strict=True)
        ]
        assert {one.verdict for each in done for one in each.result(60)} == {"right"}
    assert shelf.at(timedelta(days=3)).finish(number) == {}


def test_what_came_to_its_place_after_the_start_is_not_missing(shelf: Shelf) -> None:
    document, code = shelf.papers[0]
    shelf.give(document, Holder.place("CK-01"))
    number = shelf.start()
    shelf.at(LATER * 3).give(document, Holder.place(shelf.boxes[0]))
    shelf.scan(number, *(one for one in shelf.whole(number) if one != code))
    assert shelf.finish(number) == {}


def test_a_box_alone_is_counted_without_a_slot(shelf: Shelf) -> None:
    number = shelf.start("box", shelf.boxes[0])
    made = stock_scans.scan(shelf.context, SETUP, number, shelf.papers[0][1])
    assert (made.verdict, made.box) == ("right", shelf.boxes[0])
    with pytest.raises(ConflictError):
        stock_scans.scan(shelf.context, SETUP, number, shelf.boxes[1])
    assert set(shelf.finish(number)) == {shelf.papers[1][1]}


def test_scans_are_written_once(shelf: Shelf) -> None:
    number = shelf.start()
    shelf.scan(number, shelf.slot(1))
    for act in (update(StockScan).values(code="x"), delete(StockScan)):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            shelf.context.writing(SETUP) as session,
        ):
            session.execute(act)


def test_after_the_counting_nothing_is_scanned_and_giving_up_says_why(shelf: Shelf) -> None:
    number, other = shelf.start(), shelf.start()
    shelf.finish(number)
    with pytest.raises(ConflictError):
        shelf.scan(number, shelf.slot(1))
    with pytest.raises(InvalidInputError):
        takes.give_up(shelf.context, SETUP, other, " ")
    takes.give_up(shelf.context, SETUP, other, "选错库房")
    with pytest.raises(ConflictError):
        stock_findings.finish(shelf.context, SETUP, other)


def narrow(units: frozenset[int]) -> Viewer:
    return Viewer(
        id="narrow", name="narrow", role="archivist",
        permissions=frozenset({Permission.TAKE_STOCK}), scope=replace(
            EVERYTHING, everything=False, units=units
        ),
    )  # fmt: skip


def test_a_paper_outside_ones_area_is_unknown_to_one_and_known_to_the_comparison(
    shelf: Shelf,
) -> None:
    stranger, number = narrow(frozenset({987})), shelf.start()
    made = shelf.scan(number, *shelf.whole(number), viewer=stranger)
    assert [one.verdict for one in made if one.kind == ""] == ["unknown"] * 4
    assert shelf.finish(number) == {}, "they lie where the books have them"
    again = shelf.start()
    shelf.finish(again)
    rows, _ = stock_findings.listed(shelf.context, stranger, again)
    assert {one.kind for one in rows} == {"box"}
    number = shelf.start()
    shelf.scan(number, *(one for one in shelf.whole(number) if one != shelf.papers[0][1]))
    finding = shelf.finish(number)[shelf.papers[0][1]]
    with pytest.raises(NotFoundError):
        stock_findings.settle(
            shelf.context, stranger, number, finding.id, Settling("explained", "x")
        )


@pytest.mark.parametrize(
    "act",
    [
        lambda c, v: takes.start(c, v, "K01", "box"),
        lambda c, v: takes.listed(c, v),
        lambda c, v: stock_scans.scan(c, v, 1, SLOT),
        lambda c, v: stock_findings.finish(c, v, 1),
        lambda c, v: stock_findings.listed(c, v, 1),
    ],
)
def test_who_takes_no_stock_is_refused(
    shelf: Shelf, act: Callable[[Context, Viewer], object]
) -> None:
    with pytest.raises(ForbiddenError):
        act(shelf.context, replace(SETUP, permissions=frozenset({Permission.SHELVE})))


def test_a_place_that_is_none_is_refused_with_what_to_give(shelf: Shelf) -> None:
    for place, kind in (
        ("K9", InvalidInputError), ("K99", NotFoundError), (f"{shelf.room}-77", NotFoundError),
    ):  # fmt: skip
        with pytest.raises(kind):
            takes.start(shelf.context, SETUP, place, "paper")
    with pytest.raises(InvalidInputError):
        takes.start(shelf.context, SETUP, shelf.room, "page")
    with shelf.context.reading(SETUP) as session:
        assert session.scalar(select(func.count()).select_from(StockFinding)) is not None
