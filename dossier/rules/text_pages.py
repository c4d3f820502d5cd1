"""Cuts the text of files without pages into pages of a bearable size, at line ends."""

from __future__ import annotations

import re

from dossier.records import PageReading

# What no font draws and no reader means: control characters except tab and line feed.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufeff]")
_BLANK_LINES = re.compile(r"\n(?:[ \t\u3000]*\n){2,}")


def clean_text(text: str) -> str:
    """Without control characters, spaces at line ends and runs of empty lines.

    Lines stay as they are otherwise: the search layer folds what is broken over a line end.
    """
    text = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "\n".join(line.rstrip(" \t\u3000\xa0") for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def text_pages(
    text: str, *, engine: str, pages: int, page_characters: int, total_characters: int
) -> tuple[tuple[PageReading, ...], bool]:
    """Pages of the text, and whether it was cut at the limit.

    Args:
        text: of the whole file; form feeds part its pages (slides, sheets, printer files).
        engine: goes into each reading.
        pages: form feeds begin pages as long as there are no more than this.
        page_characters: a page ends at the last line end before so many characters.
        total_characters: what comes after is left out.

    Returns:
        At least one page (blank when there is no text); readings without word boxes. The last
        one is marked ``truncated`` when something was left out.
    """
    cut = len(text.strip()) > total_characters
    parts = (
        text[:total_characters].split("\f")
        if text.count("\f") < pages
        else [text[:total_characters]]
    )
    pieces = [piece for part in parts for piece in _pieces(clean_text(part), page_characters)]
    readings = tuple(
        PageReading(
            number=number,
            text=piece,
            confidence=1.0 if piece else 0.0,
            blank=not piece.strip(),
            engine=engine,
            truncated=cut and number == len(pieces),
        )
        for number, piece in enumerate(pieces, start=1)
    )
    return readings, cut


def _pieces(text: str, page_characters: int) -> list[str]:
    pieces: list[str] = []
    start = 0
    while len(text) - start > page_characters:
        end = text.rfind("\n", start, start + page_characters)
        end = start + page_characters if end <= start else end
        pieces.append(text[start:end])
        start = end + (text[end : end + 1] == "\n")
    pieces.append(text[start:])
    return pieces
