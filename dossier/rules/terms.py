"""Until when a paper says that it holds: the last day of its own term (``rulebook/terms.yaml``).

``有效期限 2010.05.01-2030.05.01``, ``有效期至：2030年5月1日``, ``营业期限 自2008年3月1日至…``.
``长期`` has no last day, and a term of years from a signature is left alone: such contracts go on
when nobody objects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from dossier.rules import rulebook
from dossier.rules.dates import FoundDate, find_dates

FILE = "terms"
_GAP = r"[ \t]{0,3}"
_LEAD = re.compile(r"[\s:：_|]{0,8}(?:[为自从由是]\s{0,3})?")
"""What may stand between a label and the first day."""
BETWEEN = 6
"""Characters between the two days of a term."""


@dataclass(frozen=True, slots=True)
class FoundTerm:
    """A last day in a text; ``start`` and ``end`` are offsets, from the term's first day on."""

    last_day: date
    start: int
    end: int


def find_term(text: str) -> FoundTerm | None:
    """The first term of a text that has a last day."""
    found = list(find_dates(text))
    for label in _labels().finditer(text):
        at = next((i for i, one in enumerate(found) if one.start >= label.end()), None)
        if at is None or not _LEAD.fullmatch(text, label.end(), found[at].start):
            continue
        if term := _term(text, label.end(), found[at : at + 2]):
            return term
    return None


def _term(text: str, begin: int, found: list[FoundDate]) -> FoundTerm | None:
    first, *rest = found
    behind = text[first.end : first.end + BETWEEN]
    joined = _joined().match(text[first.end :])
    if joined and _endless().match(text[first.end + joined.end() :]):
        return None
    if rest and joined and first.end + joined.end() == rest[0].start:
        second = rest[0]
        is_term = second.value >= first.value
        return FoundTerm(second.value, first.start, second.end) if is_term else None
    before = text[begin : first.start]
    if joined or "自" in before or _begins().match(behind.lstrip()):
        return None  # only its beginning was read
    return FoundTerm(first.value, first.start, first.end)


@cache
def _labels() -> re.Pattern[str]:
    """Longest first, spaces between the characters allowed, with what stands before the days."""
    words = sorted(rulebook.load(FILE)["labels"], key=len, reverse=True)
    spaced = "|".join(_GAP.join(map(re.escape, word)) for word in words)
    return re.compile(rf"(?:{spaced})")


@cache
def _joined() -> re.Pattern[str]:
    words = rulebook.load(FILE)
    begins = "|".join(map(re.escape, words["begins"]))
    joins = "|".join(map(re.escape, words["joins"]))
    return re.compile(rf"\s{{0,3}}(?:(?:{begins})\s{{0,3}})?(?:{joins})+\s{{0,3}}")


@cache
def _begins() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, rulebook.load(FILE)["begins"])))


@cache
def _endless() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, rulebook.load(FILE)["endless"])))
