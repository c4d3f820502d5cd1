"""Containers for pictures of pages: image PDF, TIFF, JPEG; the same bytes for the same pages."""

from __future__ import annotations

import io
from collections.abc import Sequence

import img2pdf
import pikepdf
from PIL import Image

from dossier.plugins.demo.render import RenderedPage

_EXIF_ORIENTATION = 0x0112
_EXIF_MODEL = 0x0110
_TURN_TO_EXIF = {90: 8, 180: 3, 270: 6}  # clockwise turn of the stored picture → tag that undoes it


def jpeg(page: RenderedPage, quality: int, *, tagged: bool = False) -> bytes:
    """A JPEG; ``tagged`` adds the EXIF orientation that shows a turned picture upright."""
    exif = Image.Exif()
    exif[_EXIF_MODEL] = "DEMO CAMERA"
    turn = (360 - page.truth.rotation) % 360
    if tagged and turn:
        exif[_EXIF_ORIENTATION] = _TURN_TO_EXIF[turn]
    buffer = io.BytesIO()
    picture = page.picture if page.picture.mode in {"RGB", "L"} else page.picture.convert("L")
    picture.save(buffer, "JPEG", quality=quality, dpi=(page.dpi, page.dpi), exif=exif)
    return buffer.getvalue()


def exif_orientation(page: RenderedPage) -> int:
    """The tag that :func:`jpeg` writes for a turned page when ``tagged``."""
    return _TURN_TO_EXIF.get((360 - page.truth.rotation) % 360, 1)


def tiff(pages: Sequence[RenderedPage], quality: int) -> bytes:
    """A multi-page TIFF: Group 4 for black and white, JPEG inside for grey and colour."""
    first, *rest = [page.picture for page in pages]
    compression = "group4" if first.mode == "1" else "jpeg"
    options = {} if first.mode == "1" else {"quality": quality}
    buffer = io.BytesIO()
    dpi = (pages[0].dpi, pages[0].dpi)
    first.save(buffer, "TIFF", save_all=True, append_images=rest, compression=compression, dpi=dpi,
               **options)  # fmt: skip
    return buffer.getvalue()


def image_pdf(pages: Sequence[RenderedPage], quality: int, *, turned: bool = False) -> bytes:
    """A PDF whose pages are pictures, as a scanner's "scan to PDF" makes them.

    Args:
        pages: the pictures.
        quality: of JPEGs inside.
        turned: adds the page rotation that shows a turned picture upright.
    """
    images = [_for_pdf(page, quality) for page in pages]
    # the built-in writer gives no random file identifier, so equal pages give equal bytes
    made = img2pdf.convert(
        images, engine=img2pdf.Engine.internal, nodate=True, producer="DEMO SCANNER"
    )
    return _with_rotation(bytes(made), pages) if turned else bytes(made)


def _with_rotation(data: bytes, pages: Sequence[RenderedPage]) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        for page, rendered in zip(document.pages, pages, strict=True):
            page.Rotate = rendered.truth.rotation
        document.save(buffer, deterministic_id=True)
    return buffer.getvalue()


def _for_pdf(page: RenderedPage, quality: int) -> bytes:
    buffer = io.BytesIO()
    dpi = (page.dpi, page.dpi)
    if page.picture.mode == "1":
        page.picture.save(buffer, "TIFF", compression="group4", dpi=dpi)
    else:
        page.picture.save(buffer, "JPEG", quality=quality, dpi=dpi)
    return buffer.getvalue()
