"""Snippets: pieces of a page's text around the hits, masked first, offsets second.

A mask has the length of what it covers, so spans found in the original fit the masked text
(architecture.md, Who may see what). The words that were hit are masked like everything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]

_ELLIPSIS = "…"
_SPACE = re.compile(r"\s")
_AROUND = 24  # characters before and after a hit: a line of a form on each side
_LONGEST = 120  # characters of a snippet: two lines of the result list


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a page.

    Attributes:
        page: 1-based page number.
        text: one line; masked already.
        highlights: spans in ``text`` (code points, half open).
    """

    page: int
    text: str
    highlights: tuple[Span, ...]


def make_snippets(
    page: int, shown_text: str, spans: Sequence[Span], *, limit: int = 3
) -> tuple[Snippet, ...]:
    """The first ``limit`` snippets of a page.

    Args:
        page: 1-based page number, passed on.
        shown_text: the page's text as the viewer may see it: masked, of the original's length.
        spans: hits, ascending and disjoint, as offsets of the original text.
        limit: most snippets.
    """
    windows = _windows(len(shown_text), spans)
    return tuple(_snippet(page, shown_text, window, spans) for window in windows[:limit])


def lead(page: int, shown_text: str) -> Snippet | None:
    """The beginning of a page, for hits that are not in its text; None for an empty page."""
    start = len(shown_text) - len(shown_text.lstrip())
    end = min(len(shown_text), start + _LONGEST // 2)
    if start >= end:
        return None
    return _snippet(page, shown_text, (start, end), ())


def _windows(length: int, spans: Sequence[Span]) -> list[Span]:
    """Pieces of text around the hits; near ones share one, none is longer than two lines."""
    windows: list[Span] = []
    for start, end in spans:
        begin, until = max(0, start - _AROUND), min(length, max(end, start) + _AROUND)
        until = max(min(until, begin + _LONGEST), min(end, begin + _LONGEST))
        if windows and begin <= windows[-1][1] and until - windows[-1][0] <= _LONGEST:
            windows[-1] = (windows[-1][0], max(until, windows[-1][1]))
        elif not windows or end > windows[-1][1]:
            # A hit that the last window shows already needs no window of its own.
            windows.append((max(begin, windows[-1][1] if windows else 0), until))
    return windows


def _snippet(page: int, text: str, window: Span, spans: Sequence[Span]) -> Snippet:
    start, end = window
    head = _ELLIPSIS if text[:start].strip() else ""
    tail = _ELLIPSIS if text[end:].strip() else ""
    # Line and cell ends become one space each: the offsets stay.
    line = _SPACE.sub(" ", text[start:end])
    shift = len(head) - start
    inside = [(max(begin, start), min(until, end)) for begin, until in spans]
    marks = tuple((begin + shift, until + shift) for begin, until in inside if begin < until)
    return Snippet(page, head + line + tail, marks)
