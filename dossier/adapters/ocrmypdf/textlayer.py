"""A page's reading as a one-page PDF of invisible text, for OCRmyPDF to lay under the page.

OCRmyPDF draws text with whatever CJK font the machine happens to have: loading and cutting it
takes 0.3 to 0.6 s a document, and without one it logs the words that it misses. Invisible text
needs no shapes: the font here has two rectangles, a full and a half width, and is made once.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pikepdf import Array, Dictionary, Name, Stream

from dossier.records import PageReading, WordBox

# OCRmyPDF's grafter takes the font of this name over.
_FONT = "/f-0-0"
_UNITS = 1000
_FULL, _HALF = 1, 2  # glyphs; 0 is the one that PDF/A forbids to show
# Baseline above the box's lower edge, as share of its height (faces of Han characters).
_UNDER_BASELINE = 0.12
# Longest side of the text page in points. OCRmyPDF scales it to the page, but clips by the page's
# unscaled box before turning, so a wide text page under a tall page would lose its right side.
_SIDE = 72.0


@dataclass(frozen=True, slots=True)
class Margins:
    """What the page's media box shows around the picture that was read, in the picture's pixels."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


def write_text_layer(
    reading: PageReading, out: Path, *, margins: Margins | None = None, lying: bool = False
) -> None:
    """Write the text-only page.

    Args:
        reading: what stands where on the upright page.
        out: PDF to write.
        margins: what the page shows around the picture that was read.
        lying: the page itself is not turned upright: turn the text to where it lies.
    """
    around = margins or Margins()
    width = max(1.0, reading.width + around.left + around.right)
    height = max(1.0, reading.height + around.top + around.bottom)
    rotation = reading.rotation if lying else 0
    shown = (height, width) if rotation in (90, 270) else (width, height)
    scale = _SIDE / max(shown)
    glyphs = _number_characters(reading)
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(shown[0] * scale, shown[1] * scale))
        page = pdf.pages[0]
        page.Resources = Dictionary(Font=Dictionary({_FONT: _font(pdf, glyphs)}))
        content = "\n".join(
            [
                "q",
                _matrix_of_page(rotation, width, height, scale),
                "BT 3 Tr",
                *(
                    _show(word, lean, reading, around, height, glyphs)
                    for word, lean in _with_lean(reading.words)
                ),
                "ET Q",
            ]
        )
        page.Contents = pdf.make_stream(content.encode("ascii"))
        pdf.save(out)


def _number_characters(reading: PageReading) -> dict[str, int]:
    """A code from 1 for each different character in a word."""
    used = {c for word in reading.words for c in reading.text[word.start : word.end]}
    return {character: code for code, character in enumerate(sorted(used), 1)}


def _matrix_of_page(rotation: int, width: float, height: float, scale: float) -> str:
    """From pixels of the upright page (origin bottom left) to points of the page as it lies."""
    turned = {
        0: (1, 0, 0, 1, 0.0, 0.0),
        90: (0, 1, -1, 0, height, 0.0),
        180: (-1, 0, 0, -1, width, height),
        270: (0, -1, 1, 0, 0.0, width),
    }[rotation]
    return " ".join(f"{value * scale:.6g}" for value in turned) + " cm"


def _with_lean(words: tuple[WordBox, ...]) -> Iterator[tuple[WordBox, float]]:
    """Each piece with the angle (radians, falling) of the line that it was cut from.

    Pieces without a character between them are cuts of one leaning line.
    """
    run: list[WordBox] = []
    for word in words:
        if run and (word.start != run[-1].end or word.vertical != run[-1].vertical):
            yield from ((piece, _lean(run)) for piece in run)
            run = []
        run.append(word)
    yield from ((piece, _lean(run)) for piece in run)


def _lean(run: list[WordBox]) -> float:
    if len(run) < 2 or run[0].vertical:
        return 0.0
    first, last = run[0].box, run[-1].box
    across = last[0] + last[2] - first[0] - first[2]
    down = last[1] + last[3] - first[1] - first[3]
    angle = math.atan2(down, across)
    # Past 40 degrees a box does not tell length from height.
    return angle if abs(angle) < math.radians(40) else 0.0


def _show(
    word: WordBox,
    lean: float,
    reading: PageReading,
    around: Margins,
    height: float,
    glyphs: dict[str, int],
) -> str:
    """One piece of text: sized by its height, stretched to its length, turned as its line leans."""
    text = reading.text[word.start : word.end]
    x0, y0, x1, y1 = word.box
    middle = ((x0 + x1) / 2 + around.left, height - (y0 + y1) / 2 - around.top)
    along, across = _length_and_height(x1 - x0, y1 - y0, abs(lean))
    angle = lean
    if word.vertical:
        along, across, angle = y1 - y0, x1 - x0, math.pi / 2
    size, along = max(1.0, across), max(1.0, along)
    stretch = along / (size * sum(_advance(c) for c in text) / _UNITS)
    cosine, sine = math.cos(angle), -math.sin(angle)  # PDF counts upwards
    back, below = along / 2, size * (0.5 - _UNDER_BASELINE)
    x = middle[0] - back * cosine + below * sine
    y = middle[1] - back * sine - below * cosine
    place = (stretch * cosine, stretch * sine, -sine, cosine, x, y)
    matrix = " ".join(f"{value:.6g}" for value in place)
    codes = "".join(f"{glyphs[c]:04X}" for c in text)
    return f"{_FONT} {size:.4g} Tf {matrix} Tm <{codes}> Tj"


def _length_and_height(width: float, height: float, lean: float) -> tuple[float, float]:
    """Sides of the leaning rectangle whose upright bounds are ``width`` by ``height``."""
    cosine, sine = math.cos(lean), math.sin(lean)
    even = cosine * cosine - sine * sine
    return (width * cosine - height * sine) / even, (height * cosine - width * sine) / even


def _advance(character: str) -> int:
    return _UNITS // 2 if ord(character) < 0x2E80 else _UNITS


def _font(pdf: pikepdf.Pdf, glyphs: dict[str, int]) -> Dictionary:
    """A font in which every character is a rectangle of its usual width."""
    shapes = bytearray(2)
    for character in glyphs:  # in the order of their codes
        shapes += bytes((0, _FULL if _advance(character) == _UNITS else _HALF))
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/DossierInvisible"),
        Flags=4,
        FontBBox=Array([0, 0, _UNITS, _UNITS]),
        ItalicAngle=0,
        Ascent=_UNITS - 120,
        Descent=-120,
        CapHeight=_UNITS - 120,
        StemV=80,
        FontFile2=Stream(pdf, _font_program()),
    )
    inner = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name("/DossierInvisible"),
        CIDSystemInfo=Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=_UNITS,
        W=Array([1, Array([_advance(character) for character in glyphs])]),
        CIDToGIDMap=Stream(pdf, bytes(shapes)),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name("/DossierInvisible"),
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(inner)]),
            ToUnicode=Stream(pdf, _to_unicode(glyphs)),
        )
    )


def _to_unicode(glyphs: dict[str, int]) -> bytes:
    """What each code means, a hundred a block (the most that the format allows)."""
    pairs = [
        f"<{code:04X}> <{character.encode('utf-16-be').hex().upper()}>"
        for character, code in glyphs.items()
    ]
    blocks = [
        "\n".join((f"{len(pairs[i : i + 100])} beginbfchar", *pairs[i : i + 100], "endbfchar"))
        for i in range(0, len(pairs), 100)
    ]
    return "\n".join(
        (
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            "1 begincodespacerange <0000> <FFFF> endcodespacerange",
            *blocks,
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        )
    ).encode("ascii")


@cache
def _font_program() -> bytes:
    """A TrueType font of rectangles.

    Empty glyphs would do to be invisible, but PDFium takes a text of one empty glyph for nothing.
    """
    names = [".notdef", "full", "half"]
    builder = FontBuilder(_UNITS, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({})
    widths = dict(zip(names, (_UNITS, _UNITS, _UNITS // 2), strict=True))
    builder.setupGlyf({name: _rectangle(width) for name, width in widths.items()})
    builder.setupHorizontalMetrics({name: (width, 0) for name, width in widths.items()})
    builder.setupHorizontalHeader(ascent=_UNITS - 120, descent=-120)
    builder.setupNameTable({"familyName": "Dossier Invisible", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    buffer = io.BytesIO()
    builder.save(buffer)
    return buffer.getvalue()


def _rectangle(width: int) -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((0, -120))
    for point in ((0, _UNITS - 120), (width, _UNITS - 120), (width, -120)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()
