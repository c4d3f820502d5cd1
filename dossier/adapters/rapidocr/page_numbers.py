"""Page numbers between two dashes (- 1 -), which detection does not see.

GB/T 9704 sets a paper's number so, alone at the foot of the page. The detection network gives a
group that small and pale no chance at all, so it is found by its shape: two bars of one length
at one height, one figure in the middle between them, and nothing else around.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from dossier.adapters.rapidocr.layout import ReadLine, side_lengths
from dossier.adapters.rapidocr.models import Floats, Models, Pixels
from dossier.adapters.rapidocr.recognition import LineText, crop_line, read_lines

_NUMBER = re.compile(r"[-—一–] ?[0-9]+ ?[-—一–]")
# Boxes that detection gives are this much of a character's height (they are grown on all sides).
_EM = 0.6
# Brightness (of 255) below which there is ink; the second is for pale print.
_INKS = (185, 215)
# What follows are shares of a character's height. A bar is so long, at most so thick, and this
# many times longer than thick; beside a page number stands a hyphen or a dash.
_BAR_LENGTH = (0.15, 1.3)
_BAR_THICKNESS = 0.3
_BAR_SHAPE = 1.3
# Bars fill their rectangle.
_BAR_FULL = 0.55
# Middles of the two bars stand so far apart, and differ so little in height.
_APART = (0.6, 5.0)
_LEVEL = 0.15
# The number between them: so high; its gaps to the bars differ by no more than this.
_HEIGHT = (0.3, 1.2)
_UNEVEN = 0.35
# Round the group no mark that has this share of the number's ink, within so much across and up.
_MARK = 0.4
# Higher marks than this are no print.
_TALLEST = 3.0
# Smaller specks (of a squared character) are not even looked at.
_SPECK = 0.012
_ALONE = (2.0, 0.9)
# More marks than this outside of the lines are noise or a pattern; then nothing is looked for.
_MOST_MARKS = 4000
# A number is taken only when every digit is read with this certainty.
_CERTAIN = 0.85


@dataclass(frozen=True, slots=True)
class _Marks:
    """Connected ink outside of the lines: middles (n, 2), sizes (n, 2) and areas (n,)."""

    middles: Floats
    sizes: Floats
    areas: Floats

    def pick(self, wanted: np.ndarray) -> _Marks:
        return _Marks(self.middles[wanted], self.sizes[wanted], self.areas[wanted])


def read_page_numbers(
    models: Models, gray: Pixels, lines: list[ReadLine], *, skew: float
) -> list[ReadLine]:
    """Page numbers between dashes that stand alone, unless one is among the lines already.

    Args:
        models: the networks.
        gray: the upright page.
        lines: what was found and read on it.
        skew: degrees by which lines lean, clockwise positive.
    """
    if not lines or any(_NUMBER.fullmatch(item.line.text) for item in lines):
        return []
    boxes = np.array([item.corners for item in lines], np.float32)
    em = _EM * float(np.median(np.minimum(*side_lengths(boxes))))
    soft = cv2.GaussianBlur(gray, (0, 0), max(0.6, em / 35))
    for darkness in _INKS:
        marks = _marks_outside(soft, boxes, em, darkness)
        found = [
            ReadLine(corners, line)
            for digits, corners in _groups(marks, em, math.tan(math.radians(skew)))
            if (line := _read_number(models, gray, digits, corners)) is not None
        ]
        if found:
            return found
    return []


def _marks_outside(soft: Pixels, boxes: Floats, em: float, darkness: int) -> _Marks:
    _, ink = cv2.threshold(soft, darkness - 1, 1, cv2.THRESH_BINARY_INV)
    cv2.fillPoly(ink, list(boxes.astype(np.int32)), 0)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float32)
    sizes = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].astype(np.float32)
    corners = stats[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]].astype(np.float32)
    middles = (corners + sizes / 2).astype(np.float32)
    marks = _Marks(middles, sizes, areas).pick(np.arange(count) > 0)
    # Folds and rules are no neighbours: a leaning one's rectangle covers what it never touches.
    return marks.pick((marks.areas >= _SPECK * em * em) & (sizes[1:, 1] < _TALLEST * em))


def _groups(marks: _Marks, em: float, slope: float) -> Iterator[tuple[Floats, Floats]]:
    """Corners of the digits alone and of the whole group, for each bar, number, bar."""
    if len(marks.areas) > _MOST_MARKS:
        return
    width, height = marks.sizes.T
    low, high = _BAR_LENGTH[0] * em, _BAR_LENGTH[1] * em
    is_bar = (width >= low) & (width <= high) & (height <= _BAR_THICKNESS * em)
    is_bar &= (width >= _BAR_SHAPE * height) & (marks.areas >= _BAR_FULL * width * height)
    bars = np.flatnonzero(is_bar)
    for left in bars:
        apart = marks.middles[bars] - marks.middles[left]
        near = (apart[:, 0] >= _APART[0] * em) & (apart[:, 0] <= _APART[1] * em)
        near &= np.abs(apart[:, 1] - slope * apart[:, 0]) <= _LEVEL * em
        for right in bars[near]:
            group = _between(marks, int(left), int(right), em)
            if group is not None:
                yield group


def _between(marks: _Marks, left: int, right: int, em: float) -> tuple[Floats, Floats] | None:
    """The group's corners if the bars hold one number evenly and nothing is near."""
    start, end = marks.middles[left], marks.middles[right]
    halves = marks.sizes / 2
    low, high = start[0] + halves[left, 0], end[0] - halves[right, 0]
    level = (start[1] + end[1]) / 2
    beside = np.abs(marks.middles[:, 1] - level)
    inside = (marks.middles[:, 0] > low) & (marks.middles[:, 0] < high) & (beside < 0.4 * em)
    inside &= marks.sizes[:, 1] >= _HEIGHT[0] * em
    if not inside.any():
        return None
    x0 = float((marks.middles - halves)[inside, 0].min())
    x1 = float((marks.middles + halves)[inside, 0].max())
    y0 = float((marks.middles - halves)[inside, 1].min())
    y1 = float((marks.middles + halves)[inside, 1].max())
    if y1 - y0 > _HEIGHT[1] * em or abs((x0 - low) - (high - x1)) > _UNEVEN * em:
        return None
    first, last = start[0] - halves[left, 0], end[0] + halves[right, 0]
    near = (marks.middles[:, 0] + halves[:, 0] > first - _ALONE[0] * em) & (
        marks.middles[:, 0] - halves[:, 0] < last + _ALONE[0] * em
    )
    near &= beside - halves[:, 1] < _ALONE[1] * em
    near &= (marks.areas >= _MARK * marks.areas[inside].sum()) & ~inside
    near[[left, right]] = False
    if near.any():
        return None
    room, tall = 0.25 * em, 0.3 * (y1 - y0)
    return (
        _rectangle(x0 - room, y0 - tall, x1 + room, y1 + tall),
        _rectangle(first, y0, last, y1),
    )


def _rectangle(x0: float, y0: float, x1: float, y1: float) -> Floats:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def _read_number(models: Models, gray: Pixels, digits: Floats, corners: Floats) -> LineText | None:
    """The digits are read alone: beside them the network takes a dash for anything."""
    (line,) = read_lines(models, [crop_line(gray, digits, squeeze=1.0)], squeeze=1.0)
    if not (line.text.isascii() and line.text.isdigit()) or min(line.chances) < _CERTAIN:
        return None
    width = corners[1, 0] - corners[0, 0]
    inner = np.array(line.edges) * (digits[1, 0] - digits[0, 0]) + digits[0, 0] - corners[0, 0]
    shares = np.clip(inner / width, 0.0, 1.0).tolist()
    edges = (0.0, shares[0], *shares, shares[-1], 1.0)
    chances = (_CERTAIN, line.chances[0], *line.chances, line.chances[-1], _CERTAIN)
    text = f"- {line.text} -"
    return LineText(text, sum(chances) / len(chances), chances, edges)
