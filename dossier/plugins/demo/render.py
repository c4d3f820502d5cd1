"""From a laid-out sheet to a damaged picture with its truth."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dossier.plugins.demo.damage import Damage
from dossier.plugins.demo.paint import InkedLine, paint
from dossier.plugins.demo.scanner import DamagedPage, scan
from dossier.plugins.demo.sheet import Seal, Sheet
from dossier.plugins.demo.truth import Quad, TruthLine, TruthMark, TruthPage, TruthPlace


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A picture as a scanner or camera would give it, with resolution and truth."""

    picture: Image.Image
    dpi: int
    truth: TruthPage


def render(sheet: Sheet, family: str, damage: Damage, seed: int, number: int) -> RenderedPage:
    """Paints and damages one sheet.

    Args:
        sheet: the laid-out page.
        family: face of the print.
        damage: what happens to it.
        seed: same seed, same picture.
        number: 1-based page number.
    """
    if damage.seals_over:
        sheet = _with_seals_over_values(sheet, damage.seals_over, random.Random(seed))
    clean = paint(sheet, family, damage.dpi, seed)
    shot = scan(clean.picture, damage, seed)
    rise = damage.curl * clean.picture.height
    lines = tuple(_line(line, shot, rise, clean.picture.width) for line in clean.lines)
    truth = TruthPage(
        number=number,
        width=shot.picture.width,
        height=shot.picture.height,
        rotation=(360 - damage.turn) % 360,
        lines=lines,
        seals=tuple(
            TruthMark(name, _located(quad, shot), kind) for name, kind, quad in clean.seals
        ),
        codes=tuple(TruthMark(t, _located(quad, shot), kind) for t, kind, quad in clean.codes),
        signatures=tuple(
            TruthMark(who, _located(quad, shot), hand) for who, hand, quad in clean.signatures
        ),
        places=tuple(
            TruthPlace(place.label, _located(quad, shot), place.signed, place.sealed)
            for place, quad in clean.places
        ),
        damage=damage.name,
    )
    return RenderedPage(shot.picture, damage.dpi, truth)


def _line(line: InkedLine, shot: DamagedPage, rise: float, width: int) -> TruthLine:
    """The line where it lies now; edges as shares of the way along its quad."""
    left, right = line.quad[0][0], line.quad[1][0]
    shares = tuple(min(1.0, max(0.0, (edge - left) / (right - left))) for edge in line.edges)
    quad = _located(_bowed(line.quad, rise, width), shot)
    return TruthLine(line.text, quad, line.row, line.ink.value, shares, line.field)


def _bowed(quad: Quad, rise: float, width: int) -> Quad:
    """The corners moved apart so that a line that bows by ``rise`` stays between them."""
    if not rise:
        return quad
    (left, top), (right, _), (_, bottom), _ = quad
    ends = [rise * math.sin(math.pi * x / width) for x in (left, right)]
    extra = []
    for share in (0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9):
        bow = rise * math.sin(math.pi * (left + (right - left) * share) / width)
        extra.append(bow - (ends[0] + (ends[1] - ends[0]) * share))
    top, bottom = top + min(0.0, *extra), bottom + max(0.0, *extra)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _located(quad: Quad, shot: DamagedPage) -> Quad:
    moved = shot.locate(np.array(quad, np.float64))
    a, b, c, d = ((float(x), float(y)) for x, y in moved)
    return (a, b, c, d)


def _with_seals_over_values(sheet: Sheet, many: int, rng: random.Random) -> Sheet:
    """The sheet with further seals on the middle of some of its key values."""
    values = [text for text in sheet.texts() if text.field]
    name = next((mark.name for mark in sheet.marks if isinstance(mark, Seal)), "供电公司业务专用章")
    seals = [
        Seal(text.x + text.size * 3, text.y + text.size / 2, 46, name, angle=rng.uniform(-25, 25))
        for text in rng.sample(values, min(many, len(values)))
    ]
    return Sheet(sheet.width, sheet.height, [*sheet.marks, *seals])
