"""Text of the page's back side, which shines through mirrored, is not this page's text."""

from __future__ import annotations

import cv2
import numpy as np

from dossier.adapters.rapidocr.layout import ReadLine
from dossier.adapters.rapidocr.models import Models, Pixels
from dossier.adapters.rapidocr.picture import brightness_of_darkest
from dossier.adapters.rapidocr.recognition import crop_line, read_lines

# Only lines whose ink has less than this share of the usual line's contrast are asked.
_PALE = 0.7


def without_back_side(models: Models, gray: Pixels, lines: list[ReadLine]) -> list[ReadLine]:
    """Leave out pale lines that read surer in the mirror."""
    if not lines:
        return lines
    crops = [crop_line(gray, item.corners) for item in lines]
    contrasts = [255.0 - brightness_of_darkest(crop, 0.05) for crop in crops]
    usual = float(np.median(contrasts))
    return [
        item
        for item, crop, contrast in zip(lines, crops, contrasts, strict=True)
        if contrast >= _PALE * usual or not _reads_mirrored(models, item, crop)
    ]


def _reads_mirrored(models: Models, item: ReadLine, crop: Pixels) -> bool:
    (mirrored,) = read_lines(models, [np.ascontiguousarray(cv2.flip(crop, 1))])
    return mirrored.confidence > item.line.confidence
