"""What a form's reading says of choices and copies: ticked boxes, "与原件一致"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from dossier.rules import rulebook

FILE = "sightings"
Span = tuple[int, int]
_FEWEST_BOXES = 2
"""A line with one mark alone is a list's, and no choice."""


def find_ticked(text: str) -> Iterator[Span]:
    """The options behind ticked boxes, in a line that has several boxes."""
    boxes, ticked = _boxes(), rulebook.load(FILE)["boxes"]["ticked"]
    start = 0
    for line in text.split("\n"):
        found = list(boxes.finditer(line))
        if len(found) >= _FEWEST_BOXES:
            for one in found:
                if one["mark"] in ticked and one["option"]:
                    yield start + one.start("option"), start + one.end("option")
        start += len(line) + 1


def find_copy_notes(text: str) -> Iterator[Span]:
    """Where the page says that it is a copy that agrees with its original."""
    for match in _notes().finditer(text):
        yield match.span()


@cache
def _boxes() -> re.Pattern[str]:
    rules = rulebook.load(FILE)["boxes"]
    marks = re.escape(rules["ticked"] + rules["empty"])
    return re.compile(rf"(?P<mark>[{marks}])[ ]?(?P<option>[^{marks}\s]*)")


@cache
def _notes() -> re.Pattern[str]:
    words = sorted(rulebook.load(FILE)["copy_notes"], key=len, reverse=True)
    return re.compile("|".join(r"[ \t]?".join(map(re.escape, word)) for word in words))
