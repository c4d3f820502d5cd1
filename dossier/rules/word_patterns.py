"""Patterns made of the rulebook's words, so that looking for many words costs little."""

from __future__ import annotations

from collections.abc import Iterable


def any_of(words: Iterable[str], gap: str = "") -> str:
    """One of these words; their first characters are asked first, which spares most of a page.

    Args:
        words: plain text, or regular expressions that begin with plain text.
        gap: a pattern for what may stand between two characters of a word of plain text.
    """
    listed = sorted(set(words), key=len, reverse=True)
    first = "".join(sorted({word[0] for word in listed}))
    return f"(?=[{first}])(?:{'|'.join(gap.join(word) if gap else word for word in listed)})"
