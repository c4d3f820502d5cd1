"""Plain text and CSV: the encoding is found by what the bytes mean, cells are parted by tabs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from dossier.ports import TextExtractor
from dossier.records import Extraction
from dossier.rules.limits import ReadingLimits
from dossier.rules.text_encoding import decode_text
from dossier.rules.text_pages import text_pages

CSV = "text/csv"
ENGINE = "plain text"
_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 8_192
# More bytes than this for a character no encoding has (GB18030's longest).
_BYTES_PER_CHARACTER = 4


class PlainTextExtractor:
    """Reads TXT and CSV files.

    Args:
        limits: ``text_characters`` and ``text_page_characters`` count here.
    """

    media_types: frozenset[str] = frozenset({"text/plain", CSV})

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:  # noqa: ARG002
        """The file's text; never refuses, since any bytes are some text by now."""
        most = self._limits.text_characters * _BYTES_PER_CHARACTER
        with path.open("rb") as stream:
            content = stream.read(most)
            more = bool(stream.read(1))
        text = decode_text(content)
        if media_type == CSV:
            text = _cells_by_tabs(text)
        pages, cut = text_pages(
            text,
            engine=ENGINE,
            pages=self._limits.pages,
            page_characters=self._limits.text_page_characters,
            total_characters=self._limits.text_characters,
        )
        return Extraction(pages=pages, truncated=cut or more)


def _cells_by_tabs(text: str) -> str:
    delimiter = _delimiter(text[:_SAMPLE_CHARACTERS])
    try:
        rows = list(csv.reader(io.StringIO(text.replace("\0", " ")), delimiter=delimiter))
    except csv.Error:  # a cell of more than 128 KiB, say: its words count, not its place
        return text.replace(delimiter, "\t")
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)


def _delimiter(sample: str) -> str:
    """The one that the first lines agree on most."""
    lines = [line for line in sample.split("\n") if line][:20]
    return max(_DELIMITERS, key=lambda mark: min((line.count(mark) for line in lines), default=0))


_extractor: type[TextExtractor] = PlainTextExtractor
