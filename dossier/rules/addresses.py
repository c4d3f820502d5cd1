"""Addresses compared as people mean them (domain.md §4.4): 3号楼2单元501室 is 3-2-501.

What tells neighbours apart is the numbers, so two addresses agree only when all their numbers do;
words before (province, city, district) may be missing on one side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum

from dossier.rules.normal_form import fold
from dossier.rules.numerals import value_of

_NUMERAL = re.compile(
    r"[零〇一二两三四五六七八九十百]+(?=号|栋|幢|楼|座|单元|门|室|户|组|队|弄|层|#)"
)
_REGION = re.compile(r"[^0-9]{2,8}?(?:省|自治区|市|自治州|盟|(?<![小社园校矿景厂])区|县|旗)")
_MARKS = re.compile(r"号楼|栋|幢|楼|座|单元|门|梯|室|户|号|#|-|－")
_NUMBERS = re.compile(r"[0-9]+[a-z]?")
_NEAR_WORDS = 0.6
"""Share of equal characters (difflib ratio) from which two wordings may be one place."""
_SAME_WORDS = 0.8
"""One wrong character in four, as OCR and old street signs make them."""
FEWEST_CHARACTERS = 4
"""Shorter texts are no addresses that tell anybody apart."""


class Agreement(IntEnum):
    """How well two addresses agree."""

    NONE = 0
    NEAR = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class AddressKey:
    """An address in comparable parts.

    Attributes:
        words: characters without numbers, marks and region.
        numbers: all numbers in order.
    """

    words: str
    numbers: tuple[str, ...]


def address_key(address: str) -> AddressKey:
    """The comparable form of an address."""
    text = _without_region(in_digits(re.sub(r"[\s,.。,、:]", "", fold(address))))
    numbers = tuple(number.lstrip("0") or "0" for number in _NUMBERS.findall(text))
    words = _MARKS.sub("", _NUMBERS.sub("", text))
    return AddressKey(re.sub(r"[\W_]", "", words), numbers)


def in_digits(folded: str) -> str:
    """A folded address with digits for the Chinese numerals that count something in it.

    Example:
        >>> in_digits("航空路二十三号")
        '航空路23号'
    """
    return _NUMERAL.sub(lambda found: str(value_of(found[0])), folded)


def compare(one: AddressKey, other: AddressKey) -> Agreement:
    """How well two addresses agree; without any number they are near at best."""
    if not one.words or not other.words:
        return Agreement.NONE
    alike = _alike(one.words, other.words)
    if one.numbers == other.numbers and one.numbers:
        return Agreement.FULL if alike >= _SAME_WORDS else _near(alike)
    shorter, longer = sorted((one.numbers, other.numbers), key=len)
    begins = bool(shorter) and longer[: len(shorter)] == shorter
    return _near(alike) if begins or not shorter else Agreement.NONE


def _near(alike: float) -> Agreement:
    return Agreement.NEAR if alike >= _NEAR_WORDS else Agreement.NONE


def _alike(one: str, other: str) -> float:
    """Likeness of wordings; one that is the end of the other only leaves the region out."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 2 and longer.endswith(shorter):
        return 1.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _without_region(text: str) -> str:
    """Without province, city and district at the head, as long as something is left."""
    while match := _REGION.match(text):
        rest = text[match.end() :]
        if len(rest) < FEWEST_CHARACTERS:
            break
        text = rest
    return text
