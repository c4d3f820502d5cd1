"""Where identity cards lie on a page, by their printed labels, and what of them is hidden.

The labels' places on a card are known (rulebook/identity_card.yaml); two or more that were read say
how large the card lies and how it leans. So number, portrait and address are covered even where
nothing was read of them.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from dossier.records import Box, WordBox
from dossier.rules.rulebook import load_rulebook

Quad = tuple[tuple[float, float], ...]
"""Four corners in page pixels, from the upper left one clockwise."""
_BETWEEN = r"[\s·.:：]{0,3}"


@dataclass(frozen=True, slots=True)
class _Layout:
    """One side of the card: labels' middles as complex millimetres, and the parts to hide."""

    labels: Mapping[str, complex]
    hidden: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class _Label:
    """A label that was read, and its middle on the page."""

    name: str
    at: complex


@dataclass(frozen=True, slots=True)
class _Fit:
    """From the card to the page: ``page = turn * card + shift``."""

    turn: complex
    shift: complex
    labels: frozenset[_Label]

    def quad(self, box: Box) -> Quad:
        """A box of the card on the page."""
        x0, y0, x1, y1 = box
        corners = (complex(x0, y0), complex(x1, y0), complex(x1, y1), complex(x0, y1))
        return tuple((p.real, p.imag) for p in (self.turn * c + self.shift for c in corners))


@cache
def _layouts() -> tuple[_Layout, _Layout]:
    body = load_rulebook("identity_card")
    front, back = (
        {name: complex(*place) for name, place in body[side].items()} for side in ("front", "back")
    )
    hidden = tuple((box[0], box[1], box[2], box[3]) for box in body["hidden"].values())
    return _Layout(front, hidden), _Layout(back, ())


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {
        name: re.compile(_BETWEEN.join(name)) for layout in _layouts() for name in layout.labels
    }


def is_identity_type(type_code: str | None) -> bool:
    """Whether papers of this type are identity cards."""
    return type_code in load_rulebook("identity_card")["types"]


def covers(
    text: str,
    words: Sequence[WordBox],
    *,
    size: tuple[int, int],
    skew: float,
    is_identity: bool,
) -> tuple[Quad, ...]:
    """What to hide of the identity cards on a page.

    Args:
        text: of the page, in clear.
        words: where it stands.
        size: width and height of the upright page in pixels.
        skew: degrees by which its lines lean, clockwise positive.
        is_identity: the paper is known to be an identity card: then a page on which no front is
            found is hidden whole, but for a back side.
    """
    front, back = _layouts()
    labels = list(_labels(text, words, math.tan(math.radians(skew))))
    fronts = _fits(labels, front, is_sure=is_identity)
    if fronts or not is_identity:
        return tuple(fit.quad(box) for fit in fronts for box in front.hidden)
    if _is_another_paper(text, labels):
        return ()
    width, height = load_rulebook("identity_card")["card"]
    backs = [fit.quad((0.0, 0.0, width, height)) for fit in _fits(labels, back, is_sure=True)]
    return _around(backs[:1], size)


def _is_another_paper(text: str, labels: Sequence[_Label]) -> bool:
    """A household register, a passport: much text, and no word of a card."""
    letters = sum(char.isalnum() for char in text)
    return not labels and letters >= load_rulebook("identity_card")["other_paper_characters"]


def _labels(text: str, words: Sequence[WordBox], slope: float) -> Iterable[_Label]:
    """Labels that were read; of a leaning line the pieces are boxed apart."""
    for name, pattern in _patterns().items():
        for match in pattern.finditer(text):
            ends = [_place(words, at, slope) for at in (match.start(), match.end() - 1)]
            if None not in ends:
                yield _Label(name, sum(end for end in ends if end is not None) / 2)


def _place(words: Sequence[WordBox], at: int, slope: float) -> complex | None:
    """The middle of a character of a line that may lean; None where nobody knows."""
    word = next((one for one in words if one.start <= at < one.end), None)
    if word is None or word.vertical:
        return None
    x0, y0, x1, y1 = word.box
    if word.edges:
        x = (word.edges[at - word.start] + word.edges[at - word.start + 1]) / 2
    else:
        x = x0 + (at - word.start + 0.5) * (x1 - x0) / (word.end - word.start)
    return complex(x, (y0 + y1) / 2 + (x - (x0 + x1) / 2) * slope)


def _fits(labels: Sequence[_Label], layout: _Layout, *, is_sure: bool) -> list[_Fit]:
    """Cards found one after the other: each label belongs to one."""
    left = [label for label in labels if label.name in layout.labels]
    found: list[_Fit] = []
    while fit := _best(left, layout, is_sure=is_sure):
        found.append(fit)
        left = [label for label in left if label not in fit.labels]
    return found


def _best(labels: Sequence[_Label], layout: _Layout, *, is_sure: bool) -> _Fit | None:
    rules = load_rulebook("identity_card")["fit"]
    tried = (
        _gather(turn, shift, labels, layout, rules["off_by_mm"])
        for one, other in combinations(labels, 2)
        for turn, shift in _through(one, other, layout)
    )
    found = max(tried, key=lambda each: (len(each[0].labels), -each[1]), default=None)
    if found is None:
        return None
    best, _ = found
    names = {label.name for label in best.labels}
    sure = is_sure or max(layout.labels, key=len) in names
    enough = rules["labels_when_sure"] if sure else rules["labels"]
    return _refined(best, layout) if len(best.labels) >= enough else None


def _through(one: _Label, other: _Label, layout: _Layout) -> Iterable[tuple[complex, complex]]:
    """The card's place when these two labels lie where they should."""
    rules = load_rulebook("identity_card")["fit"]
    between = layout.labels[other.name] - layout.labels[one.name]
    if abs(between) < rules["least_apart_mm"] or one.at == other.at:
        return
    turn = (other.at - one.at) / between
    if abs(math.degrees(cmath.phase(turn))) <= rules["most_lean_degrees"]:
        yield turn, one.at - turn * layout.labels[one.name]


def _gather(
    turn: complex, shift: complex, labels: Sequence[_Label], layout: _Layout, off_by: float
) -> tuple[_Fit, float]:
    """The nearest label of each name that lies where this place has it; how far off they are."""
    nearest: dict[str, tuple[float, _Label]] = {}
    for label in labels:
        off = abs((label.at - shift) / turn - layout.labels[label.name])
        if off <= off_by and off < nearest.get(label.name, (math.inf, label))[0]:
            nearest[label.name] = (off, label)
    found = frozenset(label for _, label in nearest.values())
    return _Fit(turn, shift, found), sum(off for off, _ in nearest.values())


def _refined(fit: _Fit, layout: _Layout) -> _Fit:
    """The place that fits all its labels best (least squares)."""
    pairs = [(layout.labels[label.name], label.at) for label in fit.labels]
    card = sum(here for here, _ in pairs) / len(pairs)
    page = sum(there for _, there in pairs) / len(pairs)
    spread = sum(abs(here - card) ** 2 for here, _ in pairs)
    turn = sum((there - page) * (here - card).conjugate() for here, there in pairs) / spread
    return _Fit(turn, page - turn * card, fit.labels)


def _around(kept: Sequence[Quad], size: tuple[int, int]) -> tuple[Quad, ...]:
    """The whole page, but for the upright box around a part that is kept."""
    width, height = float(size[0]), float(size[1])
    if not kept:
        return (_corners(0.0, 0.0, width, height),)
    x0 = min(max(0.0, min(x for x, _ in kept[0])), width)
    x1 = min(max(0.0, max(x for x, _ in kept[0])), width)
    y0 = min(max(0.0, min(y for _, y in kept[0])), height)
    y1 = min(max(0.0, max(y for _, y in kept[0])), height)
    return (
        _corners(0.0, 0.0, width, y0),
        _corners(0.0, y1, width, height),
        _corners(0.0, y0, x0, y1),
        _corners(x1, y0, width, y1),
    )


def _corners(x0: float, y0: float, x1: float, y1: float) -> Quad:
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
