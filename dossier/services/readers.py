"""The readers of files, each behind a killable child.

Methods are those of the ports; any may raise :class:`~dossier.errors.UnreadableFileError` with the
quarantine reason, :class:`~dossier.errors.LimitExceededError` when a limit ended the child, or
:class:`~dossier.errors.StepFailedError` when the child crashed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dossier.ports import DocumentProbe, SearchablePdf
from dossier.records import (
    Extraction,
    InnerFiles,
    PageNote,
    PageReading,
    QuarantineReason,
    ScanFacts,
)


class Readers(Protocol):
    """All reading of foreign bytes goes through here."""

    def probe(self, path: Path, *, file_name: str) -> DocumentProbe:
        """The file's true type, its pages, and which have text of their own."""
        ...

    def render(self, path: Path, *, page_number: int, width: int | None, dpi: int = 200) -> bytes:
        """A page's picture."""
        ...

    def scan_facts(self, path: Path, *, page_number: int) -> ScanFacts:
        """What the file tells of a scanned page."""
        ...

    def notes(self, path: Path, *, page_number: int) -> tuple[PageNote, ...]:
        """What was typed on a PDF's page; :meth:`read_digital` has it already."""
        ...

    def damage(self, path: Path, *, page_number: int) -> QuarantineReason | None:
        """Why a part of the page is missing when it is drawn, else None."""
        ...

    def inner_files(self, path: Path, *, file_name: str, digital: Sequence[bool]) -> InnerFiles:
        """Files attached to a PDF and pictures on its digital pages; empty for pictures."""
        ...

    def read_digital(self, path: Path, *, page_number: int) -> PageReading:
        """A born-digital page's own text and boxes."""
        ...

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:
        """Text of a file without page pictures, by the extractor for its type; inner files."""
        ...

    def typeset(self, extraction: Extraction, *, out: Path) -> tuple[PageReading, ...]:
        """Draw an extraction as a view PDF at ``out``; readings match its pages."""
        ...

    def read_page(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
        """OCR of one page picture."""
        ...

    def look(self, picture: Path, reading: PageReading, *, digital: bool) -> PageReading:
        """What is seen on the picture of a page whose text is known."""
        ...

    def make_searchable(
        self,
        original: Path,
        *,
        media_type: str,
        readings: Sequence[PageReading],
        out: Path,
        pages: Sequence[int] = (),
    ) -> SearchablePdf:
        """The searchable copy from readings that exist; ``pages``: of these pages only."""
        ...

    def release(self) -> None:
        """Let idle children go, with their models."""
        ...

    def close(self) -> None:
        """End all children."""
        ...
