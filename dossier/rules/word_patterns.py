"""Patterns made of the rulebook's words, so that looking for many words costs little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


def any_of(words: Iterable[str], gap: str = "") -> str:
    """One of these words, the longest that fits.

    Words with the same first character share a branch, and the first characters of all are asked
    before any branch is tried, which spares most of a page.

    Args:
        words: plain text, or regular expressions that begin with a plain character, once.
        gap: a pattern for what may stand between two characters of a word of plain text.
    """
    branches: dict[str, list[str]] = defaultdict(list)
    for word in sorted(set(words), key=lambda word: (-len(word), word)):
        branches[word[0]].append("".join(gap + char for char in word[1:]) if gap else word[1:])
    shared = "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in sorted(branches.items()))
    return f"(?=[{''.join(sorted(branches))}])(?:{shared})"
