"""Other wordings of what was typed: synonyms of the trade, and dates as papers write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache

from dossier.rules import rulebook
from dossier.rules.dates import parse_date
from dossier.search.analysis import keyword
from dossier.search.periods import single_month

_ONES = "〇一二三四五六七八九"


def synonyms(word: str) -> tuple[str, ...]:
    """The other words of a word's groups (domain.md 4.6); none for most words."""
    return _groups().get(keyword(word), ())


@cache
def _groups() -> Mapping[str, tuple[str, ...]]:
    rules = rulebook.load("synonyms")
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for line in (*rules["same"], *rules["near"]):
        words = line.split()
        for word in words:
            found[keyword(word)].update(dict.fromkeys(each for each in words if each != word))
    return {word: tuple(others) for word, others in found.items()}


def date_wordings(word: str) -> tuple[str, ...]:
    """How papers write the day or month that was typed; none when it is no whole one.

    Signs between digits are no tokens, so 2026-03-01 stands for 2026.03.01 and 2026/03/01 too.
    """
    if month := single_month(word):
        return _month_wordings(month)
    day = parse_date(word)
    if day is None:
        return ()
    short, long = f"{day.month}-{day.day}", f"{day.month:02}-{day.day:02}"
    plain = [f"{day.year}-{each}" for each in dict.fromkeys((long, short))]
    named = [
        f"{day.year}年{month}月{number}日"
        for month in dict.fromkeys((f"{day.month}", f"{day.month:02}"))
        for number in dict.fromkeys((f"{day.day}", f"{day.day:02}"))
    ]
    return (*plain, *named, *_in_numerals(day.year, day.month, day.day))


def _month_wordings(month: date) -> tuple[str, ...]:
    numbers = tuple(dict.fromkeys((f"{month.month:02}", f"{month.month}")))
    plain = (f"{month.year}-{number}" for number in numbers)
    named = (f"{month.year}年{number}月" for number in numbers)
    return (*plain, *named, *_in_numerals(month.year, month.month))


def _in_numerals(year: int, month: int, day: int | None = None) -> tuple[str, ...]:
    """As contracts are signed: 二〇二六年三月一日, with either zero."""
    behind = f"{_numeral(month)}月" + (f"{_numeral(day)}日" if day else "")
    years = (
        f"{year}".translate({ord(f"{at}"): zero if at == 0 else _ONES[at] for at in range(10)})
        for zero in "〇零"
    )
    return tuple(dict.fromkeys(f"{each}年{behind}" for each in years))


def _numeral(number: int) -> str:
    """A number below a hundred as papers write it: 二十三."""
    tens, ones = divmod(number, 10)
    ten = f"{_ONES[tens] if tens > 1 else ''}十" if tens else ""
    return ten + (_ONES[ones] if ones else "")
