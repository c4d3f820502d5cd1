"""An address that was typed one way, found on a page that writes it another (domain.md 4.4).

The counterpart on pages of :mod:`dossier.rules.address_forms`, which is for the records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from dossier.rules.address_forms import HAN_NUMERALS, LETTERS, MARK, numbered_parts
from dossier.rules.numerals import in_roman

Span = tuple[int, int]
KEPT_PATTERNS = 256
"""Typed addresses whose patterns are kept: each is looked for on page after page."""
_GAP = r"[ \n]{0,2}"
_BETWEEN = rf"(?:{_GAP}(?:{MARK}|小区|[村居]民小?|小(?=组)|村|第|之))*{_GAP}(?:-{_GAP})?"
_AFTER = rf"(?:{_GAP}{MARK})*"
_APART = r"[ \n·]*"
_DIGITS = ("[〇零]", *"一二三四五六七八九")
_LETTERS = {letter: han for han, letter in LETTERS.items()}


def find_address(folded: str, typed: str) -> Iterator[Span]:
    """Places of a typed address in a folded text, in whatever form it stands there.

    Province, city and district may be left out there; what follows them must be the same, number
    by number. Nothing for a text that is no address with a number.

    Example:
        >>> list(find_address("住3幢2单元501室", "3-2-501"))
        [(1, 10)]
    """
    pattern = _pattern(typed)
    if pattern:
        yield from (match.span() for match in pattern.finditer(folded))


def is_address(typed: str) -> bool:
    """Whether a typed text is an address with a number, of which places may be found."""
    return _pattern(typed) is not None


@lru_cache(maxsize=KEPT_PATTERNS)
def _pattern(typed: str) -> re.Pattern[str] | None:
    parts = numbered_parts(typed)
    if not parts:
        return None
    return re.compile(_BETWEEN.join(map(_written, parts)) + _AFTER)


def _written(part: str) -> str:
    """How a page may write one part: a number, a letter that counts, a run of Han."""
    if part.isdecimal():
        forms = "|".join((f"0*{part}", *_numerals(part)))
        return rf"(?<![0-9{HAN_NUMERALS}])(?:{forms})(?![0-9{HAN_NUMERALS}])"
    if part in _LETTERS:
        return f"[{part}{_LETTERS[part]}]"
    return _APART.join(map(re.escape, part))


def _numerals(number: str) -> Iterator[str]:
    """Chinese numerals: digit by digit (五〇一), and with ten for what has two places (十二)."""
    yield "".join(_DIGITS[int(digit)] for digit in number)
    if roman := in_roman(int(number)):
        yield rf"(?<![a-z]){roman}(?![a-z])"
    if len(number) == 2 and number[0] != "0":
        tens = _DIGITS[int(number[0])] if number[0] != "1" else "一?"
        yield tens + "十" + (_DIGITS[int(number[1])] if number[1] != "0" else "")
