"""A page's reading as the element tree that OCRmyPDF draws its invisible text from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ocrmypdf.models.ocr_element import Baseline, BoundingBox, OcrClass, OcrElement

from dossier.records import Box, PageReading, WordBox

# Share of a line's height that lies under its baseline (Han characters' faces; for selection only).
_UNDER_BASELINE = 0.12
# A slope below this is noise of the boxes; OCRmyPDF itself ignores it too.
_LEVEL = 0.005


@dataclass(frozen=True, slots=True)
class Margins:
    """What the page's media box shows around the picture that was read, in the picture's pixels."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True, slots=True)
class _Word:
    """Pieces without a gap in the text between them, as one."""

    text: str
    pieces: tuple[WordBox, ...]


def page_element(
    reading: PageReading, *, dpi: float, page_index: int, margins: Margins | None = None
) -> OcrElement:
    """The upright page's tree; the text layer is scaled to the page, ``dpi`` only sets its unit."""
    around = margins or Margins()
    width = max(1.0, reading.width + around.left + around.right)
    height = max(1.0, reading.height + around.top + around.bottom)
    page = OcrElement(
        OcrClass.PAGE, bbox=BoundingBox(0, 0, width, height), dpi=dpi, page_number=page_index
    )
    for line in _lines(reading):
        paragraph = OcrElement(OcrClass.PARAGRAPH, bbox=page.bbox)
        paragraph.children.append(_line_element(line, around))
        page.children.append(paragraph)
    return page


def lay_down(tree: OcrElement, *, rotation: int, width: float, height: float) -> OcrElement:
    """The upright tree as it lies in the picture that must be turned clockwise by ``rotation``.

    Args:
        tree: changed in place.
        rotation: 0, 90, 180 or 270.
        width: pixels of the upright picture.
        height: pixels of the upright picture.
    """
    if rotation and tree.bbox is not None:
        tree.bbox = _turned_back(tree.bbox, rotation, width, height)
    if rotation and tree.ocr_class == OcrClass.LINE:
        tree.textangle = ((tree.textangle or 0.0) + rotation) % 360
        tree.baseline = None
    for child in tree.children:
        lay_down(child, rotation=rotation, width=width, height=height)
    return tree


def _turned_back(box: BoundingBox, rotation: int, width: float, height: float) -> BoundingBox:
    if rotation == 90:
        return BoundingBox(box.top, width - box.right, box.bottom, width - box.left)
    if rotation == 180:
        return BoundingBox(
            width - box.right, height - box.bottom, width - box.left, height - box.top
        )
    return BoundingBox(height - box.bottom, box.left, height - box.top, box.right)


def _lines(reading: PageReading) -> Iterator[tuple[_Word, ...]]:
    """Cells and lines of the text as words; a cell is a line of its own in the text layer."""
    line: list[_Word] = []
    pieces: list[WordBox] = []
    for word in reading.words:
        between = reading.text[pieces[-1].end : word.start] if pieces else ""
        if pieces and between:
            line.append(_word(reading, pieces))
            pieces = []
        if line and not pieces and ("\n" in between or "\t" in between):
            yield tuple(line)
            line = []
        pieces.append(word)
    if pieces:
        yield (*line, _word(reading, pieces))


def _word(reading: PageReading, pieces: list[WordBox]) -> _Word:
    return _Word(reading.text[pieces[0].start : pieces[-1].end], tuple(pieces))


def _line_element(words: tuple[_Word, ...], around: Margins) -> OcrElement:
    pieces = [piece for word in words for piece in word.pieces]
    box = _union(pieces, around)
    vertical = pieces[0].vertical
    slope = 0.0 if vertical else _slope(pieces)
    height = pieces[-1].box[3] - pieces[-1].box[1]
    # OCRmyPDF hangs the baseline on the line box's bottom left corner.
    left_bottom = pieces[0].box[3] + around.top
    top = box[1] if vertical else min(left_bottom - height, box[3] - 1)
    line = OcrElement(
        OcrClass.LINE,
        bbox=BoundingBox(box[0], top, box[2], box[3]),
        baseline=None
        if vertical
        else Baseline(slope=slope, intercept=left_bottom - height * _UNDER_BASELINE - box[3]),
        textangle=270.0 if vertical else None,
        language="chi_sim",
    )
    line.children.extend(_word_element(word, around) for word in words)
    return line


def _word_element(word: _Word, around: Margins) -> OcrElement:
    return OcrElement(
        OcrClass.WORD,
        bbox=BoundingBox(*_union(word.pieces, around)),
        text=word.text,
        confidence=min(piece.confidence for piece in word.pieces),
        language="chi_sim",
    )


def _union(pieces: list[WordBox] | tuple[WordBox, ...], around: Margins) -> Box:
    """The smallest box around the pieces, moved by the margins, at least a pixel each way."""
    x0 = min(piece.box[0] for piece in pieces) + around.left
    y0 = min(piece.box[1] for piece in pieces) + around.top
    x1 = max(piece.box[2] for piece in pieces) + around.left
    y1 = max(piece.box[3] for piece in pieces) + around.top
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _slope(pieces: list[WordBox]) -> float:
    """How far a line falls per pixel, from its first to its last piece."""
    first, last = pieces[0].box, pieces[-1].box
    run = (last[0] + last[2] - first[0] - first[2]) / 2
    rise = (last[1] + last[3] - first[1] - first[3]) / 2
    slope = rise / run if run > 1 else 0.0
    return 0.0 if abs(slope) < _LEVEL or not math.isfinite(slope) else max(-0.3, min(0.3, slope))
