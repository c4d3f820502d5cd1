"""Phrases with one character misread: every other character in its place (stack.md, Analysis).

OCR at 3 % wrong characters spoils one phrase of five characters in seven; a hole finds them again,
after those that are exact.
"""

from __future__ import annotations

from functools import lru_cache

from dossier.search.analysis import is_wide, keyword
from dossier.search.expression import LoosePhrase

SHORTEST, LONGEST = 4, 12
"""Characters of a word that may have a hole: in shorter ones half would be missing, and longer
ones are looked up in pieces."""
SHORTEST_OPEN_END = 5
"""From here on the first or last character may be the wrong one: four right ones are left."""


def may_have_hole(word: str) -> bool:
    """Whether a word is searched with one wrong character too: a few Han and nothing else."""
    folded = keyword(word)
    return SHORTEST <= len(folded) <= LONGEST and all(map(is_wide, folded))


@lru_cache(256)
def phrases_with_hole(field: str, word: str) -> tuple[LoosePhrase, ...]:
    """One phrase for each character that may be wrong; none for words that take no hole.

    Each character begins a token, so character *k* is checked at position *k*: by the pair that it
    begins, or, where the pair reaches into the hole, by its own beginning.
    """
    if not may_have_hole(word):
        return ()
    folded = keyword(word)
    ends = len(folded) >= SHORTEST_OPEN_END
    first, last = (0, len(folded)) if ends else (1, len(folded) - 1)
    return tuple(_phrase(field, folded, hole) for hole in range(first, last))


def _phrase(field: str, word: str, hole: int) -> LoosePhrase:
    pairs = [(at, word[at : at + 2]) for at in range(len(word) - 1) if hole not in (at, at + 1)]
    base = 1 if hole == 0 else 0
    # A character that stands alone beside the hole: at the head a pair goes on from it (else it is
    # the run's own first token), at the end it may be the last of its run.
    head = ((0, word[0]),) if hole == 1 else ()
    tail = ((len(word) - 1, word[-1]),) if hole == len(word) - 2 else ()
    return LoosePhrase(field, tuple((at - base, pair) for at, pair in pairs), tail, head)
