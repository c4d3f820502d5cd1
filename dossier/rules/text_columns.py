"""Running text that is set in columns, read column by column.

A page's rows go from the left to the right, as forms and tables are read. A newsletter or the small
print of a contract is set in two columns or more: read by rows, each sentence is cut at the end of
its line, and a word that goes on in the next line is found by nobody. Columns are taken for such
only where both sides clearly are running text; in doubt rows stay rows, for a label that loses its
value is worse than a sentence that is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from dossier.rules.normal_form import HAN

Place = tuple[int, int]
"""A cell: the index of its row, and its own in that."""

_FEWEST_ROWS = 4
"""Rows with text on both sides; fewer are as likely two addresses or two signatures."""
_GUTTER = 0.8
"""Narrowest gap between columns, in heights of a line."""
_NARROWEST = 9.0
"""Narrowest column, in heights of a line: about as many characters. Labels of forms are shorter."""
_LARGEST_LEADING = 2.2
"""A row this many times further from the one before than usual begins something else."""
_INDENT, _RAGGED = 2.6, 1.6
"""How far a full line may begin and end from its column's edges, in heights: two characters of
indent, and a sign of punctuation that hangs over."""
_FULL_LINES, _FULL_OF_ONE = 0.6, 0.4
"""Share of lines that reach from edge to edge, of all and of one column: in running text all but
the last ones of paragraphs."""
_CLOSELY_SET = 0.6
"""So much of a line is taken by its characters, each as wide as high; in tables it is less."""
_RUNNING_ON = 0.5
"""Share of the full lines that end within a sentence."""
_MOSTLY_HAN = 0.6
_MOST_LABELS = 0.3
_SENTENCE_END = "。；;!！?？"
_LABEL = re.compile(r"\s*[^:：\s]{1,8}[:：]")
_HAN = re.compile(f"[{HAN}]")
_SOLID = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a row: where it stands on the upright page, in any unit, and what it says."""

    x0: float
    x1: float
    y: float
    height: float
    text: str


def in_reading_order(rows: Sequence[Sequence[Cell]]) -> list[list[Place]]:
    """The cells of rows (from the top, each from the left) in the order in which one reads them."""
    kept = [[(r, c) for c in range(len(row))] for r, row in enumerate(rows)]
    return list(_ordered(rows, kept))


def _ordered(rows: Sequence[Sequence[Cell]], places: list[list[Place]]) -> Iterator[list[Place]]:
    at = 0
    while at < len(places):
        end, sides = _columns_from(rows, places, at)
        if not sides:
            yield places[at]
            at += 1
            continue
        for side in sides:
            yield from _ordered(rows, side)
        at = end


def _columns_from(
    rows: Sequence[Sequence[Cell]], places: list[list[Place]], start: int
) -> tuple[int, list[list[list[Place]]]]:
    """Where columns that begin at a row end, and the rows of each; none where none begin."""
    first = [rows[r][c] for r, c in places[start]]
    for left, right in pairwise(first):
        if right.x0 - left.x1 < _GUTTER * min(left.height, right.height):
            continue
        end, low, high = _reach(rows, places, start, (left.x1, right.x0))
        middle = (low + high) / 2
        sides = [
            [[place for place in row if _is_left(rows, place, middle) is is_left] for row in block]
            for block in [places[start:end]]
            for is_left in (True, False)
        ]
        both = sum(1 for one, other in zip(*sides, strict=True) if one and other)
        one, other = ([row for row in side if row] for side in sides)
        # More columns may stand on the right; they are parted when that side is read.
        _, further = _columns_from(rows, other, 0) if both >= _FEWEST_ROWS else (0, [])
        texts = [_lines(rows, side) for side in (one, *(further or [other]))]
        if both >= _FEWEST_ROWS and _is_running_text(texts):
            return end, [one, other]
    return start, []


def _is_left(rows: Sequence[Sequence[Cell]], place: Place, middle: float) -> bool:
    cell = rows[place[0]][place[1]]
    return (cell.x0 + cell.x1) / 2 < middle


def _reach(
    rows: Sequence[Sequence[Cell]],
    places: list[list[Place]],
    start: int,
    gutter: tuple[float, float],
) -> tuple[int, float, float]:
    """The first row that the gutter does not part, and the gutter's edges before that."""
    low, high = gutter
    steps: list[float] = []
    end = start
    for at in range(start, len(places)):
        cells = [rows[r][c] for r, c in places[at]]
        height = median(cell.height for cell in cells)
        middle = (low + high) / 2
        left = max([low, *(cell.x1 for cell in cells if (cell.x0 + cell.x1) / 2 < middle)])
        right = min([high, *(cell.x0 for cell in cells if (cell.x0 + cell.x1) / 2 >= middle)])
        if right - left < _GUTTER * height:
            break
        if at > start:
            step = min(c.y for c in cells) - max(rows[r][c].y for r, c in places[at - 1])
            if steps and step > _LARGEST_LEADING * max(median(steps), height):
                break
            steps.append(step)
        low, high, end = left, right, at + 1
    return end, low, high


def _is_running_text(sides: list[list[Cell]]) -> bool:
    """Whether the lines of all columns are such as running text has."""
    if any(len(lines) < _FEWEST_ROWS for lines in sides):
        return False
    lines = [line for side in sides for line in side]
    full = [_full_lines(side) for side in sides]
    all_full = [line for side in full for line in side]
    running_on = [line for line in all_full if line.text.rstrip()[-1:] not in _SENTENCE_END]
    labelled = sum(1 for line in lines if _LABEL.match(line.text))
    return (
        all(len(some) >= _FULL_OF_ONE * len(side) for some, side in zip(full, sides, strict=True))
        and len(all_full) >= _FULL_LINES * len(lines)
        and len(running_on) >= _RUNNING_ON * len(all_full)
        and labelled <= _MOST_LABELS * len(lines)
        and all(_is_mostly_han("".join(line.text for line in side)) for side in sides)
    )


def _full_lines(lines: list[Cell]) -> list[Cell]:
    """Those that reach from edge to edge of their column; none of a narrow one."""
    height = median(line.height for line in lines)
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    if right - left < _NARROWEST * height:
        return []
    return [
        line
        for line in lines
        if line.x0 - left <= _INDENT * height
        and right - line.x1 <= _RAGGED * height
        and len(line.text) * line.height >= _CLOSELY_SET * (line.x1 - line.x0)
    ]


def _lines(rows: Sequence[Sequence[Cell]], side: list[list[Place]]) -> list[Cell]:
    return [_joined([rows[r][c] for r, c in row]) for row in side]


def _joined(cells: list[Cell]) -> Cell:
    """One line of a column; what stands in cells far apart is none, and says nothing."""
    height = median(cell.height for cell in cells)
    apart = any(right.x0 - left.x1 >= _GUTTER * height for left, right in pairwise(cells))
    text = "" if apart else "".join(cell.text for cell in cells)
    return Cell(cells[0].x0, cells[-1].x1, cells[0].y, height, text)


def _is_mostly_han(text: str) -> bool:
    return len(_HAN.findall(text)) >= _MOSTLY_HAN * max(1, len(_SOLID.findall(text)))
