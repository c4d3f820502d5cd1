"""Other wordings of what was typed: synonyms of the trade, dates and numbers written otherwise."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache

from dossier.rules import numerals, rulebook
from dossier.rules.dates import parse_date
from dossier.rules.normal_form import HAN, fold
from dossier.rules.numerals import in_han
from dossier.search.analysis import keyword
from dossier.search.periods import single_month

_ONES = "〇一二三四五六七八九"
_LONGEST = 24
"""Characters of a word whose numbers are also looked for otherwise; longer ones are sentences."""
# An amount: cents, a sign behind it or five digits; four alone are a capacity or a year.
_AMOUNT = re.compile(
    r"(?<![0-9.a-z])(?P<whole>[1-9][0-9]{3,8})(?P<cents>\.[0-9]{1,2})?(?![0-9.a-z])(?P<sign>[元圆])?"
)
_THOUSANDS = re.compile("(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")
_SURELY_AN_AMOUNT = 5
_HAN_BEHIND = re.compile(f"[ ]?[{HAN}]")


def writings(word: str) -> tuple[str, ...]:
    """How papers write the same otherwise: a day, an amount, a count (Ⅱ段), a unit (千伏)."""
    if dates := date_wordings(word):
        return dates
    folded = fold(word).strip()
    if len(folded) > _LONGEST:
        return ()
    found = (*_with_thousands(folded), *_counted(folded), *_with_units(folded))
    return tuple(dict.fromkeys(found))


def _with_thousands(folded: str) -> Iterator[str]:
    """12345.67 is written 12,345.67, and the other way round."""
    if _THOUSANDS.search(folded):
        yield _THOUSANDS.sub(lambda amount: amount[0].replace(",", ""), folded)
    found = _AMOUNT.search(folded)
    if found and (found["cents"] or found["sign"] or len(found["whole"]) >= _SURELY_AN_AMOUNT):
        whole = f"{int(found['whole']):,}"
        yield folded[: found.start("whole")] + whole + folded[found.end("whole") :]


def _counted(folded: str) -> Iterator[str]:
    """Ⅱ段 is written 二段 and 2段, 3月5日 三月五日 and 03月05日."""
    if _HAN_BEHIND.search(folded):
        yield from numerals.otherwise(folded, _counters())


@cache
def _counters() -> re.Pattern[str]:
    words = "|".join(rulebook.load("synonyms")["counted"].split())
    return re.compile(f"[ ]?(?:{words})")


def _with_units(folded: str) -> Iterator[str]:
    """10kV is written 10千伏."""
    for pattern, others in _units():
        if found := pattern.search(folded):
            for other in others:
                yield folded[: found.start("unit")] + other + folded[found.end() :]


@cache
def _units() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """Each unit behind a number, and its other names."""
    found = []
    for line in rulebook.load("synonyms")["units"]:
        names = [fold(name).strip() for name in line.split()]
        for name in names:
            pattern = rf"(?<=[0-9])[ ]?(?P<unit>{name})(?![a-z时安])"
            others = tuple(each for each in names if each != name)
            found.append((re.compile(pattern), others))
    return tuple(found)


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
    behind = f"{in_han(month)}月" + (f"{in_han(day)}日" if day else "")
    years = (
        f"{year}".translate({ord(f"{at}"): zero if at == 0 else _ONES[at] for at in range(10)})
        for zero in "〇零"
    )
    return tuple(dict.fromkeys(f"{each}年{behind}" for each in years))
