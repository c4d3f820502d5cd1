"""Where a page asks somebody to sign or to seal: its labels (``rulebook/sightings.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from dossier.rules import rulebook
from dossier.rules.normal_form import HAN, fold_with_origins

FILE = "sightings"
Span = tuple[int, int]
_PARAGRAPH = 12
"""Characters from which on a line is a sentence and no name or day."""


class PlaceKind(StrEnum):
    """What belongs there; OPEN: a signature or a printed name, the label does not say."""

    SIGN = "sign"
    SEAL = "seal"
    EITHER = "either"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class SigningPlace:
    """A label in a page's text, and what was read behind it in the same cell.

    Attributes:
        kind: what the label asks for.
        label: offsets of the label, its colon included.
        value: offsets from there to the end of the cell.
        is_filled_in: the label may as well be that of a field, which holds a name and no signature.
    """

    kind: PlaceKind
    label: Span
    value: Span
    is_filled_in: bool = False


def find_places(text: str) -> Iterator[SigningPlace]:
    """The places of a page's text, in reading order."""
    form = fold_with_origins(text)
    for match in _pattern().finditer(form.text):
        label = "".join(match["label"].split())
        if not match["mark"].strip() and _is_heading(form.text, match):
            continue
        start, end = form.span(match.start("label"), match.end())
        rest = re.compile(r"[^\t\n]*").match(text, end)
        value = end, rest.end() if rest else end
        yield SigningPlace(_kind(label), (start, end), value, label in _words()["filled"])


def _is_heading(folded: str, match: re.Match[str]) -> bool:
    """Whether a label without a colon stands alone over a paragraph: it names what that says."""
    before = folded[folded.rfind("\n", 0, match.start("label")) + 1 : match.start("label")]
    end = folded.find("\n", match.end())
    rest = folded[match.end() : end if end >= 0 else len(folded)]
    below = folded[end + 1 :].split("\n", 1)[0] if end >= 0 else ""
    return not (before.strip() or rest.strip()) and "\t" not in below and len(below) > _PARAGRAPH


def has_places(text: str) -> bool:
    """Whether anybody is asked to sign or seal on the page; cheap."""
    return any(place.kind is not PlaceKind.OPEN for place in find_places(text))


def _kind(label: str) -> PlaceKind:
    words = _words()
    signs = any(word in label for word in words["sign"])
    seals = any(word in label for word in words["seal"])
    if signs and seals:
        return PlaceKind.EITHER
    if signs or seals:
        return PlaceKind.SIGN if signs else PlaceKind.SEAL
    return PlaceKind.OPEN


@cache
def _words() -> dict[str, Any]:
    found: dict[str, Any] = rulebook.load(FILE)["words"]
    return found


def _spaced(words: list[str]) -> str:
    return "|".join("[ ]?".join(word) for word in sorted(words, key=len, reverse=True))


@cache
def _pattern() -> re.Pattern[str]:
    """A cell that is a label: it begins its cell, and a colon, a gap or the cell's end follows."""
    words = _words()
    asked, opened = _spaced([*words["sign"], *words["seal"]]), _spaced(words["open"])
    han = f"[{HAN}]"
    return re.compile(
        rf"(?:(?<=[\n\t ;.]) *|\A *)(?P<label>"
        rf"(?:{han}[ ]?){{0,10}}?(?:{asked})(?:人|处|栏|方)?(?:[ ]?\([^()\n\t]{{0,12}}\))?"
        rf"|(?:{han}[ ]?){{1,12}}\([^()\n\t]{{0,8}}(?:{asked})[^()\n\t]{{0,6}}\)"
        rf"|(?:{han}[ ]?){{1,6}}?(?:{opened})(?=[ ]?[:_]|[ ]*[\t\n])"
        rf")(?P<mark>[ ]?[:_]+|(?=[ ]*(?:[\t\n]|\Z))|(?=[ ]))"
    )
