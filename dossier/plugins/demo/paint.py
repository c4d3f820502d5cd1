"""Paints a sheet as a clean picture and says where each line of text stands on it."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import zxingcpp
from PIL import Image, ImageChops, ImageDraw

from dossier.plugins.demo import fonts, hands, seals
from dossier.plugins.demo.sheet import (
    CodeLabel,
    Decoy,
    Emblem,
    Ink,
    Mark,
    Portrait,
    Rule,
    Seal,
    Sheet,
    Signature,
    SigningPlace,
    Text,
    Tint,
    Watermark,
)

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
"""Corners of a line in reading direction: start top, end top, end bottom, start bottom."""

_COLOURS = {
    Ink.PRINT: (24, 24, 28),
    Ink.BOLD: (18, 18, 22),
    Ink.RED: (204, 30, 36),
    Ink.GREY: (70, 72, 78),
    Ink.DOTS: (58, 52, 96),
}
_PEN_COLOURS = ((26, 34, 110), (20, 22, 30), (30, 40, 90))
_LESS_THAN_ROUND = frozenset(
    {"oval", "square", "carved", "small", "invoice", "upright"}
)  # they do not fill the seal's square
_RED_DECOYS = 0.7
_SAFETY = 1.5  # pixels around the ink, so that smoothing never reaches past the box


@dataclass(frozen=True, slots=True)
class InkedLine:
    """A painted line.

    Attributes:
        text: as set, without the spaces that only fill.
        quad: corners around the ink, in pixels of the picture.
        edges: x of the character boundaries along the line, ``len(text) + 1`` numbers.
        row: lines of one row stand side by side.
        ink: what it was written with.
        field: name of the key field whose whole value the line holds, or "".
    """

    text: str
    quad: Quad
    edges: tuple[float, ...]
    row: int
    ink: Ink
    field: str


@dataclass(frozen=True, slots=True)
class CleanPage:
    """A painted page: picture, lines, and names and kinds of other marks with their boxes."""

    picture: Image.Image
    lines: tuple[InkedLine, ...]
    seals: tuple[tuple[str, str, Quad], ...]
    codes: tuple[tuple[str, str, Quad], ...]
    signatures: tuple[tuple[str, str, Quad], ...] = ()
    places: tuple[tuple[SigningPlace, Quad], ...] = ()


def paint(sheet: Sheet, family: str, dpi: int, seed: int) -> CleanPage:
    """Paints the sheet on white at ``dpi``; the same seed gives the same picture."""
    return _Painter(sheet, family, dpi, seed).run()


class _Painter:
    def __init__(self, sheet: Sheet, family: str, dpi: int, seed: int) -> None:
        self.scale = dpi / 72
        self.sheet, self.family, self.rng = sheet, family, random.Random(seed)
        size = (round(sheet.width * self.scale), round(sheet.height * self.scale))
        self.picture = Image.new("RGB", size, (255, 255, 255))
        self.draw = ImageDraw.Draw(self.picture)
        self.pen = self.rng.choice(_PEN_COLOURS)
        self.lines: list[InkedLine] = []
        self.seals: list[tuple[str, str, Quad]] = []
        self.codes: list[tuple[str, str, Quad]] = []
        self.signatures: list[tuple[str, str, Quad]] = []
        self.places: list[tuple[SigningPlace, Quad]] = []

    def run(self) -> CleanPage:
        # tints lie below everything, seals above: a stamp comes last
        order = {Tint: 0, Seal: 2, Decoy: 2, Watermark: 3}
        for mark in sorted(self.sheet.marks, key=lambda mark: order.get(type(mark), 1)):
            self.mark(mark)
        return CleanPage(
            self.picture, tuple(self.lines), tuple(self.seals), tuple(self.codes),
            tuple(self.signatures), tuple(self.places),
        )  # fmt: skip

    def mark(self, mark: Mark) -> None:
        if isinstance(mark, Text):
            self.text(mark)
        elif isinstance(mark, Rule):
            self.rule(mark)
        elif isinstance(mark, Tint):
            box = tuple(round(v * self.scale) for v in (mark.x0, mark.y0, mark.x1, mark.y1))
            self.draw.rectangle(box, fill=(mark.level,) * 3)
        elif isinstance(mark, Seal | Decoy):
            self.seal(mark) if isinstance(mark, Seal) else self.decoy(mark)
        elif isinstance(mark, Signature | SigningPlace):
            self.signing(mark)
        elif isinstance(mark, CodeLabel):
            self.code(mark)
        elif isinstance(mark, Watermark):
            self.watermark(mark)
        elif isinstance(mark, Portrait):
            x, y = round(mark.x * self.scale), round(mark.y * self.scale)
            box = (x, y, x + round(mark.width * self.scale), y + round(mark.height * self.scale))
            seals.draw_portrait(self.picture, box)
        elif isinstance(mark, Emblem):
            at = (round(mark.x * self.scale), round(mark.y * self.scale))
            seals.draw_emblem(self.picture, *at, round(mark.radius * self.scale))

    def watermark(self, mark: Watermark) -> None:
        """Multiplies pale slanted text over the page."""
        size = round(26 * self.scale)
        side = int(math.hypot(*self.picture.size))
        lines = Image.new("L", (side, side), 255)
        draw = ImageDraw.Draw(lines)
        step = round(fonts.width(self.family, size, mark.text) + size * 3)
        for row, y in enumerate(range(0, side, size * 7)):
            for x in range(-(row % 2) * step // 2, side, step):
                draw.text((x, y), mark.text, font=fonts.font(self.family, size), fill=mark.level)
        slanted = lines.rotate(28, fillcolor=255, resample=Image.Resampling.BILINEAR)
        left, top = (side - self.picture.width) // 2, (side - self.picture.height) // 2
        part = slanted.crop((left, top, left + self.picture.width, top + self.picture.height))
        self.picture.paste(ImageChops.multiply(self.picture, part.convert("RGB")))
        self.seals.append((mark.text, "watermark", _rectangle(0, 0, *self.picture.size, 0)))

    def rule(self, mark: Rule) -> None:
        line = [round(v * self.scale) for v in (mark.x0, mark.y0, mark.x1, mark.y1)]
        width = max(1, round(mark.weight * self.scale * 0.8))
        self.draw.line(line, fill=seals.RED if mark.red else (40, 40, 44), width=width)

    def text(self, mark: Text) -> None:
        """Sets a line on a mask of its own, then inks the page through it."""
        family = "pen" if mark.ink is Ink.PEN else self.family
        size = max(6, round(mark.size * self.scale))
        mask, edges = _line_mask(mark.text, family, size, mark.ink, self.rng)
        x, y = round(mark.x * self.scale), round(mark.y * self.scale) - size // 2
        colour = self.pen if mark.ink is Ink.PEN else _COLOURS[mark.ink]
        self.picture.paste(colour, (x, y), mask)
        box = mask.getbbox()
        if box is None:
            return
        left, top, right, bottom = x + box[0], y + box[1], x + box[2], y + box[3]
        self.lines.append(
            InkedLine(mark.text, _rectangle(left, top, right, bottom, _SAFETY),
                      tuple(x + edge for edge in edges), mark.row, mark.ink, mark.field)
        )  # fmt: skip
        if mark.signs:
            self.signatures.append((mark.text, "pen", self.lines[-1].quad))

    def signing(self, mark: Signature | SigningPlace) -> None:
        if isinstance(mark, Signature):
            self.signature(mark)
            return
        x, y, w, h = (v * self.scale for v in (mark.x, mark.y, mark.width, mark.size))
        self.places.append((mark, _rectangle(x, y, x + w, y + h, 0)))

    def signature(self, mark: Signature) -> None:
        """Inks the page through the strokes; they are no line of text, nobody has to read them."""
        size = max(8, round(mark.size * self.scale))
        mask = hands.signature_mask(mark.name, mark.hand, size, self.rng.randrange(10**9))
        x, y = round(mark.x * self.scale) - size, round(mark.y * self.scale) - size
        colour = seals.RED if mark.hand == "thumb" else self.pen
        self.picture.paste(colour, (x, y), mask)
        if box := mask.getbbox():
            left, top, right, bottom = box
            quad = _rectangle(x + left, y + top, x + right, y + bottom, _SAFETY)
            self.signatures.append((mark.name, mark.hand, quad))

    def seal(self, mark: Seal) -> None:
        radius = round(mark.radius * self.scale)
        mask = seals.seal_mask(radius, mark.name, mark.foot, self.rng.randrange(4), mark.shape)
        mask = mask.rotate(mark.angle, resample=Image.Resampling.BILINEAR)
        if mark.pale:
            mask = mask.point([round(level * (1 - mark.pale)) for level in range(256)])
        x, y = round(mark.x * self.scale) - radius, round(mark.y * self.scale) - radius
        box = (x, y, x + 2 * radius, y + 2 * radius)
        self.stamp(mask, x, y, seals.RED)
        inked = mask.getbbox() if mark.shape in _LESS_THAN_ROUND else None
        if inked:
            box = (x + inked[0], y + inked[1], x + inked[2], y + inked[3])
        self.seals.append((mark.name, "seal", _rectangle(*box, 0)))

    def stamp(self, mask: Image.Image, x: int, y: int, colour: tuple[int, int, int]) -> None:
        """Multiplies ink onto the page, which keeps the print below visible as stamp ink does."""
        inked = Image.new("RGB", mask.size, (255, 255, 255))
        inked.paste(colour, (0, 0), mask)
        box = (x, y, x + mask.width, y + mask.height)
        self.picture.paste(ImageChops.multiply(self.picture.crop(box), inked), box)

    def decoy(self, mark: Decoy) -> None:
        size = max(8, round(mark.size * self.scale))
        mask = seals.decoy_mask(mark.kind, size, self.rng.randrange(10**6))
        mask = mask.rotate(mark.angle, resample=Image.Resampling.BILINEAR, expand=True)
        red = mark.kind in {"heading", "ringed", "logo"} or self.rng.random() < _RED_DECOYS
        x, y = round(mark.x * self.scale), round(mark.y * self.scale)
        self.stamp(mask, x, y, seals.RED if red else seals.BLUE)

    def code(self, mark: CodeLabel) -> None:
        kind = getattr(zxingcpp.BarcodeFormat, mark.kind)
        drawn = np.asarray(zxingcpp.create_barcode(mark.text, kind).to_image(scale=1))
        symbol = Image.fromarray(drawn).convert("L")
        x, y = round(mark.x * self.scale), round(mark.y * self.scale)
        width, height = mark.width * self.scale, mark.height * self.scale
        # whole pixels a module: a resampled bar code is a damaged one before it is scanned
        module = max(2, int(width // symbol.width))
        tall = round(height) if mark.kind == "Code128" else symbol.height * module
        symbol = symbol.resize((symbol.width * module, tall), Image.Resampling.NEAREST)
        self.picture.paste(symbol.convert("RGB"), (x, y))
        quad = _rectangle(x, y, x + symbol.width, y + symbol.height, 0)
        self.codes.append((mark.text, mark.kind, quad))


def _rectangle(left: float, top: float, right: float, bottom: float, grow: float) -> Quad:
    left, top, right, bottom = left - grow, top - grow, right + grow, bottom + grow
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _line_mask(
    text: str, family: str, size: int, ink: Ink, rng: random.Random
) -> tuple[Image.Image, list[float]]:
    """Coverage of a line, half an em of air above and below, and its character edges."""
    face = fonts.FACES[family]
    natural = 1 / face.squeeze
    edges = [0.0]
    for character in text:
        edges.append(edges[-1] + fonts.advance(family, character) * size * natural)
    mask = Image.new("L", (int(edges[-1]) + size, size * 2 + 2), 0)
    draw = ImageDraw.Draw(mask)
    if ink is Ink.PEN:
        for character, left in zip(text, edges, strict=False):
            _written(mask, character, left, size, rng)
    elif ink is Ink.DOTS:
        mask = _needled(text, family, size, mask.size, edges)
    else:
        stroke = 1 if ink is Ink.BOLD and size > 20 else 0
        for start, run, used in runs(text, family):
            spot = (edges[start], size * (0.5 + fonts.ascent(family)))
            draw.text(spot, run, font=fonts.font(used, size), fill=255, stroke_width=stroke,
                      anchor="ls")  # fmt: skip
    if face.squeeze != 1.0:
        narrow = max(1, round(mask.width * face.squeeze))
        mask = mask.resize((narrow, mask.height), Image.Resampling.BILINEAR)
        edges = [edge * face.squeeze for edge in edges]
    return mask, edges


def runs(text: str, family: str) -> list[tuple[int, str, str]]:
    """Stretches of text that one face can set: start, characters, face."""
    found: list[tuple[int, str, str]] = []
    for at, character in enumerate(text):
        used = "supplement" if character in fonts.SUPPLEMENT else family
        if found and found[-1][2] == used:
            start, run, _ = found[-1]
            found[-1] = (start, run + character, used)
        else:
            found.append((at, character, used))
    return found


_PINS = 24  # of a needle printer, over one em
_DOT = Image.frombytes("L", (4, 4), bytes((90, 220, 220, 90, 220, 255, 255, 220) * 2))


def _needled(
    text: str, family: str, size: int, extent: tuple[int, int], edges: list[float]
) -> Image.Image:
    """A line as a 24-pin printer sets it: a coarse grid of round, unevenly inked dots."""
    scale = _PINS / size
    coarse = Image.new("L", (int(extent[0] * scale) + 1, int(extent[1] * scale) + 1), 0)
    draw = ImageDraw.Draw(coarse)
    for start, run, used in runs(text, family):
        spot = (edges[start] * scale, _PINS * (0.5 + fonts.ascent(family)))
        draw.text(spot, run, font=fonts.font(used, _PINS), fill=255, anchor="ls")
    grid = np.asarray(coarse) > 96
    dots = np.kron(grid.astype(np.uint8), np.asarray(_DOT))
    return Image.fromarray(dots).resize(
        (round(coarse.width / scale), round(coarse.height / scale)), Image.Resampling.BOX
    ).crop((0, 0, *extent))  # fmt: skip


def _written(mask: Image.Image, character: str, left: float, size: int, rng: random.Random) -> None:
    """One character as a hand writes it: leaning, uneven in size, off the base line."""
    used = "supplement" if character in fonts.SUPPLEMENT else "pen"
    tall = round(size * rng.uniform(0.92, 1.08))
    glyph = Image.new("L", (tall * 2, tall * 2), 0)
    ImageDraw.Draw(glyph).text(
        (tall * 0.5, tall * 0.5), character, font=fonts.font(used, tall), fill=255
    )
    lean = rng.uniform(-0.02, 0.16)
    glyph = glyph.transform(
        glyph.size, Image.Transform.AFFINE, (1, lean, -lean * tall, rng.uniform(-0.05, 0.05), 1, 0),
        Image.Resampling.BILINEAR,
    ).rotate(rng.uniform(-3.5, 3.5), resample=Image.Resampling.BILINEAR)  # fmt: skip
    x = left - tall * 0.5 + rng.uniform(-0.02, 0.02) * size
    y = size * 0.5 - tall * 0.5 + rng.uniform(-0.05, 0.05) * size
    mask.paste(255, (round(x), round(y)), glyph)
