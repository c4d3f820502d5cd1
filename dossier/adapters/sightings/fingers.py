"""A finger's print in place of a signature (指印): ridges in an oval, without a rim."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from dossier.adapters.sightings.ink import Pixels
from dossier.records import Box

_JOINED = 5
_FEWEST_PIXELS = 40


def find_print(ink: Pixels, mm: float, rules: dict[str, Any]) -> Box | None:
    """The largest print at a place, None without one.

    Args:
        ink: where there is ink, of a part of the page.
        mm: pixels for a millimetre.
        rules: ``prints`` of the rule file.
    """
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((_JOINED, _JOINED), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((_JOINED, _JOINED), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    best: tuple[int, Box] | None = None
    for label in range(1, count):
        x, y, w, h, area = stats[label].tolist()
        if best is not None and area <= best[0]:
            continue
        own = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
        if _is_print(own, ink[y : y + h, x : x + w], mm, rules):
            best = area, (float(x), float(y), float(x + w), float(y + h))
    return best[1] if best else None


def _is_print(own: Pixels, ink: Pixels, mm: float, rules: dict[str, Any]) -> bool:
    points = cv2.findNonZero(own)
    if points is None or len(points) < _FEWEST_PIXELS:
        return False
    hull = cv2.convexHull(points)
    (_, sides, _), area = cv2.minAreaRect(hull), cv2.contourArea(hull)
    low, high = min(sides), max(sides)
    narrow, wide = (side * mm for side in rules["sides_mm"])
    if not (narrow <= low and high <= wide) or area <= 0:
        return False
    bottom, top = rules["hull"]
    thin, full = rules["filled"]
    solid = float(cv2.countNonZero(own)) / area
    inked = float(cv2.countNonZero(cv2.bitwise_and(ink, own))) / area
    is_oval = bottom <= area / (low * high) <= top and low / high >= rules["flattest"]
    return is_oval and solid >= rules["solid"] and thin <= inked <= full
