"""Dates and spans of time in a query: 2026, 2026-03, 2026年3月1日, 2026-03..2026-05, >=2026-03."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta

from dossier.rules.dates import FIRST_YEAR, LAST_YEAR, number_of, parse_date
from dossier.rules.normal_form import fold

_YEAR = re.compile(r"([12][0-9]{3})年?")
_MONTH = re.compile(r"([12][0-9]{3})(?:[-./](0?[1-9]|1[0-2])|年(0?[1-9]|1[0-2])月)")
_BETWEEN = re.compile(r"(.*?)(?:\.\.+|…|至|到|(?<=[0-9年月日])-(?=[12][0-9]{3}(?![0-9])))(.*)")
_COMPARED = re.compile(r"(>=|<=|>|<|≥|≤)(.+)")
_SINCE = re.compile(r"(.+?)(?:以后|之后|以来|起)")
_BEFORE = re.compile(r"(.+?)(?:以前|之前)")
_COMPACT_MONTH = re.compile(r"([12][0-9]{3})(0[1-9]|1[0-2])")
_PART_OF_YEAR = re.compile(r"([12][0-9]{3})年?(?:第?([1-4])季度|q([1-4])|(上|下)半年)")
_WITHOUT_YEAR = re.compile(r"(0?[1-9]|1[0-2])月份?(?:(0?[1-9]|[12][0-9]|3[01])[日号])?")
_HAN_YEAR = re.compile("[〇零一二三四五六七八九]{4}(?=年|$)")
# A numeral below a hundred: 三, 十二, 二十三.
_HAN_NUMBER = re.compile(
    "(?<![一二三四五六七八九十])(?:[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])(?=[月日号季])"
)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date


_DAY_PLACES = 8  # digits of a day without signs
FIRST, LAST = date(MINYEAR, 1, 1), date(MAXYEAR, 12, 31)


def parse_period(text: str) -> Period | None:
    """The days that a text names; None when it names none. An open end reaches as far as it can.

    Example:
        >>> parse_period("2026年2月")
        Period(first=datetime.date(2026, 2, 1), last=datetime.date(2026, 2, 28))
    """
    plain = _plain(text)
    compared = _COMPARED.fullmatch(plain)
    if compared:
        return _compared(compared[1], _single(compared[2]))
    for sign, said in ((">=", _SINCE.fullmatch(plain)), ("<", _BEFORE.fullmatch(plain))):
        if said:
            return _compared(sign, _single(said[1]))
    whole = _single(plain)
    if whole:
        return whole
    between = _BETWEEN.fullmatch(plain)
    return _between(between[1], between[2]) if between else None


def days_of_any_year(text: str) -> tuple[Period, ...]:
    """The same day or month of each year, which a text names without one: 3月5日, 12月.

    Example:
        >>> days_of_any_year("3月5日")[0], days_of_any_year("2026年3月5日")
        (Period(first=datetime.date(1900, 3, 5), last=datetime.date(1900, 3, 5)), ())
    """
    found = _WITHOUT_YEAR.fullmatch(_plain(text))
    if found is None:
        return ()
    month, day = int(found[1]), int(found[2] or 0)
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    last_days = {year: monthrange(year, month)[1] for year in years}
    return tuple(
        Period(date(year, month, day or 1), date(year, month, day or last))
        for year, last in last_days.items()
        if day <= last
    )


def month_value(day: date) -> str:
    """The month of a day as the index has it, ``2026-03``."""
    return f"{day.year}-{day.month:02}"


def month_of(text: str) -> str:
    """The one month that a text names (``2026年3月``), as the index has it; else empty."""
    period = parse_period(text)
    if period is None or month_value(period.first) != month_value(period.last):
        return ""
    is_whole = period.first.day == 1 and (period.last + timedelta(days=1)).day == 1
    return month_value(period.first) if is_whole else ""


def named_period(text: str) -> Period | None:
    """The days that a word of the box names; digits alone are only a day (``20260301``)."""
    plain = "".join(fold(text).split())
    whole_day = len(plain) == _DAY_PLACES
    return None if plain.isdecimal() and not whole_day else parse_period(text)


def single_month(text: str) -> date | None:
    """The first day of a month that is written as one (``2026-03``, ``2026年3月``)."""
    plain = _plain(text)
    period = _single(plain) if _MONTH.fullmatch(plain) else None
    return period.first if period else None


def year_of(text: str) -> str:
    """The one year that a text names (``2026年``), as the index has it; else empty."""
    found = _YEAR.fullmatch(_plain(text))
    return found[1] if found else ""


PERIOD_FACETS: Mapping[str, Callable[[str], str]] = {"year": year_of, "month": month_of}
"""Facets of dates, and what a typed value is in them; empty when it is none of theirs."""


def _between(left: str, right: str) -> Period | None:
    begin, end = _single(left), _single(right)
    if (left and not begin) or (right and not end) or not (begin or end):
        return None
    first = begin.first if begin else FIRST
    last = end.last if end else LAST
    return Period(first, last) if first <= last else None


def _compared(sign: str, period: Period | None) -> Period | None:
    if period is None:
        return None
    match sign:
        case ">=" | "≥":
            return Period(period.first, LAST)
        case "<=" | "≤":
            return Period(FIRST, period.last)
        case ">":
            return Period(date.fromordinal(period.last.toordinal() + 1), LAST)
        case _:
            return Period(FIRST, date.fromordinal(period.first.toordinal() - 1))


def _single(text: str) -> Period | None:
    """A year, a month or a day."""
    if found := _YEAR.fullmatch(text):
        year = int(found[1])
        known = FIRST_YEAR <= year <= LAST_YEAR
        return Period(date(year, 1, 1), date(year, 12, 31)) if known else None
    if found := _MONTH.fullmatch(text) or _COMPACT_MONTH.fullmatch(text):
        year, month = int(found[1]), int(next(filter(None, found.groups()[1:])))
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return None
        return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
    if found := _PART_OF_YEAR.fullmatch(text):
        return _part_of_year(found)
    day = parse_date(text)
    return Period(day, day) if day else None


def _part_of_year(found: re.Match[str]) -> Period | None:
    """A quarter or half of a year."""
    year, quarter = int(found[1]), found[2] or found[3]
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    last = int(quarter) * 3 if quarter else (6 if found[4] == "上" else 12)
    first = last - (2 if quarter else 5)
    return Period(date(year, first, 1), date(year, last, monthrange(year, last)[1]))


def _plain(text: str) -> str:
    """Folded, without spaces, a date's Chinese numerals as digits: 二〇二六年三月."""
    plain = "".join(fold(text).split())
    plain = _HAN_YEAR.sub(lambda year: f"{number_of(year[0]):04}", plain)
    return _HAN_NUMBER.sub(lambda number: f"{number_of(number[0])}", plain)
