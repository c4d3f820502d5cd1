"""Finding the title of a paper: large lines near the top of the first page that was not blank."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from dossier.records import Box, PageReading
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
class TitleCell:
    """A cell of a line and the height of its words in pixels (0 when unknown)."""

    text: str
    height: float


@dataclass(frozen=True, slots=True)
class TitleLine:
    """A line of the page; a title often shares it with the form's number.

    ``top`` is its place relative to the page's height, 0 when unknown.
    """

    text: str
    cells: tuple[TitleCell, ...]
    top: float
    number: int

    @property
    def height(self) -> float:
        """The height of its largest cell."""
        return max(cell.height for cell in self.cells)


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
    """Cells, and two large lines together, each with how much like a title it is set."""
    for at, line in enumerate(lines):
        for place, cell in enumerate(line.cells):
            factor = _factor(cell, line, usual) - STEP_DOWN * at
            in_grid = len(line.cells) > 1 and (place > 0 or not _is_large(cell, usual))
            yield cell.text, factor * CELL_FACTOR if in_grid else factor
        below = lines[at + 1] if at + 1 < len(lines) else None
        if below and _is_large(line, usual) and _is_large(below, usual):
            yield line.text + below.text, 1.0 - STEP_DOWN * at


def _factor(cell: TitleCell, line: TitleLine, usual: float) -> float:
    factor = 1.0 if _is_large(cell, usual) else PLAIN_FACTOR
    return factor if line.top <= UPPER_PART else factor * LATE_FACTOR


def _is_large(part: TitleCell | TitleLine, usual: float) -> bool:
    return usual > 0 and part.height >= usual * LARGE


def _largest(lines: Sequence[TitleLine], usual: float) -> FoundTitle | None:
    """An unknown title is still a title: the largest line at the top, if it is set as one."""
    large = [one for one in lines if _is_large(one, usual) and one.top <= UPPER_PART]
    large = [one for one in large if 2 <= len(solid(one.text)) <= LONGEST_TITLE]
    if not large:
        return None
    line = max(large, key=lambda one: (one.height, -one.number))
    return FoundTitle(_printed(max(line.cells, key=lambda cell: cell.height).text), None)


def _printed(text: str) -> str:
    """The title as one would write it: letter-spaced Han pulled together (委 托 书)."""
    text = text.replace("\t", " ").strip()
    pieces = text.split()
    return "".join(pieces) if all(len(piece) == 1 for piece in pieces) else re.sub(r" +", " ", text)


def _lines(page: PageReading) -> list[TitleLine]:
    lines, start, words = [], 0, _Words(page)
    for number, text in enumerate(page.text.split("\n")):
        cells, tops, cell_start = [], [], start
        for piece in text.split("\t"):
            boxes = words.before(cell_start + len(piece))
            heights = [box[3] - box[1] for box in boxes]
            cells.append(TitleCell(piece, median(heights) if heights else 0.0))
            tops += [box[1] for box in boxes]
            cell_start += len(piece) + 1
        if text.strip():
            top = min(tops) / page.height if tops and page.height else 0.0
            lines.append(TitleLine(text, tuple(cells), top, number))
        start += len(text) + 1
    return lines


class _Words:
    """The page's word boxes, taken in the order of the text."""

    def __init__(self, page: PageReading) -> None:
        self._words = page.words
        self._at = 0

    def before(self, end: int) -> list[Box]:
        """Boxes of the words not taken yet that begin before ``end``."""
        first = self._at
        while self._at < len(self._words) and self._words[self._at].start < end:
            self._at += 1
        return [word.box for word in self._words[first : self._at]]
