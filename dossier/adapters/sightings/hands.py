"""Signatures: ink beside or below a label that asks for one, which is neither print nor a seal."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Any

import cv2
import numpy as np

from dossier.adapters.sightings import fingers
from dossier.adapters.sightings.ink import Inks, Pixels
from dossier.records import Box, PageReading, WordBox
from dossier.rules.normal_form import HAN, fold
from dossier.rules.page_fields import box_of
from dossier.rules.signing_places import SigningPlace

_DAY = re.compile(r"[0-9][年月日]|^[年月日]+$|日期")
_NAME = re.compile(rf"[{HAN}]{{2,4}}")
_HAN_INK = 0.15
_PRINT = re.compile(rf"[{HAN}]{{3,12}}")
_SURE, _SPECKS = 0.95, 0.06
_LABEL_END = re.compile(r"[:：]\s*$")
_LONGEST_NAME = 6
_INK = 90
_RED_INK = 22
_DARK_INK = 205
# Of a label's pixels the darkest twelfth is its strokes; ink has this share of their darkness.
_STRONG, _SHARE, _PALEST = 92, 0.45, 40
_LEAST_HEIGHTS = 6
_FEWEST_CHARACTERS = 2
_LEAST_PIXELS = 4
# In heights of the text: a ruled line, what is no signature any more, what smoothing leaves.
_RULED = 3.2
_HIGHEST, _WIDEST = 3.5, 11.0
_AROUND = 0.12


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands at a place, in pixels of the small picture.

    Attributes:
        box: around it.
        area: inked squares of the text's height.
        tall: its height in heights of printed words.
        read: what was read there as a name, "" where nothing was.
        sure: how sure the reading was.
        blue: how blue it is.
        is_hidden: a seal without colour lies over it; whose ink that is nobody can tell.
        is_finger: a finger's print.
    """

    box: Box
    area: float
    tall: float
    read: str = ""
    sure: float = 0.0
    blue: float = 0.0
    is_hidden: bool = False
    is_finger: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known of a page before places are looked at.

    Attributes:
        reading: its text and boxes.
        inks: its picture.
        seals: where seals stand, in pixels of ``inks``.
        places: where somebody is asked to sign or seal.
        digital: all its text is print.
    """

    reading: PageReading
    inks: Inks
    seals: tuple[Box, ...]
    places: tuple[SigningPlace, ...]
    digital: bool = False

    @property
    def usual(self) -> float:
        """The usual height of the page's words in pixels of ``inks``; 0 where there are too few."""
        heights = [
            word.box[3] - word.box[1]
            for word in self.reading.words
            if not word.vertical and word.edges and word.end - word.start >= _FEWEST_CHARACTERS
        ]
        return median(heights) * self.inks.scale if len(heights) >= _LEAST_HEIGHTS else 0.0

    @property
    def print_height(self) -> float:
        """How high the ink of printed words is, in pixels of ``inks``: no box is as close."""
        return _print_height(self)

    def box_of(self, start: int, end: int) -> Box | None:
        """Where a stretch of the text stands, in pixels of ``inks``."""
        box = box_of(self.reading, start, end)
        return _scaled(box, self.inks.scale) if box else None


def is_signature(mark: Mark, rules: dict[str, Any]) -> bool:
    """Whether what stands at a place was written by hand."""
    if mark.is_finger:
        return True
    if mark.area < rules["least_ink"] or mark.tall > rules["most_height"]:
        return False
    high, wide = mark.box[3] - mark.box[1], mark.box[2] - mark.box[0]
    if wide < rules["least_width"] * high:
        return False
    least = rules["least_height"]
    if _NAME.fullmatch(mark.read) and mark.blue < rules["bluer_than_print"]:
        for sure, larger in rules["larger_than_print"]:
            if mark.sure >= sure:
                least = larger
    return mark.tall >= least


@dataclass(frozen=True, slots=True)
class _Frame:
    """A part of the page laid level: (u, v) there for (x, y) of the small picture."""

    x: float
    y: float
    angle: float
    left: float
    up: float
    size: tuple[int, int]

    def of(self, box: Box) -> Box:
        """A box of the page in the frame, by its middle: its sides stay."""
        x, y = (box[0] + box[2]) / 2 - self.x, (box[1] + box[3]) / 2 - self.y
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        u, v = cosine * x + sine * y + self.left, -sine * x + cosine * y + self.up
        wide, high = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
        return u - wide, v - high, u + wide, v + high

    def back(self, box: Box) -> Box:
        """A box of the frame on the page."""
        u, v = (box[0] + box[2]) / 2 - self.left, (box[1] + box[3]) / 2 - self.up
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        x, y = cosine * u - sine * v + self.x, sine * u + cosine * v + self.y
        wide, high = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
        return x - wide, y - high, x + wide, y + high

    def cut(self, pixels: Pixels) -> Pixels:
        """That part of a picture."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        matrix = np.array(
            [
                [cosine, -sine, self.x - cosine * self.left + sine * self.up],
                [sine, cosine, self.y - sine * self.left - cosine * self.up],
            ]
        )
        return cv2.warpAffine(
            pixels, matrix, self.size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        ).astype(np.uint8)


def mark_at(place: SigningPlace, seen: Seen, rules: dict[str, Any]) -> Mark | None:
    """What stands at the place that may be a signature; None: the place itself has no box.

    A mark of no area: the place is empty.
    """
    usual, label = seen.usual, seen.box_of(*place.label)
    if label is None or usual < _LEAST_PIXELS:
        return None
    frame = _frame(label, usual, place, seen, rules)
    ink, dark = _ink(frame, label, seen, usual)
    if printed := _finger(frame, ink, seen, rules["prints"]):
        return printed
    names = []
    for word in _words_in(frame, seen):
        if not word.edges:  # a seal's text; its box is the whole seal
            continue
        start = _label_end(word, seen.places)
        if start > word.start and (box := seen.box_of(word.start, start)):
            _wipe(ink, frame.of(box), usual)
        if start >= word.end or (box := seen.box_of(start, word.end)) is None:
            continue
        if seen.digital or _is_print(start, word.end, seen):
            _wipe(ink, frame.of(box), usual)
        else:
            names.append((word, start, frame.of(box)))
    _without_folds(ink, usual)
    cluster = _cluster(ink, usual)
    if behind := _read_on_a_seal(frame, place, names, cluster, seen):
        return behind
    if cluster is None:
        return Mark(frame.back(_empty(frame, label, usual)), 0.0, 0.0)
    box, area, high = cluster
    inside = [(word, start) for word, start, at in names if _touch(at, box)]
    text = "".join(seen.reading.text[start : word.end] for word, start in inside)
    sure = sum(word.confidence * (word.end - start) for word, start in inside) / max(1, len(text))
    blue = _blueness(frame, seen.inks, dark, box)
    return Mark(frame.back(box), area, high / seen.print_height, text, round(sure, 3), blue)


def _finger(frame: _Frame, ink: Pixels, seen: Seen, rules: dict[str, Any]) -> Mark | None:
    """A finger's print at the place, in red or dark ink, that is no seal."""
    inks = [ink] if seen.inks.red is None else [ink, _red(frame, seen)]
    for one in inks:
        at = fingers.find_print(one, seen.inks.mm, rules)
        if at is None:
            continue
        box = frame.back(at)
        if any(_holds(seal, box) for seal in seen.seals):
            continue
        return Mark(box, 1.0, 1.0, is_finger=True)
    return None


def _red(frame: _Frame, seen: Seen) -> Pixels:
    red = seen.inks.red
    return (
        (frame.cut(red) > _RED_INK).astype(np.uint8)
        if red is not None
        else np.zeros((1, 1), np.uint8)
    )


def _read_on_a_seal(
    frame: _Frame,
    place: SigningPlace,
    names: Sequence[tuple[WordBox, int, Box]],
    cluster: tuple[Box, float, float] | None,
    seen: Seen,
) -> Mark | None:
    """A name behind the label where a seal without colour hides what ink is whose: by its box."""
    wide, high = frame.size
    on_seal = any(_touch(frame.of(seal), (0, 0, wide, high)) for seal in seen.seals)
    is_huge = cluster is not None and cluster[2] > _HIGHEST * seen.usual
    if seen.inks.red is not None or not (on_seal or is_huge):
        return None
    for word, start, at in names:
        text = seen.reading.text[start : word.end]
        if start >= place.label[1] and word.end <= place.value[1] and _NAME.fullmatch(text):
            tall = (at[3] - at[1]) / seen.usual
            area = len(text) * _HAN_INK * tall**2
            return Mark(frame.back(at), area, tall, text, word.confidence)
    if cluster and any(_touch(frame.of(seal), cluster[0]) for seal in seen.seals):
        return Mark(frame.back(cluster[0]), cluster[1], 0.0, is_hidden=True)
    return None


def _scaled(box: Box, scale: float) -> Box:
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale


def _frame(
    label: Box, usual: float, place: SigningPlace, seen: Seen, rules: dict[str, Any]
) -> _Frame:
    """From the label on to the right, up to the next label, and down."""
    x, y = (label[0] + label[2]) / 2, (label[1] + label[3]) / 2
    half = (label[2] - label[0]) / 2
    right = half + rules["right"] * usual
    for other in seen.places:
        at = None if other is place else seen.box_of(*other.label)
        if at and at[0] > label[2] and abs((at[1] + at[3]) / 2 - y) < 1.5 * usual:
            right = min(right, at[0] - x - 0.3 * usual)
    left = half + rules["left_of_label"] * usual
    up = usual / 2 + rules["above"] * usual
    down = usual / 2 + rules["further_below"] * usual
    size = (max(4, round(left + right)), max(4, round(up + down)))
    return _Frame(x, y, math.radians(seen.reading.skew), left, up, size)


def _threshold(frame: _Frame, dark: Pixels, label: Box) -> float:
    """From where on something is ink here: the label tells how pale print is."""
    x0, y0, x1, y1 = (max(0, round(v)) for v in frame.of(label))
    part = dark[y0:y1, x0:x1]
    strong = float(np.percentile(part, _STRONG)) if part.size else 255.0
    return min(_INK, max(_PALEST, _SHARE * strong))


def _ink(frame: _Frame, label: Box, seen: Seen, usual: float) -> tuple[Pixels, Pixels]:
    """Where there is ink, less ruled lines; on a seal without colour only what is darker."""
    dark = frame.cut(seen.inks.dark)
    ink = (dark > _threshold(frame, dark, label)).astype(np.uint8)
    if seen.inks.red is None:
        for seal in seen.seals:
            x0, y0, x1, y1 = (max(0, round(v)) for v in frame.of(seal))
            ink[y0:y1, x0:x1] = dark[y0:y1, x0:x1] > _DARK_INK
    long = max(8, round(_RULED * usual))
    for kernel in (np.ones((1, long), np.uint8), np.ones((long, 1), np.uint8)):
        lines = cv2.morphologyEx(ink, cv2.MORPH_OPEN, kernel)
        if lines.any():
            ink[cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0] = 0
    return ink, dark


def _words_in(frame: _Frame, seen: Seen) -> list[WordBox]:
    wide, high = frame.size
    found = []
    for word in seen.reading.words:
        x0, y0, x1, y1 = frame.of(_scaled(word.box, seen.inks.scale))
        if x1 > 0 and y1 > 0 and x0 < wide and y0 < high:
            found.append(word)
    return found


_SAMPLE, _VALUES = 16, 0.8
# The ink of a line is so much as high as its box; what is measured beyond is noise or a ruled line.
_OF_A_BOX = (0.56, 0.76)


@lru_cache(maxsize=1)
def _print_height(seen: Seen) -> float:
    words = [
        word
        for word in seen.reading.words
        if word.edges and not word.vertical and word.confidence > _SURE
        and _PRINT.fullmatch(seen.reading.text[word.start : word.end])
    ]  # fmt: skip
    step = max(1, len(words) // _SAMPLE)
    heights = []
    for word in words[::step]:
        x0, y0, x1, y1 = _scaled(word.box, seen.inks.scale)
        wide, high = x1 - x0, y1 - y0
        size = (max(4, round(wide)), max(4, round(high)))
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        frame = _Frame(*middle, math.radians(seen.reading.skew), wide / 2, high / 2, size)
        if height := _height_of_line((frame.cut(seen.inks.dark) > _INK).astype(np.uint8)):
            heights.append(height)
    low, high = (share * seen.usual for share in _OF_A_BOX)
    heights.sort()  # forms have small labels and larger values: a typed name is as high as those
    return min(max(heights[int(_VALUES * len(heights))], low), high) if heights else high


def _height(ink: Pixels) -> float:
    """Rows from the first to the last that more than specks stand in."""
    inked = ink.sum(1)
    rows = np.flatnonzero(inked >= max(1, _SPECKS * float(inked.max())))
    return float(rows[-1] - rows[0] + 1) if len(rows) and inked.max() else 0.0


def _height_of_line(ink: Pixels) -> float:
    """Inked rows around the middle, without what stands apart from them: a line under the text."""
    inked = ink.sum(1)
    is_inked = inked >= max(1, _SPECKS * float(inked.max()))
    middle = len(inked) // 2
    if not is_inked[middle]:
        return 0.0
    gaps = np.flatnonzero(~is_inked)
    above, below = gaps[gaps < middle], gaps[gaps > middle]
    begin = above[-1] + 1 if len(above) else 0
    return float((below[0] if len(below) else len(inked)) - begin)


def _label_end(word: WordBox, places: Sequence[SigningPlace]) -> int:
    """Where a label that the word holds ends in the page's text; the word's start without one."""
    ends = [p.label[1] for p in places if p.label[0] < word.end and word.start < p.label[1]]
    return min(max(ends, default=word.start), word.end)


def _is_print(start: int, end: int, seen: Seen) -> bool:
    """Other labels, days, numbers and sentences; what is left was perhaps written by hand.

    Judged by the whole cell: of leaning lines words are pieces.
    """
    text = seen.reading.text
    first = max(text.rfind("\n", 0, start), text.rfind("\t", 0, start)) + 1
    last = min((at for mark in "\n\t" if (at := text.find(mark, end)) >= 0), default=len(text))
    labels = [p.label[1] for p in seen.places if first <= p.label[1] <= start]
    cell = fold("".join(text[max([first, *labels]) : last].split()))
    digits = [character for character in cell if character.isdigit()]
    return bool(
        len(set(digits)) > 1
        or _DAY.search(cell)
        or _LABEL_END.search(cell)
        or (len(cell) > _LONGEST_NAME and not digits)
    )


def _wipe(ink: Pixels, box: Box, usual: float) -> None:
    """Takes print out, with what smoothing left around its box."""
    more = _AROUND * usual
    x0, y0, x1, y1 = (max(0, round(v)) for v in (box[0] - more, box[1], box[2] + more, box[3]))
    ink[y0:y1, x0:x1] = 0


def _without_folds(ink: Pixels, usual: float) -> None:
    """Takes out what is far too long or high for a signature: folds, frames, shadows."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    high, wide = _HIGHEST * usual, _WIDEST * usual
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_HEIGHT] > high or stats[label, cv2.CC_STAT_WIDTH] > wide:
            ink[labels == label] = 0


def _cluster(ink: Pixels, usual: float) -> tuple[Box, float, float] | None:
    """The largest group of ink: its box, its area and its height."""
    near = max(3, round(0.6 * usual) | 1)
    joined = cv2.dilate(ink, np.ones((max(3, near // 2 | 1), near), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    best: tuple[Box, float, float] | None = None
    for label in range(1, count):
        x, y, w, h, _ = stats[label].tolist()
        own = ink[y : y + h, x : x + w] * (labels[y : y + h, x : x + w] == label)
        area = float(own.sum()) / usual**2
        if best is not None and area <= best[1]:
            continue
        rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
        if not len(rows):
            continue
        box = (float(x + columns[0]), float(y + rows[0]),
               float(x + columns[-1] + 1), float(y + rows[-1] + 1))  # fmt: skip
        best = box, area, _height(own)
    return best


def _empty(frame: _Frame, label: Box, usual: float) -> Box:
    """The place where a signature should stand: behind the label, or below it."""
    x0, y0, x1, y1 = frame.of(label)
    right = min(frame.size[0], x1 + 6 * usual)
    return (x1, y0, right, y1) if right - x1 > 2 * usual else (x0, y1, x1, y1 + 2 * usual)


def _touch(one: Box, other: Box) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 0 and high > 0


def _holds(outer: Box, box: Box) -> bool:
    """Whether the middle of a box lies in another."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] < x < outer[2] and outer[1] < y < outer[3]


def _blueness(frame: _Frame, inks: Inks, dark: Pixels, box: Box) -> float:
    if inks.blue is None:
        return 0.0
    x0, y0, x1, y1 = (max(0, round(v)) for v in box)
    strong = dark[y0:y1, x0:x1] > _INK
    blue = frame.cut(inks.blue)[y0:y1, x0:x1]
    return float(blue[strong].mean()) if strong.any() else 0.0
