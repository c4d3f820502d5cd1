"""Small numbers as papers write them: 2, 二 or Ⅱ, by which sections and circuits are counted.

The normal form turns Ⅱ into ``ii`` (domain.md 4.1), so in folded text that is the Roman two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_ONES = "〇一二三四五六七八九"
_HAN_DIGITS = {han: value for value, han in enumerate(_ONES)} | {"零": 0, "两": 2}
_ROMAN = ("", *["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"])
_ROMAN_VALUES = {written: value for value, written in enumerate(_ROMAN) if written}
_HAN = "零〇一二三四五六七八九十百"
NUMERAL = re.compile(
    rf"(?<![0-9a-z.{_HAN}])(?:(?P<digits>0?[1-9][0-9]{{0,2}})|(?P<han>[{_HAN}]{{1,4}})"
    rf"|(?P<roman>x?i{{1,3}}|iv|vi{{0,3}}|ix|x))(?![0-9a-z.{_HAN}])"
)
"""A small number in a folded text, in any of the three ways."""
_MONTH_OR_DAY = re.compile("[月日]")
_LARGEST_SPOKEN = 99
"""Larger ones are written digit by digit: 二〇八."""


def value_of(numeral: str) -> int:
    """The value of a Chinese numeral below a thousand, or of digits side by side (二〇一)."""
    if not re.search("[十百]", numeral):
        return int("".join(str(_HAN_DIGITS[character]) for character in numeral))
    total, digit = 0, 0
    for character in numeral:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGITS[character]
    return total + digit


def in_han(number: int) -> str:
    """A number as papers write it: 二十三; from a hundred on digit by digit."""
    if number > _LARGEST_SPOKEN:
        return "".join(_ONES[int(digit)] for digit in str(number))
    tens, ones = divmod(number, 10)
    ten = f"{_ONES[tens] if tens > 1 else ''}十" if tens else ""
    return ten + (_ONES[ones] if ones else "")


def in_roman(number: int) -> str:
    """A number up to twelve, folded (``ii``); empty beyond."""
    return _ROMAN[number] if number < len(_ROMAN) else ""


def otherwise(folded: str, behind: re.Pattern[str] | None = None) -> Iterator[str]:
    """The text with its small numbers in each other way, all of them in one way.

    Args:
        folded: a word or a name in the normal form.
        behind: what must stand behind a number; where nothing must, every number is written so.

    Example:
        >>> list(otherwise("二段母线"))
        ['2段母线', 'ii段母线']
    """
    of_a_day = _MONTH_OR_DAY.search(folded) is not None
    ways = (str, _in_two_places if of_a_day else in_roman, in_han, _with_other_zeros)
    written = dict.fromkeys(_with_numbers(folded, way, behind) for way in ways)
    return (each for each in written if each != folded)


def _with_numbers(folded: str, write: Callable[[int], str], behind: re.Pattern[str] | None) -> str:
    def one(found: re.Match[str]) -> str:
        if behind and not behind.match(folded, found.end()):
            return found[0]
        return write(number_of(found)) or found[0]

    return NUMERAL.sub(one, folded)


def number_of(found: re.Match[str]) -> int:
    """The value of what :data:`NUMERAL` matched."""
    if found["digits"]:
        return int(found["digits"])
    return _ROMAN_VALUES[found[0]] if found["roman"] else value_of(found[0])


def _in_two_places(number: int) -> str:
    return f"{number:02}"


def _with_other_zeros(number: int) -> str:
    return in_han(number).replace("〇", "零")
