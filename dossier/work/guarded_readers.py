"""All readers of foreign bytes, each kind behind a killable child of this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from dossier.errors import LimitExceededError, UnreadableFileError
from dossier.ports import (
    DocumentInspector,
    DocumentProbe,
    OcrEngine,
    PageRenderer,
    PictureLooker,
    PictureMeasurer,
    SearchablePdf,
    SearchablePdfMaker,
    TextExtractor,
)
from dossier.records import (
    Extraction,
    InnerFiles,
    PageNote,
    PageReading,
    QuarantineReason,
    ScanFacts,
)
from dossier.rules.limits import ChildLimits
from dossier.work.killable import KillableChild

MOST_BROKEN_PAGES = 5
"""Pages of one file that may break a limit before the file is set aside: each costs the limit."""


class PageReader(DocumentInspector, PageRenderer, Protocol):
    """Inspector and renderer in one child: both hold the same file open."""


class Typesetter(Protocol):
    """Draws text without pages as a view PDF."""

    def typeset(self, extraction: Extraction, *, out: Path) -> tuple[PageReading, ...]:
        """Write the PDF at ``out``; the readings' boxes match its pages."""
        ...


class InnerFileFinder(Protocol):
    """Takes pictures of papers and embedded files out of files that have text of their own."""

    media_types: frozenset[str]

    def find(self, path: Path, *, media_type: str, file_name: str) -> InnerFiles:
        """What lies in the file; what is damaged or too large is left out, and that is said."""
        ...


@dataclass(frozen=True)
class ReaderFactories:
    """Zero-argument, picklable makers of the readers; called in the children.

    ``inner_files`` looks into what an extractor has read; None: nothing but text is taken.
    ``looker`` looks at the pictures that are read, ``measurer`` measures them; None: nobody does.
    """

    pages: Callable[[], PageReader]
    extractors: tuple[Callable[[], TextExtractor], ...]
    typesetter: Callable[[], Typesetter]
    ocr: Callable[[], OcrEngine]
    pdf: Callable[[], SearchablePdfMaker]
    inner_files: Callable[[], InnerFileFinder] | None = None
    looker: Callable[[], PictureLooker] | None = None
    measurer: Callable[[], PictureMeasurer] | None = None


class LookingReader:
    """Reads a page's picture and looks at it: one file, one child."""

    def __init__(
        self,
        engine: OcrEngine,
        looker: PictureLooker | None,
        measurer: PictureMeasurer | None = None,
    ) -> None:
        """All were built in the child."""
        self._engine, self._looker, self._measurer = engine, looker, measurer

    def read(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
        """What is read on the picture, what is seen, and how well it was scanned."""
        found = self.look(picture, self._engine.read(picture, page_number=page_number, dpi=dpi))
        if self._measurer is None:
            return found
        return replace(found, measures=self._measurer.measure(picture, found))

    def look(self, picture: Path, reading: PageReading, *, digital: bool = False) -> PageReading:
        """What is seen on the picture of a page whose text is known."""
        if self._looker is None:
            return reading
        return self._looker.look(picture, reading, digital=digital)


@dataclass(frozen=True)
class _MakeLookingReader:
    """Picklable factory of the three."""

    engine: Callable[[], OcrEngine]
    looker: Callable[[], PictureLooker] | None
    measurer: Callable[[], PictureMeasurer] | None

    def __call__(self) -> LookingReader:
        return LookingReader(
            self.engine(),
            self.looker() if self.looker else None,
            self.measurer() if self.measurer else None,
        )


class ExtractorChoice:
    """Asks the first extractor that knows the media type; built in the child."""

    def __init__(
        self,
        factories: Sequence[Callable[[], TextExtractor]],
        inner_files: Callable[[], InnerFileFinder] | None = None,
    ) -> None:
        """Build all extractors; the first that knows a type is asked."""
        self._extractors = [make() for make in factories]
        self._inner_files = inner_files() if inner_files else None

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:
        """Text of the file, with what else lies in it.

        Raises:
            UnreadableFileError: no extractor knows the type, or the file is bad.
        """
        for extractor in self._extractors:
            if media_type in extractor.media_types:
                found = extractor.extract(path, media_type=media_type, file_name=file_name)
                return self._with_inner_files(found, path, media_type, file_name)
        raise UnreadableFileError(
            QuarantineReason.UNSUPPORTED,
            f"No reader for {media_type}",
            detail_zh="不支持此文件类型",
        )

    def _with_inner_files(
        self, found: Extraction, path: Path, media_type: str, file_name: str
    ) -> Extraction:
        finder = self._inner_files
        if finder is None or media_type not in finder.media_types:
            return found
        inner = finder.find(path, media_type=media_type, file_name=file_name)
        return replace(
            found,
            attachments=found.attachments + inner.attachments,
            truncated=found.truncated or inner.truncated,
        )


@dataclass(frozen=True)
class _MakeExtractors:
    """Picklable factory of the choice."""

    factories: tuple[Callable[[], TextExtractor], ...]
    inner_files: Callable[[], InnerFileFinder] | None

    def __call__(self) -> ExtractorChoice:
        return ExtractorChoice(self.factories, self.inner_files)


@dataclass(frozen=True, slots=True)
class ReaderTimes:
    """Time limits in seconds."""

    page_seconds: float
    file_seconds: float


class GuardedReaders:
    """Implements :class:`dossier.services.readers.Readers` over children.

    OCR and searchable PDFs have children of their own, because models and rasters need memory
    that the others should not be limited by.
    """

    def __init__(self, factories: ReaderFactories, limits: ChildLimits, times: ReaderTimes) -> None:
        """Prepare; children start at the first call."""
        self._times = times
        self._pages = KillableChild(factories.pages, limits=limits)
        extractors = _MakeExtractors(factories.extractors, factories.inner_files)
        self._extractors = KillableChild(extractors, limits=limits)
        self._typesetter = KillableChild(factories.typesetter, limits=limits)
        reader = _MakeLookingReader(factories.ocr, factories.looker, factories.measurer)
        self._ocr = KillableChild(reader, limits=limits)
        self._pdf = KillableChild(factories.pdf, limits=limits)

    def probe(self, path: Path, *, file_name: str) -> DocumentProbe:
        """The file's true type, its pages, and which have text of their own.

        Where a limit is broken, the pages are looked at one by one: a page that breaks it alone
        fails when it is drawn, and the others live.
        """
        try:
            found: DocumentProbe = self._pages.call(
                "probe", path, file_name=file_name, timeout_seconds=self._times.file_seconds
            )
        except LimitExceededError as err:
            return self._page_by_page(path, file_name, err)
        return found

    def _page_by_page(self, path: Path, file_name: str, err: LimitExceededError) -> DocumentProbe:
        seconds, ends = self._times.file_seconds, time.monotonic() + self._times.file_seconds
        found: DocumentProbe = self._pages.call(
            "outline", path, file_name=file_name, timeout_seconds=seconds
        )
        digital: list[bool] = []
        broken = 0
        for number in range(1, found.page_count + 1):
            try:
                digital.append(
                    self._pages.call(
                        "is_digital",
                        path,
                        page_number=number,
                        timeout_seconds=self._times.page_seconds,
                    )
                )
            except LimitExceededError:
                digital.append(False)
                broken += 1
            if broken > MOST_BROKEN_PAGES or time.monotonic() > ends:
                raise err
        if broken == found.page_count:
            raise err
        return DocumentProbe(found.media_type, found.page_count, tuple(digital))

    def render(
        self, path: Path, *, page_number: int, width: int | None = None, dpi: int = 200
    ) -> bytes:
        """A page's picture."""
        picture: bytes = self._pages.call(
            "render",
            path,
            page_number=page_number,
            width=width,
            dpi=dpi,
            timeout_seconds=self._times.page_seconds,
        )
        return picture

    def scan_facts(self, path: Path, *, page_number: int) -> ScanFacts:
        """What the file tells of a scanned page."""
        found: ScanFacts = self._pages.call(
            "scan_facts", path, page_number=page_number, timeout_seconds=self._times.page_seconds
        )
        return found

    def notes(self, path: Path, *, page_number: int) -> tuple[PageNote, ...]:
        """What was typed on a PDF's page."""
        found: tuple[PageNote, ...] = self._pages.call(
            "notes", path, page_number=page_number, timeout_seconds=self._times.page_seconds
        )
        return found

    def damage(self, path: Path, *, page_number: int) -> QuarantineReason | None:
        """Why a part of the page is missing when it is drawn, else None."""
        found: QuarantineReason | None = self._pages.call(
            "damage", path, page_number=page_number, timeout_seconds=self._times.page_seconds
        )
        return found

    def inner_files(self, path: Path, *, file_name: str, digital: Sequence[bool]) -> InnerFiles:
        """Files attached to a file with pages, and pictures of papers on its digital pages."""
        found: InnerFiles = self._pages.call(
            "inner_files",
            path,
            file_name=file_name,
            digital=tuple(digital),
            timeout_seconds=self._times.file_seconds,
        )
        return found

    def read_digital(self, path: Path, *, page_number: int) -> PageReading:
        """A born-digital page's own text and boxes."""
        reading: PageReading = self._pages.call(
            "read_digital",
            path,
            page_number=page_number,
            timeout_seconds=self._times.page_seconds,
        )
        return reading

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:
        """Text of a file without page pictures."""
        extraction: Extraction = self._extractors.call(
            "extract",
            path,
            media_type=media_type,
            file_name=file_name,
            timeout_seconds=self._times.file_seconds,
        )
        return extraction

    def typeset(self, extraction: Extraction, *, out: Path) -> tuple[PageReading, ...]:
        """Draw an extraction as a view PDF."""
        readings: tuple[PageReading, ...] = self._typesetter.call(
            "typeset", extraction, out=out, timeout_seconds=self._times.file_seconds
        )
        return readings

    def read_page(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
        """OCR of one page picture."""
        reading: PageReading = self._ocr.call(
            "read",
            picture,
            page_number=page_number,
            dpi=dpi,
            timeout_seconds=self._times.page_seconds,
        )
        return reading

    def look(self, picture: Path, reading: PageReading, *, digital: bool) -> PageReading:
        """What is seen on the picture of a page whose text is known."""
        seen: PageReading = self._ocr.call(
            "look",
            picture,
            reading,
            digital=digital,
            timeout_seconds=self._times.page_seconds,
        )
        return seen

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
        made: SearchablePdf = self._pdf.call(
            "make",
            original,
            media_type=media_type,
            readings=tuple(readings),
            out=out,
            **({"pages": tuple(pages)} if pages else {}),
            timeout_seconds=self._times.page_seconds * max(1, len(readings)),
        )
        return made

    def release(self) -> None:
        """Let idle children go, with their models."""
        for child in (self._pages, self._extractors, self._typesetter, self._ocr, self._pdf):
            child.release()

    def close(self) -> None:
        """End all children."""
        self.release()
