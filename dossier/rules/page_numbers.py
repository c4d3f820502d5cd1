"""The number that a page prints of itself: 第2页 共3页, 第二页/共三页, 2/3, - 2 -, Page 2 of 3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dossier.records import Box, PageReading
from dossier.rules import numerals
from dossier.rules.normal_form import fold

_N = r"(?P<{0}>[0-9]{{1,3}}|[〇零一二三四五六七八九十百两]{{1,5}})"
_PAGE, _TOTAL = _N.format("page"), _N.format("total")
_GAP = r"[\s,.;:|/\\·\-—–()]{0,4}"
_WORDED = (
    re.compile(rf"第 ?{_PAGE} ?[页頁张]{_GAP}(?:全部|全|[共总]计?) ?{_TOTAL} ?[页頁张]"),
    re.compile(rf"(?:全部|全|[共总]计?) ?{_TOTAL} ?[页頁张]{_GAP}第 ?{_PAGE} ?[页頁张]"),
    re.compile(r"(?:page|pg?\.) ?(?P<page>[0-9]{1,3}) ?(?:of|/) ?(?P<total>[0-9]{1,3})"),
    re.compile(rf"第 ?{_PAGE} ?[页頁]"),
    re.compile(r"(?:page|pg?\.) ?(?P<page>[0-9]{1,3})"),
    re.compile(rf"页码:? ?{_PAGE}(?:{_GAP}{_TOTAL})?"),
)
"""Forms that say what they are, the most telling first."""
_BARE = (
    re.compile(r"\(? ?(?P<page>[0-9]{1,3}) ?[/\\] ?(?P<total>[0-9]{1,3}) ?\)?"),
    re.compile(r"[-—–·~] ?(?P<page>[0-9]{1,3}) ?[-—–·~]"),
)
"""Forms that are something else in the middle of a page."""
LONGEST = 24
"""Characters of a cell that holds a page number and nothing else of weight."""


@dataclass(frozen=True, slots=True)
class PageNumber:
    """What a page says: its number, and of how many where it says so."""

    page: int
    total: int | None = None


def find_page_number(
    page: PageReading, *, edge: float, edge_lines: int, most: int
) -> PageNumber | None:
    """The number that stands at the page's top or bottom; None when none does.

    Args:
        page: as it was read.
        edge: share of the height at either end where it may stand.
        edge_lines: the same in lines, for readers that give no places.
        most: larger numbers are no page numbers.
    """
    found = [
        number
        for text, is_edge in _cells(page, edge=edge, edge_lines=edge_lines)
        if (number := _read(text, is_edge=is_edge, most=most)) is not None
    ]
    with_total = [one for one in found if one.total is not None]
    return next(iter(with_total or found), None)


def _read(text: str, *, is_edge: bool, most: int) -> PageNumber | None:
    folded = fold(text).strip()
    if not folded or len(folded) > LONGEST or not is_edge:
        return None
    for form in _WORDED:
        if match := form.search(folded):
            return _number(match, most)
    for form in _BARE:
        if match := form.fullmatch(folded):
            return _number(match, most)
    return None


def _number(match: re.Match[str], most: int) -> PageNumber | None:
    groups = match.groupdict()
    page, total = _value(groups["page"]), _value(groups.get("total"))
    if page is None or not 1 <= page <= most:
        return None
    if total is not None and not page <= total <= most:
        return None
    return PageNumber(page, total)


def _value(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if text.isdecimal() else numerals.value_of(text)


def _cells(page: PageReading, *, edge: float, edge_lines: int) -> Iterator[tuple[str, bool]]:
    """Cells from the foot upwards, then from the head; each with whether it stands at an edge."""
    lines = [(at, line) for at, line in _lines(page) if line.strip()]
    ordered = [*reversed(lines[-edge_lines:]), *lines[:edge_lines]]
    for start, line in ordered:
        at = start
        for cell in line.split("\t"):
            yield cell, _is_at_edge(page, at, at + len(cell), edge)
            at += len(cell) + 1


def _lines(page: PageReading) -> Iterator[tuple[int, str]]:
    start = 0
    for line in page.text.split("\n"):
        yield start, line
        start += len(line) + 1


def _is_at_edge(page: PageReading, start: int, end: int, edge: float) -> bool:
    boxes: list[Box] = [one.box for one in page.words if one.start < end and start < one.end]
    if not boxes or not page.height:
        return True
    middle = sum(box[1] + box[3] for box in boxes) / (2 * len(boxes)) / page.height
    return middle <= edge or middle >= 1 - edge
