"""Whether a searchable copy holds at least the text that it should."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium

from dossier.records import PageReading

# Share of a read page's words that a PDF reader must find in the copy again. Not 1: a few
# characters of Unicode have two codes that readers fold differently.
LEAST_FOUND = 0.98
# Share of a page's characters that must be there: of a born-digital page's own text, and of a
# reading whose words a PDF reader puts in another order.
LEAST_KEPT = 0.995


def texts_of(path: Path) -> list[str]:
    """Each page's text as PDFium, an independent reader, sees it; NFKC, no white space."""
    document = pdfium.PdfDocument(path)
    try:
        return [_page_text(document, index) for index in range(len(document))]
    finally:
        document.close()


def find_losses(
    before: Sequence[str],
    after: Sequence[str],
    readings: Sequence[PageReading],
    own: frozenset[int],
) -> list[int]:
    """Numbers (from 1) of the pages on which the copy says less than it should.

    Args:
        before: the original's text by page, as :func:`texts_of` gives it.
        after: the copy's.
        readings: what was read.
        own: indexes of pages that keep their own text.
    """
    if not len(before) == len(after) == len(readings):
        return list(range(1, len(readings) + 1))
    return [
        index + 1
        for index, reading in enumerate(readings)
        if (
            share_kept(before[index], after[index]) < LEAST_KEPT
            if index in own
            else not _holds(reading, after[index])
        )
    ]


def _holds(reading: PageReading, text: str) -> bool:
    """Whether the text holds the reading: word by word, or every character in another order.

    Where texts of several directions cross (a form under a watermark), a reader takes the pieces
    of neighbours for one line, so that a word is not found whole although nothing is missing.
    """
    return (
        share_found(reading, text) >= LEAST_FOUND
        or share_kept(plain(reading.text), text) >= LEAST_KEPT
    )


def share_found(reading: PageReading, text: str) -> float:
    """Share of the reading's words, by length, that the text holds."""
    words = [plain(word) for word in reading.text.split()]
    total = sum(map(len, words))
    return sum(len(word) for word in words if word in text) / total if total else 1.0


def share_kept(before: str, after: str) -> float:
    """Share of the characters before that are there after."""
    kept = Counter(before) & Counter(after)
    return kept.total() / len(before) if before else 1.0


def plain(text: str) -> str:
    """NFKC without white space and without what cannot be seen."""
    return "".join(
        c
        for c in unicodedata.normalize("NFKC", text)
        if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")
    )


def _page_text(document: pdfium.PdfDocument, index: int) -> str:
    page = document[index]
    try:
        text_page = page.get_textpage()
        try:
            return plain(text_page.get_text_bounded())
        finally:
            text_page.close()
    finally:
        page.close()
