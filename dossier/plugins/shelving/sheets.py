"""PDF pages under our hand: Chinese text that fits its place, lines, Code 128 and QR."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from importlib import resources
from typing import Final

import numpy as np
import zxingcpp
from fpdf import FPDF

from dossier.rules.shelving import A4_MM

POINT_MM: Final = 25.4 / 72
SMALLEST_PT: Final = 5.0
QUIET: Final = 10
"""Modules of blank on either side of a Code 128 (ISO/IEC 15417)."""
QR_QUIET: Final = 4
"""The same on each side of a QR code (ISO/IEC 18004)."""
_FONT = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
_FACE = "sc"
_RULE_MM = 0.2
_ELLIPSIS = "…"
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
"""Ideographic spaces stay: forms are set with them."""


class Sheet:
    """A PDF in mm from the upper left corner. Nothing but what is drawn goes into it.

    Args:
        made_at: stands in the PDF as its time of making; the same content gives the same bytes.
    """

    def __init__(self, made_at: datetime) -> None:
        """Open an empty one."""
        self._pdf = FPDF(unit="mm", format=A4_MM)
        self._pdf.set_auto_page_break(False)
        self._pdf.set_creation_date(made_at)
        self._pdf.set_line_width(_RULE_MM)
        package, file = _FONT
        with resources.as_file(resources.files(package) / file) as path:
            self._pdf.add_font(_FACE, fname=path)
        self._pdf.set_font(_FACE, size=10)

    def page(self) -> None:
        """Begin a page."""
        self._pdf.add_page()

    @property
    def pages(self) -> int:
        """How many there are."""
        return self._pdf.page

    def text(
        self, x: float, y: float, said: str, size: float, *, width: float = 0, centred: bool = False
    ) -> None:
        """One line with its foot at ``y``; made smaller, then cut, where it is wider than allowed.

        Args:
            x: left edge, or the middle where ``centred``.
            y: the base line.
            said: the text.
            size: in points.
            width: in mm at most; 0: as it comes.
            centred: about ``x``.
        """
        said = _BLANKS.sub(" ", said)
        self._pdf.set_font_size(size)
        wide = self._pdf.get_string_width(said)
        if width and wide > width:
            size = max(size * width / wide, SMALLEST_PT)
            self._pdf.set_font_size(size)
            while len(said) > 1 and self._pdf.get_string_width(said) > width:
                said = said[:-2] + _ELLIPSIS
            wide = self._pdf.get_string_width(said)
        if said:
            self._pdf.text(x - wide / 2 if centred else x, y, said)

    def lines(
        self, x: float, y: float, said: str, size: float, *, width: float, most: int
    ) -> float:
        """Text over several lines, ``most`` of them; gives the foot of the last one."""
        self._pdf.set_font_size(size)
        step = size * POINT_MM * 1.4
        left = _BLANKS.sub(" ", said)
        for nth in range(most):
            cut = len(left)
            while cut > 1 and self._pdf.get_string_width(left[:cut]) > width:
                cut -= 1
            is_last = nth == most - 1
            self.text(x, y, left if is_last else left[:cut], size, width=width)
            left = left[cut:]
            if not left or is_last:
                break
            y += step
        return y

    def upright(self, x: float, y: float, said: str, size: float, *, height: float) -> None:
        """Characters under each other about ``x``, from ``y`` down; smaller where they must be."""
        if not said:
            return
        size = min(size, height / len(said) / POINT_MM / 1.1)
        for nth, character in enumerate(said, 1):
            self.text(x, y + nth * size * POINT_MM * 1.1, character, size, centred=True)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """A frame."""
        self._pdf.rect(x, y, width, height)

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A line."""
        self._pdf.line(x0, y0, x1, y1)

    def code128(self, x: float, y: float, said: str, *, width: float, height: float) -> None:
        """A Code 128 with its blank sides within ``width``."""
        row = _modules(said, zxingcpp.BarcodeFormat.Code128)[0]
        module = width / (len(row) + 2 * QUIET)
        for start, length in _runs(row):
            left = x + (QUIET + start) * module
            self._pdf.rect(left, y, length * module, height, style="F")

    def qr(self, x: float, y: float, said: str, *, side: float) -> None:
        """A QR code with its blank edge within a square."""
        grid = _modules(said, zxingcpp.BarcodeFormat.QRCode)
        module = side / (len(grid) + 2 * QR_QUIET)
        for line, row in enumerate(grid):
            for start, length in _runs(row):
                left, top = (QR_QUIET + start) * module, (QR_QUIET + line) * module
                self._pdf.rect(x + left, y + top, length * module, module * 1.02, style="F")

    def bytes(self) -> bytes:
        """The PDF."""
        return bytes(self._pdf.output())


def _modules(said: str, kind: zxingcpp.BarcodeFormat) -> np.ndarray:
    """The code's modules, True for black, one row for a bar code."""
    drawn = zxingcpp.write_barcode_to_image(
        zxingcpp.create_barcode(said, kind), scale=1, add_quiet_zones=False
    )
    return np.asarray(drawn) == 0


def _runs(row: np.ndarray) -> Iterable[tuple[int, int]]:
    """Begin and length of each run of black."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])).astype(int)))
    for begin, end in edges.reshape(-1, 2).tolist():
        yield begin, end - begin
