"""Working days: weekends, holidays and swapped days as published, over leap days and month ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.clock import local_date
from dossier.errors import ConfigurationError
from dossier.rules import working_days

HEAD = "name: working_days\neffective_from: 2027-01-01\nsource: a test\nyears:\n"


@pytest.fixture(scope="module")
def calendar() -> working_days.WorkingDays:
    return working_days.load()


@pytest.mark.parametrize(("year", "off", "worked"), [(2024, 30, 8), (2025, 28, 5), (2026, 33, 6)])
def test_a_year_has_as_many_days_off_and_swapped_as_were_published(
    calendar: working_days.WorkingDays, year: int, off: int, worked: int
) -> None:
    assert sum(day.year == year for day in calendar.off) == off
    assert sum(day.year == year for day in calendar.worked) == worked


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        ("2026-11-20", True),  # Friday
        ("2026-11-21", False),  # Saturday
        ("2026-02-14", True),  # Saturday before the Spring Festival
        ("2026-02-17", False),
        ("2026-02-28", True),  # Saturday, worked instead; the last day of the month
        ("2026-01-02", False),  # Friday, swapped against Sunday 4th
        ("2026-01-04", True),
        ("2026-10-07", False),
        ("2026-10-10", True),
        ("2025-10-08", False),
        ("2025-05-31", False),
        ("2024-02-29", True),  # leap day, a Thursday
        ("2028-02-29", True),  # leap day of a year that is not published, a Tuesday
        ("2028-01-01", False),  # a Saturday
    ],
)
def test_a_day_is_worked_or_not(
    calendar: working_days.WorkingDays, day: str, *, is_worked: bool
) -> None:
    assert calendar.is_worked(date.fromisoformat(day)) is is_worked


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-11-23", -1, "2026-11-20"),
        ("2026-02-13", 1, "2026-02-14"),  # the swapped Saturday
        ("2026-02-14", 1, "2026-02-24"),  # over nine days off
        ("2026-02-24", -1, "2026-02-14"),
        ("2026-02-27", 1, "2026-02-28"),  # over the month's end by a swapped day
        ("2026-02-28", 1, "2026-03-02"),
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-10-08", 2, "2026-10-10"),
        ("2024-02-28", 1, "2024-02-29"),
        ("2024-02-29", 1, "2024-03-01"),
        ("2026-02-17", 0, "2026-02-17"),  # the day itself, worked or not
        ("2025-12-31", 1, "2026-01-04"),  # over the year's end
    ],
)
def test_working_days_are_counted_over_holidays(
    calendar: working_days.WorkingDays, day: str, count: int, found: str
) -> None:
    assert calendar.add(date.fromisoformat(day), count) == date.fromisoformat(found)


@given(st.dates(date(2023, 1, 1), date(2027, 12, 31)), st.integers(-30, 30))
def test_going_there_and_back_ends_on_the_same_working_day(day: date, count: int) -> None:
    calendar = working_days.load()
    begun = calendar.not_before(day)
    assert calendar.is_worked(begun)
    assert begun >= day >= calendar.not_after(day)
    there = calendar.add(begun, count)
    assert calendar.add(there, -count) == begun
    between = (begun + timedelta(days=at) for at in range(1, (there - begun).days + 1))
    assert count <= 0 or sum(map(calendar.is_worked, between)) == count


def test_an_instant_belongs_to_its_day_in_shanghai() -> None:
    """16:00 UTC is midnight there; a year without summer time has none to stumble over."""
    assert local_date(datetime(2024, 2, 28, 15, 59, 59, tzinfo=UTC)) == date(2024, 2, 28)
    assert local_date(datetime(2024, 2, 28, 16, tzinfo=UTC)) == date(2024, 2, 29)
    assert local_date(datetime(2026, 12, 31, 16, tzinfo=UTC)) == date(2027, 1, 1)


def test_an_archives_own_file_brings_a_year_that_was_published_later() -> None:
    own = HEAD + "  2027: {closed: [[01-01, 01-03]], worked: [01-09]}\n"
    calendar = working_days.read(own, "own")
    assert not calendar.is_worked(date(2027, 1, 1))
    assert calendar.is_worked(date(2027, 1, 9))
    assert calendar.is_published(date(2027, 6, 1))
    assert calendar.is_published(date(2026, 6, 1))
    assert not working_days.load().is_published(date(2027, 6, 1))


@pytest.mark.parametrize(
    "year",
    [
        "2027: {closed: [[01-03, 01-01]], worked: []}",
        "2027: {closed: [[02-30, 02-30]], worked: []}",
        "2027: {closed: [], worked: [01-04]}",  # a Monday is worked anyway
        "2027: {closed: [[01-02, 01-02]], worked: [01-02]}",
        "2027: {closed: 5, worked: []}",
        "2027: []",
    ],
)
def test_a_wrong_year_is_refused_by_the_files_name(year: str) -> None:
    with pytest.raises(ConfigurationError, match="own file"):
        working_days.read(f"{HEAD}  {year}\n", "own file")
