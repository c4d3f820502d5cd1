"""How many dossiers were complete, and how many lacked what, day by day, on both databases (S2-17)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from dossier.clock import FixedClock, local_date
from dossier.db.dossier_tables import DossierCount, DossierCountDay, DossierGap, DossierState
from dossier.db.tables import Customer, District, Document, Line, OrgUnit, new_id
from dossier.plugins.completeness import daily, history, recount
from dossier.plugins.completeness.history import DayCount
from dossier.plugins.completeness.worklist import Wish
from dossier.services.context import Context
from dossier.viewer import Scope, Viewer, system_viewer
from tests.support_archive import NOW, add_content, make_archive
from tests.support_seeded import EAST, SETUP, Seeded

SHA = "0" * 64
NUMBERS = [f"42000000{number:02d}" for number in range(8)]
CODES = ("A01", "A02", "A03", "A05", "C01", "D01")
ADDRESS = "/api/v1/completeness/history"
Door = Callable[[str], TestClient]


@pytest.fixture
def archive(tmp_path: Path, database_url: str) -> Iterator[Context]:
    context = make_archive(tmp_path, database_url=database_url)
    with context.writing(SETUP) as session:
        add_content(session, SHA)
        for number in (1, 2):
            session.add(OrgUnit(id=number, name=f"所{number}"))
            session.flush()
            session.add(Line(id=number, name=f"线{number}", unit_id=number))
            session.flush()
            session.add(District(id=number, name=f"台区{number}", line_id=number, unit_id=number))
        session.flush()
        for rowid, number in enumerate(NUMBERS):
            place = rowid % 2 + 1
            session.add(
                Customer(
                    customer_no=number, rowid=rowid, name="客户", name_key="客户", updated_at=NOW,
                    category=["LR", "HV"][rowid % 2], opened_on=date(2019, 1, 1), unit_id=place,
                    line_id=place, district_id=place if rowid < 6 else None,
                )
            )  # fmt: skip
    yield context
    context.database.dispose()


def on_day(context: Context, number: int) -> Context:
    return replace(context, clock=FixedClock(NOW + timedelta(days=number)))


def settle(context: Context) -> None:
    while recount.assess_some(context):
        pass


def change(context: Context, rng: random.Random, rowid: int) -> None:
    """A paper that comes, or a customer who moves or gets another category."""
    owner = rng.choice(NUMBERS)
    with context.writing(SETUP) as session:
        chosen = update(Customer).where(Customer.customer_no == owner)
        match rng.randrange(4):
            case 0:
                place = rng.choice((1, 2))
                moved = chosen.values(unit_id=place, line_id=place, district_id=place)
                session.execute(moved)
            case 1:
                session.execute(chosen.values(category=rng.choice(("LR", "HV"))))
            case _:
                session.add(
                    Document(
                        id=new_id(), rowid=rowid, customer_no=owner, type_code=rng.choice(CODES),
                        state="filed", captured_at=context.clock.now(), sha256=SHA,
                    )
                )  # fmt: skip


def plainly(context: Context, wish: Wish, units: frozenset[int] | None) -> DayCount:
    """Counted one by one as it is now."""
    found: Counter[str] = Counter()
    with context.reading(SETUP) as session:
        lacking: dict[str, set[str]] = {}
        for gap in session.scalars(select(DossierGap)):
            lacking.setdefault(gap.customer_no, set()).add(gap.type_code)
        states = {one.customer_no: one for one in session.scalars(select(DossierState))}
        for one in session.scalars(select(Customer)):
            places = {"station": one.unit_id, "line": one.line_id, "district": one.district_id}
            if units is not None and one.unit_id not in units:
                continue
            if any(places[name] != place for name, place in wish.places.items()):
                continue
            if wish.category not in ("", one.category):
                continue
            state = states[one.customer_no]
            whole = state.present == state.required
            lacks = wish.missing in lacking.get(one.customer_no, ()) if wish.missing else not whole
            found.update(dossiers=1, complete=whole, lacking=lacks)
    day = local_date(context.clock.now())
    return DayCount(day, found["dossiers"], found["complete"], found["lacking"])


WISHES = (
    Wish(), Wish(missing="C01"), Wish(category="HV"), Wish(places={"station": 1}),
    Wish(missing="A03", places={"station": 2, "line": 2}),
    Wish(missing="A05", category="LR", places={"district": 1}),
)  # fmt: skip
EVERYBODY = system_viewer("history")


def limited(units: frozenset[int]) -> Viewer:
    scope = Scope(units=units)
    reaches = tuple(replace(one, scope=scope) for one in EVERYBODY.reaches)
    return replace(EVERYBODY, scope=scope, reaches=reaches)


def test_s2_17_each_days_figures_equal_a_plain_count_of_that_day_whatever_came_later(
    archive: Context,
) -> None:
    rng = random.Random(9)
    viewers = [(EVERYBODY, None), (limited(frozenset({1})), frozenset({1}))]
    wanted: dict[tuple[int, int], list[DayCount]] = {}
    counted = [0, 1, 2, 4, 5, 9]
    for number in counted:
        today = on_day(archive, number)
        for step in range(6):
            change(today, rng, 100 * number + step)
        settle(today)
        assert daily.count_today(today)
        change(today, rng, 100 * number + 50)  # the last count of a day is the day's
        settle(today)
        assert daily.count_today(today)
        for which, wish in enumerate(WISHES):
            for whose, (_, units) in enumerate(viewers):
                wanted.setdefault((which, whose), []).append(plainly(today, wish, units))
    last = on_day(archive, 9)
    for (which, whose), days in wanted.items():
        found = history.get(last, viewers[whose][0], WISHES[which])
        assert list(found) == days, (WISHES[which], whose)
    middle = history.get(
        last, EVERYBODY, Wish(), first=days[1].day, last=days[-2].day + timedelta(days=1)
    )
    assert list(middle) == wanted[0, 0][1:-1]


def test_a_day_on_which_nothing_changed_adds_no_figures_and_each_day_stands_once(
    archive: Context,
) -> None:
    settle(archive)
    for number in (0, 0, 1, 2):
        assert daily.count_today(on_day(archive, number))
    with archive.reading(SETUP) as session:
        assert session.scalar(select(func.count(DossierCountDay.day))) == 3
        assert set(session.scalars(select(DossierCount.since))) == {local_date(NOW)}
    assert len(history.get(on_day(archive, 2), EVERYBODY, Wish())) == 3


def test_nothing_is_counted_while_dossiers_are_still_to_be_assessed(archive: Context) -> None:
    assert not daily.count_today(archive)
    settle(archive)
    with archive.writing(SETUP) as session:
        session.execute(update(DossierState).values(rules="of-yesterday"))
    assert not daily.count_today(archive)


def test_the_line_goes_through_the_days_from_the_first_to_the_last() -> None:
    start = date(2026, 11, 1)
    days = [
        DayCount(start + timedelta(days=at), 10, 10 - lack, lack) for at, lack in ((0, 4), (4, 1))
    ]
    assert history.drawn(days) == "0.0,0.0 600.0,75.0"
    assert not history.drawn(days[:1])


# -- through the doors ----------------------------------------------------------------------------


@pytest.fixture
def counted(seeded: Seeded) -> date:
    settle(seeded.context)
    assert daily.count_today(seeded.context)
    return local_date(seeded.context.clock.now())


def test_programs_are_given_the_days_of_their_scope(door: Door, counted: date) -> None:
    everywhere, east = (
        door(who).get(ADDRESS).json()["items"] for who in ("archivist", "agent_east")
    )
    assert [(one["day"], one["dossiers"]) for one in everywhere] == [(counted.isoformat(), 2)]
    assert [one["dossiers"] for one in east] == [1]
    lacking = door("archivist").get(f"{ADDRESS}?missing=A01&category=LR").json()["items"]
    assert [one["lacking"] for one in lacking] == [2]
    day_before = counted - timedelta(days=1)
    assert door("archivist").get(f"{ADDRESS}?to={day_before}").json() == {"items": []}


@pytest.mark.parametrize("days", ["from=2026-05-02&to=2026-05-01", "from=2001-01-01&to=2026-01-01"])
def test_days_in_the_wrong_order_or_too_many_are_refused_with_the_remedy(
    door: Door, days: str
) -> None:
    refused = door("archivist").get(f"{ADDRESS}?{days}")
    assert refused.status_code == 422
    assert "先后" in refused.json()["detail_zh"]


def test_the_page_shows_a_line_and_the_same_figures_as_a_table(
    seeded: Seeded, door: Door, counted: date
) -> None:
    day_before = counted - timedelta(days=1)
    with seeded.context.writing(SETUP) as session:
        session.add(DossierCountDay(day=day_before, counted_at=seeded.context.clock.now()))
        session.execute(update(DossierCount).values(since=day_before))
    page = door("archivist").get("/incomplete").text
    assert "<polyline" in page
    assert f'<th scope="row">{day_before}</th>' in page
    assert EAST.unit in page
    assert "<polyline" not in door("archivist").get("/incomplete?state=expired").text
