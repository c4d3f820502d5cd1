"""Draws a text view as PDF and tells where each character stands on it.

The view is ours, not the document: its foot says so on every page. Because it is set here, the
boxes are those of the drawing itself, and a hit in a DOCX or a mail can be shown on a picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

from dossier.adapters.textview.layout import PlacedUnit, Sheet, paginate
from dossier.errors import ConfigurationError
from dossier.records import Extraction, PageReading, WordBox
from dossier.rules.limits import ReadingLimits

FOOT = "文本视图 text view – not the original"
CUT = "后文未显示 the rest is not shown"
PIXELS_PER_POINT = 200 / 72

_FONT = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
_FACE = "sc"
# Ascent and descent of Noto Sans SC's Han characters, in em; the marked box reaches a little over.
_ASCENT, _DESCENT = 0.92, 0.16
_PLACED_DESCENT = 0.12  # of a box that an extractor made: one em high, 0.12 below the line
_MISSING = "〓"
"""The printers' mark for type that is not there; an empty box would be read as one not ticked."""
_DRAWN_AS = {"☐": "□", "☑": "■", "☒": "▣", "✔": "✓", "✗": "×", "✘": "×"}
"""What the font has for what it has not: a ticked box must not look like an empty one."""
_GREY, _RULE = 130, 215
_FOOT_SIZE = 7.5
# The same extraction gives the same bytes, so the store keeps one view.
_DATE = datetime(2000, 1, 1, tzinfo=UTC)


class TextView:
    """Typesets extractions; made inside a killable child, keeps the font's widths warm.

    Args:
        limits: ``view_pages`` counts here.
    """

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()
        self._widths: dict[str, float] = {}

    def typeset(self, extraction: Extraction, *, out: Path) -> tuple[PageReading, ...]:
        """Write the view PDF of an extraction.

        Pages whose words have places (OFD) keep their size and places; all other text flows over
        A4 pages. Tabs make table columns. Nothing is drawn but the text and a foot of our own: what
        stands in no reading (a file's name, a mail's subject) could not be covered on pictures.

        Args:
            extraction: what an extractor found.
            out: the PDF to write.

        Returns:
            One reading for each page of the PDF, with the source's text unchanged and boxes in
            pixels at 200 dpi. When the view is cut at the limit of pages, the last reading is
            marked ``truncated`` and holds the rest of the text without boxes, so that a search
            still finds it.
        """
        drawing = _Drawing()
        readings: list[PageReading] = []
        for page in extraction.pages:
            room = self._limits.view_pages - len(readings)
            if room <= 0:
                readings[-1] = _with_rest(readings[-1], page.text)
            elif page.words and page.width and page.height:
                readings.append(drawing.add_placed(page, number=len(readings) + 1))
            else:
                readings += drawing.add_flowing(page, first_number=len(readings) + 1, room=room)
        drawing.save(out, is_cut=readings[-1].truncated if readings else False)
        return tuple(readings)


def _with_rest(reading: PageReading, rest: str) -> PageReading:
    return replace(reading, text=f"{reading.text}\n{rest}", truncated=True)


class _Drawing:
    """The PDF while it is made."""

    def __init__(self) -> None:
        self._sheet = Sheet()
        self._pdf = FPDF(unit="pt")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_creation_date(_DATE)
        package, file = _FONT
        with resources.as_file(resources.files(package) / file) as path:
            self._pdf.add_font(_FACE, fname=path)
        self._pdf.set_font(_FACE, size=self._sheet.size)
        font = self._pdf.fonts[_FACE]
        if not isinstance(font, TTFFont):
            raise ConfigurationError(f"{file} is no font that can be embedded")
        self._advances = {code: width / 1000 for code, width in font.cw.items()}
        self._cmap = font.cmap

    def add_flowing(self, page: PageReading, *, first_number: int, room: int) -> list[PageReading]:
        """Pages of flowing text, ``room`` at most."""
        readings: list[PageReading] = []
        for placed in paginate(page.text, self._sheet, self._width):
            if len(readings) == room:
                rest = page.text[placed[0].unit.start :]
                readings[-1] = _with_rest(readings[-1], rest)
                break
            reading = self._draw_page(page, placed, number=first_number + len(readings))
            readings.append(reading)
        return readings

    def _draw_page(
        self, page: PageReading, placed: Sequence[PlacedUnit], *, number: int
    ) -> PageReading:
        sheet = self._sheet
        self._pdf.add_page(format=(sheet.width, sheet.height))
        start = placed[0].unit.start if placed else 0
        end = placed[-1].unit.end if placed else 0
        words: list[WordBox] = []
        for one in placed:
            if one.unit.is_row:
                self._rule(one.top + one.unit.height)
            for piece in one.unit.pieces:
                source = page.text[piece.start : piece.end]
                baseline = one.top + piece.dy + sheet.size
                word = self._draw(source, piece.start - start, piece.x, baseline, sheet.size)
                words.append(word)
        text = page.text[start:end]
        return replace(
            page,
            number=number,
            text=text,
            words=tuple(sorted(words, key=lambda word: word.start)),
            width=math.ceil(sheet.width * PIXELS_PER_POINT),
            height=math.ceil(sheet.height * PIXELS_PER_POINT),
            blank=not text.strip(),
        )

    def add_placed(self, page: PageReading, *, number: int) -> PageReading:
        """A page of its own size with each word where the source has it."""
        # A hair less, so that pdfium's rounding up gives these pixels and not one more.
        size = tuple((pixels - 0.05) / PIXELS_PER_POINT for pixels in (page.width, page.height))
        self._pdf.add_page(format=(size[0], size[1]))
        words = []
        for word in page.words:
            x0, _, x1, y1 = (value / PIXELS_PER_POINT for value in word.box)
            height = max((y1 - word.box[1] / PIXELS_PER_POINT), 1.0)
            text = page.text[word.start : word.end]
            natural = sum(map(self._width, text)) * height
            self._pdf.set_stretching(100.0 * (x1 - x0) / natural if natural else 100.0)
            baseline = y1 - height * _PLACED_DESCENT
            drawn = self._draw(text, word.start, x0, baseline, height, width=x1 - x0)
            words.append(drawn)
        self._pdf.set_stretching(100)
        return replace(page, number=number, words=tuple(words))

    def _draw(
        self,
        text: str,
        start: int,
        x: float,
        baseline: float,
        size: float,
        *,
        width: float | None = None,
    ) -> WordBox:
        """Set one piece; its edges are the font's own advances, which is how it is drawn."""
        shown = "".join(c if ord(c) in self._cmap else _substitute(c) for c in text)
        self._pdf.set_font(size=size)
        self._pdf.text(x, baseline, shown)
        advances = [self._width(c) * size for c in text]
        stretch = width / (sum(advances) or 1.0) if width is not None else 1.0
        edges = [x]
        for advance in advances:
            edges.append(edges[-1] + advance * stretch)
        pixels = tuple(round(edge * PIXELS_PER_POINT, 2) for edge in edges)
        box = (
            pixels[0],
            round((baseline - _ASCENT * size) * PIXELS_PER_POINT, 2),
            pixels[-1],
            round((baseline + _DESCENT * size) * PIXELS_PER_POINT, 2),
        )
        return WordBox(start, start + len(text), box, edges=pixels)

    def _width(self, character: str) -> float:
        code = ord(character)
        if code not in self._cmap:
            code = ord(_substitute(character))
        return self._advances.get(code, 1.0)

    def _rule(self, y: float) -> None:
        self._pdf.set_draw_color(_RULE)
        self._pdf.set_line_width(0.3)
        y -= self._sheet.leading * 0.12
        self._pdf.line(self._sheet.margin, y, self._sheet.width - self._sheet.margin, y)

    def save(self, out: Path, *, is_cut: bool) -> None:
        """Write the foot of every page, then the file."""
        total = len(self._pdf.pages)
        for number in range(1, total + 1):
            self._pdf.page = number
            foot = f"{FOOT}    {number} / {total}"
            if is_cut and number == total:
                foot += f"    {CUT}"
            self._write_foot(foot)
        self._pdf.output(str(out))

    def _write_foot(self, foot: str) -> None:
        margin = self._sheet.margin
        # The state of the last page drawn is not that of this one: say the font again.
        self._pdf.set_font(_FACE, size=_FOOT_SIZE + 1)
        self._pdf.set_font(_FACE, size=_FOOT_SIZE)
        self._pdf.set_text_color(_GREY)
        height = self._pdf.pages[self._pdf.page].dimensions()[1]
        self._pdf.text(margin, height - margin * 0.5, foot)
        self._pdf.set_text_color(0)


def _substitute(character: str) -> str:
    """What is drawn for a character that the font has not: its like, or that it is missing."""
    return " " if character.isspace() else _DRAWN_AS.get(character, _MISSING)
