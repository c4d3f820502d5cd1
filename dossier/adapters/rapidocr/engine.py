"""The engine: one page picture in, one reading out."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dossier.adapters.rapidocr import layout
from dossier.adapters.rapidocr.back_side import without_back_side
from dossier.adapters.rapidocr.barcodes import read_barcodes
from dossier.adapters.rapidocr.detection import LONGEST_SIDE, detect_lines, order_corners
from dossier.adapters.rapidocr.lookalikes import KNOWN, VARIANT
from dossier.adapters.rapidocr.models import Floats, Models, Pixels, engine_version
from dossier.adapters.rapidocr.orientation import which_way_up
from dossier.adapters.rapidocr.page_numbers import read_page_numbers
from dossier.adapters.rapidocr.picture import Picture, load_picture
from dossier.adapters.rapidocr.recognition import (
    LEAST_CONFIDENCE,
    SQUEEZE,
    LineText,
    crop_line,
    read_lines,
)
from dossier.adapters.rapidocr.red_ink import RedInk, read_red_ink
from dossier.adapters.rapidocr.script import in_one_script
from dossier.adapters.rapidocr.tangles import is_known, untangle
from dossier.adapters.rapidocr.wording import in_words
from dossier.errors import DossierError, StepFailedError
from dossier.records import PageReading

# A page with less ink than this (share of its area) is blank: no network is run.
_BLANK_INK = 0.0002
# A box this many times taller than wide may hold text that runs downwards.
_TALL = 1.5
# A line that was read with less certainty, or a character of it with less, is read again.
_SURE = 0.95
_EACH_SURE = 0.9
# One reading is softened by so much, in pixels: grain breaks strokes of small print.
_BLUR = 0.8
# Figures side by side that melt into one are seen best when a line is made wider than it is.
_WIDE = 1.15
_LONG_NUMBER = re.compile("[0-9]{6,}")
_NEARLY = 0.03
# What grain and blur make the network pass over.
_FIGURES = "0123456789"
_SMALL = _FIGURES + "。，、；：（）《》"


class RapidOcrEngine:
    """Reads page pictures with PP-OCRv6; one thread, no network, no files written.

    Not thread-safe; use one engine per process. Models load at the first page that is not blank.
    """

    def __init__(self) -> None:
        """Prepare; nothing is loaded yet."""
        self.name = engine_version()
        self._models: Models | None = None
        cv2.setNumThreads(1)

    def read(
        self,
        picture: Path,
        *,
        page_number: int,
        dpi: int = 200,  # noqa: ARG002 - the port's; sizes here are shares of the page
    ) -> PageReading:
        """Read one picture; see :class:`dossier.ports.OcrEngine`."""
        loaded = load_picture(picture)
        try:
            return self._read(loaded, page_number)
        except DossierError:
            raise
        except Exception as error:
            raise StepFailedError(f"the OCR engine failed: {type(error).__name__}") from error

    def release(self) -> None:
        """Let go of the models; the next read loads them again."""
        self._models = None
        gc.collect()
        _return_free_memory()

    def _read(self, picture: Picture, page_number: int) -> PageReading:
        height, width = picture.gray.shape
        if picture.ink < _BLANK_INK:
            return PageReading(
                page_number, width=width, height=height, blank=True, engine=self.name
            )
        models = self._models = self._models or Models()
        page = _upright(models, picture)
        lines = _read_boxes(models, page)
        lines += untangle(models, page.gray, page.tangles, lines)
        red = RedInk()
        if page.color is not None:
            red = read_red_ink(models, page.color, longest_side=LONGEST_SIDE)
            lines += [item for item in red.lines if not is_known(item, lines)]
        return self._reading(page_number, page, in_one_script(lines), red)

    def _reading(
        self, page_number: int, page: _Upright, lines: list[layout.ReadLine], red: RedInk
    ) -> PageReading:
        height, width = page.gray.shape
        skew = layout.page_skew(lines)
        text = layout.with_seals(layout.compose(lines, skew=skew), red.seals)
        barcodes = read_barcodes(page.gray)
        weight = sum(len(item.line.text) for item in lines)
        sure = sum(len(item.line.text) * item.line.confidence for item in lines)
        return PageReading(
            page_number,
            text.text,
            text.words,
            width,
            height,
            page.rotation,
            round(skew, 2),
            round(sure / max(1, weight), 4),
            blank=not text.text and not barcodes,
            barcodes=barcodes,
            engine=self.name,
        )


def _return_free_memory() -> None:
    """Hand what the C library keeps in reserve back to the system, where it can (glibc)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


@dataclass(frozen=True, slots=True)
class _Upright:
    """The page turned upright, where its lines stand, and those that were read for the vote."""

    gray: Pixels
    color: Pixels | None
    rotation: int
    boxes: Floats
    tangles: Floats
    known: dict[int, LineText]


def _upright(models: Models, picture: Picture) -> _Upright:
    gray, color = picture.gray, picture.color
    height, width = gray.shape
    found = detect_lines(models, gray, longest_side=LONGEST_SIDE)
    boxes = found.boxes
    rotation, known = which_way_up(models, gray, boxes)
    if rotation:
        turned = layout.turn_corners(boxes, rotation=rotation, width=width, height=height)
        boxes = np.array([order_corners(box) for box in turned], np.float32)
        gray = np.ascontiguousarray(np.rot90(gray, -rotation // 90))
        color = None if color is None else np.ascontiguousarray(np.rot90(color, -rotation // 90))
    tangles = layout.turn_bounds(found.tangles, rotation=rotation, width=width, height=height)
    return _Upright(gray, color, rotation, boxes, tangles, known)


def _read_boxes(models: Models, page: _Upright) -> list[layout.ReadLine]:
    lines = [
        _read_box(models, page.gray, box, known=page.known.get(i))
        for i, box in enumerate(page.boxes)
    ]
    lines = [item for item in lines if item.line.text and item.line.confidence >= LEAST_CONFIDENCE]
    lines = without_back_side(models, page.gray, lines)
    skew = layout.measure_skew(page.boxes)
    return lines + read_page_numbers(models, page.gray, lines, skew=skew)


def _read_box(
    models: Models, gray: Pixels, box: Floats, *, known: LineText | None
) -> layout.ReadLine:
    """Read a box along its top, and if it is tall, downwards too: the surer reading counts."""
    line = known or read_lines(models, [crop_line(gray, box)])[0]
    line = _made_sure(models, gray, box, line)
    along, down = layout.side_lengths(box[None])
    if down[0] < _TALL * along[0]:
        return layout.ReadLine(box, line)
    # Upright characters under each other are read from a crop turned to the left, as trained.
    downwards = box[[1, 2, 3, 0]]
    (other,) = read_lines(models, [crop_line(gray, downwards)])
    if other.confidence * len(other.text) <= line.confidence * len(line.text):
        return layout.ReadLine(box, line)
    if other.confidence >= LEAST_CONFIDENCE:  # what is noise is not made surer
        other = _made_sure(models, gray, downwards, other)
    return layout.ReadLine(downwards, other)


def _made_sure(models: Models, gray: Pixels, box: Floats, line: LineText) -> LineText:
    """The line, or what it says when it is read again because it was unsure."""
    if line.confidence < _SURE or min(line.chances, default=0.0) < _EACH_SURE:
        return _agreed([in_words(read) for read in [line, *_again(models, gray, box, line)]])
    if _LONG_NUMBER.search(line.text):
        return _surer(line, _read_at(models, gray, box, _WIDE))
    return line


def _again(models: Models, gray: Pixels, box: Floats, line: LineText) -> list[LineText]:
    """Further readings of an unsure line: softened, then by the network that practised (ADR 11).

    A line that is sure on the whole and has no long number is read once more only, if that says
    the same.
    """
    readings = [_read_at(models, gray, box, 1.0, soften=_BLUR)]
    figures = line.confidence < _SURE or _LONG_NUMBER.search(line.text)
    if not figures and _said(readings[0]) == _said(line):
        return readings
    practised = models.practised
    readings.append(_read_at(practised, gray, box, 1.0))
    readings.append(_read_at(practised, gray, box, SQUEEZE))
    readings.append(_read_at(practised, gray, box, 1.0, soften=_BLUR))
    return readings


def _read_at(
    models: Models, gray: Pixels, box: Floats, squeeze: float, *, soften: float = 0.0
) -> LineText:
    crop = crop_line(gray, box, squeeze=squeeze, soften=soften)
    (line,) = read_lines(models, [crop], squeeze=squeeze)
    return line


def _agreed(readings: list[LineText]) -> LineText:
    """What most readings say, as the first of them says it; of as many votes the likeliest.

    Spaces and widths of characters do not count. Figures that others melted come back, and
    marks of punctuation that they passed over.
    """
    said = [_said(read) for read in readings]
    votes = Counter(said)
    likeliest = max(range(len(readings)), key=lambda i: (votes[said[i]], -readings[i].doubt))
    best = readings[said.index(said[likeliest])]
    for other in readings:
        nearly = other.confidence >= best.confidence - _NEARLY
        if nearly and _adds_only(best.text, other.text, _SMALL):
            best = other
    return best


def _said(read: LineText) -> str:
    text = unicodedata.normalize("NFKC", "".join(read.text.split()))
    return text.replace(VARIANT, KNOWN)


def _surer(narrow: LineText, wide: LineText) -> LineText:
    """The surer of two readings of one line; nearly as sure is enough for one that says more.

    Figures of one kind side by side melt into one, and thin ones are passed over; what is read
    beyond that was hardly ever made up.
    """
    less, more = sorted((narrow, wide), key=lambda read: len(read.text))
    if more.confidence >= less.confidence - _NEARLY and _adds_only(less.text, more.text, _FIGURES):
        return more
    return max(narrow, wide, key=lambda read: read.confidence)


def _adds_only(less: str, more: str, small: str) -> bool:
    """Whether ``more`` is ``less`` with some of the ``small`` characters put in."""
    rest = iter(more)
    added = []
    for wanted in less:
        for c in rest:
            if c == wanted:
                break
            added.append(c)
        else:
            return False
    added += rest
    return bool(added) and all(c in small for c in added)
