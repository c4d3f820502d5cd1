"""Sets text into lines and tables for paper of a given size; pure arithmetic, no PDF.

Everything is in points, from the top left. The text itself is never changed: a piece that is set
knows which characters of the source it shows, so a hit in the text is a place on the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Measure = Callable[[str], float]
"""Width of one character in em."""

# Marks that may not begin a line (the short list of GB/T 15834 §5.1, with their ASCII sisters).
_NO_START = frozenset("，。、；：？！）》」』】〉”’％,.;:?!)]}%")
# Words and numbers stay whole unless they are longer than this, as file names and tokens are.
_WORD = re.compile(r"\d[\d,]{0,20}\d(?:\.\d+)?|[0-9A-Za-z_.@/+\-#&=]{2,40}|.", re.DOTALL)
# A column is not made narrower than four characters as long as all of them have room.
_COLUMN_EM = 4.0
_GUTTER_EM = 1.0
# A row of more cells than A4 can show is set as running text with gaps.
_MOST_COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Sheet:
    """The paper: size, margins and type size, in points."""

    width: float = 595.28
    height: float = 841.89
    margin: float = 48.0
    size: float = 10.0
    leading: float = 15.0

    @property
    def measure(self) -> float:
        """Length of a line."""
        return self.width - 2 * self.margin

    @property
    def depth(self) -> float:
        """Height for lines; head and foot have their place in the margins."""
        return self.height - 2 * self.margin


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters ``start:end`` of the source at ``x`` and, below the unit's top, ``dy``."""

    start: int
    end: int
    x: float
    dy: float


@dataclass(slots=True)
class Unit:
    """What stays together on a page: a line of a paragraph, or a row of a table."""

    start: int
    end: int
    height: float
    pieces: list[Piece] = field(default_factory=list)
    is_row: bool = False


@dataclass(slots=True)
class PlacedUnit:
    """A unit and the y of its top on the page."""

    unit: Unit
    top: float


def paginate(text: str, sheet: Sheet, width_of: Measure) -> Iterator[list[PlacedUnit]]:
    """Pages of the text, one at a time; an empty text is one empty page."""
    page: list[PlacedUnit] = []
    y = 0.0
    for unit in _units(text, sheet, width_of):
        if page and y + unit.height > sheet.depth:
            yield page
            page, y = [], 0.0
        page.append(PlacedUnit(unit, sheet.margin + y))
        y += unit.height
    yield page


def _units(text: str, sheet: Sheet, width_of: Measure) -> Iterator[Unit]:
    table: list[tuple[int, int]] = []
    for start, end in _line_spans(text):
        if 0 < text.count("\t", start, end) < _MOST_COLUMNS:
            table.append((start, end))
            continue
        yield from _table(text, table, sheet, width_of)
        table = []
        yield from _paragraph(text, start, end, sheet, width_of)
    yield from _table(text, table, sheet, width_of)


def _line_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _paragraph(text: str, start: int, end: int, sheet: Sheet, width_of: Measure) -> Iterator[Unit]:
    for first, last in _wrap(text, start, end, sheet.measure / sheet.size, width_of):
        piece = Piece(first, last, sheet.margin, 0.0)
        yield Unit(first, last, sheet.leading, [piece] if last > first else [])


def _wrap(text: str, start: int, end: int, em: float, width_of: Measure) -> list[tuple[int, int]]:
    """Spans of lines not longer than ``em``; together they are the whole of ``start:end``."""
    spans: list[tuple[int, int]] = []
    first, used = start, 0.0
    for match in _WORD.finditer(text, start, end):
        word = match.group()
        width = sum(map(width_of, word))
        fits = used + width <= em or (word in _NO_START and used + width <= em + 1)
        if not fits and match.start() > first:
            spans.append((first, match.start()))
            first, used = match.start(), 0.0
        if width > em:  # a token longer than the line is cut where the line ends
            first, used = _cut_long(text, match.start(), match.end(), em, width_of, spans)
        else:
            used += width
    spans.append((first, end))
    return spans


def _cut_long(
    text: str, start: int, end: int, em: float, width_of: Measure, spans: list[tuple[int, int]]
) -> tuple[int, float]:
    first, used = start, 0.0
    for index in range(start, end):
        width = width_of(text[index])
        if used + width > em and index > first:
            spans.append((first, index))
            first, used = index, 0.0
        used += width
    return first, used


def _table(
    text: str, rows: list[tuple[int, int]], sheet: Sheet, width_of: Measure
) -> Iterator[Unit]:
    if not rows:
        return
    widths = _column_widths(text, rows, sheet.measure / sheet.size, width_of)
    for start, end in rows:
        unit = _row(text, start, end, sheet, widths, width_of)
        if unit.height > sheet.depth:  # a cell as long as a letter: set it as paragraphs
            yield from _paragraph(text, start, end, sheet, width_of)
        else:
            yield unit


def _cells(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    while (tab := text.find("\t", start, end)) >= 0:
        spans.append((start, tab))
        start = tab + 1
    return [*spans, (start, end)]


def _column_widths(
    text: str, rows: list[tuple[int, int]], em: float, width_of: Measure
) -> list[float]:
    """Natural widths where they fit; else the wide ones give, each keeps a least width."""
    natural: list[float] = []
    for start, end in rows:
        for column, (first, last) in enumerate(_cells(text, start, end)):
            width = min(sum(map(width_of, text[first:last])), em) + _GUTTER_EM
            if column == len(natural):
                natural.append(0.0)
            natural[column] = max(natural[column], width)
    return natural if sum(natural) <= em else _shared_out(natural, em)


def _shared_out(natural: list[float], em: float) -> list[float]:
    """Narrow columns keep their width; the wide ones share what is left alike."""
    widths = [0.0] * len(natural)
    left, columns = em, len(natural)
    for column in sorted(range(len(natural)), key=natural.__getitem__):
        share = max(left / columns, min(_COLUMN_EM, em / len(natural)))
        widths[column] = min(natural[column], share)
        left, columns = left - widths[column], columns - 1
    return widths


def _row(
    text: str, start: int, end: int, sheet: Sheet, widths: list[float], width_of: Measure
) -> Unit:
    unit = Unit(start, end, 0.0, is_row=True)
    x, lines = sheet.margin, 1
    for (first, last), width in zip(_cells(text, start, end), widths, strict=False):
        inner = max(width - _GUTTER_EM, min(width, 1.0))
        spans = _wrap(text, first, last, inner, width_of)
        lines = max(lines, len(spans))
        unit.pieces += [
            Piece(a, b, x, number * sheet.leading) for number, (a, b) in enumerate(spans) if b > a
        ]
        x += width * sheet.size
    unit.height = lines * sheet.leading
    return unit
