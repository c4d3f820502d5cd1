"""The mark on every page picture that leaves: who looked, when, and what for (domain.md 4.7).

It lies over the whole picture in light tiles, so that a piece that was cut out still carries it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources

from PIL import Image, ImageDraw, ImageFont

from dossier.clock import SHANGHAI
from dossier.rules.rulebook import load_rulebook
from dossier.services.page_picture import JPEG_QUALITY
from dossier.viewer import Viewer

FONT_PACKAGE, FONT_FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
KEPT_TILES = 64
"""Tiles that are kept: one for each user, minute and size that is looked at."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the mark says, in two lines."""

    who_and_when: str
    purpose: str

    @property
    def key(self) -> str:
        """Names the mark, for the picture's ETag."""
        return f"{self.who_and_when}\n{self.purpose}"


def mark_of(viewer: Viewer, at: datetime, *, purpose: str = "") -> Mark:
    """The viewer's mark to the minute, with the loan; the purpose as it was said."""
    rules = load_rulebook("watermark")
    said = purpose or (viewer.opening.purpose if viewer.opening else viewer.purpose)
    said = " ".join((said or _lent_for(viewer)).split()) or rules["purpose"]["zh"]
    most = rules["purpose_characters"]
    when = at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    lent = " ".join(one.loan for one in viewer.loans)
    who = " ".join(filter(None, (viewer.name, when, lent)))
    return Mark(who, said if len(said) <= most else f"{said[: most - 1]}…")


def _lent_for(viewer: Viewer) -> str:
    return next((one.purpose for one in viewer.loans), "")


def stamp(picture: bytes, mark: Mark) -> bytes:
    """The picture with the mark over all of it; a small one, on which nothing is read, as it is."""
    with Image.open(io.BytesIO(picture)) as opened:
        if opened.width < load_rulebook("watermark")["least_width"]:
            return picture
        page = opened.convert("RGB")
    out = io.BytesIO()
    _cover(page, mark)
    page.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def _cover(page: Image.Image, mark: Mark) -> None:
    rules = load_rulebook("watermark")
    letter = _letter(page.width)
    tile = _tile(mark, letter)
    across, down = tile.width + rules["gap_across"] * letter, tile.height
    down += rules["gap_down"] * letter
    colour = tuple(rules["colour"])
    for row, top in enumerate(range(-tile.height // 3, page.height, down)):
        for left in range(-(row % 2) * across // 2, page.width, across):
            page.paste(colour, (left, top), tile)


def _letter(width: int) -> int:
    rules = load_rulebook("watermark")
    share = round(width * rules["letter_share"])
    return int(min(max(share, rules["letter_least"]), rules["letter_most"]))


@lru_cache(maxsize=KEPT_TILES)
def _tile(mark: Mark, letter: int) -> Image.Image:
    """One mark as the strength of its colour, leaning."""
    rules = load_rulebook("watermark")
    font = _font(letter)
    lines = f"{mark.who_and_when}\n{mark.purpose}"
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox(
        (0, 0), lines, font
    )
    flat = Image.new("L", (round(right - left) + 2, round(bottom - top) + 2), 0)
    draw = ImageDraw.Draw(flat)
    draw.multiline_text((1 - left, 1 - top), lines, rules["strength"], font)
    return flat.rotate(rules["angle_degrees"], Image.Resampling.BICUBIC, expand=True)


@lru_cache(maxsize=KEPT_TILES)
def _font(letter: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_path(), letter, layout_engine=ImageFont.Layout.BASIC)


@cache
def _font_path() -> str:
    return str(resources.files(FONT_PACKAGE).joinpath(FONT_FILE))
