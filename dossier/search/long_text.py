"""The index's tokens of a paper's pages: the third twin of :mod:`dossier.search.analysis`.

A page has some hundred characters, and an archive millions of pages, so here they are one array of
code points that is looked up, counted and laid out as a whole. Which tokens come out is decided in
``analysis`` alone; a property test holds the ways together.

Apart from ``analysis``, so that only a process that writes the index loads numpy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dossier.rules import identifiers
from dossier.rules.identifiers import FoundNumber
from dossier.rules.normal_form import fold
from dossier.search.analysis import (
    BREAK,
    FOLDED_AWAY,
    LONGEST_PARTIAL,
    SHORTEST_PARTIAL,
    NumberHash,
    PageTokens,
    Span,
    is_wide,
    number_tokens,
    without_closed,
)

_Codes = NDArray[np.uint32]

_CODES = 0x110000
_PAGE_END = "\f"
_NUMBER, _CLEAR = "\1", "\2"
"""Stand for a special number, and before what is laid out a second time in clear, while all is laid
out at once; folding drops them from every text."""

# A character's class; its two lowest bits are its places. 航空 is "航 航空 空": three places each.
# A sign is nothing but the space that every change of class gives. 0: not met yet.
_SIGN, _CUT, _WIDE, _DIGIT, _LETTER = 0b100, 0b010, 0b011, 0b101, 0b1001
_PLACES = 0b11
_SPACE = ord(" ")

# Parts of zeros that nobody writes to take no memory: a process holds some hundred KiB of these.
_folded: _Codes = np.zeros(_CODES, np.uint32)
"""Code point → the one that it folds to; 0: not met yet, or folds to none or several."""
_glyphs: _Codes = np.zeros(_CODES, np.uint32)
"""Folded code point → what stands at its last place; 0: not met yet."""
_classes: NDArray[np.uint8] = np.zeros(_CODES, np.uint8)
"""Glyph → class."""

_BEFORE_LAST = np.zeros(_LETTER + 1, np.intp)
"""Class → places from a character's first to its last that are not a space between."""
_BEFORE_LAST[_WIDE] = 2

_SHORTEST_RUN = bytes([_DIGIT]) * SHORTEST_PARTIAL
_RUN = re.compile(re.escape(bytes([_DIGIT])) + b"{1,%d}" % LONGEST_PARTIAL)


@dataclass(frozen=True, slots=True)
class FoldedPage:
    """A page in the normal form, with what was found in it.

    Attributes:
        text: the normal form.
        numbers: what :func:`dossier.rules.identifiers.find_numbers` gives for it.
        closed: spans of the text (half open) that not everybody may find.
    """

    text: str
    numbers: Sequence[FoundNumber]
    closed: Sequence[Span] = ()

    def shown(self) -> str:
        """What everybody may find, a sign for each special number."""
        return _without_numbers(without_closed(self.text, self.closed, self.numbers), self.numbers)

    def clear(self) -> str:
        """The whole page, a sign for each special number."""
        return _without_numbers(self.text, self.numbers)


def fold_pages(texts: Sequence[str]) -> list[str]:
    """The normal form of each page, in one go where no page holds the sign that parts them."""
    folded = fold_quickly(_PAGE_END.join(texts)).split(_PAGE_END)
    return folded if len(folded) == len(texts) else [fold_quickly(text) for text in texts]


def analyse_pages(
    pages: Sequence[FoldedPage], number_hash: NumberHash
) -> tuple[PageTokens, PageTokens]:
    r"""Tokens and numbers of a paper as everybody may find it, and in clear of its masked pages.

    The same as :func:`dossier.search.analysis.analyse_page` gives for the pages, joined by ``\f``,
    once with their closed spans, and once for those that have some, up to the number of spaces.
    """
    masked = [page for page in pages if page.closed]
    text = _PAGE_END.join(page.shown() for page in pages)
    if masked:
        text += _CLEAR + _PAGE_END.join(page.clear() for page in masked)
    rest = FOLDED_AWAY.sub("", text)
    words, classes = _lay_out(_codes(rest))
    shown, _, clear = words.partition(_CLEAR)
    end = rest.index(_CLEAR) if masked else len(rest)
    return (
        _tokens(shown, rest[:end], classes[:end], pages, number_hash),
        _tokens(clear, rest[end:], classes[end:], masked, number_hash),
    )


def _tokens(
    words: str, rest: str, classes: bytes, pages: Iterable[FoldedPage], number_hash: NumberHash
) -> PageTokens:
    found = [number for page in pages for number in page.numbers]
    return PageTokens(
        _with_numbers(words, found, number_hash) if found else words,
        set(_partial_numbers(rest, classes)),
        {each.value for each in found if each.kind not in identifiers.SENSITIVE_KINDS},
    )


def _without_numbers(folded: str, found: Sequence[FoundNumber]) -> str:
    if not found:
        return folded
    starts = (0, *(number.end for number in found))
    ends = (*(number.start for number in found), len(folded))
    return _NUMBER.join([folded[start:end] for start, end in zip(starts, ends, strict=True)])


def _with_numbers(words: str, found: Sequence[FoundNumber], number_hash: NumberHash) -> str:
    first, *others = words.split(_NUMBER)
    each = (" ".join(number_tokens(number, number_hash)) for number in found)
    return first + "".join([f"{number}{other}" for number, other in zip(each, others, strict=True)])


def _codes(text: str) -> _Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def _text(codes: _Codes) -> str:
    return codes.tobytes().decode("utf-32-le")


def fold_quickly(text: str) -> str:
    """:func:`fold`, quickly where every character folds to one."""
    original = _codes(text)
    codes = _folded.take(original)
    if not codes.all():
        _learn_folding(original[codes == 0])
        codes = _folded.take(original)
    return _text(codes) if codes.all() else fold(text)


def _learn_folding(codes: _Codes) -> None:
    for code in set(codes.tolist()):
        folded = fold(chr(code))
        if len(folded) == 1:
            _folded[code] = ord(folded)


def _lay_out(codes: _Codes) -> tuple[str, bytes]:
    """The tokens' string, and the class of each character."""
    if not codes.size:
        return "", b""
    glyphs = _glyphs.take(codes)
    if not glyphs.all():
        _learn_glyphs(codes[glyphs == 0])
        glyphs = _glyphs.take(codes)
    classes = _classes.take(glyphs)
    # Each character at its places, and a space before each that begins a run.
    places = classes & _PLACES
    places[0] += 1
    places[1:] += classes[1:] != classes[:-1]
    ends = places.cumsum(dtype=np.intp)
    out = np.full(int(ends[-1]) + 1, _SPACE, np.uint32)
    out[ends] = glyphs
    # At the first of their places those that have more, all others once more at their only one.
    out[ends - _BEFORE_LAST.take(classes)] = glyphs
    return _text(out), classes.tobytes()


def _learn_glyphs(codes: _Codes) -> None:
    for code in set(codes.tolist()):
        kind, glyph = _class_of(chr(code))
        _classes[ord(glyph)] = kind
        _glyphs[code] = ord(glyph)


def _class_of(character: str) -> tuple[int, str]:
    """A folded character's class, and what stands at its last place."""
    if character in (_NUMBER, _CLEAR):
        return _CUT, character
    if character in "\t\f":
        return _CUT, BREAK
    if character.isascii() and character.isalnum():
        return (_DIGIT if character.isdigit() else _LETTER), character
    return (_WIDE, character) if is_wide(character) else (_SIGN, " ")


def _partial_numbers(text: str, classes: bytes) -> list[str]:
    """Runs of digits that one may search by their beginning or end."""
    numbers = []
    at = classes.find(_SHORTEST_RUN)
    while at >= 0:
        run = _RUN.match(classes, at)
        assert run is not None  # begins with a digit
        numbers.append(text[at : run.end()])
        at = classes.find(_SHORTEST_RUN, run.end())
    return numbers
