"""Which days are worked: holidays and swapped days as published, weekends otherwise (data).

All days are calendar days in Shanghai (:func:`dossier.clock.local_date`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook

RULES = "working_days"
SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The calendar.

    Attributes:
        off: holidays.
        worked: weekend days that are worked.
        years: the years that are published; of others only the weekends are known.
    """

    off: frozenset[date]
    worked: frozenset[date]
    years: frozenset[int]

    def is_worked(self, day: date) -> bool:
        """Whether a day is a working day."""
        if day in self.off:
            return False
        return day in self.worked or day.weekday() < SATURDAY

    def is_published(self, day: date) -> bool:
        """Whether the holidays of the day's year are known."""
        return day.year in self.years

    def add(self, day: date, count: int) -> date:
        """The working day that lies so many after a day, or before it where ``count`` is negative.

        The day itself is never counted; for 0 it is given back, worked or not.
        """
        step = DAY if count > 0 else -DAY
        for _ in range(abs(count)):
            day += step
            while not self.is_worked(day):
                day += step
        return day

    def not_before(self, day: date) -> date:
        """The day, or the next working day where it is none."""
        return day if self.is_worked(day) else self.add(day, 1)

    def not_after(self, day: date) -> date:
        """The day, or the last working day before it where it is none."""
        return day if self.is_worked(day) else self.add(day, -1)


@cache
def load() -> WorkingDays:
    """The built-in calendar.

    Raises:
        ConfigurationError: a year is wrong.
    """
    return _made(_years(rulebook.load(RULES), f"rulebook/{RULES}.yaml"))


def read(text: str, name: str) -> WorkingDays:
    """The built-in calendar with the years of an archive's own file.

    Args:
        text: the file's.
        name: what messages call it.

    Raises:
        ConfigurationError: a year is wrong; names file, year and reason.
    """
    own = _years(rulebook.parse(text, RULES, called=name), name)
    return _made(_years(rulebook.load(RULES), f"rulebook/{RULES}.yaml") | own)


@dataclass(frozen=True, slots=True)
class _Year:
    off: frozenset[date]
    worked: frozenset[date]


def _made(years: Mapping[int, _Year]) -> WorkingDays:
    return WorkingDays(
        off=frozenset[date]().union(*(one.off for one in years.values())),
        worked=frozenset[date]().union(*(one.worked for one in years.values())),
        years=frozenset(years),
    )


def _years(body: Mapping[str, Any], file: str) -> dict[int, _Year]:
    found: dict[int, _Year] = {}
    try:
        for year, said in body["years"].items():
            found[int(year)] = _year(int(year), said)
    except (AttributeError, KeyError, TypeError, ValueError) as err:
        raise ConfigurationError(f"{file}: {type(err).__name__}: {err}") from err
    return found


def _year(year: int, said: Mapping[str, Any]) -> _Year:
    off = frozenset(
        day for first, last in said["closed"] for day in _days(_day(year, first), _day(year, last))
    )
    worked = frozenset(_day(year, one) for one in said["worked"])
    for day in sorted(worked):
        if day in off or day.weekday() < SATURDAY:
            raise ValueError(f"{day} is worked already, or a holiday")
    return _Year(off, worked)


def _days(first: date, last: date) -> Iterator[date]:
    if last < first:
        raise ValueError(f"{first} to {last} ends before it begins")
    while first <= last:
        yield first
        first += DAY


def _day(year: int, month_day: object) -> date:
    return date.fromisoformat(f"{year}-{month_day}")
