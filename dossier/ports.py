"""Ports: what the product needs from engines that may be exchanged.

A port exists only where two real implementations do. Adapters implement these in one process,
without knowing of limits; :mod:`dossier.work.killable` puts them into a child that can be ended.
The search index has its port in :mod:`dossier.search.port`, next to the query values it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from dossier.records import (
    Extraction,
    InnerFiles,
    PageMeasures,
    PageNote,
    PageReading,
    QuarantineReason,
    ScanFacts,
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that the store has taken: name of the content and its size."""

    sha256: str
    size_bytes: int


class FileStore(Protocol):
    """Content-addressed files; what is stored is never changed.

    May be called from any thread and process.
    """

    def put(self, source: BinaryIO) -> StoredFile:
        """Copy, fsync, hash, and name the bytes; storing the same bytes again is no error.

        Raises:
            DiskFullError: no room; nothing half-written is left.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Open stored bytes for reading.

        Raises:
            NotFoundError: no such content.
        """
        ...

    def path(self, sha256: str) -> Path:
        """A readable local path of the content (a store that is not local makes a copy)."""
        ...

    def exists(self, sha256: str) -> bool:
        """Whether the content is here."""
        ...

    def walk(self) -> Iterator[str]:
        """Every content's sha256, for reconcile and fixity."""
        ...


@dataclass(frozen=True, slots=True)
class DocumentProbe:
    """What a look at a file's head and structure tells, before any reading.

    Attributes:
        media_type: decided by content, not by the extension.
        page_count: pages or frames; 0 for formats without pages.
        digital: for each page, whether it carries text of its own worth keeping (no OCR).
            Empty for formats without pages.
    """

    media_type: str
    page_count: int = 0
    digital: tuple[bool, ...] = ()


class DocumentInspector(Protocol):
    """Tells the true type of a file and whether it is sound."""

    def probe(self, path: Path, *, file_name: str) -> DocumentProbe:
        """Look at one file.

        Raises:
            UnreadableFileError: with the quarantine reason (empty, truncated, password, corrupt,
                no_pages, too_many_pages, too_many_pixels, unsupported).
        """
        ...

    def outline(self, path: Path, *, file_name: str) -> DocumentProbe:
        """How many pages a file says that it has, where :meth:`probe` broke a limit on one of them.

        No page is loaded: ``digital`` is False for all. 0 pages for formats whose pages cannot be
        counted apart from reading them.

        Raises:
            UnreadableFileError: as :meth:`probe`.
        """
        ...

    def is_digital(self, path: Path, *, page_number: int) -> bool:
        """Whether one page carries text of its own worth keeping, as :meth:`probe` says of all."""
        ...

    def inner_files(self, path: Path, *, file_name: str, digital: Sequence[bool]) -> InnerFiles:
        """Files attached to a PDF, and pictures of papers on those pages that are not read by OCR.

        None for pictures. What cannot be had is left out, and that is said.
        """
        ...


class PageRenderer(Protocol):
    """Pictures and own text of the pages of PDF, TIFF, JPEG, PNG, … files."""

    def render(
        self, path: Path, *, page_number: int, width: int | None = None, dpi: int = 200
    ) -> bytes:
        """The page upright as stored: a JPEG ``width`` pixels wide, or for reading at ``dpi``.

        For reading it is BMP or PNG, or the file itself where that is a plain JPEG or PNG.

        Rotation flags inside the file (PDF /Rotate, EXIF) are applied; a page that was *scanned*
        lying on its side stays so: the caller turns it by the reading's ``rotation``.

        Raises:
            UnreadableFileError: the page cannot be drawn, or breaks the pixel limit; by ``dpi``,
                for reading, also when most of its picture is missing.
        """
        ...

    def scan_facts(self, path: Path, *, page_number: int) -> ScanFacts:
        """What the file tells of a scanned page by its head; nothing of it is decoded."""
        ...

    def notes(self, path: Path, *, page_number: int) -> tuple[PageNote, ...]:
        """What was typed on a PDF's page and is drawn nowhere; pictures have no such notes."""
        ...

    def damage(self, path: Path, *, page_number: int) -> QuarantineReason | None:
        """Why a part of the page (one of its pictures) is missing when it is drawn, else None."""
        ...

    def read_digital(self, path: Path, *, page_number: int) -> PageReading:
        """The page's own text with character boxes, in pixels of the page drawn at 200 dpi.

        ``truncated`` says that a picture on it is damaged.
        """
        ...


class TextExtractor(Protocol):
    """Text of files without page pictures: office, mail, web, archives, OFD."""

    media_types: frozenset[str]

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:
        """Read one file whole.

        Raises:
            UnreadableFileError: with the quarantine reason.
        """
        ...


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    """What a scanner says of a file: the signature's name, empty when nothing was found."""

    signature: str = ""


class MalwareScanner(Protocol):
    """Looks for malware in foreign bytes before any reader opens them.

    May be called from any thread and process; asking again for the same file is allowed.
    """

    def scan(self, source: Path) -> ScanVerdict:
        """Look at one file.

        Raises:
            ScannerUnavailableError: no verdict now; never a silent "clean".
            UnreadableFileError: ``not_scanned``: it will never be able to look at this file.
        """
        ...

    def describe(self) -> str:
        """Name, version and age of the signatures, for ``dossier doctor``.

        Raises:
            ScannerUnavailableError: it does not answer.
        """
        ...


class OcrEngine(Protocol):
    """Reads the picture of a page."""

    name: str

    def read(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
        """Read one picture (BMP, PNG or JPEG, as the renderer gives it).

        Turns it upright by itself: the reading tells ``rotation``, and its boxes, width and
        height are those of the upright picture. Deterministic for the same picture.

        Raises:
            UnreadableFileError: no picture.
            StepFailedError: the engine failed on it.
        """
        ...

    def release(self) -> None:
        """Let go of models and memory; the next read loads them again."""
        ...


class PictureLooker(Protocol):
    """Sees on a page's picture what is no text: signatures, seals."""

    def look(self, picture: Path, reading: PageReading, *, digital: bool = False) -> PageReading:
        """The reading with what is seen on its picture (BMP, PNG or JPEG, of any size).

        All text of a ``digital`` page is print, whatever it looks like.

        Raises:
            UnreadableFileError: no picture.
        """
        ...


class PictureMeasurer(Protocol):
    """Measures how well a page was scanned."""

    def measure(self, picture: Path, reading: PageReading) -> PageMeasures:
        """Its measures (of a BMP, PNG or JPEG, of any size), upright as the reading says.

        Raises:
            UnreadableFileError: no picture.
        """
        ...


@dataclass(frozen=True, slots=True)
class SearchablePdf:
    """Outcome of making a searchable copy."""

    path: Path
    format: str
    checks: tuple[str, ...]


class SearchablePdfMaker(Protocol):
    """Makes the searchable copy beside the untouched original (OCRmyPDF)."""

    def make(
        self,
        original: Path,
        *,
        media_type: str,
        readings: Sequence[PageReading],
        out: Path,
        pages: Sequence[int] = (),
    ) -> SearchablePdf:
        """Write a PDF with an invisible text layer from readings that exist: no second OCR.

        Of ``pages`` of the original only, in that order, where some are named: a paper in a stack.

        ``format`` is "PDF/A-2b" where it could be confirmed, else "PDF". Born-digital pages keep
        their own text. The text is compared before and after.

        Raises:
            StepFailedError: no copy that is at least as good could be made; publish none.
        """
        ...
