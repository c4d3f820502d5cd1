"""Columns in a page's text: values below their column's head, and writing from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dossier.rules import rulebook
from dossier.rules.word_patterns import any_of

Span = tuple[int, int]
_SPACES, _AROUND = r"[ \f]*", r"[ \f:*]*"
FORM_LABELS = frozenset(
    label for labels in rulebook.load("linking")["labels"].values() for label in labels
)
"""Words that forms print; a label below another is a form's left column, not a person."""


class Heads:
    """Words that stand at the head of a column (spaces ignored)."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        cell = f"{_AROUND}{any_of(self.words, _SPACES)}{_AROUND}"
        self.cell = re.compile(rf"(?<![^\t\n]){cell}(?![^\t\n])")
        """A cell with one: most pages have none, and need not be cut into cells."""


def cells_below(folded: str, heads: Heads) -> Iterator[Span]:
    """Spans of the cells that stand below a cell which is one of ``heads``.

    A column ends at a line without that many cells. Printed labels are passed over, and where one
    stands right below the head there is no column: on most forms labels stand below each other,
    with their values beside them.
    """
    if not heads.cell.search(folded):
        return
    columns: set[int] = set()
    new: set[int] = set()
    for cells in _lines(folded):
        found = {
            number
            for number, (start, end) in enumerate(cells)
            if _word(folded, (start, end)) in heads.words
        }
        if len(cells) < 2:
            columns = set()
            continue
        labels = {number for number, cell in enumerate(cells) if _word(folded, cell) in FORM_LABELS}
        columns -= new & labels - found
        for number in sorted(columns - found - labels):
            if number < len(cells):
                yield cells[number]
        columns |= found
        new = found


_TWO_LINES_OF_ONE = re.compile(r"\n[ ]*\S[ ]*\n[ ]*\S[ ]*(?=\n|\Z)")
"""What every match of ``_UPRIGHT`` holds; looking for that alone costs little."""
_UPRIGHT = re.compile(
    r"(?:(?<=\n)|\A)(?:[^\n]{2,12}\n)?[ ]*[^\s*][ ]*(?:\n[ ]*\S[ ]*){2,}(?=\n|\Z)"
)


def written_down(folded: str) -> Iterator[tuple[str, list[int]]]:
    """What is written from top to bottom, one character a line, with the line before it.

    Returns:
        The characters in a row, and where each of them stands in the text.
    """
    for match in _UPRIGHT.finditer(folded) if _TWO_LINES_OF_ONE.search(folded) else ():
        places = [at for at in range(*match.span()) if not folded[at].isspace()]
        yield "".join(folded[at] for at in places), places


def _word(folded: str, cell: Span) -> str:
    return "".join(folded[cell[0] : cell[1]].split()).strip(":*")


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
