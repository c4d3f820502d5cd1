"""Where on a page a word may stand: a fast look before the exact one.

Highlighting a whole page tokenizes it; for a snippet the lines around the first places are enough.
Every place that :func:`dossier.search.highlight.highlight` would mark lies in a window, or the
answer is None and the whole page has to be looked at (a property test holds the two together).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from dossier.rules.normal_form import fold

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
        for match in pattern.finditer(folded):
            places.append(match.span())
            if len(places) % limit == 0:
                break
    return _stretches(text, sorted(places)[:limit])


@lru_cache(maxsize=PATTERNS_KEPT)
def _pattern(word: str) -> re.Pattern[str] | None:
    characters = [char for char in fold(word) if char.isalnum()]
    if not characters or _OTHER_FORMS.fullmatch("".join(characters)):
        return None
    return re.compile(r"[\W_]*".join(map(re.escape, characters)))


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
