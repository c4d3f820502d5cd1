"""What a line says: crop, read, and find where each character stands."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dossier.adapters.rapidocr.lookalikes import with_variants
from dossier.adapters.rapidocr.marks import find_marks
from dossier.adapters.rapidocr.models import Floats, Models, Pixels

# Lines that were read with less certainty are noise, stains and pictures.
LEAST_CONFIDENCE = 0.5
# Height of the crops that the reading network was trained on.
LINE_HEIGHT = 48
# Crops are made this much narrower than they are: the network has steps to spare, and its time
# goes with the width. At 0.85 nothing is read worse, at 0.7 errors double (docs/performance.md).
SQUEEZE = 0.85
# Crops taller than this many times the line height are shrunk in two steps, else thin strokes
# fall between the sampled pixels.
_COARSE = 1.5
# Widths are rounded up so that few different shapes exist; the network's step is 8 pixels.
_WIDTH_STEP = 16
_SMALLEST_WIDTH = 48
# A Simplified character beside its Traditional twin is possible from this chance on (script.py).
_LIKELY_TWIN = 0.05
# Characters that are surer have no alternatives; so many are kept for others.
_CERTAIN = 0.99
_MOST_OPTIONS = 9
# Longer crops than this are read in one piece still, but no wider: 60 times the height holds
# about 120 Latin or 70 Chinese characters, more than a page's line.
_WIDEST = 60 * LINE_HEIGHT

# What a character may be, with chances.
Options = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class LineText:
    """One line as read.

    Attributes:
        text: the characters, no space at either end.
        confidence: mean chance of the characters, 0 when there are none.
        chances: each character's chance.
        edges: character boundaries as shares (0..1) of the crop's width, one more than characters.
        simpler: the text with Simplified characters where the network holds them possible beside
            the Traditional ones; empty when it is the same.
        options: for each character what it may be, with chances, likeliest first; nothing for
            one that is sure or was found by its shape.
        doubt: how unlikely the whole reading is, a negative logarithm of chance; it also counts
            where a character may have been passed over, which ``confidence`` does not.
    """

    text: str
    confidence: float
    chances: tuple[float, ...]
    edges: tuple[float, ...]
    simpler: str = ""
    options: tuple[Options, ...] = ()
    doubt: float = 0.0


def crop_line(
    gray: Pixels, corners: Floats, *, squeeze: float = SQUEEZE, soften: float = 0.0
) -> Pixels:
    """Cut one line out of the picture and lay it flat, 48 pixels high.

    Args:
        gray: the picture.
        corners: (4, 2), clockwise from where reading begins.
        squeeze: how much narrower than it is the line becomes.
        soften: standard deviation of the blur before cutting, in pixels of the picture.
    """
    if soften:
        gray, corners = _softened(gray, corners, soften)
    length = float(
        np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])
    )
    height = float(
        np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])
    )
    length, height = max(1.0, length / 2), max(1.0, height / 2)
    width = int(min(_WIDEST, max(8, math.ceil(squeeze * LINE_HEIGHT * length / height))))
    coarse = height > _COARSE * LINE_HEIGHT
    size = (round(length), round(height)) if coarse else (width, LINE_HEIGHT)
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    flat = cv2.warpPerspective(
        gray, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if coarse:
        flat = cv2.resize(flat, (width, LINE_HEIGHT), interpolation=cv2.INTER_AREA)
    return flat


def _softened(gray: Pixels, corners: Floats, blur: float) -> tuple[Pixels, Floats]:
    """The part of the picture around the line, blurred, and the corners within it."""
    room = math.ceil(3 * blur) + 2
    limit = np.array(gray.shape[::-1])
    x0, y0 = np.clip(np.floor(corners.min(0)) - room, 0, limit - 1).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0)) + room, 1, limit).astype(int)
    part = cv2.GaussianBlur(gray[y0:y1, x0:x1], (0, 0), blur)
    return part, corners - np.array([x0, y0], np.float32)


def read_lines(
    models: Models, crops: Iterable[Pixels], *, squeeze: float = SQUEEZE
) -> list[LineText]:
    """Read crops of 48 pixels height, one at a time.

    Batches were measured and bring nothing on one thread (docs/performance.md); one at a time no
    crop is padded to another's width.
    """
    return [_read_line(models, crop, squeeze) for crop in crops]


def _read_line(models: Models, crop: Pixels, squeeze: float) -> LineText:
    width = max(_SMALLEST_WIDTH, math.ceil(crop.shape[1] / _WIDTH_STEP) * _WIDTH_STEP)
    batch = np.zeros((1, 3, LINE_HEIGHT, width), np.float32)
    batch[0, :, :, : crop.shape[1]] = crop.astype(np.float32) / np.float32(127.5) - np.float32(1)
    chances = models.class_probability(batch)[0]
    used = chances.shape[0] * crop.shape[1] / width
    best = chances.argmax(1)
    characters = _decode(chances, best, models, used)
    if characters:
        # Where the network reads a space a mark may well stand.
        taken = [c.center for c in characters if not c.text.isspace()]
        marks = find_marks(crop, taken, squeeze=squeeze)
        characters += [_Character(m.character, m.center, m.certainty) for m in marks]
    line = _line_of(sorted(characters, key=lambda c: c.center))
    likeliest = np.take_along_axis(chances, best[:, None], 1)[:, 0]
    doubt = -float(np.log(np.maximum(likeliest, 1e-6)).sum())
    return replace(line, text=with_variants(crop, line.text, line.edges), doubt=doubt)


@dataclass(frozen=True, slots=True)
class _Character:
    """A character, its middle as a share of the crop's width, its chance, its Simplified twin."""

    text: str
    center: float
    chance: float
    simpler: str = ""
    options: Options = ()


def _decode(
    chances: Floats, best: npt.NDArray[np.intp], models: Models, used: float
) -> list[_Character]:
    """Collapse the steps: repeats are one character, class 0 is nothing between characters."""
    first = np.flatnonzero(best)
    first = first[(first == 0) | (best[first] != best[first - 1])]
    found = []
    for begin, end in (_run(best, int(i)) for i in first):
        chance = float(chances[begin:end, best[begin]].max())
        twin = models.simplified.get(int(best[begin]))
        likely = twin is not None and chances[begin:end, twin].max() >= _LIKELY_TWIN
        simpler = models.characters[twin] if twin is not None and likely else ""
        text = models.characters[best[begin]]
        options = _options(chances[begin:end], models) if chance < _CERTAIN else ()
        found.append(_Character(text, (begin + end) / 2 / used, chance, simpler, options))
    return found


def _options(steps: Floats, models: Models) -> Options:
    """The likeliest characters over the steps of one."""
    likely = steps[:, 1:].max(0)
    best = np.argpartition(likely, -_MOST_OPTIONS)[-_MOST_OPTIONS:]
    best = best[np.argsort(-likely[best])]
    return tuple((models.characters[i + 1], float(likely[i])) for i in best)


def _line_of(characters: list[_Character]) -> LineText:
    """The line without spaces at its ends."""
    while characters and characters[-1].text.isspace():
        characters.pop()
    while characters and characters[0].text.isspace():
        characters.pop(0)
    if not characters:
        return LineText("", 0.0, (), ())
    text = "".join(c.text for c in characters)
    chances = tuple(c.chance for c in characters)
    edges = _edges_between(text, [c.center for c in characters])
    simpler = "".join(c.simpler or c.text for c in characters)
    return LineText(
        text,
        sum(chances) / len(chances),
        chances,
        edges,
        simpler if simpler != text else "",
        tuple(c.options for c in characters),
    )


def _run(best: np.ndarray, begin: int) -> tuple[int, int]:
    end = begin + 1
    while end < len(best) and best[end] == best[begin]:
        end += 1
    return begin, end


def _edges_between(text: str, centers: list[float]) -> tuple[float, ...]:
    """Boundaries between characters: between two centres, parted by their usual widths."""
    widths = [_usual_width(character) for character in text]
    em = _em(centers, widths)
    edges = [centers[0] - widths[0] * em / 2]
    for i in range(len(text) - 1):
        share = widths[i] / (widths[i] + widths[i + 1])
        edges.append(centers[i] + (centers[i + 1] - centers[i]) * share)
    edges.append(centers[-1] + widths[-1] * em / 2)
    return tuple(np.maximum.accumulate(np.clip(edges, 0.0, 1.0)).tolist())


def _em(centers: list[float], widths: list[float]) -> float:
    """A full-width character's width as a share of the crop: the median over neighbours."""
    if len(centers) < 2:
        return 1.0
    steps = np.diff(centers) / ((np.array(widths[1:]) + np.array(widths[:-1])) / 2)
    return float(np.median(steps))


def _usual_width(character: str) -> float:
    """Full-width characters take an em; Latin letters and digits about half of one."""
    return 0.55 if ord(character) < 0x2E80 else 1.0
