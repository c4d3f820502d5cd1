"""When a scanned page is good enough: ``rulebook/image_quality.yaml`` against a page's measures.

Pure. What needs other pages (the same page twice) is compared by :func:`is_same_page`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from dossier.records import PageMeasures, PageReading, SightingKind
from dossier.rules import choices, rulebook

FILE = "image_quality"
FAILS, WARNS, OFF = "fails", "warns", "off"
REPEATED = "repeated"
_MM_PER_INCH = 25.4
_NUMBER = re.compile(r"\d{4,}")
_ENDINGS = {
    "application/pdf": {"pdf"},
    "image/jpeg": {"jpg", "jpeg", "jpe", "jfif"},
    "image/png": {"png"},
    "image/tiff": {"tif", "tiff"},
    "image/bmp": {"bmp", "dib"},
    "image/gif": {"gif"},
    "image/webp": {"webp"},
}
"""Endings by the type that a file's first bytes tell."""


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the rule file."""

    code: str
    severity: str
    limit: float
    above: bool
    unit: str
    clause: str
    first: date
    last: date | None
    zh: str
    en: str
    slack: float = 0.0

    def is_bad(self, measured: float) -> bool:
        """Whether a measured value is past the limit by more than the slack."""
        by = measured - self.limit if self.above else self.limit - measured
        return by > self.slack

    def holds_on(self, day: date) -> bool:
        """Whether the row counts on this day."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it should be on a page."""

    check: Check
    measured: float


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A page as the checks see it.

    Attributes:
        page: its reading, with measures.
        media_type: of its file, by its first bytes.
        file_name: as it came; empty for a page of a stack's part.
        type_code: of its paper.
        taken: when it was taken in, which decides what rules count.
    """

    page: PageReading
    media_type: str
    file_name: str
    type_code: str | None
    taken: date


@cache
def checks() -> tuple[Check, ...]:
    """All rows, as they stand."""
    return tuple(
        Check(
            row["code"], row["severity"], float(row["limit"]), bool(row.get("above", False)),
            row["unit"], row["clause"], row["from"], row.get("to"), row["zh"], row["en"],
            float(row.get("slack", 0)),
        )
        for row in rulebook.load(FILE)["checks"]
    )  # fmt: skip


def named(code: str) -> Check | None:
    """Some row of a code, for its words; None for one that the file lost."""
    return next((row for row in checks() if row.code == code), None)


def numbers() -> Mapping[str, Any]:
    """What checks need besides their limits."""
    found: Mapping[str, Any] = rulebook.load(FILE)["numbers"]
    return found


def judge(given: ScannedPage) -> tuple[Finding, ...]:
    """What is not as it should be, each code once, by its severest row."""
    found: dict[str, Finding] = {}
    for code, measured in _measured(given):
        for row in checks():
            if row.code != code or row.severity == OFF or not row.holds_on(given.taken):
                continue
            if row.is_bad(measured) and (code not in found or row.severity == FAILS):
                found[code] = Finding(row, measured)
    return tuple(found.values())


def repeated(day: date) -> Check | None:
    """The row for a page that is there twice, as it counts on a day."""
    rows = (row for row in checks() if row.code == REPEATED and row.severity != OFF)
    return next((row for row in rows if row.holds_on(day)), None)


def _measured(given: ScannedPage) -> Iterator[tuple[str, float]]:
    page = given.page
    if page.error:
        yield "opens", 1
        return
    if page.truncated:
        yield "damaged", 1
    if given.media_type and given.media_type not in numbers()["long_term"]:
        yield "format", 1
    if _is_misnamed(given):
        yield "ending", 1
    if page.rotation:
        yield "turned", float(page.rotation)
    if page.blank:
        yield "blank", 1
        return
    yield "skew", round(abs(page.skew), 2)
    if page.measures is not None:
        yield from _of_picture(given, page.measures)


def _of_picture(given: ScannedPage, measures: PageMeasures) -> Iterator[tuple[str, float]]:
    dpi = true_dpi(given, measures)
    if dpi:
        yield "resolution", dpi
        if _is_small_print(measures, dpi):
            yield "small_print", dpi
        if measures.facts.dpi and _is_credible(measures):
            yield "false_dpi", round(100 * abs(measures.facts.dpi - dpi) / dpi, 1)
    yield "border", round(100 * measures.border, 2)
    yield "too_dark", round(measures.paper, 1)
    if measures.contrast is not None:
        yield "contrast", round(measures.contrast, 1)
    if measures.softness is not None:
        yield "blur", round(100 * measures.softness, 2)
    yield "cut_off", float(measures.cut)
    if _lacks_colour(given.page, measures):
        yield "colour", 1
    size = measures.facts.size_bytes
    if size:
        if given.page.text.strip():
            yield "too_small", round(size / 1024, 1)
        yield "too_large", round(size / 1024 / 1024, 1)


def true_dpi(given: ScannedPage, measures: PageMeasures) -> float | None:
    """Pixels of an inch of the paper; None where the paper's size cannot be told.

    By the page's size in a PDF; else by the claim where the paper that it gives is one that there
    is; else by the proportions of a sheet or card.
    """
    facts = measures.facts
    sides = sorted((facts.width or measures.width, facts.height or measures.height))
    if not sides[0]:
        return None
    if facts.is_measured_dpi and facts.dpi:
        return facts.dpi
    by_paper = _by_proportions(given, sides)
    # A camera claims 72 or 96 of whatever it takes; paper of A4 proportions tells the truth.
    is_near = by_paper is None or abs((facts.dpi or 0) / by_paper - 1) <= numbers()["near_claim"]
    return facts.dpi if facts.dpi and is_near and _is_credible(measures) else by_paper


def _is_credible(measures: PageMeasures) -> bool:
    """Whether a claimed resolution gives a paper of a size that there is."""
    facts = measures.facts
    short = min(facts.width or measures.width, facts.height or measures.height)
    low, high = numbers()["short_side_mm"]
    return bool(facts.dpi and low <= short / facts.dpi * _MM_PER_INCH <= high)


def _by_proportions(given: ScannedPage, sides: list[int]) -> float | None:
    said = numbers()
    proportion = sides[1] / sides[0]
    papers = dict(said["papers"])
    card = sorted(papers.pop("card"))
    is_card = abs(proportion / (card[1] / card[0]) - 1) <= said["proportions"]
    if is_card and given.type_code in said["cards"]:
        return float(round(sides[0] / card[0] * _MM_PER_INCH, 1))
    for paper in papers.values():
        short, long = sorted(paper)
        if abs(proportion / (long / short) - 1) <= said["proportions"]:
            return float(round(sides[0] / short * _MM_PER_INCH, 1))
    return None


def _is_small_print(measures: PageMeasures, dpi: float) -> bool:
    """The picture that was read may be smaller than the file's own."""
    if not measures.text_height:
        return False
    native = max(measures.facts.width, measures.facts.height) or max(
        measures.width, measures.height
    )
    scale = native / max(measures.width, measures.height)
    high: float = measures.text_height * scale / dpi * _MM_PER_INCH
    return bool(high < numbers()["small_print_mm"])


def _lacks_colour(page: PageReading, measures: PageMeasures) -> bool:
    if measures.facts.mode not in {"grey", "bilevel"}:
        return False
    if next(iter(choices.find_copy_notes(page.text)), None) is not None:
        return False
    return any(
        one.kind is SightingKind.SEAL and one.is_there and one.confidence >= numbers()["seal_sure"]
        for one in page.sightings
    )


def _is_misnamed(given: ScannedPage) -> bool:
    known = _ENDINGS.get(given.media_type)
    ending = given.file_name.rpartition(".")[2].lower() if "." in given.file_name else ""
    return known is not None and ending in set().union(*_ENDINGS.values()) and ending not in known


def is_same_page(one: PageReading, other: PageReading) -> bool:
    """Whether two pictures show the same sheet: byte for byte, or alike in looks, text, numbers."""
    ours, theirs = one.measures, other.measures
    if ours is None or theirs is None or one.blank or other.blank:
        return False
    if ours.digest == theirs.digest:
        return True
    said, bits = numbers(), differing_bits(ours.likeness, theirs.likeness)
    if bits > said["alike_bits"]:
        return False
    first, second = (_plain(page.text) for page in (one, other))
    if min(len(first), len(second)) < said["short_text"]:
        return bool(bits <= said["alike_bits_alone"])
    same_numbers = sorted(_NUMBER.findall(first)) == sorted(_NUMBER.findall(second))
    return same_numbers and _share(first, second) >= float(said["alike_text"])


def differing_bits(one: str, other: str) -> int:
    """In how many bits two likenesses differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _plain(text: str) -> str:
    return "".join(text.split())


def _share(one: str, other: str) -> float:
    """Common pieces of three characters, of all."""
    pieces = [{text[at : at + 3] for at in range(len(text) - 2)} for text in (one, other)]
    return len(pieces[0] & pieces[1]) / max(1, len(pieces[0] | pieces[1]))
