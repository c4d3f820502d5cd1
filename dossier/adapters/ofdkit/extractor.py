"""OFD (GB/T 33190): text in reading order, and where each character stands on its page.

ofdkit gives runs of text with their places in millimetres; here they become lines, and word
boxes in pixels at 200 dpi, so that a text view can set each run where the original has it.
Attachments of an OFD are the structured data of its own pages (an invoice's XML), no papers, and
are left where they are.
"""

from __future__ import annotations

import unicodedata
from importlib.metadata import version
from pathlib import Path

import ofdkit
from ofdkit import OFDDocument, OFDError, OFDLimitError, Page, TextRun

from dossier.errors import UnreadableFileError
from dossier.ports import TextExtractor
from dossier.records import Extraction, PageReading, QuarantineReason, WordBox
from dossier.rules.limits import ReadingLimits

MEDIA_TYPE = "application/ofd"
PIXELS_PER_MM = 200 / 25.4
_ENGINE = f"ofdkit {version('ofdkit')}"
# Shares of the font size: baseline to top and bottom of a Han character, and gaps that part
# words and cells (ofdkit.layout uses the same order of size).
_ASCENT, _DESCENT = 0.88, 0.12
_SAME_LINE = 0.5
_WORD_GAP, _CELL_GAP = 0.3, 1.2


class OfdExtractor:
    """Reads OFD files.

    Args:
        limits: ``pages`` and ``text_characters`` count here.
    """

    media_types: frozenset[str] = frozenset({MEDIA_TYPE})

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:  # noqa: ARG002
        """Read all pages; one that is broken is marked with an error, the others live.

        Raises:
            UnreadableFileError: corrupt, bomb, no_pages or too_many_pages.
        """
        try:
            with ofdkit.open(path) as document:
                return self._read(document)
        except OFDLimitError as err:
            raise UnreadableFileError(QuarantineReason.BOMB, "OFD beyond ofdkit's limits") from err
        except OFDError as err:
            raise UnreadableFileError(QuarantineReason.CORRUPT, "OFD cannot be read") from err

    def _read(self, document: OFDDocument) -> Extraction:
        if not document.pages:
            raise UnreadableFileError(QuarantineReason.NO_PAGES, "OFD without pages")
        if len(document.pages) > self._limits.pages:
            raise UnreadableFileError(
                QuarantineReason.TOO_MANY_PAGES, f"{len(document.pages)} pages"
            )
        pages, truncated = self._pages(document)
        if pages and all(page.error for page in pages):
            raise UnreadableFileError(QuarantineReason.CORRUPT, "no OFD page can be read")
        info = document.info
        properties = {"author": info.author, "created": info.creation_date, "subject": info.subject}
        return Extraction(
            pages=pages,
            title=info.title or "",
            properties={name: value for name, value in properties.items() if value},
            truncated=truncated,
        )

    def _pages(self, document: OFDDocument) -> tuple[tuple[PageReading, ...], bool]:
        pages: list[PageReading] = []
        room = self._limits.text_characters
        for page in document.pages:
            if room <= 0:
                return tuple(pages), True
            reading = _read_page(page)
            room -= len(reading.text)
            pages.append(reading)
        return tuple(pages), False


def _read_page(page: Page) -> PageReading:
    number = page.index + 1
    try:
        left, top, width, height = page.box
        runs = page.runs
    except (OFDError, RecursionError):
        return PageReading(number=number, engine=_ENGINE, error="corrupt")
    inside = [run for run in runs if run.text.strip() and _is_inside(run, page.box)]
    text, words = _compose(_lines(_without_doubles(inside)), left, top)
    return PageReading(
        number=number,
        text=text,
        words=words,
        width=max(1, round(width * PIXELS_PER_MM)),
        height=max(1, round(height * PIXELS_PER_MM)),
        confidence=1.0 if words else 0.0,
        blank=not words,
        engine=_ENGINE,
    )


def _is_inside(run: TextRun, box: tuple[float, float, float, float]) -> bool:
    x0, y0, width, height = box
    return bool(x0 - 2 <= run.x <= x0 + width + 2 and y0 - 2 <= run.y <= y0 + height + 2)


def _without_doubles(runs: list[TextRun]) -> list[TextRun]:
    """Text drawn twice at one place to look bold counts once."""
    kept = {(run.text, round(run.x * 4), round(run.y * 4)): run for run in reversed(runs)}
    return list(reversed(kept.values()))


def _lines(runs: list[TextRun]) -> list[list[TextRun]]:
    lines: list[list[TextRun]] = []
    for run in sorted(runs, key=lambda r: (r.y, r.x)):
        if lines and run.y - lines[-1][0].y < _SAME_LINE * max(run.size, 1.0):
            lines[-1].append(run)
        else:
            lines.append([run])
    return [sorted(line, key=lambda r: r.x) for line in lines]


def _compose(
    lines: list[list[TextRun]], left: float, top: float
) -> tuple[str, tuple[WordBox, ...]]:
    parts: list[str] = []
    words: list[WordBox] = []
    offset = 0
    for line in lines:
        for index, run in enumerate(line):
            mark = _separator(line[index - 1], run) if index else ("\n" if parts else "")
            words.append(_word(run, offset + len(mark), left, top))
            parts += (mark, run.text)
            offset += len(mark) + len(run.text)
    return "".join(parts), tuple(words)


def _separator(before: TextRun, after: TextRun) -> str:
    gap = after.x - (before.x + before.width)
    size = max(min(before.size, after.size), 1.0)
    if gap > _CELL_GAP * size:
        return "\t"
    return " " if gap > _WORD_GAP * size else ""


def _word(run: TextRun, start: int, left: float, top: float) -> WordBox:
    x, y, size = (run.x - left), (run.y - top), max(run.size, 0.5)
    edges = [x * PIXELS_PER_MM]
    shares = [1.0 if unicodedata.east_asian_width(c) in ("W", "F") else 0.5 for c in run.text]
    unit = max(run.width, 0.1) / sum(shares) * PIXELS_PER_MM
    for share in shares:
        edges.append(edges[-1] + share * unit)
    box = (
        edges[0],
        (y - _ASCENT * size) * PIXELS_PER_MM,
        edges[-1],
        (y + _DESCENT * size) * PIXELS_PER_MM,
    )
    end = start + len(run.text)
    return WordBox(start, end, box, edges=tuple(round(edge, 2) for edge in edges))


_extractor: type[TextExtractor] = OfdExtractor
