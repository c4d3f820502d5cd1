"""Pictures of papers on PDF pages that have text of their own, which OCR therefore never sees.

An application written in Word with the photo of an identity card below, saved as PDF: the page's
own text is kept, and the picture on it becomes a paper of its own, as in the office file itself.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dossier.adapters.pages.pdf import loaded_page, opened
from dossier.adapters.pages.pdf_damage import MOST_NESTING
from dossier.errors import UnreadableFileError
from dossier.records import Attachment, InnerFiles
from dossier.rules import file_names
from dossier.rules.limits import ReadingLimits

_JPEG = ["DCTDecode"]


def pictures_on(
    path: Path, *, file_name: str, digital: Sequence[bool], limits: ReadingLimits
) -> InnerFiles:
    """Pictures large enough to be papers, each once, named after the file.

    Args:
        path: the PDF.
        file_name: what it is called.
        digital: for each page, whether its own text is kept; the others are read as a whole.
        limits: ``picture_*``, ``members`` and ``inner_bytes`` count here.
    """
    found: list[Attachment] = []
    known: set[bytes] = set()
    room, truncated = limits.inner_bytes, False
    with opened(path) as document:
        for picture in _papers(document, digital, limits):
            if _is_known(picture, known):
                continue
            content = _content(picture)
            if content is None or len(content) > room:
                truncated = True
            elif len(found) >= limits.members:
                return InnerFiles(tuple(found), truncated=True)
            else:
                room -= len(content)
                suffix = ".jpg" if content.startswith(b"\xff\xd8") else ".png"
                name = file_names.picture_name(file_name, len(found) + 1, suffix)
                found.append(Attachment(name, content))
    return InnerFiles(tuple(found), truncated)


def _papers(
    document: pdfium.PdfDocument, digital: Sequence[bool], limits: ReadingLimits
) -> Iterator[pdfium.PdfImage]:
    """Pictures that may be papers, each only until the next is asked for."""
    for index in (index for index, own in enumerate(digital) if own):
        try:
            with loaded_page(document, index) as page:
                area = max(1e-6, math.prod(page.get_size()))
                kinds = [pdfium_c.FPDF_PAGEOBJ_IMAGE]
                for picture in page.get_objects(filter=kinds, max_depth=MOST_NESTING):
                    if _is_paper(picture, area, limits):
                        yield picture
        except UnreadableFileError:
            continue  # what is broken of the page is said by its reader


def _is_known(picture: pdfium.PdfImage, known: set[bytes]) -> bool:
    """Whether the very same was met before; told before anything of it is decoded."""
    try:
        digest = hashlib.sha256(picture.get_data()).digest()
    except pdfium.PdfiumError:
        return False
    is_known = digest in known
    known.add(digest)
    return is_known


def _is_paper(picture: pdfium.PdfImage, area: float, limits: ReadingLimits) -> bool:
    try:
        across, down = picture.get_px_size()
        left, bottom, right, top = picture.get_bounds()
    except pdfium.PdfiumError:
        return False
    share = max(0.0, right - left) * max(0.0, top - bottom) / area
    return limits.may_be_paper(across, down) and share >= limits.picture_share


def _content(picture: pdfium.PdfImage) -> bytes | None:
    """As JPEG or PNG, None when it cannot be had; a page with too large a one is not digital."""
    try:
        if picture.get_filters(skip_simple=True) == _JPEG:
            return bytes(picture.get_data(decode_simple=True))
        out = io.BytesIO()
        picture.get_bitmap().to_pil().save(out, "PNG", compress_level=1)
        return out.getvalue()
    except (pdfium.PdfiumError, OSError, ValueError):
        return None
