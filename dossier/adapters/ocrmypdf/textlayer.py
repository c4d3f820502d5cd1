"""A page's reading as a one-page PDF of invisible text, for OCRmyPDF to lay under the page.

OCRmyPDF draws text with whatever CJK font the machine happens to have: loading and cutting it
takes 0.3 to 0.6 s a document, and without one it logs the words that it misses. Invisible text
needs no shapes: the font here has two rectangles, a full and a half width, and is made once.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pikepdf import Array, Dictionary, Name, Stream

from dossier.records import Box, PageReading, WordBox

# OCRmyPDF's grafter takes the font of this name over.
_FONT = "/f-0-0"
_UNITS = 1000
_FULL, _HALF = 1, 2  # glyphs; 0 is the one that PDF/A forbids to show
# Baseline above the box's lower edge, as share of its height (faces of Han characters).
_UNDER_BASELINE = 0.12
# How far (share of its height) a piece of a line may stand off the straight line through its ends.
_MOST_BEND = 0.35
# Characters of a line for each height that it is long: more are no straight line.
_MOST_CROWDED = 3.5
# PDFium takes a text for its neighbour's shadow, and drops it, when the words are the same, the
# bounds overlap and the size is exactly equal: on a leaning page that is a table's next row.
_SIZES, _SIZE_STEP = 50, 0.01
# Behind what the reading parts too: who takes leaning lines for one still parts their words.
_END = " "
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
                    _show(run, number, reading, around, height, glyphs)
                    for number, run in enumerate(_runs(reading.words))
                ),
                "ET Q",
            ]
        )
        page.Contents = pdf.make_stream(content.encode("ascii"))
        pdf.save(out)


def _number_characters(reading: PageReading) -> dict[str, int]:
    """A code from 1 for each different character in a word."""
    used = {c for word in reading.words for c in reading.text[word.start : word.end]} | {_END}
    return {character: code for code, character in enumerate(sorted(used), 1)}


def _matrix_of_page(rotation: int, width: float, height: float, scale: float) -> str:
    """From pixels of the upright page (origin bottom left) to points of the page as it lies."""
    turned = {
        0: (1, 0, 0, 1, 0.0, 0.0),
        90: (0, 1, -1, 0, height, 0.0),
        180: (-1, 0, 0, -1, width, height),
        270: (0, -1, 1, 0, 0.0, width),
    }[rotation]
    return _numbers(value * scale for value in turned) + " cm"


def _numbers(values: Iterable[float]) -> str:
    """Numbers without exponent: PDF has none, and a reader drops the text of a matrix with one."""
    return " ".join(f"{value:.8f}".rstrip("0").rstrip(".") for value in values)


def _runs(words: tuple[WordBox, ...]) -> Iterator[list[WordBox]]:
    """Pieces that were cut from one leaning line (no character is between them), together.

    Only as one object of text does a leaning line stay whole: readers take pieces at one height for
    a line, and the end of one line is as high as the middle of the next. Text that runs down the
    page likewise: each of its characters is as high as some line beside it. A line that bends (a
    curled sheet) is parted where it leaves its chord.
    """
    run: list[WordBox] = []
    for word in words:
        fits = run and word.start == run[-1].end and word.vertical == run[-1].vertical
        if not fits or not _is_straight([*run, word]):
            if run:
                yield run
            run = []
        run.append(word)
    if run:
        yield run


def _is_straight(run: list[WordBox]) -> bool:
    (x0, y0), (x1, y1) = _middle(run[0]), _middle(run[-1])
    if x1 <= x0:
        return False
    for word in run[1:-1]:
        x, y = _middle(word)
        chord = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        _, top, _, bottom = _along_first(word)
        if abs(y - chord) > _MOST_BEND * (bottom - top):
            return False
    return True


def _along_first(word: WordBox) -> Box:
    """The box as if the text ran to the right: text that runs down is mirrored at the diagonal."""
    x0, y0, x1, y1 = word.box
    return (y0, x0, y1, x1) if word.vertical else word.box


def _middle(word: WordBox) -> tuple[float, float]:
    """Along the text and across it."""
    x0, y0, x1, y1 = _along_first(word)
    return (x0 + x1) / 2, (y0 + y1) / 2


def _lean(run: list[WordBox], skew: float) -> float:
    """The angle (radians, falling) of a line as if it ran to the right.

    A line of a single piece leans as the page does. What is no line at all (a seal's round text in
    its square box) stands upright.
    """
    (x0, y0), (x1, y1) = _middle(run[0]), _middle(run[-1])
    if len(run) > 1:
        angle = math.atan2(y1 - y0, x1 - x0)
    else:
        left, top, right, bottom = _along_first(run[0])
        skew = -skew if run[0].vertical else skew
        most = (right - left) / max(1.0, bottom - top) * _MOST_CROWDED
        angle = math.radians(skew) if run[0].end - run[0].start <= most else 0.0
    # Past 40 degrees a box does not tell length from height.
    return angle if abs(angle) < math.radians(40) else 0.0


def _show(
    run: list[WordBox],
    number: int,
    reading: PageReading,
    around: Margins,
    height: float,
    glyphs: dict[str, int],
) -> str:
    """One line of text: sized by its height, stretched to its length, turned as it leans."""
    text = reading.text[run[0].start : run[-1].end]
    (x0, y0), (x1, y1) = _middle(run[0]), _middle(run[-1])
    center = ((x0 + x1) / 2, (y0 + y1) / 2)
    lean = _lean(run, reading.skew)
    sides = [_sides(word, abs(lean)) for word in run]
    angle = lean
    if run[0].vertical:
        center, angle = center[::-1], math.pi / 2 - lean
    middle = (center[0] + around.left, height - center[1] - around.top)
    # The ends stand half a piece beyond the middles of the first and the last one.
    along = math.hypot(x1 - x0, y1 - y0) + (sides[0][0] + sides[-1][0]) / 2
    shift = (sides[-1][0] - sides[0][0]) / 4
    size, along = max(1.0, median(side[1] for side in sides)), max(1.0, along)
    size += number % _SIZES * _SIZE_STEP
    stretch = along / (size * sum(_advance(c) for c in text) / _UNITS)
    cosine, sine = math.cos(angle), -math.sin(angle)  # PDF counts upwards
    back, below = along / 2 - shift, size * (0.5 - _UNDER_BASELINE)
    x = middle[0] - back * cosine + below * sine
    y = middle[1] - back * sine - below * cosine
    place = (stretch * cosine, stretch * sine, -sine, cosine, x, y)
    follows = reading.text[run[-1].end : run[-1].end + 1]
    end = "" if follows and not follows.isspace() else _END
    # Readers sort texts that begin at one height from the left. What ends a column stands apart, at
    # its foot, so that no two columns follow each other.
    parts = (text, end) if run[0].vertical else (text + end,)
    shown = " ".join(f"<{_codes(part, glyphs)}> Tj" for part in parts if part)
    return f"{_FONT} {_numbers([size])} Tf {_numbers(place)} Tm {shown}"


def _codes(text: str, glyphs: dict[str, int]) -> str:
    return "".join(f"{glyphs[character]:04X}" for character in text)


def _sides(word: WordBox, lean: float) -> tuple[float, float]:
    """Length and height of a piece whose line leans."""
    left, top, right, bottom = _along_first(word)
    width, height = right - left, bottom - top
    along, across = _length_and_height(width, height, lean)
    # A box that is too low to hold so long a leaning piece does not lean.
    return (along, across) if across > height / 2 else (width, height)


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
