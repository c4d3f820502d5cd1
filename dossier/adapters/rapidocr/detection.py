"""Where the lines of text stand: rotated rectangles out of the network's probability map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dossier.adapters.rapidocr.models import Floats, Models, Pixels

# Lines are looked for on a picture of this size and cut out of the full one: bigger finds no more
# (docs/performance.md), smaller loses small print.
LONGEST_SIDE = 1600
# The network wants sides that are multiples of its coarsest stride.
STRIDE = 32
# Thresholds that PP-OCR was trained and published with (rapidocr's config.yaml, Det section).
_PIXEL_THRESHOLD = 0.3
_BOX_THRESHOLD = 0.5
_UNCLIP_RATIO = 1.6
_SMALLEST_SIDE = 3
# Two lines of the smallest print together are this high, in pixels of the shrunk picture.
_SMALLEST_TANGLE = 24
# A mark this many times wider than high, and yet no rectangle, is a bent line; cut it in up to
# eight pieces.
_BENT = 5
_MOST_CUTS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What detection found.

    Attributes:
        boxes: corners (n, 4, 2); each line's begin at the top left of the picture's own
            orientation and go clockwise.
        tangles: (m, 4) x0 y0 x1 y1 of marks that are text but no rectangle: lines that a
            watermark or a grey seal crosses.
    """

    boxes: Floats
    tangles: Floats


def detect_lines(models: Models, gray: Pixels, *, longest_side: int) -> Found:
    """Find the lines of text.

    Args:
        models: the networks.
        gray: picture (height, width).
        longest_side: the picture is shrunk to this before it is looked at; never enlarged.

    Returns:
        Where lines stand, in pixels of ``gray``.
    """
    height, width = gray.shape
    scale = min(1.0, longest_side / max(height, width))
    size = (_to_stride(width * scale), _to_stride(height * scale))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    normal = small.astype(np.float32) / np.float32(127.5) - np.float32(1)
    batch = np.ascontiguousarray(np.broadcast_to(normal, (1, 3, *normal.shape)))
    boxes, tangles = _boxes_of(models.text_probability(batch), small)
    back = np.array([width / size[0], height / size[1]], np.float32)
    return Found(boxes * back, tangles * np.tile(back, 2))


def _to_stride(length: float) -> int:
    return max(STRIDE, round(length / STRIDE) * STRIDE)


def _boxes_of(probability: Floats, small: Pixels) -> tuple[Floats, Floats]:
    mask = (probability > _PIXEL_THRESHOLD).astype(np.uint8)
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    contours = [(contour, 0) for contour in _contours(mask)]
    boxes, tangles = [], []
    while contours:
        contour, cuts = contours.pop()
        center, sides, angle = cv2.minAreaRect(contour)
        if min(sides) < _SMALLEST_SIDE:
            continue
        corners = cv2.boxPoints((center, sides, angle))
        x, y, width, height = cv2.boundingRect(contour)
        if _mean_inside(corners, probability) >= _BOX_THRESHOLD:
            boxes.append(order_corners(_grown(center, sides, angle)))
        elif width > _BENT * height and cuts < _MOST_CUTS:
            contours += [(half, cuts + 1) for half in _halves(contour, small)]
        elif min(sides) >= _SMALLEST_TANGLE:
            tangles.append((x, y, x + width, y + height))
    return (
        np.array(boxes, np.float32).reshape(-1, 4, 2),
        np.array(tangles, np.float32).reshape(-1, 4),
    )


def _contours(mask: Pixels) -> Sequence[Floats]:
    return cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]


def _halves(contour: Floats, small: Pixels) -> list[Floats]:
    """Cut a bent line (a curled page's) near its middle, where the least ink stands."""
    x, y, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [np.subtract(contour, (x, y))], -1, 1, cv2.FILLED)
    ink = (255 - small[y : y + height, x : x + width].astype(np.int32)) * mask
    low, high = int(width * 0.4), int(width * 0.6)
    cut = low + int(np.argmin(ink[:, low:high].sum(0)))
    parts = [(mask[:, :cut].copy(), x), (mask[:, cut + 1 :].copy(), x + cut + 1)]
    return [np.add(half, (left, y)) for part, left in parts for half in _contours(part)]


def _grown(center: Sequence[float], sides: Sequence[float], angle: float) -> Floats:
    """The network marks the core of a line; this is the whole of it.

    Growing a rectangle by a distance on all sides is what the published polygon offset does.
    """
    width, height = sides
    grow = width * height * _UNCLIP_RATIO / (2 * (width + height))
    return cv2.boxPoints((center, (width + 2 * grow, height + 2 * grow), angle))


def _mean_inside(corners: Floats, probability: Floats) -> float:
    limit = np.array([probability.shape[1] - 1, probability.shape[0] - 1])
    low = np.clip(np.floor(corners.min(0)), 0, limit).astype(np.int32)
    high = np.clip(np.ceil(corners.max(0)), 0, limit).astype(np.int32)
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - low).astype(np.int32)], 1)
    return cv2.mean(probability[low[1] : high[1] + 1, low[0] : high[0] + 1], mask)[0]


def order_corners(corners: Floats) -> Floats:
    """Begin at the top left and go clockwise, given corners in order around the rectangle.

    Decided by the sides' directions. Sorting corners by x, as PP-OCR does, mixes up the ends of a
    tall box that leans by more than its width.
    """
    sides = np.roll(corners, -1, 0) - corners
    level = np.abs(sides[:, 0]) / np.maximum(np.linalg.norm(sides, axis=1), 1e-6)
    first = int(level[1] > level[0])
    top = min((first, first + 2), key=lambda i: corners[i, 1] + corners[(i + 1) % 4, 1])
    turned = np.roll(corners, -top, 0)
    if turned[1, 0] < turned[0, 0]:  # around the other way
        turned = turned[[1, 0, 3, 2]]
    return turned.astype(np.float32)
