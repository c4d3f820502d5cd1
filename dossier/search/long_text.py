"""The index's tokens of a long text: the third twin of :mod:`dossier.search.analysis`.

A page has some hundred characters, and an archive millions of pages, so here a text is an array of
code points that is looked up, counted and laid out as a whole. Which tokens come out is decided in
``analysis`` alone; a property test holds the ways together.

Apart from ``analysis``, so that only a process that writes the index loads numpy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    analyse_page,
    is_wide,
    number_tokens,
    without_closed,
)

_Codes = NDArray[np.uint32]

SHORT = 150
"""Characters below which setting up the arrays costs more than they save (measured)."""

_CODES = 0x110000
_NUMBER = "\1"
"""Stands for a special number while the rest is laid out; folding drops it from every text."""

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

_SHORTEST_RUN = bytes([_DIGIT]) * SHORTEST_PARTIAL
_RUN = re.compile(re.escape(bytes([_DIGIT])) + b"{1,%d}" % LONGEST_PARTIAL)


def analyse_text(text: str, number_hash: NumberHash, *, closed: Sequence[Span] = ()) -> PageTokens:
    r"""Tokens and numbers of a text of any length; ``\f`` ends a page.

    The same as :func:`dossier.search.analysis.analyse_page`, up to the number of spaces.
    """
    if len(text) < SHORT:
        return analyse_page(text, number_hash, closed=closed)
    folded = fold_quickly(text)
    found = list(identifiers.find_numbers(folded))
    if closed:
        folded = without_closed(folded, closed, found)
    rest = FOLDED_AWAY.sub("", _without_numbers(folded, found) if found else folded)
    words, classes = _lay_out(_codes(rest))
    return PageTokens(
        _with_numbers(words, found, number_hash) if found else words,
        set(_partial_numbers(rest, classes)),
        {each.value for each in found if each.kind not in identifiers.SENSITIVE_KINDS},
    )


def _without_numbers(folded: str, found: list[FoundNumber]) -> str:
    starts = (0, *(number.end for number in found))
    ends = (*(number.start for number in found), len(folded))
    return _NUMBER.join(folded[start:end] for start, end in zip(starts, ends, strict=True))


def _with_numbers(words: str, found: list[FoundNumber], number_hash: NumberHash) -> str:
    first, *others = words.split(_NUMBER)
    each = (" ".join(number_tokens(number, number_hash)) for number in found)
    return first + "".join(f"{number}{other}" for number, other in zip(each, others, strict=True))


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
    wide = (classes == _WIDE).nonzero()[0]
    out[ends[wide] - 2] = glyphs[wide]
    return _text(out), classes.tobytes()


def _learn_glyphs(codes: _Codes) -> None:
    for code in set(codes.tolist()):
        kind, glyph = _class_of(chr(code))
        _classes[ord(glyph)] = kind
        _glyphs[code] = ord(glyph)


def _class_of(character: str) -> tuple[int, str]:
    """A folded character's class, and what stands at its last place."""
    if character == _NUMBER:
        return _CUT, _NUMBER
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
