"""The page's picture made small, upright and even: dark ink, and red ink apart from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dossier.records import PageReading

Pixels = NDArray[np.uint8]
LONGEST_SIDE = 1240
"""Of the picture that is looked at: A4 at some 106 dpi, a pen's stroke is two pixels."""
_PAPER_SIDE = 200
_PAPER_KERNEL, _WIDE_KERNEL = 17, 41
_BROWN = 0.8
_DARKEST = 0.005
# Of a dithered picture nearly all pixels are black or white, and so much of its ink stands alone.
_BLACK, _TWO_TONES, _LONELY, _DOTS = 16, 0.97, 0.01, 1.6
_LIGHTEN = 0.3
_SHEET_MM = 210.0


@dataclass(frozen=True, slots=True)
class Inks:
    """A page's inks, upright.

    Attributes:
        dark: 0 no ink, 255 the page's darkest; red ink is none.
        red: how much redder than green and blue (of 255), None without colour.
        blue: how much bluer than red, likewise.
        scale: pixels here for one of the reading's.
        mm: pixels here for a millimetre of a sheet that fills the picture.
    """

    dark: Pixels
    red: Pixels | None
    blue: Pixels | None
    scale: float
    mm: float


def load(picture: Path, reading: PageReading, *, redder: int, colourless: float) -> Inks:
    """Read a picture file as :class:`dossier.ports.PageRenderer` gives it.

    Args:
        picture: the file.
        reading: what was read on it; its rotation stands the picture upright.
        redder: from where on a difference is a colour.
        colourless: share of coloured pixels up to which there is no colour.
    """
    with Image.open(picture) as image:
        shrink = LONGEST_SIDE / max(image.size)
        if image.format == "JPEG":  # decoded at a half or a quarter, which costs a half less
            image.draft(image.mode, tuple(round(side * min(1.0, shrink)) for side in image.size))
        pixels = np.asarray(_plain(image))
    if pixels.ndim == 2:
        pixels = _without_dots(pixels)
    shrink = min(1.0, LONGEST_SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink)))
    if shrink < 1:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if reading.rotation:
        pixels = np.ascontiguousarray(np.rot90(pixels, -reading.rotation // 90))
    scale = max(pixels.shape[:2]) / max(1, reading.width, reading.height)
    mm = min(pixels.shape[:2]) / _SHEET_MM
    if pixels.ndim == 2:
        return Inks(_stretched(_even(pixels)), None, None, scale, mm)
    red, blue = (_even(np.ascontiguousarray(pixels[..., at])) for at in (0, 2))
    redness = _redness(pixels)
    blueness = cv2.subtract(blue, red)
    coloured = float(np.mean((redness > 2 * redder) | (blueness > 2 * redder)))
    if coloured <= colourless:
        return Inks(_stretched(red), None, None, scale, mm)
    without_red = cv2.addWeighted(red, 1.0, redness, _LIGHTEN, 0.0)
    return Inks(_stretched(without_red), redness, blueness, scale, mm)


def _without_dots(gray: Pixels) -> Pixels:
    """A dithered picture as grey again; every other one as it is."""
    middle = gray[gray.shape[0] // 3 : 2 * gray.shape[0] // 3]
    if np.mean((middle < _BLACK) | (middle > 255 - _BLACK)) < _TWO_TONES:
        return gray
    ink = (middle < 128).astype(np.uint8)
    lonely = ink.mean() - cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)).mean()
    return gray if lonely < _LONELY else cv2.GaussianBlur(gray, (0, 0), _DOTS).astype(np.uint8)


def _redness(pixels: Pixels) -> Pixels:
    """How red each pixel is; brown and gold, whose green is not as far from red as blue, are not.

    Evened by a wider neighbourhood than ink: a solid disc is no paper.
    """
    red, green, blue = (_even(channel, _WIDE_KERNEL) for channel in cv2.split(pixels))
    apart = cv2.convertScaleAbs(cv2.absdiff(green, blue), alpha=_BROWN)
    return cv2.subtract(cv2.subtract(red, cv2.max(green, blue)), apart)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB"):
        return image
    if image.mode in ("RGBA", "LA", "PA", "P"):
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("RGB")
    return image.convert("L" if image.mode[0] in "1IF" else "RGB")


def _even(channel: Pixels, side: int = _PAPER_KERNEL) -> Pixels:
    """Divided by the paper's own brightness: paper is white everywhere, and so is a desk."""
    height, width = channel.shape
    shrink = _PAPER_SIDE / max(height, width)
    small = cv2.resize(
        channel,
        (max(1, round(width * shrink)), max(1, round(height * shrink))),
        interpolation=cv2.INTER_AREA,
    )
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    paper = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), (0, 0), 3)
    paper = np.maximum(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR), 1)
    return cv2.divide(channel, paper, scale=255)


def _stretched(even: Pixels) -> Pixels:
    """Ink as 0 to 255, the darkest half percent at the top."""
    counts = np.cumsum(cv2.calcHist([even], [0], None, [256], [0, 256]).ravel())
    darkest = int(np.searchsorted(counts, _DARKEST * even.size))
    levels = (255.0 - np.arange(256)) * (255.0 / max(40, 255 - darkest))
    return cv2.LUT(even, levels.clip(0, 255).astype(np.uint8))
