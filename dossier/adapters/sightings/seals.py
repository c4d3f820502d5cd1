"""Seals by their outline: red ones in colour, round and oval ones on scans without it too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from dossier.adapters.sightings.ink import Inks, Pixels
from dossier.records import Box

_ANGLES = 120
_FEWEST_PIXELS = 30
_RIM_REACH = np.linspace(0.9, 1.1, 21)
_DARK = 55
_MOST_CIRCLES, _MOST_SEARCHED = 8, 12
_INNER, _AROUND, _STRONGEST = 0.85, 9, 97
_EDGE_MM = 2.5
# What is so many times longer than the largest seal is none.
_MORE = 1.15
Found = tuple[Box, float]
"""Where a seal stands, in pixels of the small picture, and how sure that is."""


def find_seals(inks: Inks, print_at: Sequence[Box], rules: dict[str, Any]) -> list[Found]:
    """The seals of a page.

    Args:
        inks: its picture.
        print_at: boxes of words that were read surely; without colour, print is no seal.
        rules: ``seals`` of the rule file.
    """
    mm = inks.mm
    if inks.red is not None:
        mask = (inks.red > rules["redder"]).astype(np.uint8)
        found = _in_groups(mask, mask * np.uint8(255), mm, rules, squares=True)
        return [one for one in found if _has_strokes(inks.red, one[0], rules)]
    mask = (inks.dark > _DARK).astype(np.uint8)
    for x0, y0, x1, y1 in print_at:
        mask[max(0, round(y0)) : round(y1), max(0, round(x0)) : round(x1)] = 0
    _without_frames(mask, mm, rules)
    found = _in_groups(mask, inks.dark, mm, rules, squares=False)
    return [one for one in found if _has_strokes(inks.dark, one[0], rules)]


def _has_strokes(ink: Pixels, box: Box, rules: dict[str, Any]) -> bool:
    """Whether text or a star stands in it: a stain is smooth."""
    x0, y0, x1, y1 = (max(0, round(v)) for v in box)
    part = ink[y0:y1, x0:x1]
    if not part.size:
        return False
    around = cv2.blur(part, (_AROUND, _AROUND))
    strong = float(np.percentile(part, _STRONGEST))
    stands_out = cv2.subtract(part, around) > rules["stroke_depth"] * strong
    return float(stands_out.mean()) >= rules["strokes"]


def _without_frames(mask: Pixels, mm: float, rules: dict[str, Any]) -> None:
    """Takes out tables, edges and folds, which are longer than any seal."""
    longest = _MORE * rules["round_mm"][1] * mm
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    long = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) > longest
    long[0] = False
    if long.any():
        mask[long[labels]] = 0


def _in_groups(
    mask: Pixels, ink: Pixels, mm: float, rules: dict[str, Any], *, squares: bool
) -> Iterator[Found]:
    """Seals among groups of ink that stands together; in larger groups by the rim."""
    gap = max(3, round(rules["part_gap_mm"] * mm))
    joined = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    searched = 0
    least = (rules["square_mm"] if squares else rules["round_mm"])[0] * mm
    for label in range(1, count):
        x, y, w, h, _ = stats[label].tolist()
        if max(w, h) < least or min(w, h) < rules["square_mm"][0] * mm:
            continue
        own = mask[y : y + h, x : x + w] * (labels[y : y + h, x : x + w] == label)
        found = _outlined(own, mm, rules, squares=squares)
        if found is None:
            found = _cut_by_the_edge(own, (x, y), mask.shape, mm, rules)
        if found is None and (searched := searched + 1) > _MOST_SEARCHED:
            continue
        groups = [found] if found else _rims(own, ink[y : y + h, x : x + w], mm, rules)
        for box, sure in groups:
            yield (box[0] + x, box[1] + y, box[2] + x, box[3] + y), sure


def _outlined(own: Pixels, mm: float, rules: dict[str, Any], *, squares: bool) -> Found | None:
    """Whether red ink is a seal: its hull is an ellipse or a square, and inked along it."""
    points = cv2.findNonZero(own)
    if points is None or len(points) < _FEWEST_PIXELS:
        return None
    hull = cv2.convexHull(points)
    (_, sides, _), area = cv2.minAreaRect(hull), cv2.contourArea(hull)
    low, high = min(sides), max(sides)
    if area <= 0 or low < 1:
        return None
    share, fill = area / (low * high), len(points) / area
    inked = _inked_along(own, hull, mm)
    if inked < rules["outline"]:
        return None
    wide, least = high / mm, low / high
    narrow, full = rules["filled"]
    bottom, top = rules["ellipse_hull"]
    is_ellipse = bottom <= share <= top and narrow <= fill <= full
    is_ellipse = is_ellipse and least >= rules["flattest"]
    is_ellipse = is_ellipse and rules["round_mm"][0] <= wide <= rules["round_mm"][1]
    is_square = squares and share >= rules["square_hull"] and least >= rules["square_sides"]
    is_square = is_square and rules["square_mm"][0] <= wide <= rules["square_mm"][1]
    if not (is_ellipse or (is_square and fill >= 2 * narrow)):
        return None
    x, y, w, h = cv2.boundingRect(points)
    return (float(x), float(y), float(x + w), float(y + h)), round(min(1.0, 0.5 + inked / 2), 3)


def _cut_by_the_edge(
    own: Pixels, at: tuple[int, int], page: tuple[int, ...], mm: float, rules: dict[str, Any]
) -> Found | None:
    """A seal of which a part lies beyond the sheet: whole when mirrored at the edge."""
    wide = own.shape[1]
    if at[0] + wide >= page[1] - _EDGE_MM * mm:
        whole, moved = np.hstack([own, own[:, ::-1]]), 0.0
    elif at[0] <= _EDGE_MM * mm:
        whole, moved = np.hstack([own[:, ::-1], own]), float(wide)
    else:
        return None
    wider = {**rules, "flattest": rules["flattest_cut"]}  # it was not cut at its middle
    found = _outlined(np.ascontiguousarray(whole), mm, wider, squares=False)
    if found is None:
        return None
    (x0, y0, x1, y1), sure = found
    return (max(0.0, x0 - moved), y0, min(float(wide), x1 - moved), y1), round(0.9 * sure, 3)


def _inked_along(own: Pixels, hull: np.ndarray, mm: float) -> float:
    """Share of the hull's outline beside which there is ink."""
    near = max(3, round(1.4 * mm) | 1)
    thick = cv2.dilate(own, np.ones((near, near), np.uint8))
    line = np.zeros_like(own)
    cv2.drawContours(line, [hull], -1, 1, 1)
    length = int(line.sum())
    return float((thick & line).sum()) / length if length else 0.0


# -- by the rim alone ---------------------------------------------------------------------------


def _rims(own: Pixels, ink: Pixels, mm: float, rules: dict[str, Any]) -> Iterator[Found]:
    """Circles of ink, and ovals as circles of the page made narrower.

    Args:
        own: the group, less print, in which they are looked for.
        ink: all ink there, by which the rim is judged.
        mm: pixels for a millimetre.
        rules: of seals.
    """
    if min(own.shape) < rules["flattest"] * rules["round_mm"][0] * mm:
        return
    taken: list[Box] = []
    for flat in (1.0, *rules["ovals"]):
        looked = cv2.resize(
            own * np.uint8(255), None, fx=flat, fy=1.0, interpolation=cv2.INTER_AREA
        )
        narrow = cv2.resize(ink, None, fx=flat, fy=1.0, interpolation=cv2.INTER_AREA)
        for x, y, radius in _circles(looked, mm, flat, rules):
            inked, x, y, radius = _rim_of(narrow, x, y, radius)
            box = ((x - radius) / flat, y - radius, (x + radius) / flat, y + radius)
            is_new = not any(_overlap(box, other) for other in taken)
            if inked >= rules["rim"] and is_new and _is_open(narrow, x, y, radius, rules):
                taken.append(box)
                yield box, round(inked, 3)


def _circles(
    dark: Pixels, mm: float, flat: float, rules: dict[str, Any]
) -> Iterator[tuple[float, float, float]]:
    low, high = (side * mm / 2 * flat for side in rules["round_mm"])
    if min(dark.shape) < 2 * low:
        return
    room = round(low / 2)
    half = cv2.resize(dark, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    half = cv2.copyMakeBorder(half, room, room, room, room, cv2.BORDER_CONSTANT)
    found = cv2.HoughCircles(
        half,
        cv2.HOUGH_GRADIENT,
        dp=1.5,
        minDist=low / 2,
        param1=120,
        param2=22,
        minRadius=int(low / 2),
        maxRadius=int(high / 2) + 1,
    )
    if found is not None:
        for x, y, radius in found[0][:_MOST_CIRCLES].tolist():
            yield 2 * (x - room), 2 * (y - room), 2 * radius


def _rim_of(dark: Pixels, x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    """Share of the directions in which the rim is inked, for the best circle nearby."""
    best = (0.0, x, y, radius)
    step = max(1.0, radius * 0.03)
    for dx in (-step, 0.0, step):
        for dy in (-step, 0.0, step):
            share, reach = _best_rim(dark, x + dx, y + dy, radius)
            best = max(best, (share, x + dx, y + dy, radius * reach))
    return best


def _best_rim(dark: Pixels, x: float, y: float, radius: float) -> tuple[float, float]:
    angle = np.linspace(0, 2 * math.pi, _ANGLES, endpoint=False, dtype=np.float32)
    reach = (radius * _RIM_REACH).astype(np.float32)
    map_x = x + np.cos(angle)[:, None] * reach
    map_y = y + np.sin(angle)[:, None] * reach
    around = cv2.remap(dark, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR)
    inked = around > _DARK
    # a rim is one or two steps thick wherever it is inked
    both = inked[:, :-1] | inked[:, 1:]
    shares = both.mean(0)
    at = int(np.argmax(shares))
    return float(shares[at]), float(_RIM_REACH[at] + _RIM_REACH[at + 1]) / 2


def _is_open(dark: Pixels, x: float, y: float, radius: float, rules: dict[str, Any]) -> bool:
    """Whether what a rim encloses is neither solid nor bare."""
    inside = np.zeros_like(dark)
    cv2.circle(inside, (round(x), round(y)), max(1, round(radius * _INNER)), 1, -1)
    share = cv2.mean((dark > _DARK).astype(np.uint8), inside)[0]
    return bool(rules["filled"][0] <= share <= rules["filled"][1])


def _overlap(one: Box, other: Box) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    area = min((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return wide > 0 and high > 0 and wide * high > 0.4 * area
