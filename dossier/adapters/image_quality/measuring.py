"""One page's picture and its reading in, its measures out; nothing is learned or loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dossier.errors import UnreadableFileError
from dossier.records import Box, PageMeasures, PageReading, QuarantineReason

Pixels = NDArray[np.uint8]
SMALL = 600
"""Pixels of the longest side of the picture on which paper, edges and likeness are looked at."""
MOST_WORDS = 24
"""Words that are looked at, spread evenly over the page: with more, quantiles hardly move."""
LEAST_HEIGHT, MOST_HEIGHT = 8, 160
"""Of a word in pixels; smaller is a speck, larger a seal or a heading across."""
DARK = 70
"""Of 255: what is darker and hangs together with the picture's edge is no paper."""
HASH_SIDE = 16
_SURE = 0.5
"""A word that was read less surely may be no word."""
_EDGE = 2
"""Pixels of the small picture from the edge within which ink is cut off."""
_AS_HIGH, _AS_DARK = 1.8, 0.6
"""Of the height and contrast that most words have: what is beyond is no line of the text."""
_GAUSS = 2.5066
"""The slope of a blurred step is its height through sigma times this (the root of 2 pi)."""


class PictureMeasurer:
    """Measures pictures of pages; one thread, no files written."""

    def __init__(self) -> None:
        """Nothing is loaded."""
        cv2.setNumThreads(1)

    def measure(self, picture: Path, reading: PageReading) -> PageMeasures:
        """See the port."""
        body = picture.read_bytes()
        gray = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE)
        if gray is None:
            raise UnreadableFileError(QuarantineReason.CORRUPT, "no picture")
        gray = gray.astype(np.uint8, copy=False)
        if reading.rotation:
            gray = np.ascontiguousarray(np.rot90(gray, -reading.rotation // 90))
        scale = max(gray.shape) / max(1, reading.width, reading.height)
        small = _shrunk(gray)
        words = _words(reading, scale)
        seen = [found for box in words if (found := _look_at(gray, box)) is not None]
        contrasts = sorted(contrast for contrast, _ in seen)
        softness = sorted(soft for _, soft in seen)
        high = float(np.median([box[3] - box[1] for box in words])) if words else None
        return PageMeasures(
            width=gray.shape[1],
            height=gray.shape[0],
            paper=float(np.percentile(small, 75)),
            contrast=_quantile(contrasts, 0.5),
            faintest=_quantile(contrasts, 0.15),
            softness=_quantile(softness, 0.5),
            text_height=high,
            border=_border(small),
            cut=_cut_words(gray, reading, scale, usual=(high, _quantile(contrasts, 0.5))),
            likeness=_likeness(small),
            digest=hashlib.sha256(body).hexdigest(),
        )


def _shrunk(gray: Pixels) -> Pixels:
    shrink = min(1.0, SMALL / max(gray.shape))
    size = (max(1, round(gray.shape[1] * shrink)), max(1, round(gray.shape[0] * shrink)))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _words(reading: PageReading, scale: float) -> list[Box]:
    """Some words of the page, spread evenly; upright ones of print."""
    found = []
    for word in reading.words:
        x0, y0, x1, y1 = (v * scale for v in word.box)
        high = y1 - y0
        if word.vertical or word.confidence < _SURE or not LEAST_HEIGHT <= high <= MOST_HEIGHT:
            continue
        if x1 - x0 >= high:
            found.append((x0, y0, x1, y1))
    step = max(1.0, len(found) / MOST_WORDS)
    return [found[int(at * step)] for at in range(min(len(found), MOST_WORDS))]


def _look_at(gray: Pixels, box: Box) -> tuple[float, float] | None:
    """How far a word's ink is from its paper, and how soft its edges are in heights of the word."""
    x0, y0, x1, y1 = (max(0, round(v)) for v in box)
    crop = gray[y0:y1, x0 : min(x1, x0 + 12 * (y1 - y0))]
    if crop.size < LEAST_HEIGHT * LEAST_HEIGHT:
        return None
    ink, paper = np.percentile(crop, (4, 80))
    contrast = float(paper - ink)
    if contrast < 1:
        return 0.0, 1.0
    across = np.abs(np.diff(crop.astype(np.int16), axis=1))
    steepest = float(np.percentile(across, 98))
    sigma = contrast / (_GAUSS * max(1.0, steepest))
    return contrast, sigma / crop.shape[0]


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(float(np.quantile(ordered, share)), 4) if ordered else None


def _border(small: Pixels) -> float:
    """Share of the picture that is dark and hangs together with its edge."""
    dark = np.pad((small < DARK).astype(np.uint8), 1, constant_values=1)
    _, labels = cv2.connectedComponents(dark, connectivity=4)
    return round(float(np.mean(labels[1:-1, 1:-1] == labels[0, 0])), 4)


def _cut_words(
    gray: Pixels,
    reading: PageReading,
    scale: float,
    *,
    usual: tuple[float | None, float | None],
) -> int:
    """Words whose ink goes on to the very edge of the picture, as dark and high as most are.

    What is paler or larger is printed under the text: a watermark runs over the edge by its nature.
    """
    height, width = gray.shape
    if usual[0] is None or usual[1] is None:
        return 0
    count = 0
    for word in reading.words:
        if word.confidence < _SURE:
            continue
        x0, y0, x1, y1 = (round(v * scale) for v in word.box)
        high = min(y1 - y0, x1 - x0)
        if not LEAST_HEIGHT <= high <= _AS_HIGH * usual[0]:
            continue
        strips = [
            (x0 <= _EDGE, gray[max(0, y0) : y1, :_EDGE]),
            (x1 >= width - _EDGE, gray[max(0, y0) : y1, width - _EDGE :]),
            (y0 <= _EDGE, gray[:_EDGE, max(0, x0) : x1]),
            (y1 >= height - _EDGE, gray[height - _EDGE :, max(0, x0) : x1]),
        ]
        inside = gray[max(0, y0) : y1, max(0, x0) : x1]
        if not inside.size:
            continue
        ink, paper = np.percentile(inside, (4, 80))
        if paper - ink < _AS_DARK * usual[1]:
            continue
        limit = (ink + paper) / 2
        for touches, strip in strips:
            if touches and strip.size and 0.03 < float(np.mean(strip < limit)) < 0.85:
                count += 1
                break
    return count


def _likeness(small: Pixels) -> str:
    """What a page looks like, in 256 bits: where it gets darker to the right."""
    soft = cv2.GaussianBlur(small, (0, 0), 2.0)
    tiny = cv2.resize(soft, (HASH_SIDE + 1, HASH_SIDE), interpolation=cv2.INTER_AREA)
    bits = tiny[:, 1:].astype(np.int16) < tiny[:, :-1].astype(np.int16)
    return np.packbits(bits).tobytes().hex()
