"""Units, lines and districts through time, on both databases; customers and papers follow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dossier import access
from dossier.db import outbox
from dossier.db.organisation_tables import PlaceMove, PlaceState
from dossier.db.tables import (
    AuditEvent,
    Customer,
    CustomerPast,
    District,
    Document,
    IndexChange,
    Line,
    OrgUnit,
)
from dossier.errors import ForbiddenError, NotFoundError
from dossier.plugins.people import origin
from dossier.records import DocumentState
from dossier.rules.organisation import Change, PlaceKind, RefusedChangeError, Wanted
from dossier.services import customer_import, filing, organisation, organisation_moves
from dossier.services.context import Context
from dossier.viewer import Permission, Scope, Viewer, system_viewer
from tests.support_archive import NOW, add_content, make_archive

SYSTEM = system_viewer("test")
TODAY = date(2026, 11, 22)
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing in it that the two databases could do differently."""
UNIT, LINE, DISTRICT = PlaceKind.UNIT, PlaceKind.LINE, PlaceKind.DISTRICT


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[Context]:
    made = make_archive(tmp_path / "home", database_url=database_url)
    yield made
    made.database.dispose()


def do(house: Context, change: Change, kind: PlaceKind, **more: object) -> int:
    wanted = Wanted(change, kind, **({"on": TODAY, "reason": "三集五大"} | more))  # type: ignore[arg-type]
    return organisation.change_place(house, SYSTEM, wanted)


def found(house: Context, name: str, kind: PlaceKind = UNIT, **more: object) -> int:
    return do(house, Change.FOUNDED, kind, name=name, on=date(2020, 1, 1), **more)


def names_on(house: Context, day: date) -> dict[str, str | None]:
    """Open units on a day with the name of the one above."""
    with house.reading(SYSTEM) as session:
        tree = organisation.load(session)
    units = {one.place_id: one for one in tree.on(day, UNIT)}
    return {
        one.name: units[one.unit_id].name if one.unit_id else None
        for one in units.values()
        if one.is_open
    }


def add_customers(house: Context, tmp_path: Path, rows: list[str]) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("customer_no,name,unit,line,district\n" + "\n".join(rows), encoding="utf-8")
    customer_import.import_customers(house, SYSTEM, file, dry_run=False)


def file_paper(house: Context, customer_no: str, sha: str = "a" * 64) -> str:
    with house.writing(SYSTEM) as session:
        add_content(session, sha)
        paper = Document(
            rowid=int(sha[:2], 16),
            state=DocumentState.FILED,
            captured_at=NOW,
            sha256=sha,
            reference_code="Q018-KH·DY·2025-D30-000123-004",
        )
        session.add(paper)
        owner = session.get_one(Customer, customer_no)
        filing.place(session, paper, owner, confidence=1.0, reasons=["person"], at=NOW)
        return paper.id


def sees(house: Context, unit_id: int) -> set[str]:
    """Customers that somebody with a role at a unit sees."""
    with house.reading(SYSTEM) as session:
        units = access.subtree(session, [unit_id])
    viewer = Viewer("u", "u", "r", frozenset({Permission.READ_CUSTOMER}), Scope(units=units))
    with house.reading(viewer) as session:
        return set(session.scalars(select(Customer.customer_no)))


# -- history ------------------------------------------------------------------------------------


def test_the_tree_of_any_day_is_answered_after_moves_names_and_mergers(house: Context) -> None:
    top = found(house, "市公司")
    north, east = found(house, "北供电所", unit_id=top), found(house, "东供电所", unit_id=top)
    crew = found(house, "装表班", unit_id=east)
    do(house, Change.RENAMED, UNIT, place_id=north, name="北城供电所", on=date(2022, 5, 1))
    do(house, Change.MOVED, UNIT, place_id=crew, unit_id=north, on=date(2023, 5, 1))
    do(house, Change.MERGED, UNIT, place_id=east, successor_id=north, on=date(2024, 5, 1))

    assert names_on(house, date(2019, 12, 31)) == {}
    assert names_on(house, date(2022, 4, 30))["装表班"] == "东供电所"
    assert "北城供电所" not in names_on(house, date(2022, 4, 30))
    assert names_on(house, date(2023, 5, 1)) == {
        "市公司": None,
        "北城供电所": "市公司",
        "东供电所": "市公司",
        "装表班": "北城供电所",
    }
    assert "东供电所" not in names_on(house, date(2024, 5, 1))
    assert "东供电所" in names_on(house, date(2024, 4, 30))


@ON_ONE
def test_units_that_a_customer_file_made_have_a_past_before_their_first_change(
    house: Context, tmp_path: Path
) -> None:
    add_customers(house, tmp_path, ["4200000001,甲,东供电所,,"])
    with house.reading(SYSTEM) as session:
        east = session.scalars(select(OrgUnit.id)).one()
    do(house, Change.RENAMED, UNIT, place_id=east, name="东城供电所")
    assert names_on(house, date(2001, 1, 1)) == {"东供电所": None}
    assert names_on(house, TODAY) == {"东城供电所": None}


@ON_ONE
def test_a_change_to_come_waits_for_its_day_and_may_be_withdrawn(house: Context) -> None:
    top, day = found(house, "市公司"), TODAY + timedelta(days=40)
    do(house, Change.RENAMED, UNIT, place_id=top, name="新市公司", on=day)
    with house.reading(SYSTEM) as session:
        assert session.get_one(OrgUnit, top).name == "市公司"
    assert organisation.apply_on_its_day(house) == 0
    house.clock.advance(timedelta(days=41))  # type: ignore[attr-defined]
    assert organisation.apply_on_its_day(house) == 1
    with house.reading(SYSTEM) as session:
        assert session.get_one(OrgUnit, top).name == "新市公司"
        row = session.scalars(select(PlaceState.id).where(PlaceState.change == "renamed")).one()
    with pytest.raises(RefusedChangeError, match="in force"):
        organisation.withdraw(house, SYSTEM, row)


@ON_ONE
def test_a_planned_merger_is_withdrawn_with_all_that_came_along(house: Context) -> None:
    north, east = found(house, "北供电所"), found(house, "东供电所")
    found(house, "10kV东线", LINE, unit_id=east)
    day = TODAY + timedelta(days=9)
    do(house, Change.MERGED, UNIT, place_id=east, successor_id=north, on=day)
    new = do(house, Change.FOUNDED, UNIT, name="西供电所", on=day)
    with house.reading(SYSTEM) as session:
        own = select(PlaceState.id).where(PlaceState.since == day, PlaceState.along_of.is_(None))
        ids = session.scalars(own).all()
    for state_id in ids:
        organisation.withdraw(house, SYSTEM, state_id)
    with house.reading(SYSTEM) as session:
        assert session.scalars(select(PlaceState).where(PlaceState.since == day)).all() == []
        assert session.get(OrgUnit, new) is None
    with pytest.raises(NotFoundError):
        organisation.withdraw(house, SYSTEM, ids[0])


# -- who follows --------------------------------------------------------------------------------


def test_a_merged_unit_s_papers_stay_captured_there_and_are_seen_from_where_it_is_now(
    house: Context, tmp_path: Path
) -> None:
    add_customers(
        house,
        tmp_path,
        ["4200000001,甲,东供电所,10kV东线,东01", "4200000002,乙,北供电所,10kV北线,北01"],
    )
    paper = file_paper(house, "4200000001")
    with house.reading(SYSTEM) as session:
        units = dict(session.execute(select(OrgUnit.name, OrgUnit.id)).all())
    east, north = units["东供电所"], units["北供电所"]
    assert sees(house, north) == {"4200000002"}
    with house.writing(SYSTEM) as session:
        session.query(IndexChange).delete()
    do(house, Change.MERGED, UNIT, place_id=east, successor_id=north)
    assert sees(house, north) == {"4200000001", "4200000002"}, "before the customers have followed"
    organisation_moves.follow_all(house)

    with house.reading(SYSTEM) as session:
        document, customer = (
            session.get_one(Document, paper),
            session.get_one(Customer, "4200000001"),
        )
        line, district = (
            session.get_one(Line, customer.line_id),
            session.get_one(District, customer.district_id),
        )
        keys = set(session.execute(select(IndexChange.index, IndexChange.key)).all())
        past = session.scalars(select(CustomerPast)).one()
    assert (document.unit_id, document.captured_unit_id) == (north, east)
    assert document.reference_code == "Q018-KH·DY·2025-D30-000123-004"
    assert {customer.unit_id, line.unit_id, district.unit_id} == {north}
    [panel] = origin.of_document(house, SYSTEM, paper)
    assert panel.rows == (("采集单位", "东供电所"),)
    assert keys == {(outbox.CUSTOMERS, "4200000001"), (outbox.DOCUMENTS, paper)}
    assert past.record["unit_id"] == east
    assert sees(house, north) == {"4200000001", "4200000002"}


def test_a_district_goes_to_another_line_and_only_its_customers_follow(
    house: Context, tmp_path: Path
) -> None:
    rows = [f"42000000{n:02},客户,东供电所,10kV东线,东{n % 2}" for n in range(10)]
    rows.append("4200000099,客户,北供电所,10kV北线,北1")
    add_customers(house, tmp_path, rows)
    with house.reading(SYSTEM) as session:
        moved = session.scalars(select(District).where(District.name == "东1")).one()
        line = session.scalars(select(Line).where(Line.name == "10kV北线")).one()
    do(house, Change.MOVED, DISTRICT, place_id=moved.id, line_id=line.id)
    organisation_moves.follow_all(house)
    with house.reading(SYSTEM) as session:
        there = session.scalars(select(Customer).where(Customer.line_id == line.id)).all()
    assert {one.unit_id for one in there} == {line.unit_id}
    assert len(there) == 6


def test_a_broken_off_move_goes_on_where_it_was_and_tells_how_far_it_is(
    house: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"42000000{n:02},客户,东供电所,10kV东线,东1" for n in range(50)]
    add_customers(house, tmp_path, [*rows, "4300000000,客户,北供电所,10kV北线,北1"])
    with house.reading(SYSTEM) as session:
        moved = session.scalars(select(District.id).where(District.name == "东1")).one()
        line = session.scalars(select(Line.id).where(Line.name == "10kV北线")).one()
    monkeypatch.setattr(organisation_moves, "BATCH", 20)
    do(house, Change.MOVED, DISTRICT, place_id=moved, line_id=line)
    assert organisation_moves.follow(house)
    [moving] = organisation_moves.moves(house)
    assert (moving.done, moving.total, moving.finished_at) == (20, 50, None)

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(organisation_moves, "relocate", dies)
        with pytest.raises(RuntimeError):
            organisation_moves.follow(house)
    organisation_moves.follow_all(house)
    [moving] = organisation_moves.moves(house)
    assert (moving.done, moving.finished_at is not None) == (50, True)
    with house.reading(SYSTEM) as session:
        assert session.scalar(select(func.count(CustomerPast.id))) == 50, "none is moved twice"


def test_a_file_that_still_names_the_old_places_brings_nobody_back(
    house: Context, tmp_path: Path
) -> None:
    rows = ["4200000001,甲,东供电所,10kV东线,东01", "4200000002,乙,北供电所,10kV北线,北01"]
    add_customers(house, tmp_path, rows)
    with house.reading(SYSTEM) as session:
        units = dict(session.execute(select(OrgUnit.name, OrgUnit.id)).all())
    do(house, Change.RENAMED, UNIT, place_id=units["北供电所"], name="北城供电所")
    do(house, Change.MERGED, UNIT, place_id=units["东供电所"], successor_id=units["北供电所"])
    organisation_moves.follow_all(house)
    add_customers(house, tmp_path, rows)
    with house.reading(SYSTEM) as session:
        assert set(session.scalars(select(Customer.unit_id))) == {units["北供电所"]}
        assert session.scalar(select(func.count(OrgUnit.id))) == 2
        assert session.scalar(select(func.count(Line.id))) == 2
        assert session.scalar(select(func.count(District.id))) == 2


# -- what is refused ----------------------------------------------------------------------------


def test_a_cyclic_tree_is_refused_today_and_on_every_day_to_come(house: Context) -> None:
    top, mid, low = found(house, "甲"), found(house, "乙"), found(house, "丙")
    do(house, Change.MOVED, UNIT, place_id=mid, unit_id=top, on=date(2021, 1, 1))
    do(house, Change.MOVED, UNIT, place_id=low, unit_id=mid, on=TODAY + timedelta(days=5))
    for below in (top, mid):
        with pytest.raises(RefusedChangeError, match="below"):
            do(house, Change.MOVED, UNIT, place_id=top, unit_id=below)
    with pytest.raises(RefusedChangeError, match="below"):
        do(house, Change.MOVED, UNIT, place_id=top, unit_id=low)  # true from the fifth day on
    with pytest.raises(RefusedChangeError, match="below"):
        do(house, Change.MERGED, UNIT, place_id=top, successor_id=mid)
    assert names_on(house, TODAY) == {"甲": None, "乙": "甲", "丙": None}


def test_two_moves_at_once_make_no_cycle_together(house: Context) -> None:
    one, two = found(house, "甲"), found(house, "乙")
    start, refused = threading.Barrier(2), []

    def move(place: int, above: int) -> None:
        start.wait()
        try:
            do(house, Change.MOVED, UNIT, place_id=place, unit_id=above)
        except RefusedChangeError:
            refused.append(place)

    threads = [threading.Thread(target=move, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1


REFUSED = [
    ({"change": Change.CLOSED, "on": date(2019, 12, 31)}, "founded on 2020-01-01"),
    ({"change": Change.CLOSED}, "still belongs"),
    ({"change": Change.MOVED, "unit_id": None}, "there already"),
    ({"change": Change.MOVED, "unit_id": 999_999}, "not exist"),
    ({"change": Change.RENAMED, "name": "  "}, "name"),
    ({"change": Change.RENAMED, "name": "已撤销所"}, "taken"),
    ({"change": Change.RENAMED, "name": "新", "reason": " "}, "reason"),
    ({"change": Change.RENAMED, "name": "新", "on": date(1066, 10, 14)}, "No such day"),
    ({"change": Change.RENAMED, "name": "长" * 201}, "200"),
    ({"change": Change.MERGED, "successor_id": None}, "another unit"),
    ({"change": Change.MOVED, "place_id": 999_999}, "no such place"),
]


@ON_ONE
def test_what_the_organisation_does_not_allow_is_refused_with_what_to_do(house: Context) -> None:
    unit = found(house, "东供电所")
    found(house, "10kV东线", LINE, unit_id=unit)
    gone = found(house, "已撤销所")
    do(house, Change.CLOSED, UNIT, place_id=gone, on=date(2024, 1, 1))
    with house.reading(SYSTEM) as session:
        before = session.scalar(select(func.count(PlaceState.id)))
    for wanted, told in REFUSED:
        with pytest.raises(RefusedChangeError, match=told) as refusal:
            do(house, kind=UNIT, **({"place_id": unit} | wanted))  # type: ignore[arg-type]
        assert refusal.value.detail_zh, wanted
    for change in (Change.MOVED, Change.FOUNDED):
        with pytest.raises(RefusedChangeError, match="closed from 2024-01-01"):
            do(house, change, UNIT, place_id=unit, name="x", unit_id=gone)
    with pytest.raises(RefusedChangeError, match="found it anew"):
        do(house, Change.RENAMED, UNIT, place_id=gone, name="又一所")
    with house.reading(SYSTEM) as session:
        assert session.scalar(select(func.count(PlaceState.id))) == before, "nothing half done"


@ON_ONE
def test_a_place_with_customers_is_not_closed(house: Context, tmp_path: Path) -> None:
    add_customers(house, tmp_path, ["4200000001,甲,东供电所,10kV东线,东01"])
    with house.reading(SYSTEM) as session:
        district = session.scalars(select(District.id)).one()
    with pytest.raises(RefusedChangeError, match="1 customers"):
        do(house, Change.CLOSED, DISTRICT, place_id=district)


@ON_ONE
def test_only_who_manages_the_whole_organisation_changes_it(house: Context) -> None:
    wanted = Wanted(Change.FOUNDED, UNIT, TODAY, name="x", reason="y")
    nobody = Viewer("u", "u", "agent", frozenset({Permission.SEARCH}))
    part = Viewer(
        "u", "u", "r", frozenset({Permission.MANAGE_ORGANISATION}), Scope(units=frozenset({1}))
    )
    for viewer in (nobody, part):
        with pytest.raises(ForbiddenError):
            organisation.change_place(house, viewer, wanted)


@ON_ONE
def test_every_change_is_in_the_audit_with_its_reason(house: Context) -> None:
    unit = found(house, "东供电所")
    do(house, Change.RENAMED, UNIT, place_id=unit, name="东城供电所", reason="更名批复3号")
    with house.reading(SYSTEM) as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [one.action for one in events] == ["place.founded", "place.renamed"]
    assert (events[1].purpose, events[1].object_id) == ("更名批复3号", str(unit))


@ON_ONE
def test_a_line_takes_its_own_districts_along_and_leaves_those_of_other_units(
    house: Context,
) -> None:
    east, north = found(house, "东供电所"), found(house, "北供电所")
    line = found(house, "10kV东线", LINE, unit_id=east)
    own = found(house, "东01", DISTRICT, line_id=line)
    other = found(house, "北01", DISTRICT, line_id=line, unit_id=north)
    west = found(house, "西供电所")
    do(house, Change.MOVED, LINE, place_id=line, unit_id=west)
    with house.reading(SYSTEM) as session:
        units = {one.id: one.unit_id for one in session.scalars(select(District))}
        assert session.scalars(select(PlaceMove)).all() == [], "nobody lives there yet"
    assert units == {own: west, other: north}
