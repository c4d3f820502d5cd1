"""Draws signatures as people write them: nothing is copied from a real one.

``scrawl`` is the name written fast, its characters bent and run together; ``quick`` one line with
loops that nobody can read; ``brush`` the name with a thick pen, askew; ``cursive`` each character
in a few strokes; ``tailed`` the name with a line drawn out of it; ``thumb`` a finger's print. The
hand ``pen`` of :mod:`dossier.plugins.demo.paint` is written neatly.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dossier.plugins.demo import fonts

Pixels = NDArray[np.uint8]
_FINE = 3  # drawn so many times larger, then shrunk


def signature_mask(name: str, hand: str, size: int, seed: int) -> Image.Image:
    """Ink coverage of a signature as an ``L`` picture; its em box begins at ``size`` from the top.

    Args:
        name: who signs.
        hand: ``scrawl``, ``quick``, ``brush``, ``cursive``, ``tailed`` or ``thumb``.
        size: height of a character in pixels.
        seed: same seed, same strokes.
    """
    rng = np.random.default_rng(seed)
    drawn = _HANDS[hand](name, size * _FINE, rng)
    picture = Image.fromarray(drawn)
    return picture.resize(
        (max(1, picture.width // _FINE), max(1, picture.height // _FINE)), Image.Resampling.BOX
    )


def _canvas(name: str, size: int) -> Pixels:
    return np.zeros((3 * size, (len(name) + 2) * size), np.uint8)


def _written(name: str, size: int, family: str, step: float) -> Pixels:
    """The characters in their face, ``step`` ems apart, from an em in."""
    canvas = Image.fromarray(_canvas(name, size))
    draw = ImageDraw.Draw(canvas)
    for at, character in enumerate(name):
        used = "supplement" if character in fonts.SUPPLEMENT else family
        spot = (size * (1 + at * step), size * (1 + fonts.ascent(used)))
        draw.text(spot, character, font=fonts.font(used, size), fill=255, anchor="ls")
    return np.asarray(canvas, np.uint8)


def _bent(pixels: Pixels, size: int, reach: float, lean: float, rng: np.random.Generator) -> Pixels:
    """Pushed about by a smooth random field of ``reach`` ems, leaning to the right."""
    height, width = pixels.shape
    grid = (max(2, 3 * height // size), max(2, 3 * width // size))
    shift_x, shift_y = (
        cv2.resize(
            rng.uniform(-reach, reach, grid).astype(np.float32) * size,
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for _ in range(2)
    )
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    from_x = columns + shift_x + lean * (rows - height / 2)
    return cv2.remap(pixels, from_x, rows + shift_y, cv2.INTER_LINEAR).astype(np.uint8)


def _scrawl(name: str, size: int, rng: np.random.Generator) -> Pixels:
    drawn = _written(name, size, "pen", float(rng.uniform(0.72, 0.88))).copy()
    for at in range(len(name) - 1):  # the pen is not lifted between characters
        ends = rng.uniform(0, 1, 4)
        begin = (int(size * (1.5 + at * 0.8)), int(size * (1.6 + 0.3 * ends[0])))
        end = (int(size * (1.1 + (at + 1) * 0.8)), int(size * (1.2 + 0.3 * ends[1])))
        cv2.line(drawn, begin, end, 255, max(2, size // 26), cv2.LINE_AA)
    return _bent(drawn, size, 0.16, float(rng.uniform(0.1, 0.45)), rng)


def _quick(name: str, size: int, rng: np.random.Generator) -> Pixels:
    """Loops of falling height along a rising line, and a tail under them."""
    canvas = _canvas(name, size)
    turns = 2 * len(name) + int(rng.integers(1, 4))
    along = np.linspace(0, 1, 60 * turns)
    length = size * len(name) * rng.uniform(0.75, 1.0)
    wave = 2 * np.pi * turns * along
    tall = size * np.interp(along, np.linspace(0, 1, 7), rng.uniform(0.16, 0.5, 7))
    x = size + along * length + np.cos(wave) * size * rng.uniform(0.08, 0.2)
    y = 1.5 * size - along * size * rng.uniform(-0.1, 0.35) + np.sin(wave) * tall
    points = [np.stack([x, y], 1)]
    if rng.random() < 0.6:
        back = np.linspace(0, 1, 40)[:, None]
        tail = points[0][-1] + back * (-length * rng.uniform(0.4, 0.9), size * 0.5)
        points.append(tail + np.stack([0 * back[:, 0], np.sin(back[:, 0] * 5) * size * 0.06], 1))
    thick = max(2, round(size * rng.uniform(0.035, 0.06)))
    for line in points:
        cv2.polylines(
            canvas,
            [np.int32(line)],
            isClosed=False,
            color=255,
            thickness=thick,
            lineType=cv2.LINE_AA,
        )
    return canvas


def _brush(name: str, size: int, rng: np.random.Generator) -> Pixels:
    drawn = _written(name, size, "bold-hei", float(rng.uniform(0.85, 1.0)))
    bent = _bent(drawn, size, 0.1, float(rng.uniform(-0.1, 0.25)), rng)
    thick = cv2.dilate(bent, np.ones((max(1, size // 30),) * 2, np.uint8))
    height, width = thick.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-9, 9)), 1.0)
    return cv2.warpAffine(thick, turn, (width, height), flags=cv2.INTER_LINEAR).astype(np.uint8)


def _cursive(name: str, size: int, rng: np.random.Generator) -> Pixels:
    """Of each character a few long strokes, the last ones curved."""
    canvas = _canvas(name, size)
    thick = max(2, round(size * rng.uniform(0.045, 0.08)))
    for at in range(len(name)):
        left = size * (1 + at * 0.82)
        for _ in range(int(rng.integers(3, 6))):
            begin = rng.uniform((left, 1.05 * size), (left + 0.7 * size, 1.7 * size))
            move = rng.uniform((-0.35, -0.15), (0.75, 0.75)) * size
            bow = rng.uniform(-0.22, 0.22, 2) * size
            share = np.linspace(0, 1, 24)[:, None]
            line = begin + share * move + np.sin(np.pi * share) * bow
            cv2.polylines(canvas, [np.int32(line)], isClosed=False, color=255, thickness=thick)
    return canvas


def _tailed(name: str, size: int, rng: np.random.Generator) -> Pixels:
    drawn = _scrawl(name, size, rng).copy()
    share = np.linspace(0, 1, 60)[:, None]
    begin = np.array((size * (0.6 + 0.8 * len(name)), 1.7 * size))
    reach = size * np.array((rng.uniform(0.6, 1.2), rng.uniform(0.1, 0.4)))
    line = begin + share * reach + np.sin(share * rng.uniform(3, 6)) * (0, 0.16 * size)
    cv2.polylines(drawn, [np.int32(line)], isClosed=False, color=255, thickness=max(2, size // 22))
    return drawn


def _thumb(name: str, size: int, rng: np.random.Generator) -> Pixels:
    """Ridges in an oval, as high as three characters, partly not inked."""
    canvas = _canvas(name, size)
    height, width = canvas.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x = (columns - size * 2.0) / (size * rng.uniform(0.6, 0.75))
    y = (rows - size * 1.5) / (size * rng.uniform(0.85, 1.0))
    turn = rng.uniform(-0.35, 0.35)
    x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    wave = np.hypot(x - rng.uniform(-0.2, 0.2), 0.8 * (y - rng.uniform(0.0, 0.4)))
    ridges = np.sin(wave * rng.uniform(34, 46) + 1.5 * np.sin(2.5 * x) + rng.uniform(0, 6))
    patches = cv2.resize(
        rng.uniform(0.2, 1.3, (5, 5)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    ink = (np.hypot(x, y) < 1.0) * np.clip(ridges * 2 + 0.9, 0, 1) * np.clip(patches, 0.25, 1)
    return (ink * 235).astype(np.uint8)


_HANDS = {
    "scrawl": _scrawl,
    "quick": _quick,
    "brush": _brush,
    "cursive": _cursive,
    "tailed": _tailed,
    "thumb": _thumb,
}
