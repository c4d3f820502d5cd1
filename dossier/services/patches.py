"""Patches over masked values: where they end beside characters that stay readable.

Recognition knows the border between two characters to some third of a digit only. That is near
enough to tell which gap in the ink is meant, and the ink itself says where the gap is: so a patch
ends there, and neither cuts a digit that stays nor leaves a part of one that is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from dossier.records import Box, WordBox
from dossier.search.boxes import hit_boxes

Span = tuple[int, int]
Darkness = npt.NDArray[np.float64]
PAD_SHARE = 0.12
"""Masks reach this share of their height beyond the word box: recognised boxes sit tight on ink."""
LATE_SHARE = 0.12
"""Recognised borders stand so much of a character's width too far on (measured on four prints)."""
REACH_SHARE = 0.45
"""Gaps are looked for this share of a character's width around: further off is another gap."""
GAP_SHARE = 0.3
"""A column is a gap when it has at most this share of the ink that columns of text have."""
RULED_SHARE = 0.8
"""A row of the line with ink over this share of its width is ruled, or the edge of a table."""
LEAST_CONTRAST = 40
"""Levels of grey between paper and ink; with less there is nothing to see."""
BLANK = 12
"""Levels of grey: the grain of a picture of blank paper; the faintest small print differs more."""
GRAIN = 0.1
"""Darker than paper by less than this share of the contrast is the paper's grain."""
PAPER, INK = 90, 2
"""Percentiles of a line's pixels that are its paper and its ink."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What is painted over.

    Attributes:
        box: in page pixels.
        before: width in page pixels of the narrower character at the patch's left end, where a
            readable one stands there in the same word; 0 where none does.
        after: the same for its right end.
        if_inked: nothing is painted where the picture has nothing at all to hide.
    """

    box: Box
    before: float = 0.0
    after: float = 0.0
    if_inked: bool = False


def patches(words: Sequence[WordBox], spans: Iterable[Span]) -> Iterator[Patch]:
    """Patches over spans of a page's text, one a line."""
    for start, end in spans:
        left, right = _border(words, start), _border(words, end)
        for box in hit_boxes(words, [(start, end)]):
            before = left[1] if left and left[0] == box[0] else 0.0
            after = right[1] if right and right[0] == box[2] else 0.0
            yield Patch(box, before, after)


def _border(words: Sequence[WordBox], place: int) -> tuple[float, float] | None:
    """Where a word is divided at this character, and how wide the narrower one beside it is."""
    for word in words:
        if word.start < place < word.end:
            edges = word.edges
            if word.vertical or len(edges) != word.end - word.start + 1:
                return None
            at = place - word.start
            return edges[at], min(edges[at] - edges[at - 1], edges[at + 1] - edges[at])
    return None


def placed(page: Image.Image, patch: Patch, scale: float) -> Box:
    """The patch on a picture of the page: to the gap beside readable characters, else beyond ink.

    Args:
        page: upright, nothing painted on the line yet.
        patch: in page pixels.
        scale: pixels of the picture for one of the page.
    """
    x0, y0, x1, y1 = (side * scale for side in patch.box)
    pad = PAD_SHARE * min(x1 - x0, y1 - y0)
    left = _gap(page, (x0, y0, y1), patch.before * scale) if patch.before else None
    right = _gap(page, (x1, y0, y1), patch.after * scale) if patch.after else None
    return (
        x0 - pad if left is None else left,
        y0 - pad,
        x1 + pad if right is None else right,
        y1 + pad,
    )


def is_needed(page: Image.Image, patch: Patch, scale: float) -> bool:
    """Whether there is something to hide: a patch that depends on ink has some beneath it."""
    if not patch.if_inked:
        return True
    x0, y0, x1, y1 = (side * scale for side in patch.box)
    inside = (max(0, int(x0)), max(0, int(y0)), min(page.width, int(x1)), min(page.height, int(y1)))
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        return True
    return float(np.ptp(np.asarray(page.crop(inside).convert("L")))) > BLANK


def _gap(page: Image.Image, border: tuple[float, float, float], width: float) -> float | None:
    """The middle column of the gap between two characters; None where the ink shows none.

    Args:
        page: its picture.
        border: x of the border as recognised, top and bottom of the line, in the picture's pixels.
        width: of the narrower of both characters.
    """
    x, top, bottom = border
    begin = max(0, round(x - 2 * width))
    around = (begin, max(0, round(top)), min(page.width, round(x + 2 * width) + 1), round(bottom))
    if around[2] - begin < 2 or min(around[3], page.height) - around[1] < 2:
        return None
    columns = _ink(page.crop(around).convert("L"))
    if columns is None:
        return None
    wanted, reach = x - LATE_SHARE * width - begin, REACH_SHARE * width
    # What every column has is the paper's grain, or softness of the scan.
    columns = columns - columns.min()
    blank = columns <= GAP_SHARE * float(np.median(columns))
    near = [int(at) for at in np.flatnonzero(blank) if abs(at + 0.5 - wanted) <= reach]
    if not near:
        return None
    first = last = min(near, key=lambda at: abs(at + 0.5 - wanted))
    while first - 1 in near:
        first -= 1
    while last + 1 in near:
        last += 1
    return begin + (first + last) / 2


def _ink(line: Image.Image) -> Darkness | None:
    """How dark each column is, 0 to 1, without ruled lines; None without contrast."""
    pixels = np.asarray(line, dtype=float)
    ink, paper = np.percentile(pixels, (INK, PAPER))
    if paper - ink < LEAST_CONTRAST:
        return None
    dark = np.clip((paper - pixels) / (paper - ink), 0.0, 1.0)
    text = dark[(dark > 0.5).mean(axis=1) < RULED_SHARE]
    if not len(text):
        return None
    columns: Darkness = np.where(text > GRAIN, text, 0.0).mean(axis=0)
    return columns if columns.any() else None
