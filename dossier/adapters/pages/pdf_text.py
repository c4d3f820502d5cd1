"""Text that a PDF page carries itself: is it of worth, and where does each character stand.

"Of worth" means drawn by the program that made the document. A text layer that another OCR
program laid under or over a scan is not trusted: those put spaces between Han characters and
misread more (peers.md §3b, stack.md "OCRmyPDF 17"); such a page is read again by our engine.
In doubt the answer is no: OCR reads everything that can be seen, only slower.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dossier.records import Box, PageReading, WordBox
from dossier.rules.text_columns import Cell, in_reading_order

ENGINE = f"pdf text (pdfium {pdfium.PDFIUM_INFO.build})"

# A page whose picture covers most of it is a scan; a few words printed on top (page number, Bates
# stamp) do not change that, several lines of text do (letterhead as a background picture).
_PICTURE_SHARE = 0.5
_WORTH_CHARACTERS = 150
# More unmapped characters than this and a word in ten would be unfindable.
_MOST_UNREADABLE = 0.1
_MAP_SAMPLE = 200
# A gap of so many line heights (1.45 em with Noto) parts cells; of so many, words.
_CELL_GAP = 0.7
_WORD_GAP = 0.25
# Two pieces stand on one line when they overlap by this share of the lower one's height.
_SAME_LINE = 0.5
_QUARTERS = 4
_INVISIBLE = pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE


@dataclass(frozen=True, slots=True)
class _Character:
    """One character with its loose box in pixels (y downwards)."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    heading: int = 0
    """Which way its line runs in the picture: quarter turns clockwise from "to the right"."""


class _Piece:
    """Neighbouring characters of one line, with the box around them."""

    __slots__ = ("box", "characters", "vertical")

    def __init__(self, first: _Character) -> None:
        self.characters = [first]
        self.box = (first.x0, first.y0, first.x1, first.y1)
        self.vertical = False

    def add(self, character: _Character) -> None:
        x0, y0, x1, y1 = self.box
        self.box = (
            min(x0, character.x0),
            min(y0, character.y0),
            max(x1, character.x1),
            max(y1, character.y1),
        )
        self.characters.append(character)


def has_text_of_worth(page: pdfium.PdfPage) -> bool:
    """Whether the page needs no OCR: it has visible, mapped text that is not printed on a scan.

    An altogether empty page is "digital" too: there is nothing to read on it.
    """
    pictured, drawings, invisible = _look_at_objects(page)
    text_page = page.get_textpage()
    try:
        visible, unreadable = _count_characters(text_page)
    finally:
        text_page.close()
    if visible == 0:
        return not drawings and pictured == 0
    if unreadable > visible * _MOST_UNREADABLE or invisible:
        return False
    return pictured < _PICTURE_SHARE or visible >= _WORTH_CHARACTERS


def _look_at_objects(page: pdfium.PdfPage) -> tuple[float, bool, bool]:
    """Share of the page under its largest picture, any drawings, and text that is not seen.

    Text is not seen when it is drawn invisibly, or before a picture that covers the page.
    """
    area = max(1e-6, math.prod(page.get_size()))
    pictured, drawings, hidden, seen_texts = 0.0, False, 0, 0
    for item in page.get_objects(max_depth=4):
        if item.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            mode = pdfium_c.FPDFTextObj_GetTextRenderMode(item.raw)
            hidden += mode == _INVISIBLE
            seen_texts += mode != _INVISIBLE
        elif item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            share = _area(item) / area
            if share >= _PICTURE_SHARE and seen_texts:
                hidden, seen_texts = hidden + seen_texts, 0
            pictured = max(pictured, share)
        else:
            drawings = True
    return pictured, drawings, hidden > seen_texts


def _area(item: pdfium.PdfObject) -> float:
    try:
        left, bottom, right, top = item.get_bounds()
    except pdfium.PdfiumError:
        return 0.0
    return float(max(0.0, right - left) * max(0.0, top - bottom))


def _count_characters(text_page: pdfium.PdfTextPage) -> tuple[int, int]:
    """Visible characters, and how many of them say nothing in Unicode."""
    count = text_page.count_chars()
    text = "".join(text_page.get_text_range(errors="replace").split()) if count else ""
    unreadable = sum(map(_is_unreadable, text))
    # One call a character is dear; a font without a map shows in the first few hundred.
    sample = range(0, count, max(1, count // _MAP_SAMPLE))
    unmapped = sum(pdfium_c.FPDFText_HasUnicodeMapError(text_page, index) == 1 for index in sample)
    share = unmapped / max(len(sample), 1)
    return len(text), max(unreadable, round(share * len(text)))


def _is_unreadable(text: str) -> bool:
    if "!" <= text <= "~" or "\u3000" <= text <= "\u9fff":
        return False
    # Private use means "the font knows"; Latin-1 letters in bulk are Han read by a wrong table.
    return (
        text == "\ufffd"
        or unicodedata.category(text) in ("Co", "Cn", "Cc", "Cs")
        or ("\xc0" <= text <= "\xff" and text not in "×÷")
    )


def read_text(page: pdfium.PdfPage, *, page_number: int, scale: float) -> PageReading:
    """The page's text line by line, top to bottom, cells of a line parted by tabs.

    A page whose text lies on its side is told with the ``rotation`` that stands it upright. What
    runs another way than most of the page (a note up the margin) comes after all else.

    Args:
        page: with annotations flattened.
        page_number: 1-based.
        scale: pixels for a point.
    """
    width, height = (math.ceil(side * scale) for side in page.get_size())
    text_page = page.get_textpage()
    try:
        characters = list(_characters(page, text_page, width, height))
    finally:
        text_page.close()
    heading = _usual_heading(characters)
    upright = _Sheet(width, height).turned(-heading)
    text, words = _compose(_lines(_pieces(_of_heading(characters, heading, width, height))))
    for other in range(1, _QUARTERS):
        across = _of_heading(characters, (heading + other) % _QUARTERS, width, height)
        text, words = _with_lines_across(text, words, across, quarters=other, upright=upright)
    return PageReading(
        number=page_number,
        text=text,
        words=words,
        width=upright.width,
        height=upright.height,
        rotation=-heading % _QUARTERS * 90,
        confidence=1.0 if words else 0.0,
        blank=not words,
        engine=ENGINE,
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Sides of a picture that may be turned by quarters, and where its boxes go then."""

    width: int
    height: int

    def turned(self, quarters: int) -> _Sheet:
        return _Sheet(self.height, self.width) if quarters % 2 else self

    def turn(self, box: Box, quarters: int) -> Box:
        """Where the box stands once the picture was turned clockwise."""
        x0, y0, x1, y1 = box
        width, height = self.width, self.height
        for _ in range(quarters % _QUARTERS):
            x0, y0, x1, y1 = height - y1, x0, height - y0, x1
            width, height = height, width
        return x0, y0, x1, y1


def _usual_heading(characters: list[_Character | None]) -> int:
    """Which way most characters run; the upright way where no other has more."""
    counts = Counter(character.heading for character in characters if character)
    return max(range(_QUARTERS), key=lambda heading: (counts[heading], -heading))


def _of_heading(
    characters: list[_Character | None], heading: int, width: int, height: int
) -> list[_Character | None]:
    """Those that run one way, on the picture turned so that they run to the right."""
    sheet = _Sheet(width, height)
    chosen: list[_Character | None] = []
    for character in characters:
        if character is None or character.heading != heading:
            chosen.append(None)
        elif heading:
            box = sheet.turn((character.x0, character.y0, character.x1, character.y1), -heading)
            chosen.append(_Character(character.text, *box))
        else:
            chosen.append(character)
    return chosen


def _with_lines_across(
    text: str,
    words: tuple[WordBox, ...],
    characters: list[_Character | None],
    *,
    quarters: int,
    upright: _Sheet,
) -> tuple[str, tuple[WordBox, ...]]:
    """Append lines that run another way, as seen on the upright page.

    Each character has a box of its own: the edges of a piece only rise, to the right or downwards.
    """
    parts, more, offset = [text] if text else [], list(words), len(text)
    for line in _lines(_pieces(characters)):
        for index, piece in enumerate(line):
            gap = _separator(line[index - 1], piece) if index else ("\n" if parts else "")
            parts.append(gap)
            offset += len(gap)
            for character in piece.characters:
                box = upright.turned(quarters).turn(
                    (character.x0, character.y0, character.x1, character.y1), quarters
                )
                more.append(WordBox(offset, offset + len(character.text), box))
                parts.append(character.text)
                offset += len(character.text)
    return "".join(parts), tuple(more)


def _characters(
    page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, width: int, height: int
) -> Iterator[_Character | None]:
    """Characters in the file's order; None where pdfium sees a break."""
    to_pixels = _page_to_pixels(page, width, height)
    box, matrix = pdfium_c.FS_RECTF(), pdfium_c.FS_MATRIX()
    origin = to_pixels(0.0, 0.0)
    for index in range(text_page.count_chars()):
        text = _character(text_page, index)
        if text is None:
            continue
        if text.isspace():
            yield None
            continue
        if not pdfium_c.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
            continue
        x0, y0 = to_pixels(box.left, box.top)
        x1, y1 = to_pixels(box.right, box.bottom)
        x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        if x1 > 0 and y1 > 0 and x0 < width and y0 < height:
            heading = 0
            if pdfium_c.FPDFText_GetMatrix(text_page, index, ctypes.byref(matrix)):
                ahead = to_pixels(matrix.a, matrix.b)
                heading = _heading_of(ahead[0] - origin[0], ahead[1] - origin[1])
            yield _Character(text, x0, y0, x1, y1, heading)


def _heading_of(x: float, y: float) -> int:
    """The quarter turn nearest to a direction (y downwards)."""
    if abs(x) >= abs(y):
        return 0 if x >= 0 else 2
    return 1 if y > 0 else 3


def _character(text_page: pdfium.PdfTextPage, index: int) -> str | None:
    code = pdfium_c.FPDFText_GetUnicode(text_page, index)
    if 0xD800 <= code < 0xDC00:  # the other half follows as a character of its own
        low = pdfium_c.FPDFText_GetUnicode(text_page, index + 1)
        return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)) if low else None
    if 0xDC00 <= code < 0xE000 or code in (0, 0xFFFE, 0xFFFF):
        return None
    text = chr(code)
    return text if text.isspace() or unicodedata.category(text) != "Cc" else None


def _page_to_pixels(
    page: pdfium.PdfPage, width: int, height: int
) -> Callable[[float, float], tuple[float, float]]:
    """The affine map of the page to its picture, /Rotate and crop box included.

    pdfium gives whole numbers, so three far points are mapped on a fine grid, once.
    """
    fine = 64
    origin, right, up = (
        _device_point(page, width * fine, height * fine, x, y)
        for x, y in ((0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0))
    )
    ax, ay = ((right[i] - origin[i]) / 1000.0 for i in (0, 1))
    bx, by = ((up[i] - origin[i]) / 1000.0 for i in (0, 1))

    def to_pixels(x: float, y: float) -> tuple[float, float]:
        return (
            (origin[0] + ax * x + bx * y) / fine,
            (origin[1] + ay * x + by * y) / fine,
        )

    return to_pixels


def _device_point(
    page: pdfium.PdfPage, width: int, height: int, x: float, y: float
) -> tuple[float, float]:
    device_x, device_y = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(
        page, 0, 0, width, height, 0, x, y, ctypes.byref(device_x), ctypes.byref(device_y)
    )
    return float(device_x.value), float(device_y.value)


def _pieces(characters: list[_Character | None]) -> list[_Piece]:
    """Characters that follow each other closely, in the file's order."""
    pieces: list[_Piece] = []
    previous: _Character | None = None
    broken = False
    for character in characters:
        if character is None:
            broken = True  # ends a line; text that runs downwards goes on all the same
            continue
        if previous is not None and _joins(pieces[-1], previous, character, broken=broken):
            pieces[-1].add(character)
        else:
            pieces.append(_Piece(character))
        previous, broken = character, False
    return _without_doubles(pieces)


def _joins(piece: _Piece, previous: _Character, character: _Character, *, broken: bool) -> bool:
    """Whether it goes on to the right; or downwards, for a piece that runs from top to bottom."""
    height = max(previous.y1 - previous.y0, 1.0)
    gap = character.x0 - previous.x1
    level = _overlap(previous.y0, previous.y1, character.y0, character.y1) > _SAME_LINE
    if not (piece.vertical or broken) and level and -0.6 * height < gap < _WORD_GAP * height:
        return True
    return _goes_down(piece, previous, character)


def _goes_down(piece: _Piece, previous: _Character, character: _Character) -> bool:
    if not (piece.vertical or len(piece.characters) == 1) or not _is_wide(character.text):
        return False
    height = max(previous.y1 - previous.y0, 1.0)
    same_column = _overlap(previous.x0, previous.x1, character.x0, character.x1) > 0.8
    step = character.y0 - previous.y0
    if same_column and 0.6 * height < step < 1.35 * height:
        piece.vertical = True
        return True
    return False


def _is_wide(text: str) -> bool:
    return unicodedata.east_asian_width(text) in ("W", "F")


def _overlap(a0: float, a1: float, b0: float, b1: float) -> float:
    """Share of the shorter span that both have in common."""
    return (min(a1, b1) - max(a0, b0)) / max(min(a1 - a0, b1 - b0), 1e-6)


def _without_doubles(pieces: list[_Piece]) -> list[_Piece]:
    """Text drawn twice at the same place to look bold counts once."""
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for piece in pieces:
        x0, y0, _, _ = piece.box
        key = ("".join(c.text for c in piece.characters), round(x0 / 4), round(y0 / 4))
        if key not in seen:
            seen.add(key)
            kept.append(piece)
    return kept


def _lines(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Pieces on one level make a line, from left to right; lines go from top to bottom.

    Running text in columns is read column by column (:mod:`dossier.rules.text_columns`).
    """
    lines: list[list[_Piece]] = []
    spans: list[tuple[float, float]] = []
    for piece in sorted(pieces, key=lambda p: ((p.box[1] + p.box[3]) / 2, p.box[0])):
        _, top, _, bottom = piece.box
        if piece.vertical:
            lines.append([piece])
            spans.append((math.inf, -math.inf))  # takes nobody in
            continue
        for index in range(len(lines) - 1, max(-1, len(lines) - 4), -1):
            if (
                spans[index][0] < spans[index][1]
                and _overlap(*spans[index], top, bottom) > _SAME_LINE
            ):
                lines[index].append(piece)
                break
        else:
            lines.append([piece])
            spans.append((top, bottom))
    rows = [sorted(line, key=lambda p: p.box[0]) for line in lines]
    places = in_reading_order([list(map(_cell, row)) for row in rows])
    return [[rows[r][c] for r, c in row] for row in places]


def _cell(piece: _Piece) -> Cell:
    x0, y0, x1, y1 = piece.box
    height = max(y1 - y0, 1.0)
    return Cell(x0, x1, (y0 + y1) / 2, height, "".join(c.text for c in piece.characters))


def _compose(lines: list[list[_Piece]]) -> tuple[str, tuple[WordBox, ...]]:
    parts: list[str] = []
    words: list[WordBox] = []
    offset = 0
    for line in lines:
        for index, piece in enumerate(line):
            gap = _separator(line[index - 1], piece) if index else ("\n" if parts else "")
            text = "".join(c.text for c in piece.characters)
            words.append(_word(piece, text, offset + len(gap)))
            parts += (gap, text)
            offset += len(gap) + len(text)
    return "".join(parts), tuple(words)


def _separator(before: _Piece, after: _Piece) -> str:
    gap = after.box[0] - before.box[2]
    height = max(min(before.box[3] - before.box[1], after.box[3] - after.box[1]), 1.0)
    if gap > _CELL_GAP * height:
        return "\t"
    both_han = _is_wide(before.characters[-1].text) and _is_wide(after.characters[0].text)
    return "" if both_han and gap < _WORD_GAP * height else " "


def _word(piece: _Piece, text: str, start: int) -> WordBox:
    """Edges lie at the start of each character, the last one at the end of the piece."""
    box = piece.box
    far = box[3] if piece.vertical else box[2]
    edges: list[float] = []
    for character in piece.characters:
        near = character.y0 if piece.vertical else character.x0
        edges.append(max(near, edges[-1]) if edges else near)
        edges += [edges[-1]] * (len(character.text) - 1)
    edges.append(max(far, edges[-1]))
    return WordBox(
        start=start,
        end=start + len(text),
        box=box,
        edges=tuple(round(edge, 2) for edge in edges),
        vertical=piece.vertical,
    )
