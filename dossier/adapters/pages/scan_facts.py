"""What a file tells of a scan by its head: pixels, resolution, colour, bytes; none is decoded."""

from __future__ import annotations

import math
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from dossier.adapters.pages import pictures, sniff
from dossier.adapters.pages.pdf import loaded_page, opened
from dossier.adapters.pages.pdf_damage import MOST_NESTING
from dossier.errors import UnreadableFileError
from dossier.records import ScanFacts

POINTS_PER_INCH = 72.0
LEAST_SHARE = 0.5
"""Of a page that its largest picture covers where the page is a scan."""
_MODES = {"1": "bilevel", "L": "grey", "LA": "grey", "I": "grey", "F": "grey", "I;16": "grey"}
_GREY_SPACES = {pdfium_c.FPDF_COLORSPACE_DEVICEGRAY, pdfium_c.FPDF_COLORSPACE_CALGRAY}


def of_pdf_page(path: Path, *, page_index: int) -> ScanFacts:
    """Of the largest picture on a page; nothing where none covers most of it.

    Raises:
        UnreadableFileError: there is no such page.
    """
    with opened(path) as document, loaded_page(document, page_index) as page:
        across, down = page.get_size()
        best, area = ScanFacts(), LEAST_SHARE * across * down
        kinds = [pdfium_c.FPDF_PAGEOBJ_IMAGE]
        for picture in page.get_objects(filter=kinds, max_depth=MOST_NESTING):
            try:
                left, bottom, right, top = picture.get_bounds()
                covers = max(0.0, right - left) * max(0.0, top - bottom)
                if covers >= area:
                    best, area = _of_image(picture, right - left, top - bottom), covers
            except pdfium.PdfiumError:
                continue  # a broken picture is drawn as nothing; the reader says so
        return best


def _of_image(picture: pdfium.PdfImage, across: float, down: float) -> ScanFacts:
    """The picture may lie on its side: long sides are compared with long sides."""
    width, height = picture.get_px_size()
    wide, high = (max(1e-3, side / POINTS_PER_INCH) for side in (across, down))
    turned = (width > height) != (wide > high)
    inches = (high, wide) if turned else (wide, high)
    told = picture.get_metadata()
    return ScanFacts(
        width=width,
        height=height,
        dpi=round(min(width / inches[0], height / inches[1]), 1),
        is_measured_dpi=True,
        mode=_mode(told),
        size_bytes=int(pdfium_c.FPDFImageObj_GetImageDataRaw(picture, None, 0)),
    )


def _mode(told: pdfium_c.FPDF_IMAGEOBJ_METADATA) -> str:
    if told.bits_per_pixel == 1:
        return "bilevel"
    if told.colorspace in _GREY_SPACES:
        return "grey"
    return "colour" if told.bits_per_pixel else ""


def of_picture(path: Path, media_type: str, *, frame: int) -> ScanFacts:
    """Of a frame of a picture file; the bytes are the file's, shared among its frames.

    Raises:
        UnreadableFileError: it cannot be opened.
    """
    with pictures.opened_frame(path, media_type, frame) as picture:
        width, height = pictures.stored_size(picture)
        return ScanFacts(
            width=width,
            height=height,
            dpi=_claimed(picture),
            mode=_MODES.get(picture.mode, "colour"),
            size_bytes=path.stat().st_size // max(1, getattr(picture, "n_frames", 1)),
        )


def _claimed(picture: Image.Image) -> float | None:
    """The resolution that the file says; None where it says none or nonsense."""
    try:
        across, down = (float(value) for value in picture.info.get("dpi", (0, 0)))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    claimed = min(across, down)
    return round(claimed, 1) if math.isfinite(claimed) and claimed > 1 else None


def of_page(path: Path, media_type: str, *, page_number: int) -> ScanFacts:
    """Of a page of a file; nothing where its type has no such pages or it cannot be opened."""
    try:
        if media_type == sniff.PDF:
            return of_pdf_page(path, page_index=page_number - 1)
        if media_type in sniff.PICTURES:
            return of_picture(path, media_type, frame=page_number - 1)
    except UnreadableFileError:
        return ScanFacts()
    return ScanFacts()
