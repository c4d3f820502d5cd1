"""Readings of invented pages from what is known of them: no OCR, so that looking alone is tried."""

from __future__ import annotations

from dossier.plugins.demo.truth import Quad, TruthPage, upright
from dossier.records import Box, PageReading, WordBox


def reading_of(truth: TruthPage, number: int = 1) -> PageReading:
    """The page as a faultless reader gives it; what nobody can read as print has no text."""
    width, height = truth.width, truth.height
    if truth.rotation in (90, 270):
        width, height = height, width
    parts, words, at, row = [], [], 0, None
    for line in truth.lines:
        if line.quad is None:
            continue
        mark = "" if row is None else "\t" if line.row == row else "\n"
        parts += mark, line.text
        at, row = at + len(mark), line.row
        box = bounds(line.quad, truth)
        edges = tuple(box[0] + (box[2] - box[0]) * share for share in line.edges)
        words.append(WordBox(at, at + len(line.text), _padded(box), edges=edges))
        at += len(line.text)
    text = "".join(parts)
    return PageReading(
        number, text, tuple(words), width, height, truth.rotation, confidence=1.0, engine="truth"
    )


def bounds(quad: Quad, truth: TruthPage) -> Box:
    """The rectangle around corners, on the upright page."""
    turned = upright(quad, truth.width, truth.height, truth.rotation)
    xs, ys = [x for x, _ in turned], [y for _, y in turned]
    return min(xs), min(ys), max(xs), max(ys)


def _padded(box: Box) -> Box:
    """A reader's box has air above and below: ink is some two thirds of it."""
    air = 0.22 * (box[3] - box[1])
    return box[0], box[1] - air, box[2], box[3] + air
