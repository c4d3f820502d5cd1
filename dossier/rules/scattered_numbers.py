"""Numbers of people that a page scatters: over cells and lines, with odd signs, below a head.

What :mod:`dossier.rules.identifiers` finds stands in one piece. All on folded text (domain.md 4.7).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from dossier.rules import identifiers, rulebook
from dossier.rules.columns import Heads, cells_below
from dossier.rules.identifiers import FoundNumber
from dossier.rules.word_patterns import any_of

Span = tuple[int, int]

_RULES = rulebook.load("masking")
KEPT_END = int(_RULES["kept"]["last"])
KEPT_OF_MOBILE = int(_RULES["kept"]["mobile_first"])
SHORTEST_WHOLE = {kind: int(least) for kind, least in _RULES["shortest_whole"].items()}
_NUMERALS = _RULES["numerals"]
_IN_HAN = f"[{_NUMERALS}]"


@dataclass(frozen=True, slots=True)
class Scattered:
    """A number in pieces, with how many of its first and its last places stay open."""

    start: int
    end: int
    first: int = 0
    last: int = KEPT_END


_words = partial(rulebook.words, "masking")
_GAP = r"[ \t\n-]{0,3}"
_LABEL_END = r"(?:件)?(?:号码?|码)?(?:[ ]?\([^()\n]{0,8}\))?[ \t\n:]{0,4}"


def _behind(label_list: str, value: str) -> re.Pattern[str]:
    return re.compile(
        rf"{any_of(_words(label_list), '[ ]*')}{_LABEL_END}(?P<value>{value})(?![0-9a-z])"
    )


# 身份证 | 999999 | 19880815 | 2483; a phone whose line ends in its middle.
_LABELLED = (
    (_behind("identity_labels", rf"[0-9](?:{_GAP}[0-9]){{13,16}}(?:{_GAP}[0-9x])?"), (15, 18), 0),
    (_behind("account_labels", rf"[0-9](?:{_GAP}[0-9]){{12,18}}"), range(13, 20), 0),
    (_behind("phone_labels", rf"1{_GAP}[3-9](?:{_GAP}[0-9]){{9}}"), (11,), KEPT_OF_MOBILE),
)
"""Pattern, lengths in places, and how many of the first ones stay."""
_GOES_ON = re.compile(r"[0-9][ -]{0,2}[\t\n][ \t\n-]{0,2}[0-9]")
"""What all matches hold that are more than what stands in one piece."""
# Place, day of birth and the rest, each in a cell or line of its own.
_YEAR, _MONTH, _DAY = "(?:18|19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_ID_IN_CELLS = re.compile(
    rf"(?<![0-9])[1-9][0-9]{{5}}[ \t\n]{{1,3}}{_YEAR}{_MONTH}{_DAY}[ \t\n]{{1,3}}"
    r"[0-9]{3}[0-9x](?![0-9a-z])"
)
# 999999.1990.0101.001x, 999999/19900101/001x
_SIGN = "[./_·]"
_ID_BY_SIGNS = re.compile(
    rf"(?<![0-9.])[1-9][0-9]{{5}}{_SIGN}{_YEAR}{_SIGN}?{_MONTH}{_SIGN}?{_DAY}{_SIGN}?"
    r"[0-9]{3}[0-9x](?![0-9a-z])"
)
# 1 3 8 0 0 1 3 8 0 0 0, 138 00138 000, 138/0013/8000, 1380 0138 000, 13800 138000.
_ODD_MOBILE = re.compile(
    r"1(?<![0-9./-]1)(?:(?P<each>[ .-])[3-9](?:(?P=each)[0-9]){9}"
    r"|[3-9][0-9](?P<three>[ ./_-])[0-9]{2,8}(?:(?P=three)[0-9]{2,6})?(?:(?P=three)[0-9]{2,4})?"
    r"|[3-8][0-9]{2}(?P<four>[ -])[0-9]{3,4}(?P=four)[0-9]{3,4}"
    r"|[3-9][0-9]{3}[ -][0-9]{6})(?![0-9]|[./-][0-9])"
)
_MOBILE_PLACES = 11
# (0710)345 6782, 0710-3456-782: the local number in two pieces.
_PARTED_LANDLINE = re.compile(
    r"0(?<![0-9]0)(?:10|2[0-9]|[3-9][0-9]{2})\)?[ -]{0,3}"
    r"(?P<value>[2-9][0-9]{2,3}[ -][0-9]{4}|[2-9][0-9]{3}[ -][0-9]{3})(?![0-9]|-[0-9])"
)
# +86-710-3456789; a second number behind a first one: 138****8000、3456789; 138*0013*8000.
_ABROAD = re.compile(
    r"\+(?:00)?86[ -]{0,2}\(?[1-9][0-9]{1,2}\)?[ -]{0,2}"
    r"(?P<value>[2-9][0-9]{2,3}[ -]?[0-9]{4})(?![0-9])"
)
_SECOND = re.compile(r"[0-9*]{3}[0-9][ ]?[、/,;或和][ ]?(?P<value>[2-9][0-9]{6,7})(?![0-9a-z.])")
_STARRED = re.compile(r"1(?<![0-9*]1)[3-9][0-9](?P<value>\*[0-9]{4}\*)[0-9]{4}(?![0-9*])")
_SPOKEN = re.compile(
    rf"[一幺壹]{_IN_HAN}{{2}}(?P<value>[,、 ]{_IN_HAN}{{4}}[,、 ]){_IN_HAN}{{4}}(?!{_IN_HAN})"
)
_BY_FORM = (
    (_ID_BY_SIGNS, 0, KEPT_END),
    (_PARTED_LANDLINE, 0, KEPT_END),
    (_ABROAD, 0, KEPT_END),
    (_STARRED, 0, 0),
    (_SPOKEN, 0, 0),
)
"""Pattern, and how many of the first and the last places stay."""
_PHONE_BEFORE = re.compile(
    rf"{any_of([*_words('phone_labels'), *_words('number_labels')])}.{{0,24}}\Z", re.DOTALL
)
_LOOK = 40
# 138零零13八000
_MIXED = re.compile(rf"(?<![0-9{_NUMERALS}])[1一幺壹][0-9{_NUMERALS}]{{10}}(?![0-9{_NUMERALS}])")
_EITHER = re.compile(f"[{_NUMERALS}][0-9]|[0-9][{_NUMERALS}]")
_ENDS = ("", "号", "号码", "码", "前", "后")
IDENTITY_HEADS = Heads(word + end for word in _words("identity_heads") for end in _ENDS)
HEADS = IDENTITY_HEADS.words | {
    word + end for word in (*_words("number_labels"), *_words("number_heads")) for end in _ENDS
}
OTHER_HEADS = Heads(HEADS - IDENTITY_HEADS.words)
_HEAD = re.compile(rf"(?<![^\t\n])[ :*]*{any_of(HEADS, '[ ]*')}[ :*]*(?![^\t\n])")
_DATE = re.compile(r"\s*[12][0-9]{3}\s?[./-]\s?[0-9]{1,2}\s?[./-]\s?[0-9]{1,2}\s*")
_CELL = re.compile(r"[0-9a-z ()+./-]+")
_FEWEST_IN_CELL = 4
"""Digits of a cell below such a head from which on it is a number, or a part of one."""


def find_scattered(
    folded: str, opened: Collection[str], numbers: Callable[[], Sequence[FoundNumber]]
) -> Iterator[Scattered]:
    """Numbers of people that do not stand in one piece, or only their column's head tells of.

    Args:
        folded: a text in the normal form.
        opened: numbers, compact, that stay open.
        numbers: gives what :func:`dossier.rules.identifiers.find_numbers` finds in it.
    """
    if _GOES_ON.search(folded):
        yield from _over_cells(folded)
    for pattern, first, last in _BY_FORM:
        for match in pattern.finditer(folded):
            yield Scattered(*match.span(match.lastgroup or 0), first, last)
    for match in _ODD_MOBILE.finditer(folded):
        if len(identifiers.compact(match[0])) == _MOBILE_PLACES:
            yield Scattered(*match.span(), KEPT_OF_MOBILE)
    for match in _MIXED.finditer(folded):
        if _EITHER.search(match[0]):
            yield Scattered(*match.span(), KEPT_OF_MOBILE)
    for match in _SECOND.finditer(folded):
        if _PHONE_BEFORE.search(folded[max(0, match.start() - _LOOK) : match.start()]):
            yield Scattered(*match.span("value"))
    yield from _below_heads(folded, opened, numbers)


def _over_cells(folded: str) -> Iterator[Scattered]:
    for match in _ID_IN_CELLS.finditer(folded):
        yield Scattered(*match.span())
    for pattern, lengths, first in _LABELLED:
        for match in pattern.finditer(folded):
            value = match["value"]
            if _GOES_ON.search(value) and len(identifiers.compact(value)) in lengths:
                yield Scattered(*match.span("value"), first)


def _below_heads(
    folded: str, opened: Collection[str], numbers: Callable[[], Sequence[FoundNumber]]
) -> Iterator[Scattered]:
    """What stands below 联系电话, 身份证号码, 卡号 and was not recognised by its form."""
    if "\t" not in folded or not _HEAD.search(folded):
        return
    for heads in (OTHER_HEADS, IDENTITY_HEADS):
        whole = SHORTEST_WHOLE["identity" if heads is IDENTITY_HEADS else "other"]
        for start, end in cells_below(folded, heads):
            value = identifiers.compact(folded[start:end])
            if (
                _CELL.fullmatch(folded, start, end)
                and sum(map(str.isdecimal, value)) >= _FEWEST_IN_CELL
                and value not in opened
                and not _DATE.fullmatch(folded, start, end)
                and not any(one.start < end and start < one.end for one in numbers())
            ):
                yield Scattered(start, end, 0, KEPT_END if len(value) >= whole else 0)
