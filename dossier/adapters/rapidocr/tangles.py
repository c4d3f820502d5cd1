"""Lines that a watermark or a grey seal crosses: looked for again with the pale ink taken away.

Detection sees a line and what crosses it as one mark, which is no rectangle, and gives both up.
What crosses print is nearly always paler than the print.
"""

from __future__ import annotations

import cv2
import numpy as np

from dossier.adapters.rapidocr.detection import LONGEST_SIDE, detect_lines
from dossier.adapters.rapidocr.layout import ReadLine
from dossier.adapters.rapidocr.models import Floats, Models, Pixels
from dossier.adapters.rapidocr.recognition import LEAST_CONFIDENCE, crop_line, read_lines

# Brightness (of 255) up to which there is ink at all, and up to which it counts as black.
_PAPER, _BLACK = 225, 40
# Room above the brightness that divides dark from pale ink, so that edges of strokes stay.
_EDGE = 15
# Room around a tangle, as share of the page's longer side, so that cut lines are seen whole.
_ROOM = 0.02


def untangle(
    models: Models, gray: Pixels, tangles: Floats, known: list[ReadLine]
) -> list[ReadLine]:
    """Lines inside the tangles (n, 4) that were not read at first, in pixels of ``gray``."""
    found: list[ReadLine] = []
    for bounds in tangles:
        found += [
            item
            for item in _read_dark_ink(models, gray, bounds)
            if not is_known(item, known) and not is_known(item, found)
        ]
    return found


def is_known(item: ReadLine, lines: list[ReadLine]) -> bool:
    """Whether one of the lines stands at this line's middle."""
    x, y = item.corners.mean(0)
    return any(
        cv2.pointPolygonTest(other.corners, (float(x), float(y)), measureDist=False) >= 0
        for other in lines
    )


def _read_dark_ink(models: Models, gray: Pixels, bounds: Floats) -> list[ReadLine]:
    room = round(_ROOM * max(gray.shape))
    x0, y0 = np.maximum(bounds[:2].astype(int) - room, 0).tolist()
    x1, y1 = (bounds[2:].astype(int) + room).tolist()
    dark = _without_pale_ink(gray[y0:y1, x0:x1])
    scale = min(1.0, LONGEST_SIDE / max(gray.shape))
    boxes = detect_lines(models, dark, longest_side=max(64, round(scale * max(dark.shape)))).boxes
    read = read_lines(models, [crop_line(dark, box) for box in boxes])
    shift = np.array([x0, y0], np.float32)
    return [
        ReadLine(box + shift, line)
        for box, line in zip(boxes, read, strict=True)
        if line.text and line.confidence >= LEAST_CONFIDENCE
    ]


def _without_pale_ink(part: Pixels) -> Pixels:
    """Divide the ink into dark and pale where the two differ most (Otsu), and whiten the pale."""
    ink = part[part < _PAPER]
    if not len(ink):
        return part
    divide, _ = cv2.threshold(ink.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    pale = max(divide + _EDGE, _BLACK + 1)
    stretched = (part.astype(np.float32) - _BLACK) * (255 / (pale - _BLACK))
    return np.clip(stretched, 0, 255).astype(np.uint8)
