"""Which way up a page is: lines vote, and upright columns are told from lines that lie.

A column of upright characters, turned to the left, looks to the reading network like a line: it was
trained on such columns and reads both with the same certainty. So the characters of the line that
was read are stood up: where they say the same again, it was a column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from dossier.adapters.rapidocr import layout
from dossier.adapters.rapidocr.detection import order_corners
from dossier.adapters.rapidocr.models import Floats, Models, Pixels
from dossier.adapters.rapidocr.recognition import (
    LINE_HEIGHT,
    SQUEEZE,
    LineText,
    crop_line,
    read_lines,
)

# Lines that vote on which way is up.
_VOTERS = 6
# Text that stands upright is read with at least this certainty; then nobody asks the other way.
_SURELY_UPRIGHT = 0.9
# So many characters of a line are stood up: more say nothing else, and cost time on every page.
_STOOD = 4
# Of columns 85 to 100 % of the characters say the same when stood up, of lines up to 29 % (measured
# on faces and sizes of 30 to 80 pixels, and on scans and photos that lay on their side).
_SAME = 0.5
# Letters and figures lie in columns too; Han characters and their marks stand.
_FIRST_WIDE = "\u2e80"


def which_way_up(models: Models, gray: Pixels, boxes: Floats) -> tuple[int, dict[int, LineText]]:
    """Vote on the rotation; the voters' lines come back so that nobody reads them again."""
    if not len(boxes):
        return 0, {}
    sideways = layout.lies_sideways(boxes)
    height, width = gray.shape
    turned, view = boxes, gray
    if sideways:
        turned = layout.turn_corners(boxes, rotation=90, width=width, height=height)
        turned = np.array([order_corners(box) for box in turned], np.float32)
        view = np.ascontiguousarray(np.rot90(gray, -1))
    voters = _voters(turned)
    crops, lines, flipped = _surer_side(models, [crop_line(view, turned[i]) for i in voters])
    rotation = 90 * sideways + 180 * flipped
    # Columns lie sideways but on a page that itself was turned: there one line is asked first.
    some = len(crops) if sideways else 1
    if _are_columns(models, crops[:some], lines[:some]) and _are_columns(models, crops, lines):
        return (rotation + 90) % 360, {}
    return rotation, dict(zip(voters, lines, strict=True))


def _surer_side(models: Models, crops: list[Pixels]) -> tuple[list[Pixels], list[LineText], bool]:
    """The crops and what they say, upside down if that is surer."""
    upright = read_lines(models, crops)
    if _certainty(upright) < _SURELY_UPRIGHT:
        other = [np.ascontiguousarray(np.rot90(crop, 2)) for crop in crops]
        flipped = read_lines(models, other)
        if _certainty(flipped) > _certainty(upright):
            return other, flipped, True
    return crops, upright, False


def _voters(boxes: Floats) -> list[int]:
    """The lines of middling length: long enough to tell, short enough to be cheap."""
    along, down = layout.side_lengths(boxes)
    shape = along / down
    fit = np.flatnonzero((shape > 3) & (shape < 12))
    fit = fit if len(fit) else np.argsort(-shape)
    return [int(i) for i in fit[np.argsort(-down[fit], kind="stable")][:_VOTERS]]


def _certainty(lines: Sequence[LineText]) -> float:
    weight = sum(len(line.text) for line in lines)
    return math.fsum(line.confidence * len(line.text) for line in lines) / max(1, weight)


def _are_columns(models: Models, crops: Sequence[Pixels], lines: Sequence[LineText]) -> bool:
    """Whether the characters of most lines say the same when each is turned to the right."""
    same = asked = 0
    for crop, line in zip(crops, lines, strict=True):
        wide = [i for i, c in enumerate(line.text) if c >= _FIRST_WIDE][:_STOOD]
        if wide:
            (stood,) = read_lines(models, [_stood_up(crop, line, wide)])
            same += sum(line.text[i] == c for i, c in zip(wide, stood.text, strict=False))
            asked += len(wide)
    return same > _SAME * asked


def _stood_up(crop: Pixels, line: LineText, places: Sequence[int]) -> Pixels:
    """These characters of a line, each turned to the right, side by side as a line."""
    cell = (round(LINE_HEIGHT * SQUEEZE), LINE_HEIGHT)
    cells = []
    for at in places:
        left = int(line.edges[at] * crop.shape[1])
        right = max(left + 1, math.ceil(line.edges[at + 1] * crop.shape[1]))
        upright = np.ascontiguousarray(np.rot90(crop[:, left:right], -1))
        cells.append(cv2.resize(upright, cell, interpolation=cv2.INTER_AREA))
    return np.concatenate(cells, axis=1)
