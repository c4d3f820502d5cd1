"""Applies a :class:`~dossier.plugins.demo.damage.Damage` to a clean page and its truth boxes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dossier.plugins.demo.damage import Damage

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
_DESK = 0.07  # share of the page's side that shows around it in a photograph
_TILE = 509  # prime, so that repeated grain shows no pattern with common page widths


@dataclass(frozen=True, slots=True)
class DamagedPage:
    """The damaged picture, and the way from a clean pixel to where it lies now."""

    picture: Image.Image
    locate: Callable[[Points], Points]


def scan(clean: Image.Image, damage: Damage, seed: int) -> DamagedPage:
    """Damages a clean picture.

    Args:
        clean: RGB picture of the upright page at ``damage.dpi``.
        damage: what happens to it.
        seed: decides where stains, folds and grain fall.
    """
    rng = np.random.default_rng(seed)
    pixels = np.asarray(clean, np.uint8)
    pixels = _aged(pixels, damage, rng)
    curled, bend = _curl(pixels, damage)
    placed, matrix = _placed(curled, damage, rng)
    placed = _lit(placed, damage, rng)
    placed = _recorded(placed, damage, rng)

    def locate(points: Points) -> Points:
        bent = bend(points)
        moved = cv2.perspectiveTransform(bent.reshape(1, -1, 2), matrix)
        return np.asarray(moved, np.float64).reshape(-1, 2)

    return DamagedPage(_as_image(placed, damage), locate)


def _aged(pixels: Pixels, damage: Damage, rng: np.random.Generator) -> Pixels:
    """Paper colour, faded ink, stains, folds and holes."""
    paper = np.array(damage.paper, np.float32) / 255
    levels = np.arange(256, dtype=np.float32)
    channels = [
        cv2.LUT(
            pixels[..., at], ((255 - (255 - levels) * damage.fade) * paper[at]).astype(np.uint8)
        )
        for at in range(3)
    ]
    aged = _shining_through(cv2.merge(channels).astype(np.uint8), damage.bleed)
    height, width = aged.shape[:2]
    if damage.stains or damage.folds:
        shade = np.ones((height // 4, width // 4), np.float32)
        for _ in range(damage.stains):
            _stain(shade, rng)
        for _ in range(damage.folds):
            _fold(shade, rng)
        tint = cv2.merge([shade, shade**1.25, shade**1.7])  # stains are brown
        aged = _shaded(aged, tint)
    if damage.holes:
        _punch(aged, damage.dpi)
    return aged


def _shining_through(pixels: Pixels, bleed: float) -> Pixels:
    """The back side's text, mirrored and soft, behind the front side's."""
    if not bleed:
        return pixels
    back = np.roll(cv2.flip(pixels, 1), pixels.shape[0] // 7, 0)
    back = cv2.addWeighted(cv2.GaussianBlur(back, (0, 0), 1.6), bleed, back, 0, 255 * (1 - bleed))
    return cv2.min(pixels, back.astype(np.uint8)).astype(np.uint8)


def _stain(shade: NDArray[np.float32], rng: np.random.Generator) -> None:
    height, width = shade.shape
    centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
    radius = int(rng.uniform(0.04, 0.15) * width)
    blot = np.zeros_like(shade)
    axes = (radius, int(radius * rng.uniform(0.7, 1.2)))
    cv2.ellipse(blot, centre, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    ring = np.zeros_like(shade)
    cv2.ellipse(ring, centre, axes, 0, 0, 360, 1.0, max(2, radius // 14))
    soft = cv2.GaussianBlur(blot, (0, 0), max(1.5, radius * 0.06)) * rng.uniform(0.06, 0.22)
    shade *= 1 - soft - cv2.GaussianBlur(ring, (0, 0), 1.5) * rng.uniform(0.05, 0.25)


def _fold(shade: NDArray[np.float32], rng: np.random.Generator) -> None:
    height, width = shade.shape
    at = rng.uniform(0.25, 0.75)
    slant = rng.uniform(-0.01, 0.01)
    ends = ((0, int(height * at)), (width, int(height * (at + slant))))
    if rng.random() < 0.4:
        ends = ((int(width * at), 0), (int(width * (at + slant)), height))
    line = np.zeros_like(shade)
    cv2.line(line, *ends, 1.0, 1)
    shade *= 1 - cv2.GaussianBlur(line, (0, 0), 0.8) * rng.uniform(0.25, 0.7)
    np.clip(shade, 0.2, 1.0, out=shade)


def _punch(pixels: Pixels, dpi: int) -> None:
    height = pixels.shape[0]
    radius, x = int(dpi * 0.11), int(dpi * 0.32)
    for share in (0.36, 0.64):
        cv2.circle(pixels, (x, int(height * share)), radius, (96, 96, 98), -1, cv2.LINE_AA)


def _curl(pixels: Pixels, damage: Damage) -> tuple[Pixels, Callable[[Points], Points]]:
    """Bows the lines as a page does that does not lie flat."""
    height, width = pixels.shape[:2]
    rise = damage.curl * height
    if not rise:
        return pixels, lambda points: points

    def bend(points: Points) -> Points:
        moved = points.copy()
        moved[:, 1] += rise * np.sin(np.pi * points[:, 0] / width)
        return moved

    columns = np.arange(width, dtype=np.float32)
    rows = np.arange(height, dtype=np.float32)[:, None]
    map_x = np.broadcast_to(columns, (height, width)).copy()
    map_y = (rows - rise * np.sin(np.pi * columns / width)).astype(np.float32)
    bowed = cv2.remap(pixels, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return bowed.astype(np.uint8), bend


def _placed(
    pixels: Pixels, damage: Damage, rng: np.random.Generator
) -> tuple[Pixels, NDArray[np.float64]]:
    """Turns, leans and tilts the page; gives the picture and the 3 × 3 matrix that did it."""
    height, width = pixels.shape[:2]
    matrix = _tilt(width, height, damage.perspective, rng) @ _about(width, height, damage.skew)
    border = (_DESK * width if damage.desk else 0.0, _DESK * height if damage.desk else 0.0)
    matrix = _shift(*border) @ matrix
    size = (round(width + 2 * border[0]), round(height + 2 * border[1]))
    matrix = _quarter(damage.turn, *size) @ matrix
    size = size[::-1] if damage.turn in {90, 270} else size
    surround = _desk_colour(rng) if damage.desk else _edge_colour(damage)
    placed = cv2.warpPerspective(
        pixels,
        matrix,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=surround,
    )
    return placed.astype(np.uint8), matrix


def _edge_colour(damage: Damage) -> tuple[int, int, int]:
    return (28, 28, 30) if damage.edges else damage.paper


def _desk_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    desks = ((112, 82, 58), (70, 72, 78), (150, 140, 126), (38, 52, 46), (176, 150, 118))
    return desks[int(rng.integers(len(desks)))]


def _shift(x: float, y: float) -> NDArray[np.float64]:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def _about(width: int, height: int, degrees: float) -> NDArray[np.float64]:
    """Rotation about the centre, clockwise positive on screen."""
    turn = math.radians(degrees)
    rotation = np.array(
        [[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
    )
    turned: NDArray[np.float64] = (
        _shift(width / 2, height / 2) @ rotation @ _shift(-width / 2, -height / 2)
    )
    return turned


def _quarter(turn: int, width: int, height: int) -> NDArray[np.float64]:
    """Exact turn of a ``width × height`` picture, clockwise, back into the first quadrant."""
    return {
        0: np.eye(3),
        90: np.array([[0, -1, height], [1, 0, 0], [0, 0, 1]], np.float64),
        180: np.array([[-1, 0, width], [0, -1, height], [0, 0, 1]], np.float64),
        270: np.array([[0, 1, 0], [-1, 0, width], [0, 0, 1]], np.float64),
    }[turn]


def _tilt(width: int, height: int, amount: float, rng: np.random.Generator) -> NDArray[np.float64]:
    if not amount:
        return np.eye(3)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-amount, amount, (4, 2)).astype(np.float32) * (width, height)
    return np.asarray(cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), np.float64)


def _lit(pixels: Pixels, damage: Damage, rng: np.random.Generator) -> Pixels:
    """Uneven light of a photograph: a coarse random field, darkest by ``shadow``."""
    if damage.glare:
        pixels = _flashed(pixels, damage.glare, rng)
    if damage.moire:
        pixels = _striped(pixels, damage.moire, rng)
    if not damage.shadow:
        return pixels
    coarse = rng.uniform(0, 1, (3, 3)).astype(np.float32)
    height, width = pixels.shape[:2]
    field = cv2.resize(coarse, (width // 4, height // 4), interpolation=cv2.INTER_CUBIC)
    field = 1 - damage.shadow * np.clip(field, 0, 1)
    return _shaded(pixels, cv2.merge([field, field, field]))


def _flashed(pixels: Pixels, glare: float, rng: np.random.Generator) -> Pixels:
    """A bright spot where the flash is mirrored; ink below it pales but does not vanish."""
    height, width = pixels.shape[:2]
    spot = np.zeros((height // 8, width // 8), np.float32)
    centre = (int(rng.uniform(0.2, 0.8) * width / 8), int(rng.uniform(0.15, 0.6) * height / 8))
    cv2.circle(spot, centre, int(width / 8 * 0.12), 1.0, -1)
    spot = cv2.GaussianBlur(spot, (0, 0), width / 8 * 0.07) * glare
    keep = cv2.merge([1 - spot] * 3)
    return cv2.bitwise_not(_shaded(cv2.bitwise_not(pixels).astype(np.uint8), keep)).astype(np.uint8)


def _striped(pixels: Pixels, moire: float, rng: np.random.Generator) -> Pixels:
    """Bands and fine stripes, as a photographed screen shows them."""
    height, width = pixels.shape[:2]
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    coarse = np.sin((rows * rng.uniform(0.8, 1.2) + columns * rng.uniform(0.2, 0.5)) / 17)
    fine = np.sin((columns + rows * rng.uniform(-0.1, 0.1)) * rng.uniform(1.6, 2.4))
    shade = 1 - moire * (0.5 + 0.3 * coarse + 0.2 * fine)
    return cv2.multiply(
        pixels, cv2.merge([(shade * 255).astype(np.uint8)] * 3), scale=1 / 255
    ).astype(np.uint8)  # fmt: skip


def _shaded(pixels: Pixels, shade: cv2.typing.MatLike) -> Pixels:
    height, width = pixels.shape[:2]
    small = np.clip(shade * 255, 0, 255).astype(np.uint8)
    full = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(pixels, full, scale=1 / 255).astype(np.uint8)


def _recorded(pixels: Pixels, damage: Damage, rng: np.random.Generator) -> Pixels:
    """Lens, sensor and toner: blur, grain, streaks, specks; grey where the mode is not colour."""
    if damage.mode != "rgb":
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    if damage.blur:
        pixels = cv2.GaussianBlur(pixels, (0, 0), damage.blur).astype(np.uint8)
    if damage.motion:
        kernel = np.zeros((damage.motion, damage.motion), np.float32)
        kernel[damage.motion // 2] = 1 / damage.motion
        pixels = cv2.filter2D(pixels, -1, kernel).astype(np.uint8)
    if damage.lift != 1.0:
        pixels = cv2.convertScaleAbs(pixels, alpha=damage.lift, beta=250 * (1 - damage.lift) + 10)
    height, width = pixels.shape[:2]
    if damage.noise:
        pixels = _grained(pixels, damage.noise, rng)
    for _ in range(damage.streaks):
        x = int(rng.uniform(0.02, 0.98) * width)
        depth = rng.uniform(0.75, 0.93)
        strip = pixels[:, x : x + int(rng.integers(2, 5))]
        strip[...] = (strip * depth).astype(np.uint8)
    if damage.speckle:
        count = int(damage.speckle * width * height)
        ys, xs = rng.integers(0, height - 1, count), rng.integers(0, width - 1, count)
        value = np.where(rng.random(count) < 0.8, 20, 250).astype(np.uint8)
        pixels[ys, xs] = value if pixels.ndim == 2 else value[:, None]
    return pixels


def _grained(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    tile = np.clip(_grain() * sigma, -127, 127).astype(np.int16)
    tile = np.roll(tile, (int(rng.integers(_TILE)), int(rng.integers(_TILE))), (0, 1))
    grain = np.tile(tile, (height // _TILE + 1, width // _TILE + 1))[:height, :width]
    wide = pixels.astype(np.int16)
    wide += grain if pixels.ndim == 2 else grain[..., None]
    return np.clip(wide, 0, 255).astype(np.uint8)


@cache
def _grain() -> NDArray[np.float32]:
    return np.random.default_rng(7).standard_normal((_TILE, _TILE)).astype(np.float32)


def _as_image(pixels: Pixels, damage: Damage) -> Image.Image:
    if damage.mode == "bilevel":
        return Image.fromarray(
            np.where(pixels > damage.threshold, 255, 0).astype(np.uint8)
        ).convert("1")
    image = Image.fromarray(pixels)
    return image.convert("1") if damage.mode == "dithered" else image
