"""Finding the title of a paper: large lines near the top of the first page that was not blank."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from dossier.records import PageReading
from dossier.rules.document_types import LONGEST_TITLE, Catalogue, TypeMatch, solid

TOP_LINES = 14
"""Lines from the top that may hold the title: letterhead, numbers and a bar code come before it."""
LARGE = 1.25
"""Times the page's median line height from which a line is set as a heading."""
PLAIN_FACTOR = 0.9
"""Sureness of a title that is no larger than the text around it (typewritten forms, no boxes)."""
LATE_FACTOR = 0.85
"""Sureness of one that stands below the upper third, where headings of sections stand as well."""
UPPER_PART = 0.34
CELL_FACTOR = 0.8
"""Sureness of one cell of a row: in a form's grid that is a value (证件类型: 居民身份证)."""
STEP_DOWN = 0.005
"""Taken off for each line above: of two equals the upper one is the title."""


@dataclass(frozen=True, slots=True)
class TitleLine:
    """A line of the page, with its height and place relative to the page (0 when unknown)."""

    text: str
    height: float
    top: float
    number: int


@dataclass(frozen=True, slots=True)
class FoundTitle:
    """The title as printed, and the type it names (None when it names none)."""

    text: str
    match: TypeMatch | None


def find_title(pages: Sequence[PageReading], catalogue: Catalogue) -> FoundTitle | None:
    """The title of the first page that has text; its own words, and the type they name."""
    page = next((page for page in pages if page.text.strip()), None)
    if page is None:
        return None
    lines = _lines(page)[:TOP_LINES]
    usual = median(line.height for line in lines) if lines else 0.0
    named = [
        FoundTitle(_printed(text), TypeMatch(match.code, match.confidence * factor))
        for text, factor in _candidates(lines, usual)
        if (match := catalogue.match_title(text)) is not None
    ]
    best = max(named, key=_sureness, default=None)
    return best or _largest(lines, usual)


def _sureness(found: FoundTitle) -> float:
    return found.match.confidence if found.match else 0.0


def _candidates(lines: Sequence[TitleLine], usual: float) -> Iterable[tuple[str, float]]:
    """Lines, cells, and two large lines together, each with how much like a title it is set."""
    for at, line in enumerate(lines):
        factor = _factor(line, usual) - STEP_DOWN * at
        cells = line.text.split("\t")
        for place, cell in enumerate(cells):
            in_grid = len(cells) > 1 and (place > 0 or not _is_large(line, usual))
            yield cell, factor * CELL_FACTOR if in_grid else factor
        below = lines[at + 1] if at + 1 < len(lines) else None
        if below and _is_large(line, usual) and _is_large(below, usual):
            yield line.text + below.text, factor


def _factor(line: TitleLine, usual: float) -> float:
    factor = 1.0 if _is_large(line, usual) else PLAIN_FACTOR
    return factor if line.top <= UPPER_PART else factor * LATE_FACTOR


def _is_large(line: TitleLine, usual: float) -> bool:
    return usual > 0 and line.height >= usual * LARGE


def _largest(lines: Sequence[TitleLine], usual: float) -> FoundTitle | None:
    """An unknown title is still a title: the largest line at the top, if it is set as one."""
    large = [one for one in lines if _is_large(one, usual) and one.top <= UPPER_PART]
    large = [one for one in large if 2 <= len(solid(one.text)) <= LONGEST_TITLE]
    if not large:
        return None
    return FoundTitle(_printed(max(large, key=lambda one: (one.height, -one.number)).text), None)


def _printed(text: str) -> str:
    """The title as one would write it: letter-spaced Han pulled together (委 托 书)."""
    text = text.replace("\t", " ").strip()
    pieces = text.split()
    return "".join(pieces) if all(len(piece) == 1 for piece in pieces) else re.sub(r" +", " ", text)


def _lines(page: PageReading) -> list[TitleLine]:
    lines, start, word_at = [], 0, 0
    for number, text in enumerate(page.text.split("\n")):
        end, heights, tops = start + len(text), [], []
        while word_at < len(page.words) and page.words[word_at].start < end:
            box = page.words[word_at].box
            heights.append(box[3] - box[1])
            tops.append(box[1])
            word_at += 1
        if text.strip():
            height = median(heights) if heights else 0.0
            top = min(tops) / page.height if tops and page.height else 0.0
            lines.append(TitleLine(text, height, top, number))
        start = end + 1
    return lines
