"""Where on a page a word may stand: a fast look before the exact one.

Highlighting a whole page tokenizes it; for a snippet the lines around the first places are enough.
Every place that :func:`dossier.search.highlight.highlight` would mark lies in a window, or the
answer is None and the whole page has to be looked at (a property test holds the two together).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

from dossier.rules.normal_form import fold
from dossier.search.analysis import han_characters, is_wide, keyword
from dossier.search.holes import may_have_hole
from dossier.search.wordings import synonyms, writings

Span = tuple[int, int]
AROUND = 48
"""Characters on both sides of a place that a snippet may show; whole lines from there on."""
LONGEST_LINE = 160
"""A window ends here where a page has no line ends."""
PATTERNS_KEPT = 512
# Numbers that may be written otherwise on the page: ID numbers of 15 and 18 places, phones with and
# without area code or country code.
_OTHER_FORMS = re.compile(r"[0-9]{15}|[0-9]{17}[0-9x]|[0-9]{7,8}|0[0-9]{9,11}|(?:00)?86[0-9]{11}")


def windows(text: str, words: Iterable[str], *, limit: int) -> list[Span] | None:
    """Stretches of whole lines around the first ``limit`` places where a word may stand.

    None when that cannot be told by a look: then the page has to be highlighted whole.
    """
    folded = fold(text)
    if len(folded) != len(text):
        return None
    places: list[Span] = []
    for word in words:
        pattern = _pattern(word)
        if pattern is None:
            return None
        found = _first(pattern, folded, limit)
        if not found and (like_it := _like(word)) is not None:
            found = _first(like_it, folded, limit)
        places += found
    return _stretches(text, sorted(places)[:limit])


def places_of_character(text: str, word: str, *, limit: int) -> list[Span] | None:
    """The first ``limit`` places of a word of one Han character: wherever it is, it stands.

    None for any other word, and where folding moves places.
    """
    character = keyword(word)
    if len(character) != 1 or not han_characters(word):
        return None
    folded = fold(text)
    if len(folded) != len(text):
        return None
    return _first(re.compile(re.escape(character)), folded, limit)


def _first(pattern: re.Pattern[str], folded: str, limit: int) -> list[Span]:
    return [match.span() for match in islice(pattern.finditer(folded), limit)]


@lru_cache(maxsize=PATTERNS_KEPT)
def _pattern(word: str) -> re.Pattern[str] | None:
    """Where a word may stand; None for one that may be written in forms of which nothing tells."""
    characters = _characters(word)
    if not characters or _OTHER_FORMS.fullmatch("".join(characters)):
        return None
    days = [_literal(other) for other in writings(word)]
    return re.compile("|".join([_literal(word), *days]))


@lru_cache(maxsize=PATTERNS_KEPT)
def _like(word: str) -> re.Pattern[str] | None:
    """For where a word does not stand itself: what is like it."""
    like = [_literal(other) for other in synonyms(word)]
    if may_have_hole(word):
        characters = _characters(word)
        like += [_with_hole(characters, hole) for hole in range(len(characters))]
    return re.compile("|".join(like)) if like else None


def _characters(word: str) -> list[str]:
    return [char for char in fold(word) if char.isalnum()]


def _literal(word: str) -> str:
    """A word's characters with what folds away between them, or is no token."""
    characters = _characters(word)
    # In a run of Han only spaces fold away: a sign between makes it another text.
    between = r"[ \n·]*" if all(map(is_wide, characters)) else r"[\W_]*"
    return between.join(map(re.escape, characters))


def _with_hole(characters: list[str], hole: int) -> str:
    left, right = characters[:hole], characters[hole + 1 :]
    parts = ["".join(r"[ \n·]*".join(map(re.escape, part))) for part in (left, right) if part]
    # The wrong character may have been read as a sign, or as several.
    return r"[\W_]*\w?[\W_]*".join(parts)


def _stretches(text: str, places: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in places:
        begin, until = _line_start(text, start), _line_end(text, end)
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(until, found[-1][1]))
        else:
            found.append((begin, until))
    return found


def _line_start(text: str, place: int) -> int:
    near = max(0, place - AROUND)
    begin = text.rfind("\n", max(0, near - LONGEST_LINE), near) + 1
    return begin if begin or near < LONGEST_LINE else _outside_a_word(text, near, -1)


def _line_end(text: str, place: int) -> int:
    near = min(len(text), place + AROUND)
    until = text.find("\n", near, near + LONGEST_LINE)
    if until >= 0:
        return until
    return len(text) if near + LONGEST_LINE >= len(text) else _outside_a_word(text, near, 1)


def _outside_a_word(text: str, place: int, step: int) -> int:
    """Away from the place to where no number or word of letters is cut in two."""
    at = place
    while 0 < at < len(text) and text[at - 1].isascii() and text[at - 1].isalnum():
        at += step
    return at
