"""Born-digital PDFs of laid-out sheets, with the few glyphs that they need embedded."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import uharfbuzz
import zxingcpp
from fpdf import FPDF
from PIL import Image

from dossier.plugins.demo import fonts, seals
from dossier.plugins.demo.paint import paint, runs
from dossier.plugins.demo.sheet import (
    CodeLabel,
    Ink,
    Mark,
    Rule,
    Seal,
    Sheet,
    SigningPlace,
    Text,
    Tint,
)
from dossier.plugins.demo.truth import TruthLine, TruthMark, TruthPage, TruthPlace

TRUTH_DPI = 200
_COLOURS = {Ink.RED: (204, 30, 36), Ink.GREY: (70, 72, 78)}
_SEAL_PIXELS = 150  # radius of the stamp picture that is put into the file


def pdf(
    sheets: Sequence[Sheet], family: str, on: date, title: str, pictures: Sequence[bytes] = ()
) -> tuple[bytes, tuple[TruthPage, ...]]:
    """A PDF with text, and its pages' truth at 200 dpi.

    Args:
        sheets: pages of text.
        family: face; one that a PDF cannot take is set in ``hei``.
        on: date of creation in the file, which makes the bytes repeatable.
        title: document title in the file.
        pictures: JPEGs appended as pages without text (a mixed PDF); their truth is the caller's.
    """
    family = family if fonts.FACES[family].embeddable else "hei"
    sheets = [printed(sheet) for sheet in sheets]
    document = FPDF(unit="pt")
    document.set_creation_date(datetime(on.year, on.month, on.day, 9, tzinfo=UTC))
    document.set_title(title)
    document.set_auto_page_break(auto=False)
    _add_fonts(document, family, sheets)
    for sheet in sheets:
        document.add_page(format=(sheet.width, sheet.height))
        for mark in sheet.marks:
            _mark(document, family, mark)
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as opened:
            width, height = (side * 72 / opened.info["dpi"][0] for side in opened.size)
        document.add_page(format=(float(width), float(height)))
        document.image(io.BytesIO(picture), 0, 0, width, height)
    pages = tuple(sheet_truth(sheet, family, n) for n, sheet in enumerate(sheets, 1))
    return bytes(document.output()), pages


def printed(sheet: Sheet) -> Sheet:
    """The sheet with every pen line printed instead: a file has no pen, nobody signed it."""
    return Sheet(sheet.width, sheet.height, [_printed(mark) for mark in sheet.marks])


def _printed(mark: Mark) -> Mark:
    if isinstance(mark, Text) and mark.ink in {Ink.PEN, Ink.DOTS}:
        return replace(mark, ink=Ink.PRINT, signs=False)
    return replace(mark, signed=False) if isinstance(mark, SigningPlace) else mark


def sheet_truth(sheet: Sheet, family: str, number: int) -> TruthPage:
    """The truth of a born-digital page as it would look at 200 dpi."""
    clean = paint(sheet, family, TRUTH_DPI, seed=0)
    lines = []
    for line in clean.lines:
        left, right = line.quad[0][0], line.quad[1][0]
        shares = tuple(min(1.0, max(0.0, (e - left) / (right - left))) for e in line.edges)
        lines.append(TruthLine(line.text, line.quad, line.row, line.ink.value, shares, line.field))
    return TruthPage(
        number, clean.picture.width, clean.picture.height, 0, tuple(lines),
        tuple(TruthMark(name, quad, kind) for name, kind, quad in clean.seals),
        tuple(TruthMark(text, quad, kind) for text, kind, quad in clean.codes),
        born_digital=True,
        places=tuple(TruthPlace(p.label, quad, p.signed, p.sealed) for p, quad in clean.places),
    )  # fmt: skip


def _add_fonts(document: FPDF, family: str, sheets: Sequence[Sheet]) -> None:
    """Embeds subsets: the whole fonts would take a second and 8 MB each."""
    text = "".join(mark.text for sheet in sheets for mark in sheet.texts())
    wanted = {family: set(text) - fonts.SUPPLEMENT, "supplement": set(text) & fonts.SUPPLEMENT}
    for name, characters in wanted.items():
        if characters:
            with tempfile.TemporaryDirectory(prefix="dossier-demo-") as folder:
                path = Path(folder) / f"{name}.otf"
                path.write_bytes(_subset(name, characters))
                document.add_font(name, fname=path)


def _subset(family: str, characters: set[str]) -> bytes:
    face = fonts.FACES[family]
    blob = uharfbuzz.Blob.from_file_path(str(fonts.face_path(family)))
    wanted = uharfbuzz.SubsetInput()
    for character in sorted(characters):
        wanted.unicode_set.add(ord(character))
    source = uharfbuzz.Face(blob, face.index)
    if face.weight is not None:
        wanted.pin_axis_location(source, "wght", face.weight)
    return bytes(uharfbuzz.subset(source, wanted).blob.data)


def _mark(document: FPDF, family: str, mark: object) -> None:
    if isinstance(mark, Text):
        _text(document, family, mark)
    elif isinstance(mark, Rule):
        document.set_draw_color(*((204, 30, 36) if mark.red else (40, 40, 44)))
        document.set_line_width(mark.weight * 0.8)
        document.line(mark.x0, mark.y0, mark.x1, mark.y1)
    elif isinstance(mark, Tint):
        document.set_fill_color(mark.level)
        document.rect(mark.x0, mark.y0, mark.x1 - mark.x0, mark.y1 - mark.y0, style="F")
    elif isinstance(mark, Seal):
        document.image(_stamp(mark), mark.x - mark.radius, mark.y - mark.radius, 2 * mark.radius)
    elif isinstance(mark, CodeLabel):
        kind = getattr(zxingcpp.BarcodeFormat, mark.kind)
        drawn = np.asarray(zxingcpp.create_barcode(mark.text, kind).to_image(scale=4))
        tall = mark.height if mark.kind == "Code128" else mark.width
        document.image(Image.fromarray(drawn).convert("L"), mark.x, mark.y, mark.width, tall)


def _text(document: FPDF, family: str, mark: Text) -> None:
    """Sets a line run by run, since one face may lack a character."""
    document.set_text_color(*_COLOURS.get(mark.ink, (20, 20, 24)))
    document.set_stretching(fonts.FACES[family].squeeze * 100)
    for start, run, used in runs(mark.text, family):
        document.set_font(used, size=mark.size)
        x = mark.x + fonts.width(family, mark.size, mark.text[:start])
        document.text(x, mark.y + fonts.ascent(family) * mark.size, run)


def _stamp(mark: Seal) -> Image.Image:
    mask = seals.seal_mask(_SEAL_PIXELS, mark.name, mark.foot, 1, mark.shape).rotate(mark.angle)
    stamp = Image.new("RGBA", mask.size, (*seals.RED, 255))
    stamp.putalpha(mask)
    return stamp
