"""The engine: one page picture in, one reading out."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from dossier.adapters.rapidocr import layout
from dossier.adapters.rapidocr.detection import detect_lines, order_corners
from dossier.adapters.rapidocr.models import Floats, Models, Pixels, engine_version
from dossier.adapters.rapidocr.picture import Picture, load_picture
from dossier.adapters.rapidocr.recognition import LineText, crop_line, read_lines
from dossier.errors import DossierError, StepFailedError
from dossier.records import PageReading

# Lines are looked for on a picture of this size and cut out of the full one: bigger finds no more
# (docs/performance.md), smaller loses small print.
DETECTION_SIDE = 1600
# Lines that were read with less certainty are noise, stains and pictures.
_LEAST_CONFIDENCE = 0.5
# A page with less ink than this (share of its area) is blank: no network is run.
_BLANK_INK = 0.0002
# Lines that vote on which way is up.
_VOTERS = 6
# Text that stands upright is read with at least this certainty; then nobody asks the other way.
_SURELY_UPRIGHT = 0.9


class RapidOcrEngine:
    """Reads page pictures with PP-OCRv6; one thread, no network, no files written.

    Not thread-safe; use one engine per process. Models load at the first page that is not blank.
    """

    def __init__(self) -> None:
        """Prepare; nothing is loaded yet."""
        self.name = engine_version()
        self._models: Models | None = None
        cv2.setNumThreads(1)

    def read(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
        """Read one picture; see :class:`dossier.ports.OcrEngine`."""
        loaded = load_picture(picture)
        try:
            return self._read(loaded, page_number)
        except DossierError:
            raise
        except Exception as error:  # noqa: BLE001 - foreign engines raise what they like
            raise StepFailedError(f"the OCR engine failed: {type(error).__name__}") from error

    def release(self) -> None:
        """Let go of the models; the next read loads them again."""
        self._models = None

    def _read(self, picture: Picture, page_number: int) -> PageReading:
        height, width = picture.gray.shape
        if picture.ink < _BLANK_INK:
            return PageReading(
                page_number, width=width, height=height, blank=True, engine=self.name
            )
        models = self._models = self._models or Models()
        gray = picture.gray
        boxes = detect_lines(models, gray, longest_side=DETECTION_SIDE)
        rotation, known = _which_way_up(models, gray, boxes)
        if rotation:
            boxes = layout.turn_corners(boxes, rotation=rotation, width=width, height=height)
            gray = np.ascontiguousarray(np.rot90(gray, -rotation // 90))
            boxes = np.array([order_corners(box) for box in boxes], np.float32)
        lines = _read_boxes(models, gray, boxes, known if rotation == 0 else {})
        return self._reading(page_number, gray, lines, rotation)

    def _reading(
        self, page_number: int, gray: Pixels, lines: list[layout.ReadLine], rotation: int
    ) -> PageReading:
        height, width = gray.shape
        skew = layout.measure_skew(
            np.array([i.corners for i in lines], np.float32).reshape(-1, 4, 2)
        )
        page = layout.compose(lines, skew=skew)
        weight = sum(len(i.line.text) for i in lines)
        sure = sum(len(i.line.text) * i.line.confidence for i in lines) / max(1, weight)
        return PageReading(
            page_number,
            page.text,
            page.words,
            width,
            height,
            rotation,
            round(skew, 2),
            round(sure, 4),
            blank=not page.text,
            engine=self.name,
        )


def _read_boxes(
    models: Models, gray: Pixels, boxes: Floats, known: dict[int, LineText]
) -> list[layout.ReadLine]:
    lines = []
    for i, box in enumerate(boxes):
        line = known.get(i) or read_lines(models, [crop_line(gray, box)])[0]
        if line.text and line.confidence >= _LEAST_CONFIDENCE:
            lines.append(layout.ReadLine(box, line))
    return lines


def _which_way_up(models: Models, gray: Pixels, boxes: Floats) -> tuple[int, dict[int, LineText]]:
    """Vote on the rotation; the voters' lines come back so that nobody reads them again."""
    if not len(boxes):
        return 0, {}
    sideways = layout.lies_sideways(boxes)
    height, width = gray.shape
    turned, view = boxes, gray
    if sideways:
        turned = layout.turn_corners(boxes, rotation=90, width=width, height=height)
        turned = np.array([order_corners(box) for box in turned], np.float32)
        view = np.ascontiguousarray(np.rot90(gray, -1))
    voters = _voters(turned)
    crops = [crop_line(view, turned[i]) for i in voters]
    upright = read_lines(models, crops)
    if _certainty(upright) < _SURELY_UPRIGHT:
        flipped = read_lines(models, [cv2.rotate(crop, cv2.ROTATE_180) for crop in crops])
        if _certainty(flipped) > _certainty(upright):
            return (270 if sideways else 180), {}
    return (90 if sideways else 0), dict(zip(voters, upright, strict=True))


def _voters(boxes: Floats) -> list[int]:
    """The lines of middling length: long enough to tell, short enough to be cheap."""
    along, down = layout.side_lengths(boxes)
    shape = along / down
    fit = np.flatnonzero((shape > 3) & (shape < 12))
    fit = fit if len(fit) else np.argsort(-shape)
    return [int(i) for i in fit[np.argsort(-down[fit], kind="stable")][:_VOTERS]]


def _certainty(lines: list[LineText]) -> float:
    weight = sum(len(line.text) for line in lines)
    return math.fsum(line.confidence * len(line.text) for line in lines) / max(1, weight)
