"""Check boxes inside a line (□ ■ ○ ●): which option of a form is ticked.

The reading network leaves most of them out. They are found as shapes in the line's crop where the
network read nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dossier.adapters.rapidocr.models import Pixels
from dossier.adapters.rapidocr.picture import brightness_of_darkest

# Sides of a mark as shares of the crop's height: a full-width shape, no dot and no whole crop.
_SMALLEST, _LARGEST = 0.28, 0.85
# Shorter side through longer side.
_SQUARE = 0.8
# Share of a filled shape that is ink; a disc fills pi/4 of its square.
_FILLED_SQUARE, _FILLED_DISC = 0.88, 0.68
# Share of ink that an empty shape has along its rim at least, and inside at most.
_RIM_INK, _INSIDE_INK = 0.55, 0.08
# Ink is darker than this share of the way from the line's darkest twentieth to white.
_INK = 0.72
# The same where print is pale: rims no longer run into what stands beside them.
_THIN_INK = 0.55
# Strokes are thinner than this, in pixels of a crop 48 high; what stays without them is filled.
_STROKE = 11
# A mark's middle is so far (share of the height) from every character's: nearer shapes are parts
# of characters, such as the right half of 知.
_CLEAR = 0.42
_CERTAINTY = 0.9


@dataclass(frozen=True, slots=True)
class Mark:
    """A check box: which, where its middle is and how wide, as shares of the crop's width."""

    character: str
    center: float
    width: float
    certainty: float = _CERTAINTY


def find_marks(crop: Pixels, centers: Sequence[float], *, squeeze: float) -> list[Mark]:
    """Check boxes that the network left out.

    Args:
        crop: the line (48, width).
        centers: middles of the characters that were read, as shares of the width; a shape that
            holds one is that character.
        squeeze: how much narrower than it is the line was cropped.
    """
    dark = brightness_of_darkest(crop, 0.05)
    ink = _ink(crop, dark, _INK)
    marks = _marks_in(ink, ink, centers, squeeze)
    # Where print is soft or strokes have gaps: a filled box runs into its neighbour, a rim breaks.
    core = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((_STROKE, _STROKE), np.uint8))
    marks += [m for m in _marks_in(core, core, centers, squeeze) if m.character == "■"]
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    marks += [m for m in _marks_in(closed, ink, centers, squeeze) if m.character == "□"]
    thin = _ink(crop, dark, _THIN_INK)
    marks += [m for m in _marks_in(thin, ink, centers, squeeze) if m.character in "□○"]
    apart = _CLEAR * crop.shape[0] * squeeze / crop.shape[1]
    return [
        mark
        for at, mark in enumerate(marks)
        if all(abs(mark.center - other.center) >= apart for other in marks[:at])
    ]


def _ink(crop: Pixels, dark: float, share: float) -> Pixels:
    return (crop < dark + share * (255 - dark)).astype(np.uint8)


def _marks_in(shapes: Pixels, ink: Pixels, centers: Sequence[float], squeeze: float) -> list[Mark]:
    """The connected shapes that are marks; ``ink`` says how full they are."""
    if not shapes.any():
        return []
    height, width = shapes.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(shapes)
    taken = np.array(centers) * width
    marks = []
    for label in _of_marks_size(stats[:count], squeeze, height):
        x, y, w, h, _ = stats[label].tolist()
        if np.abs(taken - (x + w / 2)).min(initial=width) < _CLEAR * height * squeeze:
            continue
        character = _shape(labels[y : y + h, x : x + w] == label, ink[y : y + h, x : x + w])
        if character:
            marks.append(Mark(character, (x + w / 2) / width, w / width))
    return marks


def _of_marks_size(stats: npt.NDArray[np.int32], squeeze: float, line_height: int) -> list[int]:
    """Labels of what may be a mark; all at once, because a line has a hundred shapes."""
    low, high = _SMALLEST * line_height, _LARGEST * line_height
    widths, heights = stats[:, cv2.CC_STAT_WIDTH] / squeeze, stats[:, cv2.CC_STAT_HEIGHT]
    shorter, longer = np.minimum(widths, heights), np.maximum(widths, heights)
    fit = (shorter >= _SQUARE * longer) & (low <= shorter) & (longer <= high)
    fit[0] = False  # what is no shape
    return np.flatnonzero(fit).tolist()


def _shape(own: np.ndarray, ink: np.ndarray) -> str:
    """Name the shape by how full it is, and by its corners; empty when it is none of the four."""
    height, width = own.shape
    filled = float(own.mean())
    corner = max(2, min(height, width) // 6)
    corners = [
        own[:corner, :corner],
        own[:corner, -corner:],
        own[-corner:, :corner],
        own[-corner:, -corner:],
    ]
    has_corners = sum(float(part.mean()) > 0.3 for part in corners) >= 3
    if filled >= _FILLED_SQUARE and has_corners:
        return "■"
    if filled >= _FILLED_DISC and not has_corners:
        return "●"
    edge = max(3, min(height, width) // 4)
    inside = float(ink[edge:-edge, edge:-edge].mean())
    rays = [own[:edge].any(0), own[-edge:].any(0), own[:, :edge].any(1), own[:, -edge:].any(1)]
    if inside > _INSIDE_INK or min(float(ray.mean()) for ray in rays) < _RIM_INK:
        return ""
    return "□" if has_corners else "○"
