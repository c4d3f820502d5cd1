"""The contract of :class:`dossier.ports.OcrEngine`, held by the engine that ships."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dossier.adapters.rapidocr import RapidOcrEngine
from dossier.errors import UnreadableFileError
from dossier.ports import OcrEngine


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    return RapidOcrEngine()


def test_a_white_page_is_blank_and_loads_no_model(tmp_path: Path) -> None:
    engine = RapidOcrEngine()
    Image.new("L", (1654, 2339), 255).save(tmp_path / "white.png")
    reading = engine.read(tmp_path / "white.png", page_number=3)
    assert reading.blank
    assert (reading.number, reading.text, reading.width, reading.height) == (3, "", 1654, 2339)
    assert engine._models is None


def test_a_file_that_is_no_picture_is_named_unreadable(engine: OcrEngine, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"not a picture")
    with pytest.raises(UnreadableFileError) as caught:
        engine.read(tmp_path / "no.png", page_number=1)
    assert caught.value.reason == "corrupt"
