"""A patch over masked digits ends at the next character: none shows that is hidden, none is cut."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dossier.adapters.rapidocr import RapidOcrEngine
from dossier.plugins.demo.fonts import font
from dossier.records import PageReading
from dossier.rules import masking
from dossier.services import page_picture
from dossier.services.patches import Patch, patches

SIZE = (1240, 900)
LEFT, TOP, STEP = 120, 60, 90
LINES = (
    ("联系电话 138", "0013", "8000"),
    ("联系电话 139", "1788", "1171"),
    ("身份证号 ", "11010119900307", "002X"),
    ("身份证号码：", "44030619851112", "1118"),
    ("联系电话 187", "4477", "4741 备用"),
    ("固定电话及手机 135", "6996", "9690"),
)
"""What stays, what is masked, what stays again."""
WHOLE = 0.985
"""Share of the ink that is left of what stays: pictures are compressed."""
INK = 140
"""Darker than this is ink: patches are lighter."""


@pytest.fixture(scope="module")
def engine() -> RapidOcrEngine:
    return RapidOcrEngine()


def drawn(face: str, size: int, *, ruled: bool) -> Image.Image:
    page = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(page)
    letters = font(face, size)
    for row, pieces in enumerate(LINES):
        x, y = float(LEFT), TOP + row * STEP
        for character in "".join(pieces):
            draw.text((x, y), character, font=letters, fill=20)
            x += letters.getlength(character)
        if ruled:
            draw.line((LEFT - 20, y + size * 1.35, SIZE[0] - 60, y + size * 1.35), fill=60, width=2)
    return page


def shares(face: str, size: int) -> list[tuple[int, float, float]]:
    """Row, begin and end of what is masked on each line, as it was drawn."""
    letters = font(face, size)
    found = []
    for row, (before, hidden, _) in enumerate(LINES):
        begin = LEFT + sum(map(letters.getlength, before))
        found.append((row, begin, begin + sum(map(letters.getlength, hidden))))
    return found


def shown(page: Image.Image, hidden: list[Patch], width: int) -> Any:
    high = round(SIZE[1] * width / SIZE[0])
    out = io.BytesIO()
    page.resize((width, high), Image.Resampling.LANCZOS).save(out, "PNG")
    frame = page_picture.whole(*SIZE, shown_width=width)
    body = page_picture.compose(out.getvalue(), size=SIZE, rotation=0, frame=frame, hidden=hidden)
    return np.asarray(Image.open(io.BytesIO(body)).convert("L"))


def read(engine: RapidOcrEngine, page: Image.Image, folder: Path) -> PageReading:
    path = folder / "page.png"
    page.save(path)
    return engine.read(path, page_number=1)


@pytest.mark.parametrize("width", [SIZE[0], 900])
@pytest.mark.parametrize(
    ("face", "size", "ruled"), [("song", 28, False), ("hei", 32, True), ("micro-hei", 40, False)]
)
def test_hidden_digits_are_gone_and_their_neighbours_stay_whole(
    engine: RapidOcrEngine, tmp_path: Path, face: str, size: int, ruled: bool, width: int
) -> None:
    page = drawn(face, size, ruled=ruled)
    reading = read(engine, page, tmp_path)
    spans = masking.mask_text(reading.text).spans
    assert len(spans) == len(LINES), reading.text

    bare = shown(page, [], width) < INK
    left = shown(page, list(patches(reading.words, spans)), width) < INK
    scale = width / SIZE[0]
    for row, begin, end in shares(face, size):
        top, bottom = (round((TOP + row * STEP + dy) * scale) for dy in (-10, 1.3 * size))
        begins, ends = round(begin * scale), round(end * scale)
        ink, seen = (each[top:bottom].sum(axis=0) for each in (bare, left))
        assert ink[begins:ends].sum()
        assert not seen[begins:ends].sum(), f"line {row}: hidden digits show"
        assert seen[:begins].sum() >= WHOLE * ink[:begins].sum(), f"line {row}: cut before"
        assert seen[ends:].sum() >= WHOLE * ink[ends:].sum(), f"line {row}: cut after"
