"""Folds: dark lines across the sheet that lie over print and cut characters apart.

A fold shades paper and ink alike, so dividing by the shade brings the print back. Along a fold
the paper between the characters is as dark as the fold; across a line of text it is white. The
shade is therefore the brightest pixel along a stretch longer than any stroke, in whichever
direction that stays darkest.
"""

from __future__ import annotations

import cv2
import numpy as np

from dossier.adapters.rapidocr.models import Pixels

# The shade is estimated on a picture of this longer side: folds are soft, a millimetre or more.
_SIDE = 1600
# A stretch of 12 mm on a sheet of A4, longer than the strokes of its titles.
_STRETCH = 65
# Degrees to either side of level and upright; sheets that lean more are rare.
_LEANS = range(-8, 9, 2)
# Darker shade than this hides the print; it is not brightened beyond.
_DARKEST = 40
# Ink and noise alike weigh on a shade that is hardly there.
_FAINTEST = 0.94


def without_folds(gray: Pixels) -> Pixels:
    """Brighten what long dark lines shade.

    Args:
        gray: (height, width), dark ink on even white paper.
    """
    soft = _small(gray)
    for direction in (0, 90):
        shade = _along(soft, direction)
        if float(shade.min()) <= 255 * _FAINTEST:
            gray = _brightened(gray, shade)
            soft = _small(gray)
    return gray


def _small(gray: Pixels) -> Pixels:
    scale = min(1.0, _SIDE / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), 0.8)


def _brightened(gray: Pixels, shade: Pixels) -> Pixels:
    shade = cv2.GaussianBlur(np.maximum(shade, _DARKEST), (0, 0), 1.0)
    return cv2.divide(gray, cv2.resize(shade, gray.shape[::-1]), scale=255)


def _along(small: Pixels, direction: int) -> Pixels:
    darkest = np.full_like(small, 255)
    for lean in _LEANS:
        darkest = np.minimum(darkest, cv2.dilate(small, _stretch(direction + lean)))
    return darkest


def _stretch(degrees: float) -> Pixels:
    kernel = np.zeros((_STRETCH, _STRETCH), np.uint8)
    middle = _STRETCH // 2
    angle = np.radians(degrees)
    x, y = round(float(np.cos(angle)) * middle), round(float(np.sin(angle)) * middle)
    cv2.line(kernel, (middle - x, middle - y), (middle + x, middle + y), 1)
    return kernel
