"""Tables in a page's text: lines of cells parted by tabs, values below their column's head."""

from __future__ import annotations

from collections.abc import Iterator

Span = tuple[int, int]


def cells_below(folded: str, heads: frozenset[str]) -> Iterator[Span]:
    """Spans of the cells that stand below a cell which is one of ``heads`` (spaces ignored).

    A column ends at a line without that many cells.
    """
    columns: set[int] = set()
    for cells in _lines(folded):
        found = {
            number
            for number, (start, end) in enumerate(cells)
            if "".join(folded[start:end].split()).strip(":*") in heads
        }
        if len(cells) < 2:
            columns = set()
            continue
        for number in sorted(columns - found):
            if number < len(cells):
                yield cells[number]
        columns |= found


def _lines(folded: str) -> Iterator[list[Span]]:
    """The cells of each line."""
    start = 0
    for line in folded.split("\n"):
        cells: list[Span] = []
        at = start
        for cell in line.split("\t"):
            cells.append((at, at + len(cell)))
            at += len(cell) + 1
        yield cells
        start += len(line) + 1
