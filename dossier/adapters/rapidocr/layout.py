"""Order on the page: which way up, how skewed, which lines form a row, what the page says."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dossier.adapters.rapidocr.models import Floats
from dossier.adapters.rapidocr.recognition import LineText
from dossier.records import Box, WordBox
from dossier.rules.text_columns import Cell, in_reading_order
from dossier.rules.wrapped_cells import wrapped_rows

# Two boxes stand in one row when their middles differ by less than this share of the lower height.
_SAME_ROW = 0.5
# A gap smaller than this share of the height is a line that detection cut in two, not two cells.
_SAME_CELL = 0.45
# Degrees; lines that differ less lean alike.
_SAME_LEAN = 2.0
_LARGEST_SKEW = 25.0
# The parts of a line that was cut show up to so many characters twice.
_MOST_OVERLAP = 3
# A line that leans this many degrees more than the page belongs to no row; a curled sheet's corner
# leans up to 12, watermarks 20 and more.
_ASKEW = 14.0
# A line this many times longer than high has a slope to speak of; so many are needed for a fit.
_TELLING = 3.0
_FEWEST_TELLING = 6
# Slopes that differ more from the page's are no paper's.
_LARGEST_BEND = 0.15
_RESISTANCE = 3.0
# A piece of a leaning line is boxed alone once the line has moved by this share of its height.
_LARGEST_DRIFT = 0.4


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that was read, and where: corners (4, 2) from where reading begins, clockwise."""

    corners: Floats
    line: LineText


@dataclass(frozen=True, slots=True)
class _Row:
    """Lines that follow each other; a column's lie as on the page turned to the left."""

    lines: list[ReadLine]
    is_column: bool = False


@dataclass(frozen=True, slots=True)
class PageText:
    """What the page says in reading order, with the pieces' places."""

    text: str
    words: tuple[WordBox, ...]


@dataclass(frozen=True, slots=True)
class SealText:
    """What a seal says, and the square that it stands in."""

    text: str
    confidence: float
    box: Box


def turn_corners(boxes: Floats, *, rotation: int, width: int, height: int) -> Floats:
    """Move corners along when a picture (width, height) is turned clockwise by ``rotation``."""
    x, y = boxes[..., 0], boxes[..., 1]
    if rotation == 90:
        return np.stack([height - y, x], -1)
    if rotation == 180:
        return np.stack([width - x, height - y], -1)
    if rotation == 270:
        return np.stack([y, width - x], -1)
    return boxes


def turn_bounds(bounds: Floats, *, rotation: int, width: int, height: int) -> Floats:
    """Move upright boxes (n, 4) x0 y0 x1 y1 along as :func:`turn_corners` does."""
    ends = turn_corners(bounds.reshape(-1, 2, 2), rotation=rotation, width=width, height=height)
    return np.concatenate([ends.min(1), ends.max(1)], 1)


def side_lengths(boxes: Floats) -> tuple[Floats, Floats]:
    """Length along the top side and along the left side of each box."""
    along = np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1)
    down = np.linalg.norm(boxes[:, 3] - boxes[:, 0], axis=1)
    return along, np.maximum(down, 1.0)


def lies_sideways(boxes: Floats) -> bool:
    """Whether most of the text, by length, runs up or down the picture."""
    along, down = side_lengths(boxes)
    longer, shorter = np.maximum(along, down), np.maximum(1.0, np.minimum(along, down))
    clear = longer / shorter > 2
    if not clear.any():
        return False
    upright = longer[clear & (along >= down)].sum()
    return bool(longer[clear].sum() > 2 * upright)


def measure_skew(boxes: Floats) -> float:
    """Degrees by which lines lean, clockwise positive: where most lines agree.

    Lines are counted, not measured: a watermark repeated across the page is longer than the text.
    """
    if not len(boxes):
        return 0.0
    along, down = side_lengths(boxes)
    lean = boxes[:, 1] - boxes[:, 0] + boxes[:, 2] - boxes[:, 3]
    angles = np.degrees(np.arctan2(lean[:, 1], lean[:, 0]))
    # Short boxes have no angle to speak of; a page that leans more is no page that was laid down.
    usable = (along > 2 * down) & (np.abs(angles) < _LARGEST_SKEW)
    if not usable.any():
        return 0.0
    angles = angles[usable]
    near = np.abs(angles[:, None] - angles[None, :]) < _SAME_LEAN
    # Of two groups of about the same number the more upright one is the text.
    best = near[np.argmax(near.sum(1) * (1 - np.abs(angles) / (2 * _LARGEST_SKEW)))]
    return float(np.median(angles[best]))


def compose(lines: list[ReadLine], *, skew: float) -> PageText:
    """Put lines into reading order: rows from the top, cells of a row from the left.

    Running text in columns is read column by column (:mod:`dossier.rules.text_columns`).

    On a page that is printed downwards columns come from the right, after what stands over them.
    What runs askew over the page (watermarks, stamps) comes after all rows, each on its own.
    """
    text: list[str] = []
    words: list[WordBox] = []
    length = 0
    for row in _in_order(lines, skew):
        for position, item in enumerate(row.lines):
            left = row.lines[position - 1] if position else None
            mark = _separator(left, item, skew) if left else ("\n" if text else "")
            if left and not mark:
                item = _without_overlap(left, item)
            text.append(mark + item.line.text)
            placed = _turned(item, rotation=90) if row.is_column else item
            words.extend(_pieces(placed, length + len(mark)))
            length += len(text[-1])
    return PageText("".join(text), tuple(words))


def _in_order(lines: list[ReadLine], skew: float) -> list[_Row]:
    askew = [_is_askew(item, skew) for item in lines]
    level = [item for item, off in zip(lines, askew, strict=True) if not off]
    rows = _mixed_rows(level, skew) if _runs_down(level) else _level_rows(level, skew)
    return rows + [_Row([item]) for item, off in zip(lines, askew, strict=True) if off]


def _level_rows(lines: list[ReadLine], skew: float) -> list[_Row]:
    rows = _rows(lines, skew)
    places = in_reading_order([[_cell(item, skew) for item in row] for row in rows])
    return [_Row([rows[r][c] for r, c in row]) for row in places]


def _cell(item: ReadLine, skew: float) -> Cell:
    ends = np.array([item.corners[[0, 3]].mean(0), item.corners[1:3].mean(0)])
    (x0, y0), (x1, y1) = _straighten(ends, skew).tolist()
    height = float(np.linalg.norm(item.corners[3] - item.corners[0]))
    return Cell(x0, x1, (y0 + y1) / 2, max(height, 1.0), item.line.text)


def _mixed_rows(lines: list[ReadLine], skew: float) -> list[_Row]:
    """The columns, and before or after them what stands above or below their middle."""
    columns = [item for item in lines if _is_vertical(item.corners)]
    across = [item for item in lines if not _is_vertical(item.corners)]
    middle = float(np.median([_height_on_page(item) for item in columns]))
    turned = [_turned(item, rotation=270) for item in columns]
    return [
        *_level_rows([item for item in across if _height_on_page(item) < middle], skew),
        *(_Row(row, is_column=True) for row in _rows(turned, skew)),
        *_level_rows([item for item in across if _height_on_page(item) >= middle], skew),
    ]


def _height_on_page(item: ReadLine) -> float:
    return float(item.corners[:, 1].mean())


def _runs_down(lines: list[ReadLine]) -> bool:
    """Whether most of the text runs down the page."""
    down = sum(len(item.line.text) for item in lines if _is_vertical(item.corners))
    return 2 * down > sum(len(item.line.text) for item in lines)


def _turned(item: ReadLine, *, rotation: int) -> ReadLine:
    return replace(item, corners=turn_corners(item.corners, rotation=rotation, width=0, height=0))


def page_skew(lines: list[ReadLine]) -> float:
    """Degrees by which the page's text leans, clockwise positive, whichever way it runs."""
    if _runs_down(lines):
        lines = [_turned(item, rotation=270) for item in lines]
    return measure_skew(np.array([item.corners for item in lines], np.float32).reshape(-1, 4, 2))


def with_seals(page: PageText, seals: Sequence[SealText]) -> PageText:
    """Append what seals say after the page's own text, a line each."""
    text, words = page.text, list(page.words)
    for seal in seals:
        start = len(text) + 1 if text else 0
        text = f"{text}\n{seal.text}" if text else seal.text
        words.append(WordBox(start, len(text), seal.box, round(seal.confidence, 4)))
    return PageText(text, tuple(words))


def _is_askew(item: ReadLine, skew: float) -> bool:
    run = item.corners[1] - item.corners[0]
    down = item.corners[3] - item.corners[0]
    if np.linalg.norm(run) < 1.5 * np.linalg.norm(down):
        return False
    off = abs(math.degrees(math.atan2(run[1], run[0])) - skew)
    return min(off, abs(off - 90)) > _ASKEW


def _rows(lines: list[ReadLine], skew: float) -> list[list[ReadLine]]:
    if not lines:
        return []
    boxes = np.array([item.corners for item in lines])
    centers = _flatten_paper(boxes, skew)
    heights = _heights(boxes)
    whole = wrapped_rows(_flat_cells(lines, centers, heights))
    taken = {i for row in whole for i in row}
    rows: list[tuple[float, float, list[int]]] = []
    for i in np.argsort(centers[:, 1], kind="stable"):
        if i in taken:
            continue
        y, height = float(centers[i, 1]), float(heights[i])
        for middle, row_height, members in rows[-4:]:
            if abs(middle - y) < _SAME_ROW * min(row_height, height):
                members.append(int(i))
                break
        else:
            rows.append((y, height, [int(i)]))
    ordered = [(y, sorted(row, key=lambda i: centers[i, 0])) for y, _, row in rows]
    ordered += [(float(centers[row, 1].mean()), row) for row in whole]
    ordered.sort(key=lambda row: row[0])
    return [[lines[i] for i in row] for _, row in ordered]


def _flat_cells(lines: list[ReadLine], centers: Floats, heights: Floats) -> list[Cell]:
    along, _ = side_lengths(np.array([item.corners for item in lines]))
    return [
        Cell(x - length / 2, x + length / 2, y, max(height, 1.0), item.line.text)
        for (x, y), length, height, item in zip(
            centers.tolist(), along.tolist(), heights.tolist(), lines, strict=True
        )
    ]


def _flatten_paper(boxes: Floats, skew: float) -> Floats:
    """Middles of the boxes on paper laid flat: skew, curl and perspective taken out.

    The lines tell how the paper lies: the slope of each at its place is fitted by a constant
    (skew), x and x squared (a curled sheet) and y (perspective); following that slope from the
    page's middle moves a row's cells to one height.
    """
    middles = boxes.mean(1)
    along, down = side_lengths(boxes)
    run = boxes[:, 1] - boxes[:, 0] + boxes[:, 2] - boxes[:, 3]
    slopes = run[:, 1] / np.maximum(np.abs(run[:, 0]), 1e-3)
    usual = math.tan(math.radians(skew))
    tells = (along > _TELLING * down) & (np.abs(slopes - usual) < _LARGEST_BEND)
    straight = _straighten(middles, skew)
    if tells.sum() < _FEWEST_TELLING:
        return straight
    center, reach = middles.mean(0), np.maximum(np.ptp(middles, axis=0), 1.0) / 2
    x, y = ((middles - center) / reach).T
    terms = np.stack([np.ones_like(x), x, x * x, y], 1)
    weights = np.sqrt(along[tells])
    # A little resistance keeps terms at nothing that the lines say nothing about.
    left = np.vstack([terms[tells] * weights[:, None], np.eye(4)[1:] * _RESISTANCE])
    right = np.concatenate([(slopes[tells] - usual) * weights, np.zeros(3)])
    a, b, c, d = np.linalg.lstsq(left, right, rcond=None)[0]
    bend = reach[0] * (a * x + b * x**2 / 2 + c * x**3 / 3 + d * x * y)
    return np.stack([straight[:, 0], straight[:, 1] - bend], 1)


def _heights(boxes: Floats) -> Floats:
    """How far each box reaches down the page, whichever way its text runs."""
    along, down = side_lengths(boxes)
    run = boxes[:, 1] - boxes[:, 0]
    return np.where(np.abs(run[:, 1]) > np.abs(run[:, 0]), along, down)


def _straighten(points: Floats, skew: float) -> Floats:
    angle = -math.radians(skew)
    cosine, sine = math.cos(angle), math.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]], np.float32)


def _separator(left: ReadLine, right: ReadLine, skew: float) -> str:
    """Nothing inside a word that detection cut, a tab between cells, a line's end within one."""
    ends = _straighten(np.array([left.corners[1:3].mean(0), right.corners[[0, 3]].mean(0)]), skew)
    height = min(
        np.linalg.norm(left.corners[3] - left.corners[0]),
        np.linalg.norm(right.corners[3] - right.corners[0]),
    )
    starts = _straighten(np.array([left.corners[[0, 3]].mean(0)]), skew)
    if ends[1, 1] - starts[0, 1] > _SAME_ROW * height and abs(ends[1, 0] - starts[0, 0]) < height:
        return "\n"
    return "" if ends[1, 0] - ends[0, 0] < _SAME_CELL * height - height * 0.7 else "\t"


def _without_overlap(left: ReadLine, right: ReadLine) -> ReadLine:
    """The right part of a line that was cut in two, less what the left part also shows."""
    reach = min(_MOST_OVERLAP, len(right.line.text) - 1)
    ending, beginning = _same_width(left.line.text), _same_width(right.line.text)
    again = [k for k in range(1, reach + 1) if ending.endswith(beginning[:k])]
    overlaps = left.corners[1, 0] > right.corners[0, 0]
    if not again or not overlaps:
        return right
    line, k = right.line, again[-1]
    rest = LineText(line.text[k:], line.confidence, line.chances[k:], line.edges[k:])
    return ReadLine(right.corners, rest)


def _same_width(text: str) -> str:
    """The text with full-width signs as plain ones, each character in its place."""
    return "".join(
        plain if len(plain := unicodedata.normalize("NFKC", c)) == 1 else c for c in text
    )


def _pieces(item: ReadLine, offset: int) -> list[WordBox]:
    """Cut a line at its spaces, and where it leans, into pieces with boxes of their own."""
    corners, line = item.corners, item.line
    across = 0 if _is_vertical(corners) else 1
    lean = abs(float(corners[1, across] - corners[0, across]))
    height = max(1.0, abs(float(corners[3, across] - corners[0, across])))
    largest = max(1, int(len(line.text) * _LARGEST_DRIFT * height / max(lean, 1e-6)))
    pieces, begin = [], 0
    for i in range(len(line.text) + 1):
        cut = i == len(line.text) or line.text[i].isspace()
        if i > begin and (cut or i - begin >= largest):
            pieces.append(_piece(item, begin, i, offset))
            begin = i
        if cut:
            begin = i + 1
    return pieces


def _piece(item: ReadLine, begin: int, end: int, offset: int) -> WordBox:
    line = item.line
    vertical = _is_vertical(item.corners)
    shares = np.array(line.edges[begin : end + 1])
    top = item.corners[0] + shares[:, None] * (item.corners[1] - item.corners[0])
    bottom = item.corners[3] + shares[:, None] * (item.corners[2] - item.corners[3])
    both = np.concatenate([top, bottom])
    edges = ((top + bottom) / 2)[:, 1 if vertical else 0]
    low, high = both.min(0), both.max(0)
    box: Box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return WordBox(
        offset + begin,
        offset + end,
        box,
        round(sum(line.chances[begin:end]) / (end - begin), 4),
        tuple(round(float(e), 1) for e in edges),
        vertical,
    )


def _is_vertical(corners: Floats) -> bool:
    run = corners[1] - corners[0]
    return bool(abs(run[1]) > abs(run[0]))
