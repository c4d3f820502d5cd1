"""Where words of Han alone stand on a page, without making its tokens.

Of such a word the tokens are its overlapping pairs, and a pair stands where its two characters do
with nothing but spaces, line ends and interpuncts between them: so the word stands where all its
characters do in that way. Making the tokens of some lines costs fifty times as much as looking, and
an answer has sixty papers (a property test holds both ways together).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from dossier.rules.normal_form import HAN, fold
from dossier.search.analysis import FOLDED_AWAY, is_wide
from dossier.search.holes import phrases_with_hole
from dossier.search.wordings import synonyms, writings

Span = tuple[int, int]
SHORTEST, LONGEST = 2, 32
"""Characters: one alone is looked for in another way, of a long text only some tokens are."""
PATTERNS_KEPT = 512
_HAN_ALONE = re.compile(f"[{HAN}]{{{SHORTEST},{LONGEST}}}")


@lru_cache(maxsize=PATTERNS_KEPT)
def plain_pattern(word: str) -> re.Pattern[str] | None:
    """Where a word of Han alone stands in a folded text; None for all other words.

    A date (二〇二六年三月) or a count (二段母线) is none: it is looked for in other writings too.
    """
    folded = fold(word)
    if not _HAN_ALONE.fullmatch(folded) or not all(map(is_wide, folded)) or writings(word):
        return None
    return re.compile(r"[ \n·]*".join(folded))


def every_place(pattern: re.Pattern[str], folded: str) -> Iterator[Span]:
    """Every place, also those that overlap."""
    found = pattern.search(folded)
    while found:
        yield found.span()
        found = pattern.search(folded, found.start() + 1)


def may_stand_alike(word: str, folded: str) -> bool:
    """Whether a synonym of a plain word, or the word with one wrong character, may stand there.

    Sure only of a no: that costs a look for a few pairs of characters, and is the answer mostly.
    """
    for other in synonyms(word):
        pattern = plain_pattern(other)
        if pattern is None or pattern.search(folded):
            return True
    holes = phrases_with_hole("text", word)
    if not holes:
        return False
    joined = FOLDED_AWAY.sub("", folded)
    return any(all(pair in joined for _, pair in phrase.tokens) for phrase in holes)
