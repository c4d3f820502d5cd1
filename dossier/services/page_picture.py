"""Work on a page's picture: turn it upright, hide what is masked, cut the strip around a hit."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from dossier.records import Box
from dossier.rules.identity_cards import Quad
from dossier.services.patches import Patch, is_needed, placed

JPEG_QUALITY = 85
"""Text stays crisp, a page at 1000 pixels is about 150 kB."""
HIDDEN, HATCH = (214, 216, 219), (186, 189, 194)
"""Grey fill and hatch of a masked value (ui.md: "masked grey hatch")."""
HIT_EDGE, HIT_FILL = (196, 106, 0, 255), (255, 196, 0, 70)
HATCH_STEP = 7
STRIP_WIDTH_SHARE = 0.55
"""A strip shows at least this share of the page's width, so that the words have their sentence."""
STRIP_ASPECT = 6.5
"""Width of a strip over its height: two to three lines of print."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a page that is shown: a box in page pixels, drawn ``width`` pixels wide."""

    box: Box
    width: int

    @property
    def scale(self) -> float:
        """Shown pixels for one page pixel."""
        return self.width / (self.box[2] - self.box[0])


def whole(width: int, height: int, *, shown_width: int) -> Frame:
    """The whole page."""
    return Frame((0.0, 0.0, float(width), float(height)), shown_width)


def strip(width: int, height: int, hits: Iterable[Box], *, shown_width: int) -> Frame:
    """The strip around the first hit: wide enough for its sentence, kept inside the page.

    Large print widens it, so that all strips have one proportion as far as the page is wide enough.
    """
    x0, y0, x1, y1 = next(iter(hits))
    least_high = (y1 - y0) * 2.2
    least_wide = max((x1 - x0) * 1.6, width * STRIP_WIDTH_SHARE, least_high * STRIP_ASPECT)
    wide = min(float(width), least_wide)
    high = min(float(height), max(least_high, wide / STRIP_ASPECT))
    left = min(max(0.0, (x0 + x1 - wide) / 2), width - wide)
    top = min(max(0.0, (y0 + y1 - high) / 2), height - high)
    return Frame((left, top, left + wide, top + high), shown_width)


def compose(
    picture: bytes,
    *,
    size: tuple[int, int],
    rotation: int,
    frame: Frame,
    hidden: Iterable[Patch] = (),
    covered: Iterable[Quad] = (),
    marked: Iterable[Box] = (),
) -> bytes:
    """The shown picture as JPEG.

    Args:
        picture: as rendered from the file, any size.
        size: width and height of the upright page to which all boxes refer.
        rotation: degrees clockwise that stand it upright.
        frame: the part to show.
        hidden: what to paint over before anything is cut or scaled.
        covered: leaning parts of the page, painted over likewise.
        marked: boxes to outline.
    """
    with Image.open(io.BytesIO(picture)) as opened:
        page = opened.convert("RGB")
    if rotation % 360:
        page = page.rotate(-rotation, expand=True)
    scale = page.width / size[0]
    draw = ImageDraw.Draw(page)
    # All are placed by the ink before the first is painted.
    needed = [patch for patch in hidden if is_needed(page, patch, scale)]
    for box in [placed(page, patch, scale) for patch in needed]:
        _hide(draw, box)
    for quad in covered:
        _cover(page, [(x * scale, y * scale) for x, y in quad])
    shown = _cut(page, frame, scale)
    if marks := list(marked):
        shown = _marked(shown, marks, frame)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def _scaled(box: Box, scale: float) -> Box:
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale


def _hide(draw: ImageDraw.ImageDraw, box: Box) -> None:
    x0, y0, x1, y1 = round(box[0]), round(box[1]), round(box[2]), round(box[3])
    draw.rectangle((x0, y0, x1, y1), fill=HIDDEN)
    for x in range(x0 + HATCH_STEP, x1, HATCH_STEP):
        draw.line((x, y0, max(x0, x - (y1 - y0)), min(y1, y0 + x - x0)), fill=HATCH)


def _cover(page: Image.Image, corners: Sequence[tuple[float, float]]) -> None:
    """Hatch a leaning part, as :func:`_hide` does an upright one."""
    x0, y0 = (max(0, math.floor(min(corner[axis] for corner in corners))) for axis in (0, 1))
    x1, y1 = (math.ceil(max(corner[axis] for corner in corners)) for axis in (0, 1))
    x1, y1 = min(x1, page.width), min(y1, page.height)
    if x1 <= x0 or y1 <= y0:
        return
    hatched = Image.new("RGB", (x1 - x0, y1 - y0), HIDDEN)
    _hide(ImageDraw.Draw(hatched), (0, 0, x1 - x0, y1 - y0))
    shape = Image.new("L", hatched.size, 0)
    ImageDraw.Draw(shape).polygon([(x - x0, y - y0) for x, y in corners], fill=255)
    page.paste(hatched, (x0, y0), shape)


def _cut(page: Image.Image, frame: Frame, scale: float) -> Image.Image:
    """The frame's part at the frame's size."""
    x0, y0, x1, y1 = _scaled(frame.box, scale)
    high = max(1, round(frame.width * (y1 - y0) / (x1 - x0)))
    if (round(x0), round(y0), round(x1), round(y1)) == (0, 0, frame.width, high):
        return page
    return page.resize(
        (frame.width, high), Image.Resampling.LANCZOS, box=_inside((x0, y0, x1, y1), page.size)
    )


def _inside(box: Box, size: tuple[int, int]) -> Box:
    return (
        max(0.0, box[0]),
        max(0.0, box[1]),
        min(float(size[0]), box[2]),
        min(float(size[1]), box[3]),
    )


def _marked(picture: Image.Image, marks: Iterable[Box], frame: Frame) -> Image.Image:
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    left, top = frame.box[0], frame.box[1]
    for x0, y0, x1, y1 in marks:
        moved = _scaled((x0 - left, y0 - top, x1 - left, y1 - top), frame.scale)
        draw.rectangle(_grown(moved), fill=HIT_FILL, outline=HIT_EDGE, width=2)
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def _grown(box: Box) -> Box:
    return box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2


def placeholder(width: int) -> bytes:
    """A small neutral picture where there is nothing to show."""
    out = io.BytesIO()
    Image.new("RGB", (width, max(1, round(width / STRIP_ASPECT))), (240, 241, 243)).save(out, "PNG")
    return out.getvalue()


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height; only the head is read."""
    with Image.open(io.BytesIO(picture)) as opened:
        return opened.size
