"""What stands on the page in red: seals, read around their rim, and red print.

The main text is read from the red channel, where red ink is paper. This second pass looks at the
red ink alone, only where there is some, and changes nothing in the main text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from dossier.adapters.rapidocr.detection import detect_lines
from dossier.adapters.rapidocr.layout import ReadLine, SealText
from dossier.adapters.rapidocr.models import Floats, Models, Pixels
from dossier.adapters.rapidocr.recognition import LINE_HEIGHT, SQUEEZE, crop_line, read_lines
from dossier.records import Box

# Red ink has this much more red than green and blue (of 255); brown stains and warm light less.
_REDDER = 45
# Less red than this (share of the page) is no text.
_LEAST_RED = 0.0003
# Red marks are looked for at a quarter of the size; there, parts of a seal stand this near.
_COARSE = 4
_PART_GAP = 9
# A company seal is 30 to 45 mm wide (domain.md): never smaller than this share of the page's width.
_SMALLEST_SEAL = 0.07
_LARGEST_SEAL = 0.35
_ROUND = 0.8
# The rim's text stands between these shares of the radius, inside the ring.
_RIM = (0.56, 0.93)
# Around a seal's middle, inside this share of the radius, lines are straight.
_MIDDLE = 0.62
_LEAST_CONFIDENCE = 0.6
_LEAST_SEAL_TEXT = 4


@dataclass(frozen=True, slots=True)
class RedInk:
    """What the second pass found."""

    seals: tuple[SealText, ...] = ()
    lines: tuple[ReadLine, ...] = ()


def read_red_ink(models: Models, color: Pixels, *, longest_side: int) -> RedInk:
    """Read seals and red print of the upright colour picture (height, width, RGB)."""
    places = _red_places(color)
    if not places:
        return RedInk()
    x0, y0 = min(p[0] for p in places), min(p[1] for p in places)
    x1, y1 = max(p[2] for p in places), max(p[3] for p in places)
    ink = red_as_gray(color[y0:y1, x0:x1])
    scale = min(1.0, longest_side / max(color.shape[:2]))
    boxes = detect_lines(models, ink, longest_side=max(64, round(scale * max(ink.shape)))).boxes
    read = read_lines(models, [crop_line(ink, box) for box in boxes])
    lines = [ReadLine(box, line) for box, line in zip(boxes, read, strict=True)]
    seals_at = [place for place in places if _is_seal(place, color)]
    rounds = [(a - x0, b - y0, c - x0, d - y0) for a, b, c, d in seals_at]
    seals = tuple(seal for place in rounds if (seal := _read_seal(models, ink, place, lines)))
    shift = np.array([x0, y0], np.float32)
    return RedInk(
        tuple(SealText(s.text, s.confidence, _moved(s.box, x0, y0)) for s in seals),
        tuple(
            ReadLine(item.corners + shift, item.line)
            for item in lines
            if item.line.confidence >= _LEAST_CONFIDENCE
            and not any(_holds(place, item.corners) for place in rounds)
        ),
    )


def red_as_gray(color: Pixels) -> Pixels:
    """Red ink dark on white; black and blue ink and paper white."""
    red, green, blue = cv2.split(color)
    redder = cv2.subtract(red, cv2.max(green, blue))  # 0 where it would be less
    return cv2.bitwise_not(cv2.add(redder, redder))  # 255 where the sum would be more


def _red_places(color: Pixels) -> list[tuple[int, int, int, int]]:
    """Boxes around the red marks, in pixels; none when there is hardly any red."""
    height, width = color.shape[:2]
    small = cv2.resize(
        color, (max(1, width // _COARSE), max(1, height // _COARSE)), interpolation=cv2.INTER_AREA
    )
    red = (red_as_gray(small) < 255 - _REDDER).astype(np.uint8)
    if red.mean() < _LEAST_RED:
        return []
    joined = cv2.dilate(red, np.ones((_PART_GAP, _PART_GAP), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    gap = _PART_GAP // 2
    places = []
    for x, y, w, h, _ in stats[1:count].tolist():
        inner = red[y + gap : y + h - gap, x + gap : x + w - gap]
        if inner.sum() >= 12:  # specks are no text
            box = (x + gap, y + gap, x + w - gap, y + h - gap)
            limits = (width, height, width, height)
            places.append(tuple(min(v * _COARSE, top) for v, top in zip(box, limits, strict=True)))
    return [place for place in places if place[2] - place[0] > 8 and place[3] - place[1] > 8]


def _is_seal(place: tuple[int, int, int, int], color: Pixels) -> bool:
    width, height = place[2] - place[0], place[3] - place[1]
    page = min(color.shape[:2])
    round_enough = min(width, height) / max(width, height) > _ROUND
    return round_enough and _SMALLEST_SEAL * page < width < _LARGEST_SEAL * page


def _read_seal(
    models: Models, ink: Pixels, place: tuple[int, int, int, int], lines: list[ReadLine]
) -> SealText | None:
    """The rim's text, then the straight lines in the middle."""
    (rim,) = read_lines(models, [_unrolled(ink, place)])
    if rim.confidence < _LEAST_CONFIDENCE or len(rim.text) < _LEAST_SEAL_TEXT:
        return None
    middle = [
        item.line.text
        for item in lines
        if _holds(place, item.corners, share=_MIDDLE)
        and item.line.confidence >= _LEAST_CONFIDENCE
        and len(item.line.text) > 1
    ]
    text = " ".join([rim.text, *middle])
    return SealText(text, rim.confidence, tuple(float(v) for v in place))


def _unrolled(ink: Pixels, place: tuple[int, int, int, int]) -> Pixels:
    """The rim laid flat: it is cut open at the bottom and read clockwise, outside up."""
    x0, y0, x1, y1 = place
    radius = max(x1 - x0, y1 - y0) / 2
    inner, outer = (radius * share for share in _RIM)
    around = 2 * math.pi * radius * sum(_RIM) / 2
    length = round(SQUEEZE * LINE_HEIGHT * around / (outer - inner))
    angle = math.pi / 2 + 2 * math.pi * (np.arange(length, dtype=np.float32) + 0.5) / length
    reach = outer - (outer - inner) * (np.arange(LINE_HEIGHT, dtype=np.float32) + 0.5) / LINE_HEIGHT
    map_x = (x0 + x1) / 2 + reach[:, None] * np.cos(angle)[None, :]
    map_y = (y0 + y1) / 2 + reach[:, None] * np.sin(angle)[None, :]
    return cv2.remap(
        ink, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR, borderValue=255
    )


def _holds(place: tuple[int, int, int, int], corners: Floats, *, share: float = 1.0) -> bool:
    """Whether a line's middle lies within ``share`` of the seal's radius."""
    x, y = corners.mean(0)
    middle_x, middle_y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    radius = max(place[2] - place[0], place[3] - place[1]) / 2
    return math.hypot(x - middle_x, y - middle_y) < share * radius


def _moved(box: Box, x: int, y: int) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y
