"""Where paper lies: codes given once, boxes moved by two scans, fill, undo, readings (§3.4, §6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DatabaseError

from dossier.clock import FixedClock
from dossier.db import shelving as shelved
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.shelving_tables import PaperBox, PaperVolume, ShelfMove, VolumeItem
from dossier.db.tables import Customer, Document, User, new_id
from dossier.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import boxes, climate, pairing, rooms, volumes, where
from dossier.rules import lending, reference_codes, shelf_codes
from dossier.rules.shelving import ColumnShape
from dossier.services.context import Context
from dossier.viewer import EVERYTHING, Permission, Viewer
from tests.support_archive import NOW, add_content, make_archive
from tests.support_postgres import fresh_database
from tests.support_seeded import SETUP

SHA = "0" * 64
ROOM, COLUMN = "K01", ColumnShape("AB", 2, 3, 2, 70)
SLOT, OTHER = "K01-01-A-01-1-01", "K01-01-A-01-1-02"
NUMBERS = count(1)
FOREIGN = "6901234567892"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Context]:
    """An archive with a room of two faces; each test makes its own customers and boxes."""
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        context = make_archive(tmp_path_factory.mktemp("shelves"), database_url=url)
        stack.callback(context.database.dispose)
        with context.writing(SETUP) as session:
            add_content(session, SHA)
        rooms.make(context, SETUP, ROOM, "一号库房")
        rooms.add_column(context, SETUP, ROOM, 1, COLUMN)
        yield context


@pytest.fixture
def slot(archive: Context) -> str:
    """A slot in which nothing stands: the boxes of the test before are taken out."""
    with archive.writing(SETUP) as session:
        session.execute(update(PaperBox).values(slot_code=None))
    return SLOT


def add_customer(context: Context, category: str = "LR") -> str:
    nth = next(NUMBERS)
    number = f"42{nth:08}"
    with context.writing(SETUP) as session:
        session.add(
            Customer(
                customer_no=number, rowid=nth, name="客户", name_key="客户", category=category,
                updated_at=NOW,
            )
        )  # fmt: skip
    return number


def add_paper(
    context: Context, customer_no: str, *, kind: str = "C01", pages: int = 3, day: int = 1
) -> str:
    with context.writing(SETUP) as session:
        rowid = (session.scalar(select(func.max(Document.rowid))) or 0) + 1
        paper = Document(
            id=new_id(), rowid=rowid, customer_no=customer_no, type_code=kind, state="filed",
            captured_at=NOW, doc_date=date(2026, 3, day), sha256=SHA, page_count=pages,
        )  # fmt: skip
        session.add(paper)
    return paper.id


def code_of(context: Context, document_id: str) -> str | None:
    with context.reading(SETUP) as session:
        return session.get_one(Document, document_id).reference_code


def add_box(context: Context, kind: str = "H30") -> str:
    return boxes.make(context, SETUP, kind, 1, "")[0]


def moves_of(context: Context, thing: str) -> list[tuple[str, str]]:
    with context.reading(SETUP) as session:
        query = select(ShelfMove.from_place, ShelfMove.to_place).where(ShelfMove.thing == thing)
        return [tuple(row) for row in session.execute(query.order_by(ShelfMove.id))]


# -- reference codes ------------------------------------------------------------------------------


def test_papers_get_their_codes_once_in_the_order_of_the_list(archive: Context) -> None:
    customer = add_customer(archive)
    late = add_paper(archive, customer, kind="C01", day=9)
    early = add_paper(archive, customer, kind="A02", day=20)
    codes = volumes.file_papers(archive, SETUP, customer)
    assert [code_of(archive, early), code_of(archive, late)] == list(codes)
    parts = [reference_codes.parse(one) for one in codes]
    assert [one.item for one in parts] == [1, 2]
    assert {(one.fonds, one.nature, one.year) for one in parts} == {("Q018", "DY", 2026)}
    assert volumes.file_papers(archive, SETUP, customer) == ()
    more = add_paper(archive, customer)
    assert volumes.file_papers(archive, SETUP, customer) == (code_of(archive, more),)
    assert code_of(archive, early) == codes[0]


def test_a_move_of_line_or_category_or_a_new_appraisal_changes_no_code(archive: Context) -> None:
    """Acceptance case 8 of the domain book."""
    customer = add_customer(archive)
    paper = add_paper(archive, customer)
    (code,) = volumes.file_papers(archive, SETUP, customer)
    with archive.writing(SETUP) as session:
        mine = Customer.customer_no == customer
        session.execute(update(Customer).where(mine).values(category="HV", line_id=None))
        volume = session.scalars(
            select(PaperVolume).where(PaperVolume.customer_no == customer)
        ).one()
        volume.retention_current = "Y"
    more = add_paper(archive, customer)
    (second,) = volumes.file_papers(archive, SETUP, customer)
    assert code_of(archive, paper) == code
    assert second == code[:-3] + "002" == code_of(archive, more)


@pytest.mark.parametrize(("category", "nature"), [("HV", "GY"), ("LN", "DY"), ("PV", "GF")])
def test_the_nature_comes_from_the_customers_category(
    archive: Context, category: str, nature: str
) -> None:
    customer = add_customer(archive, category)
    add_paper(archive, customer)
    (code,) = volumes.file_papers(archive, SETUP, customer)
    assert reference_codes.parse(code).nature == nature


def test_a_full_volume_is_closed_and_the_next_one_opened(archive: Context) -> None:
    customer = add_customer(archive)
    for _ in range(3):
        add_paper(archive, customer, pages=120)
    codes = [reference_codes.parse(one) for one in volumes.file_papers(archive, SETUP, customer)]
    assert [one.item for one in codes] == [1, 1, 1]
    assert len({one.volume for one in codes}) == 3
    shelf = volumes.of_customer(archive, SETUP, customer)
    assert [one.closed_at is not None for one in shelf.volumes] == [True, True, False]


def test_a_paper_of_another_customer_gets_a_new_code_and_its_old_number_stays_taken(
    archive: Context,
) -> None:
    wrong, right = add_customer(archive), add_customer(archive)
    paper, stays = add_paper(archive, wrong, day=1), add_paper(archive, wrong, day=2)
    old = volumes.file_papers(archive, SETUP, wrong)
    with archive.writing(SETUP) as session:
        session.get_one(Document, paper).customer_no = right
    (new,) = volumes.file_papers(archive, SETUP, right)
    assert code_of(archive, paper) == new != old[0]
    more = add_paper(archive, wrong, day=3)
    assert volumes.file_papers(archive, SETUP, wrong) == (old[0][:-3] + "003",)
    (volume,) = volumes.of_customer(archive, SETUP, wrong).volumes
    assert [one.document_id for one in volume.items] == [stays, more]
    assert volume.hidden == 0


def test_a_code_once_given_can_neither_be_changed_nor_removed(archive: Context) -> None:
    customer = add_customer(archive)
    add_paper(archive, customer)
    volumes.file_papers(archive, SETUP, customer)
    for spoil in (_rewrite, _remove):
        with pytest.raises(DatabaseError):
            spoil(archive)


def _rewrite(context: Context) -> None:
    with context.writing(SETUP) as session:
        session.execute(update(VolumeItem).values(number=VolumeItem.number + 100))


def _remove(context: Context) -> None:
    with context.writing(SETUP) as session:
        session.execute(delete(VolumeItem))


def test_two_who_file_at_once_give_each_paper_one_code(archive: Context) -> None:
    customers = [add_customer(archive) for _ in range(4)]
    papers = [add_paper(archive, one) for one in customers for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda one: volumes.file_papers(archive, SETUP, one), customers * 2)
        codes = [code for each in found for code in each]
    assert len(codes) == len(set(codes)) == len(papers)


# -- boxes and slots ------------------------------------------------------------------------------


def test_a_box_is_put_into_a_slot_by_two_scans_and_every_move_is_written(
    archive: Context, slot: str
) -> None:
    box = add_box(archive)
    first = boxes.move(archive, SETUP, f" {box.lower()}\r", slot.lower().replace("-", "－"))
    boxes.move(archive, SETUP, box, OTHER)
    assert (first.left, first.came_to) == ("", slot)
    assert boxes.get(archive, SETUP, box).slot == OTHER
    assert moves_of(archive, box) == [("", slot), (slot, OTHER)]
    assert boxes.move(archive, SETUP, box, OTHER).move_id is None
    assert len(moves_of(archive, box)) == 2


def test_the_last_move_is_undone_and_no_older_one(archive: Context, slot: str) -> None:
    box = add_box(archive)
    first = boxes.move(archive, SETUP, box, slot)
    second = boxes.move(archive, SETUP, box, OTHER)
    assert first.move_id
    assert second.move_id
    with pytest.raises(ConflictError):
        boxes.undo(archive, SETUP, first.move_id)
    undone = boxes.undo(archive, SETUP, second.move_id)
    assert (undone.came_to, boxes.get(archive, SETUP, box).slot) == (slot, slot)
    with pytest.raises(ConflictError):
        boxes.undo(archive, SETUP, second.move_id)


@pytest.mark.parametrize(
    ("where_to", "error"),
    [
        ("K01-09-A-01-1-01", NotFoundError),
        ("K77-01-A-01-1-01", NotFoundError),
        ("K01", InvalidInputError),
        (FOREIGN, InvalidInputError),
    ],
)
def test_an_unknown_slot_is_refused_with_what_to_do(
    archive: Context, where_to: str, error: type[Exception]
) -> None:
    box = add_box(archive)
    with pytest.raises(error) as told:
        boxes.move(archive, SETUP, box, where_to)
    assert told.value.detail_zh
    assert moves_of(archive, box) == []


def test_a_full_slot_is_refused_and_says_how_full_it_is(archive: Context, slot: str) -> None:
    for _ in range(2):
        boxes.move(archive, SETUP, add_box(archive), slot)  # 60 of 70 mm
    third = add_box(archive)
    with pytest.raises(ConflictError, match="full") as told:
        boxes.move(archive, SETUP, third, slot)
    assert "已占 60 毫米" in told.value.detail_zh
    assert moves_of(archive, third) == []


def test_a_closed_slot_takes_nothing_until_it_is_opened(archive: Context, slot: str) -> None:
    box = add_box(archive)
    rooms.close_slot(archive, SETUP, slot, "渗水")
    with pytest.raises(ConflictError, match="closed"):
        boxes.move(archive, SETUP, box, slot)
    rooms.close_slot(archive, SETUP, slot, "")
    assert boxes.move(archive, SETUP, box, slot).came_to == slot


def test_a_foreign_and_a_misread_bar_code_are_told_apart_from_an_unknown_box(
    archive: Context, slot: str
) -> None:
    box = add_box(archive)
    misread = box[:-1] + ("0" if box[-1] != "0" else "1")
    for scan, error in (
        (FOREIGN, InvalidInputError),
        (misread, InvalidInputError),
        (str(shelf_codes.box_code("Q018", 99_999_999)), NotFoundError),
        (str(shelf_codes.box_code("Z999", 1)), NotFoundError),
    ):
        with pytest.raises(error):
            boxes.move(archive, SETUP, scan, slot)


def test_an_empty_box_goes_out_of_use_and_is_refused_from_then_on(
    archive: Context, slot: str, volume: tuple[str, str, str]
) -> None:
    box = add_box(archive)
    boxes.move(archive, SETUP, box, slot)
    volumes.put(archive, SETUP, volume[0], box)
    with pytest.raises(ConflictError, match="another one first"):
        boxes.retire(archive, SETUP, box)
    volumes.put(archive, SETUP, volume[0], "")
    boxes.retire(archive, SETUP, box)
    assert (boxes.get(archive, SETUP, box).slot, boxes.get(archive, SETUP, box).retired) == (
        None,
        True,
    )
    assert moves_of(archive, box) == [("", slot), (slot, "")]
    with pytest.raises(ConflictError, match="out of use"):
        boxes.move(archive, SETUP, box, slot)
    with pytest.raises(ConflictError, match="out of use"):
        volumes.put(archive, SETUP, volume[0], box)
    with archive.reading(SETUP) as session:
        assert not shelved.is_place(session, box)


def test_many_who_fill_one_slot_at_once_put_in_what_fits(archive: Context, slot: str) -> None:
    new = boxes.make(archive, SETUP, "H20", 6, "")

    def put(box: str) -> bool:
        try:
            boxes.move(archive, SETUP, box, slot)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(put, new)) == 3  # 60 of 70 mm
    room = rooms.get(archive, SETUP, ROOM)
    assert (room.fill.used_mm, room.boxes) == (60, 3)


def test_numbers_of_boxes_are_given_once(archive: Context) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda _: boxes.make(archive, SETUP, "H30", 3, ""), range(4))
        codes = [one for each in made for one in each]
    assert len(set(codes)) == 12
    assert all(str(shelf_codes.parse_box(one)) == one for one in codes)


# -- volumes in boxes -------------------------------------------------------------------------------


@pytest.fixture
def volume(archive: Context) -> tuple[str, str, str]:
    """A volume, its one paper, and the original of that, which its bringer has."""
    customer = add_customer(archive)
    paper = add_paper(archive, customer)
    (code,) = volumes.file_papers(archive, SETUP, customer)
    return code.rpartition("-")[0], paper, own_original(archive, paper)


def own_original(context: Context, paper: str) -> str:
    with context.writing(SETUP) as session:
        found = session.scalar(select(PaperOriginal).where(PaperOriginal.document_id == paper))
        if found is None:
            found = PaperOriginal(
                document_id=paper,
                custodian_kind="person",
                custodian="somebody",
                since=NOW,
                moved_by="somebody",
            )
            session.add(found)
            session.flush()
        return found.id


def test_where_a_paper_belongs_is_told_down_to_the_slot_and_its_box_has_it(
    archive: Context, slot: str, volume: tuple[str, str, str]
) -> None:
    code, paper, original = volume
    box = add_box(archive)
    with archive.reading(SETUP) as session:
        assert shelved.home_of(session, [original])[original].box_bar_code is None
    volumes.put(archive, SETUP, code, box)
    boxes.move(archive, SETUP, box, slot)
    with archive.reading(SETUP) as session:
        home = shelved.home_of(session, [original, "unknown"])
        row = session.get_one(PaperOriginal, original)
        assert (row.custodian_kind, row.custodian) == ("place", box)
        assert shelved.originals_in(session, box) == [original]
        assert shelved.is_place(session, box)
        assert shelved.is_place(session, ROOM)
        assert not shelved.is_place(session, "K99")
    assert list(home) == [original]
    assert (home[original].box_bar_code, home[original].slot_code) == (box, slot)
    assert home[original].reference_code == f"{code}-001"
    place, face = where.look(archive, SETUP, paper)
    assert place is not None
    assert face is not None
    assert (place.box, place.slot, place.item) == (box, slot, 1)
    (marked,) = [
        one for layer in face.layers for part in layer for one in part if one.code == place.slot
    ]
    assert marked.boxes == (box,)


def test_a_box_that_moves_changes_no_custodian(
    archive: Context, slot: str, volume: tuple[str, str, str]
) -> None:
    code, _, original = volume
    box = add_box(archive)
    volumes.put(archive, SETUP, code, box)
    boxes.move(archive, SETUP, box, slot)
    with archive.reading(SETUP) as session:
        before = session.get_one(PaperOriginal, original).since
    boxes.move(archive, SETUP, box, OTHER)
    with archive.reading(SETUP) as session:
        assert session.get_one(PaperOriginal, original).since == before


def test_a_volume_that_is_taken_out_of_its_box_is_on_the_desk(
    archive: Context, volume: tuple[str, str, str]
) -> None:
    """The box had it else, and nobody would look on the desk (S2-14)."""
    code, _, original = volume
    volumes.put(archive, SETUP, code, add_box(archive))
    volumes.put(archive, SETUP, code, "")
    with archive.reading(SETUP) as session:
        row = session.get_one(PaperOriginal, original)
        assert (row.custodian_kind, row.custodian) == ("place", lending.load().desk)


def test_what_somebody_borrowed_stays_with_the_borrower_when_its_volume_moves(
    archive: Context, volume: tuple[str, str, str]
) -> None:
    code, _, original = volume
    with archive.writing(SETUP) as session:
        person = User(id=new_id(), name=f"borrower{next(NUMBERS)}", created_at=NOW)
        session.add(person)
        session.flush()
        loan = Loan(
            number=next(NUMBERS) + 5_000, kind="paper", state="out", original_id=original,
            borrower_id=person.id, purpose="x", minutes=60, asked_at=NOW, lapses_at=NOW,
        )  # fmt: skip
        session.add(loan)
    volumes.put(archive, SETUP, code, add_box(archive))
    with archive.reading(SETUP) as session:
        assert session.get_one(PaperOriginal, original).custodian_kind == "person"


def test_a_full_box_is_refused(archive: Context) -> None:
    box = add_box(archive, "H20")  # 150 pages
    first, second = add_customer(archive), add_customer(archive)
    add_paper(archive, first, pages=100)
    add_paper(archive, second, pages=60)
    one, other = (volumes.file_papers(archive, SETUP, each)[0] for each in (first, second))
    volumes.put(archive, SETUP, one, box)
    with pytest.raises(ConflictError, match="full"):
        volumes.put(archive, SETUP, other, box)
    view = boxes.get(archive, SETUP, box)
    assert (view.volumes, view.pages.used_mm, view.pages.percent) == (1, 100, 66)


def test_what_lies_in_a_box_is_walked_to_in_the_order_of_the_room(archive: Context) -> None:
    codes = ["K01-01-B-02-1-01", "K01-01-A-01-3-01", "K01-01-A-01-1-01", "K01-01-B-01-1-01"]
    walked = sorted(codes, key=lambda one: shelf_codes.parse_slot(one).walk)
    assert walked == [codes[1], codes[2], codes[3], codes[0]]


# -- rights, readings, wrong input ------------------------------------------------------------------


def nobody(permission: Permission) -> Viewer:
    return Viewer("u", "u", "agent", frozenset({permission}), EVERYTHING)


@pytest.mark.parametrize(
    "act",
    [
        lambda c, v: rooms.listed(c, v),
        lambda c, v: rooms.make(c, v, "K09", "x"),
        lambda c, v: boxes.make(c, v, "H30", 1, ""),
        lambda c, v: boxes.move(c, v, "KHQ01800000001", SLOT),
        lambda c, v: volumes.file_papers(c, v, "4200000001"),
        lambda c, v: volumes.put(c, v, "x", "y"),
        lambda c, v: climate.note_reading(c, v, ROOM, temperature_c=20, humidity_percent=50),
    ],
)
def test_who_does_not_run_the_room_changes_nothing(
    archive: Context, act: Callable[[Context, Viewer], Any]
) -> None:
    with pytest.raises(ForbiddenError):
        act(archive, nobody(Permission.READ_CUSTOMER))


def test_readings_outside_the_limits_and_great_changes_are_named(archive: Context) -> None:
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    assert climate.air(archive, SETUP, ROOM).is_late
    for temperature, humidity in ((20.0, 50.0), (20.5, 52.0), (24.1, 61.0), (13.0, 44.0)):
        clock.advance(timedelta(hours=6))
        climate.note_reading(
            archive, SETUP, ROOM, temperature_c=temperature, humidity_percent=humidity
        )
    air = climate.air(archive, SETUP, ROOM)
    assert not air.is_late
    assert [one.wrong for one in air.readings] == [
        ("cold", "dry", "swings"),
        ("warm", "damp", "swings"),
        (),
        (),
    ]
    clock.advance(timedelta(hours=49))
    assert climate.air(archive, SETUP, ROOM).is_late


@pytest.mark.parametrize(
    ("temperature", "humidity"), [(float("nan"), 50), (200, 50), (20, 101), (20, -1)]
)
def test_a_reading_that_no_instrument_shows_is_refused(
    archive: Context, temperature: float, humidity: float
) -> None:
    with pytest.raises(InvalidInputError):
        climate.note_reading(
            archive, SETUP, ROOM, temperature_c=temperature, humidity_percent=humidity
        )


def test_rooms_and_columns_are_made_once_and_within_what_codes_can_say(archive: Context) -> None:
    with pytest.raises(ConflictError):
        rooms.make(archive, SETUP, ROOM, "again")
    with pytest.raises(ConflictError):
        rooms.add_column(archive, SETUP, ROOM, 1, COLUMN)
    for code, name in (("Z1", "x"), ("K1", "x"), ("K02", " ")):
        with pytest.raises(InvalidInputError):
            rooms.make(archive, SETUP, code, name)
    for number, shape in ((0, COLUMN), (2, ColumnShape("C", 1, 1, 1, 70))):
        with pytest.raises(InvalidInputError):
            rooms.add_column(archive, SETUP, ROOM, number, shape)
    with pytest.raises(InvalidInputError):
        rooms.add_column(archive, SETUP, ROOM, 2, ColumnShape("A", 1, 10, 1, 70))


@pytest.mark.parametrize(
    ("scan", "address"),
    [
        ("k01", "/shelves/rooms/K01"),
        (SLOT.lower(), f"/shelves/slots/{SLOT}"),
        ("KHQ01800000123S", "/shelves/boxes/KHQ01800000123S"),
        ("q018-kh·dy·2026-d30-000123-004", "/shelves/volumes/Q018-KH·DY·2026-D30-000123"),
    ],
)
def test_any_code_that_is_scanned_leads_to_its_page(scan: str, address: str) -> None:
    assert where.address(scan) == address


def test_a_code_of_nothing_says_what_to_scan() -> None:
    with pytest.raises(InvalidInputError) as told:
        where.address(FOREIGN)
    assert "重新扫描" in told.value.detail_zh


# -- paper and picture (S0-04) ----------------------------------------------------------------------


def test_each_filed_paper_stands_under_the_first_thing_that_its_pair_lacks(
    archive: Context, slot: str
) -> None:
    customer = add_customer(archive)
    wanted: dict[str, str] = {}
    for half in pairing.HALVES:
        wanted[half] = add_paper(archive, customer)
        if half != pairing.NO_PAPER:
            own_original(archive, wanted[half])
    before = pairing.listed(archive, SETUP).counts
    with archive.writing(SETUP) as session:
        lost = PaperOriginal.document_id == wanted[pairing.LOST]
        session.execute(update(PaperOriginal).where(lost).values(state="lost"))
        session.get_one(Document, wanted[pairing.BAD_PICTURE]).failed_pages = 1
        session.get_one(Document, wanted[pairing.NO_VOLUME]).state = "to_assign"
    (code, *_) = volumes.file_papers(archive, SETUP, customer)
    volume = code.rpartition("-")[0]
    volumes.put(archive, SETUP, volume, add_box(archive))
    with archive.writing(SETUP) as session:
        session.get_one(Document, wanted[pairing.NO_VOLUME]).state = "filed"
        session.get_one(Document, wanted[pairing.NO_BOX]).customer_no = other = add_other(session)
    volumes.file_papers(archive, SETUP, other)
    for half in pairing.HALVES:
        found = pairing.listed(archive, SETUP, half)
        assert wanted[half] in [one.id for one in found.items], half
    after = pairing.listed(archive, SETUP).counts
    assert sum(after.values()) == sum(before.values())
    with pytest.raises(InvalidInputError):
        pairing.listed(archive, SETUP, "nothing")


def add_other(session: Any) -> str:
    nth = next(NUMBERS)
    row = Customer(
        customer_no=f"42{nth:08}", rowid=nth, name="客户", name_key="客户", category="LR",
        updated_at=NOW,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.customer_no


def test_the_list_of_pairs_is_leafed_through_to_its_end(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = add_customer(archive)
    added = {add_paper(archive, customer) for _ in range(5)}
    monkeypatch.setattr(pairing, "PAGE", 2)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        found = pairing.listed(archive, SETUP, pairing.NO_PAPER, cursor)
        seen += [one.id for one in found.items]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert added <= set(seen)
    assert len(seen) == len(set(seen)) == found.counts[pairing.NO_PAPER]
