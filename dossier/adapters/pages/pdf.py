"""PDF files through pdfium: soundness, pictures of pages, and which pages carry their own text."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from dossier.adapters.pages import for_reading
from dossier.adapters.pages.pdf_damage import MOST_NESTING, PageDamage, damage_of
from dossier.adapters.pages.pdf_notes import notes_of
from dossier.adapters.pages.pdf_text import has_text_of_worth, read_text
from dossier.errors import UnreadableFileError
from dossier.records import PageNote, PageReading, QuarantineReason
from dossier.rules.limits import ReadingLimits
from dossier.rules.page_notes import with_notes

POINTS_PER_INCH = 72.0
_SCREEN_QUALITY = 82
_CANNOT_DRAW = "the page cannot be drawn"
_DAMAGED = "what the page draws is damaged"
# An end mark may be followed by rubbish from mail gateways and printers.
_TAIL_BYTES = 65_536
# Of a linearised PDF the first object tells the length of the file.
_HEAD_BYTES = 1024
_LINEARISED = re.compile(rb"/Linearized\b[^>]*?/L\s+(\d{1,12})\b")


def inspect_pdf(path: Path, limits: ReadingLimits) -> tuple[bool, ...]:
    """For each page whether its own text is kept (see :func:`has_text_of_worth`).

    A single page that cannot be loaded is False; it fails alone when it is drawn.

    Raises:
        UnreadableFileError: password, truncated, corrupt, dynamic_form, no_pages, too_many_pages,
            too_many_pixels (when no page is left that could be drawn).
    """
    with opened(path) as document:
        pages = _counted(document, path, limits)
        verdicts = [_verdict(document, index, limits) for index in range(pages)]
    if all(verdict is None for verdict in verdicts):
        raise UnreadableFileError(QuarantineReason.CORRUPT, "no page can be loaded")
    if all(verdict == "huge" for verdict in verdicts):
        raise UnreadableFileError(QuarantineReason.TOO_MANY_PIXELS, "picture in the PDF too large")
    return tuple(verdict is True for verdict in verdicts)


def _counted(document: pdfium.PdfDocument, path: Path, limits: ReadingLimits) -> int:
    pages = len(document)
    if document.get_formtype() == pdfium_c.FORMTYPE_XFA_FULL:
        raise UnreadableFileError(QuarantineReason.DYNAMIC_FORM, "its pages are drawn by XFA")
    if pages == 0:
        raise UnreadableFileError(QuarantineReason.NO_PAGES, "PDF without pages")
    if pages > limits.pages:
        raise UnreadableFileError(QuarantineReason.TOO_MANY_PAGES, f"{pages} pages")
    _refuse_cut_off(path)
    return pages


def _verdict(document: pdfium.PdfDocument, index: int, limits: ReadingLimits) -> bool | str | None:
    try:
        with loaded_page(document, index) as page:
            if largest_picture(page) > limits.image_pixels:
                return "huge"
            return has_text_of_worth(page)
    except (pdfium.PdfiumError, UnreadableFileError):
        return None


def draw(
    path: Path, *, page_index: int, width: int | None, dpi: int, limits: ReadingLimits
) -> bytes:
    """A page as a screen shows it, form fields and stamps included: JPEG by width, else lossless.

    Raises:
        UnreadableFileError: the page is not there, cannot be drawn, or breaks the pixel limit.
    """
    with opened(path) as document, loaded_page(document, page_index) as page:
        if largest_picture(page) > limits.image_pixels:
            raise UnreadableFileError(
                QuarantineReason.TOO_MANY_PIXELS, "picture on the page too large"
            )
        # A screen may show what is left of a page; a reading of it would pass for the whole.
        if width is None and (damage := damage_of(path, page, page_index)) and damage.is_lost:
            raise UnreadableFileError(damage.reason, _DAMAGED)
        scale = _scale(page, width=width, dpi=dpi, limits=limits)
        try:
            bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
        except pdfium.PdfiumError as err:
            raise UnreadableFileError(QuarantineReason.CORRUPT, _CANNOT_DRAW) from err
        try:
            # The picture is a view of pdfium's bitmap: no copy, so encode before closing.
            return _encoded(bitmap.to_pil(), for_screen=width is not None, dpi=dpi)
        finally:
            bitmap.close()


def _encoded(picture: Image.Image, *, for_screen: bool, dpi: int) -> bytes:
    if not for_screen:
        return for_reading.encoded(picture, dpi=dpi)
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=_SCREEN_QUALITY)
    return buffer.getvalue()


def read_page(path: Path, *, page_number: int, dpi: int) -> PageReading:
    """The page's own text with the edges of its characters in pixels at ``dpi``, and its notes.

    Raises:
        UnreadableFileError: the page is not there, cannot be loaded, or has lost all its content.
    """
    with opened(path) as document:
        typed = _notes(document, page_number - 1)
        with loaded_page(document, page_number - 1) as page:
            reading = read_text(page, page_number=page_number, scale=dpi / POINTS_PER_INCH)
            damage = damage_of(path, page, page_number - 1)
    if damage and damage.is_lost and not reading.text:
        raise UnreadableFileError(damage.reason, _DAMAGED)
    return with_notes(replace(reading, truncated=True) if damage else reading, typed)


def notes(path: Path, *, page_index: int) -> tuple[PageNote, ...]:
    """What was typed on the page.

    Raises:
        UnreadableFileError: the page is not there or cannot be loaded.
    """
    with opened(path) as document:
        return _notes(document, page_index)


def _notes(document: pdfium.PdfDocument, index: int) -> tuple[PageNote, ...]:
    with loaded_page(document, index, flattened=False) as page:
        return notes_of(page)


def look_for_damage(path: Path, *, page_index: int) -> PageDamage | None:
    """What of the page is missing; None when all that it draws is there.

    Raises:
        UnreadableFileError: the page is not there or cannot be loaded.
    """
    with opened(path) as document, loaded_page(document, page_index) as page:
        return damage_of(path, page, page_index)


def count_pages(path: Path, limits: ReadingLimits) -> int:
    """Pages by the PDF's own table; none is loaded.

    Raises:
        UnreadableFileError: password, truncated, corrupt, dynamic_form, no_pages, too_many_pages.
    """
    with opened(path) as document:
        return _counted(document, path, limits)


def is_digital(path: Path, *, page_index: int, limits: ReadingLimits) -> bool:
    """Whether one page's own text is kept, as :func:`inspect_pdf` says of all.

    Raises:
        UnreadableFileError: password, truncated, corrupt.
    """
    with opened(path) as document:
        return _verdict(document, page_index, limits) is True


@contextmanager
def opened(path: Path) -> Iterator[pdfium.PdfDocument]:
    """A PDF without its JavaScript (pdfium is built without V8 here).

    Raises:
        UnreadableFileError: password, truncated, corrupt.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as err:
        raise _why_not(path) from err
    try:
        if document.get_formtype():
            document.init_forms()
        yield document
    finally:
        document.close()


def _why_not(path: Path) -> UnreadableFileError:
    """Ask qpdf why: pdfium's last error is stale at times (a PDF without pages: "password")."""
    reason, detail = QuarantineReason.CORRUPT, "the PDF's structure is broken"
    if not _has_end_mark(path) or _is_shorter_than_it_says(path):
        reason, detail = QuarantineReason.TRUNCATED, "the PDF's end is missing"
    try:
        with pikepdf.open(path) as document:
            if len(document.pages) == 0 and reason != QuarantineReason.TRUNCATED:
                reason, detail = QuarantineReason.NO_PAGES, "PDF without pages"
    except pikepdf.PasswordError:
        reason, detail = QuarantineReason.PASSWORD, "PDF with a password"
    except (pikepdf.PdfError, ValueError, RuntimeError):
        return UnreadableFileError(reason, detail)
    return UnreadableFileError(reason, detail)


def _is_shorter_than_it_says(path: Path) -> bool:
    """Whether a linearised PDF lacks bytes: its first end mark comes with its first page."""
    with path.open("rb") as stream:
        said = _LINEARISED.search(stream.read(_HEAD_BYTES))
    return said is not None and int(said[1]) > path.stat().st_size


@contextmanager
def loaded_page(
    document: pdfium.PdfDocument, index: int, *, flattened: bool = True
) -> Iterator[pdfium.PdfPage]:
    """A page with its fields and stamps (unless they are to stay apart), closed at the end.

    Raises:
        UnreadableFileError: there is no such page, or it cannot be loaded.
    """
    if not 0 <= index < len(document):
        raise UnreadableFileError(QuarantineReason.CORRUPT, f"there is no page {index + 1}")
    try:
        page = document[index]
        if flattened and pdfium_c.FPDFPage_GetAnnotCount(page):
            # Filled-in fields and stamps become part of the page, for the text as for the picture.
            page = _flattened(document, page, index)
    except pdfium.PdfiumError as err:
        raise UnreadableFileError(QuarantineReason.CORRUPT, _CANNOT_DRAW) from err
    try:
        yield page
    finally:
        page.close()


def _flattened(document: pdfium.PdfDocument, page: pdfium.PdfPage, index: int) -> pdfium.PdfPage:
    # As a screen shows it: what was typed over a page is not always marked as to be printed too.
    if pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY) != pdfium_c.FLATTEN_SUCCESS:
        return page
    page.close()
    return document[index]


def _scale(page: pdfium.PdfPage, *, width: int | None, dpi: int, limits: ReadingLimits) -> float:
    across, down = (max(side, 1e-3) for side in page.get_size())
    scale = width / across if width is not None else dpi / POINTS_PER_INCH
    most = math.sqrt(limits.render_pixels / (across * down))
    # pdfium rounds each side up to a whole pixel, hence the hair less.
    return float(min(scale, most * 0.999, limits.image_side / max(across, down)))


def largest_picture(page: pdfium.PdfPage) -> int:
    """Pixels of the largest picture on the page, by its header; nothing is decoded."""
    largest = 0
    for picture in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=MOST_NESTING):
        try:
            across, down = picture.get_px_size()
        except pdfium.PdfiumError:
            continue  # a broken picture is drawn as nothing; the page lives
        largest = max(largest, across * down)
    return largest


def _refuse_cut_off(path: Path) -> None:
    # pdfium rebuilds what it finds of a PDF that was cut; the lost pages would never be missed.
    if not _has_end_mark(path):
        raise UnreadableFileError(QuarantineReason.TRUNCATED, "the PDF's end is missing")


def _has_end_mark(path: Path) -> bool:
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _TAIL_BYTES))
        tail = stream.read()
    before, mark, after = tail.rpartition(b"%%EOF")
    if not mark:
        return False
    # A linearised PDF has its first end mark within its first page: look for what comes after.
    # Behind the last mark of a whole file there is nothing, even if the pointer is damaged.
    return size > _TAIL_BYTES or b"startxref" in before or not after.strip()
