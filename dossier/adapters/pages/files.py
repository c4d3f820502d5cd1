"""The inspector and renderer of all files with pages: one object, made inside a killable child."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dossier.adapters.pages import (
    containers,
    pdf,
    pdf_files,
    pdf_pictures,
    pictures,
    scan_facts,
    sniff,
    soundness,
)
from dossier.errors import UnreadableFileError
from dossier.ports import DocumentInspector, DocumentProbe, PageRenderer
from dossier.records import InnerFiles, PageNote, PageReading, QuarantineReason, ScanFacts
from dossier.rules.limits import ReadingLimits

DPI_OF_READINGS = 200
"""PageReading boxes are pixels at this resolution (the OCR engine's working size)."""

WITHOUT_PAGES = frozenset(
    {
        containers.DOCX,
        containers.XLSX,
        containers.PPTX,
        containers.ODT,
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        containers.DOC,
        containers.XLS,
        containers.PPT,
        containers.MSG,
        containers.OFD,
        containers.ZIP,
        sniff.RTF,
        sniff.HTML,
        sniff.XML,
        sniff.SVG,
        sniff.EML,
        sniff.CSV,
        sniff.TEXT,
    }
)
"""Media types that the text extractors take."""


class PageFiles:
    """Looks at files of all kinds and draws the pages of PDFs and pictures.

    Not thread-safe (pdfium is not): one call at a time, as a killable child does it.

    Args:
        limits: see :class:`ReadingLimits`; ``file_bytes``, ``pages``, ``image_*``,
            ``render_pixels`` and ``unpack*`` count here.
    """

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()

    def probe(self, path: Path, *, file_name: str) -> DocumentProbe:
        """Tell the true type of a file and whether it is sound; see the port.

        Raises:
            UnreadableFileError: with the quarantine reason.
        """
        head = self._head(path)
        media_type = self._refined(path, sniff.sniff(head, file_name=file_name))
        if media_type == sniff.PDF:
            digital = pdf.inspect_pdf(path, self._limits)
            return DocumentProbe(media_type, len(digital), digital)
        if media_type in sniff.PICTURES:
            pages = pictures.count_frames(path, media_type, self._limits)
            return DocumentProbe(media_type, pages, (False,) * pages)
        if media_type not in WITHOUT_PAGES:
            _refuse(media_type)
        soundness.check(path, media_type)
        return DocumentProbe(media_type)

    def outline(self, path: Path, *, file_name: str) -> DocumentProbe:
        """A PDF's pages by its own table, none of them looked at; see the port.

        Raises:
            UnreadableFileError: with the quarantine reason.
        """
        media_type = sniff.sniff(self._head(path), file_name=file_name)
        if media_type != sniff.PDF:
            return DocumentProbe(media_type)
        pages = pdf.count_pages(path, self._limits)
        return DocumentProbe(media_type, pages, (False,) * pages)

    def is_digital(self, path: Path, *, page_number: int) -> bool:
        """Whether one PDF page's own text is kept; see the port.

        Raises:
            UnreadableFileError: no PDF any more.
        """
        return pdf.is_digital(path, page_index=page_number - 1, limits=self._limits)

    def inner_files(self, path: Path, *, file_name: str, digital: Sequence[bool]) -> InnerFiles:
        """Files attached to a PDF, and pictures of papers on its pages; see the port.

        Raises:
            UnreadableFileError: no PDF any more.
        """
        if sniff.sniff(self._head(path), file_name="") != sniff.PDF:
            return InnerFiles()
        attached = pdf_files.files_in(path, self._limits)
        shown = pdf_pictures.pictures_on(
            path, file_name=file_name, digital=digital, limits=self._limits
        )
        return InnerFiles(
            attached.attachments + shown.attachments, attached.truncated or shown.truncated
        )

    def damage(self, path: Path, *, page_number: int) -> QuarantineReason | None:
        """What is wrong with a part of the page; see the port.

        Raises:
            UnreadableFileError: no such page.
        """
        if sniff.sniff(self._head(path), file_name="") != sniff.PDF:
            return None
        found = pdf.look_for_damage(path, page_index=page_number - 1)
        return found.reason if found else None

    def notes(self, path: Path, *, page_number: int) -> tuple[PageNote, ...]:
        """What was typed on a page; see the port.

        Raises:
            UnreadableFileError: no such page.
        """
        if sniff.sniff(self._head(path), file_name="") != sniff.PDF:
            return ()
        return pdf.notes(path, page_index=page_number - 1)

    def scan_facts(self, path: Path, *, page_number: int) -> ScanFacts:
        """What the file tells of a scanned page; see the port."""
        media_type = sniff.sniff(self._head(path), file_name="")
        return scan_facts.of_page(path, media_type, page_number=page_number)

    def render(
        self, path: Path, *, page_number: int, width: int | None = None, dpi: int = 200
    ) -> bytes:
        """A page for OCR (by ``dpi``) or as JPEG for a screen (by ``width``); see the port.

        Raises:
            UnreadableFileError: the page cannot be drawn, or breaks the pixel limit.
        """
        media_type = sniff.sniff(self._head(path), file_name="")
        if media_type == sniff.PDF:
            return pdf.draw(
                path, page_index=page_number - 1, width=width, dpi=dpi, limits=self._limits
            )
        if media_type not in sniff.PICTURES:
            _refuse(media_type)
        frame = page_number - 1
        return pictures.draw(
            path, media_type, frame=frame, width=width, dpi=dpi, limits=self._limits
        )

    def read_digital(self, path: Path, *, page_number: int) -> PageReading:
        """A PDF page's own text with its boxes at 200 dpi; see the port.

        Raises:
            UnreadableFileError: no PDF, or no such page.
        """
        media_type = sniff.sniff(self._head(path), file_name="")
        if media_type != sniff.PDF:
            _refuse(media_type)
        return pdf.read_page(path, page_number=page_number, dpi=DPI_OF_READINGS)

    def _head(self, path: Path) -> bytes:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFileError(QuarantineReason.NOT_A_FILE, "no ordinary file")
        if status.st_size == 0:
            raise UnreadableFileError(QuarantineReason.EMPTY, "the file has no bytes")
        if status.st_size > self._limits.file_bytes:
            raise UnreadableFileError(QuarantineReason.TOO_LARGE, f"{status.st_size} bytes")
        with path.open("rb") as stream:
            return stream.read(sniff.HEAD_BYTES)

    def _refined(self, path: Path, media_type: str) -> str:
        if media_type == sniff.ZIP:
            return containers.zip_type(path, self._limits)
        if media_type == sniff.OLE:
            return containers.ole_type(path)
        return media_type


def _refuse(media_type: str) -> NoReturn:
    detail = f"files of the type {media_type} are not read"
    detail_zh = "不支持此类文件"
    if media_type == sniff.HEIC:
        detail += "; set the phone's camera to JPEG (most compatible)"
        detail_zh = "不支持 HEIC 照片，请将手机相机格式设为 JPEG（兼容性最佳）"
    if media_type == sniff.POSTSCRIPT:
        detail += "; print it to PDF"
        detail_zh = "不支持 PostScript/EPS 文件，请另存为 PDF"
    raise UnreadableFileError(QuarantineReason.UNSUPPORTED, detail, detail_zh=detail_zh)


_inspector: type[DocumentInspector] = PageFiles
_renderer: type[PageRenderer] = PageFiles
