"""From a picture file to the grey picture that is read: seals out, shadows out, ink dark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from dossier.adapters.rapidocr.folds import without_folds
from dossier.adapters.rapidocr.models import Pixels
from dossier.errors import UnreadableFileError
from dossier.records import QuarantineReason

# Shadows and paper tone vary slowly: they are estimated on a picture of this many pixels' width.
_PAPER_WIDTH = 200
# Ink between this and paper white counts; weaker marks are noise, grain and show-through.
_FAINTEST_INK = 0.82
# Paper, stains and warm light are up to this much redder than green and blue (of 255).
_PAPER_TONE = 24
# Of the pixels so many are darker than what counts as the darkest ink.
_DARKEST_SHARE = 0.005
# A character needs some eight pixels; a narrower picture is a dot or a line and says nothing.
_NARROWEST = 8
# A needle printer's dots: their longest side, as a share of the page's (5 pixels of A4 at 200 dpi),
# and what is ink (of 255, on even paper).
_DOT_SIDE = 1 / 450
_DOT_INK = 160
# So much of the page's ink is dots, and so much of the dots is in strokes of four and more. Needle
# print measures 0.9 and 0.37 or more; the grain of photos at night is 0.23 of the ink at most, and
# that of copies and faxes stands alone (105 damaged pages).
_MOSTLY_DOTS = 0.5
_TOGETHER = 0.2
_STROKE_DOTS = 4
# Dots are softened until they touch: by half of their side and of a pixel.
_SOFTEN = 0.5
# Red ink of a seal is 100 to 170 redder and 40 to 60 darker than paper.
_LIGHTEN = 0.3


@dataclass(frozen=True, slots=True)
class Picture:
    """A page picture, ready for reading.

    Attributes:
        gray: (height, width), dark ink on even white paper; red ink is paper.
        color: (height, width, 3) RGB as stored, or None when the file has no colour.
        ink: share (0..1) of the page that carries ink.
    """

    gray: Pixels
    color: Pixels | None
    ink: float


def load_picture(path: Path) -> Picture:
    """Read a picture file.

    Raises:
        UnreadableFileError: it is no picture, or a broken one.
    """
    try:
        with Image.open(path) as image:
            pixels = np.asarray(_flatten(image))
    except Image.DecompressionBombError as error:
        raise UnreadableFileError(QuarantineReason.TOO_MANY_PIXELS, "too many pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UnreadableFileError(QuarantineReason.CORRUPT, "not a readable picture") from error
    if min(pixels.shape[:2]) < _NARROWEST:
        return Picture(np.full(pixels.shape[:2], 255, np.uint8), None, ink=0.0)
    color = pixels if pixels.ndim == 3 else None
    smooth = _without_dots(_without_red(pixels) if pixels.ndim == 3 else pixels)
    gray = without_folds(_joined_dots(even_paper(smooth)))
    return Picture(gray, color, ink_share(gray))


def _without_red(color: Pixels) -> Pixels:
    """The red channel, in which red ink is pale, and red ink lightened to paper beyond that.

    In the red channel alone a seal's rim stays a shade darker than paper: enough for detection to
    take the rim and the line under it for one mark. Black and blue ink are not redder than green.
    """
    red, green, blue = cv2.split(color)
    redness = cv2.subtract(cv2.subtract(red, cv2.max(green, blue)), _PAPER_TONE)
    return cv2.addWeighted(red, 1.0, redness, _LIGHTEN, 0.0)


def _flatten(image: Image.Image) -> Image.Image:
    """Bring any mode to 8-bit grey or RGB on white paper."""
    if image.mode in ("RGBA", "LA", "PA", "P"):
        with_alpha = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(with_alpha)
        return paper.convert("RGB")
    if image.mode.startswith("I") or image.mode == "F":
        wide = np.asarray(image, np.float32)
        top = max(255.0, float(wide.max(initial=0)))
        return Image.fromarray((wide * (255 / top)).clip(0, 255).astype(np.uint8))
    return (
        image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")
    )


def _without_dots(gray: Pixels) -> Pixels:
    """Turn a dithered 1-bit picture back into grey; leave everything else as it is."""
    counts = _histogram(gray)
    if (counts[:16].sum() + counts[240:].sum()) / gray.size < 0.97:
        return gray
    ink = (gray < 128).astype(np.uint8)
    lonely = ink.mean() - cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)).mean()
    # Text keeps nearly all of its ink under a 2x2 opening; dots of a dither lose it.
    if lonely < 0.02:
        return gray
    return cv2.GaussianBlur(gray, (0, 0), 1.2)


def _joined_dots(even: Pixels) -> Pixels:
    """A needle printer's page with its dots made strokes; every other page as it is.

    Detection takes characters of separate dots for grain and finds none of their lines. Grain is
    told from them by standing alone: dots of a character touch when they are a little larger.
    """
    ink = (even < _DOT_INK).astype(np.uint8)
    side = max(4, round(max(ink.shape) * _DOT_SIDE))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    sides, areas = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_AREA].max(1), stats[:, cv2.CC_STAT_AREA]
    are_dots = sides <= side
    are_dots[0] = False  # the paper
    total, dotted = areas[1:].sum(), areas[are_dots].sum()
    if dotted <= _MOSTLY_DOTS * total:
        return even
    together = _in_strokes(are_dots[labels].astype(np.uint8), side)
    if together < _TOGETHER * dotted:
        return even
    width = float(np.average(sides[are_dots], weights=areas[are_dots]))
    # Spread over the gaps the ink is pale: it is made dark again, or the page would seem blank.
    return even_paper(cv2.GaussianBlur(even, (0, 0), _SOFTEN * (width + 1)))


def _in_strokes(dots: Pixels, side: int) -> int:
    """Pixels of dots that are near enough to others to form something longer than a few of them."""
    joined = cv2.morphologyEx(dots, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    long = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_AREA].max(1) >= _STROKE_DOTS * side
    long[0] = False
    return int((dots & long[labels]).sum())


def even_paper(gray: Pixels) -> Pixels:
    """Divide by the paper's own brightness and stretch faint ink to black."""
    paper = _paper_brightness(gray)
    even = cv2.divide(gray, paper, scale=255)
    dark = _darkest_ink(even)
    if dark <= 90:
        return even
    levels = np.arange(256, dtype=np.float32)
    stretched = (levels - dark + 30) * (255.0 / (255 - dark + 30))
    return cv2.LUT(even, stretched.clip(0, 255).astype(np.uint8))


def _paper_brightness(gray: Pixels) -> Pixels:
    height, width = gray.shape
    scale = _PAPER_WIDTH / max(height, width)
    small = cv2.resize(
        gray,
        (max(1, round(width * scale)), max(1, round(height * scale))),
        interpolation=cv2.INTER_AREA,
    )
    bright = cv2.morphologyEx(
        small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    )
    bright = cv2.GaussianBlur(cv2.medianBlur(bright, 5), (0, 0), 3)
    return np.maximum(cv2.resize(bright, (width, height), interpolation=cv2.INTER_LINEAR), 1)


def _darkest_ink(even: Pixels) -> float:
    """Brightness of the darkest half percent, on a thinned picture (noise does not count)."""
    small = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return brightness_of_darkest(small, _DARKEST_SHARE)


def brightness_of_darkest(gray: Pixels, share: float) -> float:
    """Brightness that this share (0..1) of the pixels does not pass: a percentile, from counts."""
    at = share * (gray.size - 1)
    up_to = np.cumsum(_histogram(gray))
    low, high = np.searchsorted(up_to, [math.floor(at), math.ceil(at)], "right").tolist()
    return float(low + (high - low) * (at - math.floor(at)))


def _histogram(gray: Pixels) -> npt.NDArray[np.int64]:
    """Pixels of each brightness."""
    return cv2.calcHist([gray], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def ink_share(gray: Pixels) -> float:
    """Share of the page that carries ink, seen at a coarse scale."""
    small = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return float(np.mean(small < 255 * _FAINTEST_INK))
