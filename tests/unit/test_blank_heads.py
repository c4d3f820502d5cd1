"""The head of a text view is covered where something stands in it, and only there."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dossier.services import page_picture
from dossier.services.patches import Patch

SIZE = (600, 800)
HEAD = Patch((0.0, 0.0, 600.0, 100.0), if_inked=True)


def drawn(page: Image.Image) -> np.ndarray:
    out = io.BytesIO()
    page.save(out, "PNG")
    frame = page_picture.whole(*SIZE, shown_width=SIZE[0])
    body = page_picture.compose(out.getvalue(), size=SIZE, rotation=0, frame=frame, hidden=[HEAD])
    return np.asarray(Image.open(io.BytesIO(body)).convert("L"))


def test_a_blank_head_is_left_blank() -> None:
    page = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(page).rectangle((50, 140, 500, 160), fill="black")
    assert drawn(page)[:100].min() > 250


@pytest.mark.parametrize("grey", [130, 225])
def test_a_head_in_which_a_name_stands_is_covered_whole(grey: int) -> None:
    page = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(page).rectangle((60, 70, 64, 72), fill=(grey, grey, grey))
    assert drawn(page)[:100].max() < 235
