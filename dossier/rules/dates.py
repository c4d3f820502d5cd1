"""Dates as Chinese papers write them (peers.md §8, failure 6: most archives cannot read them).

``2026年8月11日``, ``二〇二六年八月十一日``, ``2026-08-11``, ``2026.8.11``, ``2026/8/11``, with the
spaces that OCR puts between. A year has four places: two-digit years and years of an era are
guesses, and a wrong date is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dossier.rules.normal_form import fold, fold_with_origins

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years outside cannot be the date of a paper in a power company's archive."""

_DIGITS = {han: str(value) for value, han in enumerate("零一二三四五六七八九")} | {
    "〇": "0", "○": "0", "o": "0", "两": "2", "壹": "1", "贰": "2", "叁": "3", "肆": "4",
    "伍": "5", "陆": "6", "柒": "7", "捌": "8", "玖": "9",
}  # fmt: skip
_NUMERAL = "".join(_DIGITS) + "十拾廿卅元"
_GAP = r"[ \t]{0,3}"
_CHINESE = re.compile(
    rf"(?<![0-9])(?P<year>[0-9o](?:{_GAP}[0-9o]){{3}}|[{_NUMERAL}](?:{_GAP}[{_NUMERAL}]){{3}}){_GAP}年"
    rf"{_GAP}(?P<month>[0-9]{{1,2}}|[{_NUMERAL}]{{1,3}}){_GAP}月"
    rf"{_GAP}(?P<day>[0-9]{{1,2}}|[{_NUMERAL}]{{1,3}}){_GAP}(?:日|号|(?![0-9{_NUMERAL}]))"
)
_PLAIN = re.compile(
    r"(?<![0-9])(?<![0-9]\.)(?P<year>[12][0-9]{3}) ?(?P<mark>[-./·年]) ?(?P<month>[0-9]{1,2})"
    r" ?(?P=mark) ?(?P<day>[0-9]{1,2})(?![0-9]|(?P=mark)[0-9])"
)
_COMPACT = re.compile(r"(?P<year>[12][0-9]{3})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_TIME = re.compile(r"[ t]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?z?$")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text; ``start`` and ``end`` are offsets in the original text, half open."""

    value: date
    start: int
    end: int


def find_dates(text: str) -> Iterator[FoundDate]:
    """All dates of a text in order; days that no calendar has are left out."""
    form = fold_with_origins(text)
    matches = [*_CHINESE.finditer(form.text), *_PLAIN.finditer(form.text)]
    reached = 0
    for match in sorted(matches, key=lambda one: one.start()):
        value = _date(match)
        if value is not None and match.start() >= reached:
            reached = match.end()
            yield FoundDate(value, *form.span(match.start(), match.end()))


def parse_date(text: str) -> date | None:
    """The date that the whole text is (also ``20260811``, and with a time of day), else None."""
    plain = _TIME.sub("", fold(text.strip())).strip()
    for pattern in (_CHINESE, _PLAIN, _COMPACT):
        match = pattern.fullmatch(plain)
        if match:
            return _date(match)
    return None


def _date(match: re.Match[str]) -> date | None:
    year, month, day = (number_of(match[part]) for part in ("year", "month", "day"))
    if year is None or month is None or day is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def number_of(numeral: str) -> int | None:
    """The value of digits, of digit characters (二〇二六), or of a numeral below 40 (二十三)."""
    plain = "".join(_DIGITS.get(character, character) for character in re.sub(r"\s", "", numeral))
    plain = plain.replace("拾", "十").replace("元", "1").replace("廿", "2十").replace("卅", "3十")
    if plain.isascii() and plain.isdigit():
        return int(plain)
    tens = re.fullmatch(r"([1-9]?)十([1-9]?)", plain)
    return int(tens[1] or 1) * 10 + int(tens[2] or 0) if tens else None
