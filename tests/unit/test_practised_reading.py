"""The reading network after practice: what of it changed, and that it reads bad print better."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.ocr_quality import edit_distance, plain
from benchmarks.practice_lines import PracticeLine, practice_lines
from dossier.adapters.rapidocr.models import RECOGNITION_FILE, Models, model_path
from dossier.adapters.rapidocr.practised import practised
from dossier.adapters.rapidocr.recognition import read_lines

UNSEEN = 6061  # no seed of the practice


@pytest.fixture(scope="module")
def models() -> Models:
    return Models()


def wrong(models: Models, lines: Sequence[PracticeLine]) -> int:
    read = read_lines(models, [line.crop for line in lines])
    pairs = zip(lines, read, strict=True)
    return sum(edit_distance(plain(line.text), plain(said.text)) for line, said in pairs)


def test_the_wheel_carries_the_network_that_practised() -> None:
    model = model_path(RECOGNITION_FILE).read_bytes()
    changed = practised(model)
    assert changed is not None
    assert len(changed) == len(model)
    differs = np.frombuffer(changed, np.uint8) != np.frombuffer(model, np.uint8)
    assert 0.01 < differs.mean() < 0.15


def test_another_network_stays_as_it_is_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = model_path(RECOGNITION_FILE).read_bytes()
    with caplog.at_level(logging.WARNING):
        assert practised(model[:-1] + bytes((model[-1] ^ 1,))) is None
    assert "not the one that practised" in caplog.text


def test_lines_of_bad_print_that_it_never_saw_are_read_with_fewer_errors(models: Models) -> None:
    lines = [line for line in practice_lines(UNSEEN, 2) if line.crop.shape[1] < 250]
    assert len(lines) > 25
    assert wrong(models.practised, lines) < 0.8 * wrong(models, lines)
