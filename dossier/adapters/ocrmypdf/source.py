"""The PDF that the text is laid under: the original's own pages, or its pictures put into one."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import img2pdf
import pikepdf
from PIL import ExifTags, Image, PngImagePlugin

from dossier.adapters.ocrmypdf.textlayer import Margins
from dossier.records import PageReading
from dossier.rules.limits import ReadingLimits

# Inspection let profiles pass up to this length; Pillow's own limit is a mebibyte.
PngImagePlugin.MAX_TEXT_CHUNK = ReadingLimits().unpack_floor_bytes

PDF_TYPE = "application/pdf"
# A picture without a believable resolution is taken for an A4 page: 210 mm in points.
_A4_WIDTH_POINTS = 595.0
_BELIEVABLE_DPI = (60.0, 1300.0)
# img2pdf takes these pixel formats over bit for bit (no alpha, no 16 bit).
_TAKEN_OVER = frozenset({"1", "L", "RGB", "CMYK", "P"})
# What Pillow raises on a frame that is damaged, or whose directory is missing.
_UNDECODED = (OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, AttributeError)


def write_source(
    original: Path,
    media_type: str,
    readings: Sequence[PageReading],
    out: Path,
    *,
    pages: Sequence[int] = (),
) -> None:
    """Write the PDF without text layer, each page turned upright.

    Args:
        original: PDF or picture file; not changed.
        media_type: decided by content.
        readings: one a page; their ``rotation`` turns the page.
        out: where to write.
        pages: of the original, in this order; empty: all.

    Raises:
        ValueError: the number of pages is not that of the readings.
        pikepdf.PdfError, img2pdf errors, OSError: the original cannot be taken over.
    """
    if media_type == PDF_TYPE:
        pdf = _only(pikepdf.open(original), pages)
    else:
        pdf = pikepdf.open(io.BytesIO(_pictures_to_pdf(original, readings, pages)))
    with pdf:
        if len(pdf.pages) != len(readings):
            raise ValueError("the original has another number of pages than were read")
        for page, reading in zip(pdf.pages, readings, strict=True):
            if reading.rotation:
                page.rotate(reading.rotation, relative=True)
        pdf.save(out)


def _only(pdf: pikepdf.Pdf, pages: Sequence[int]) -> pikepdf.Pdf:
    """These pages alone, and nothing else of the file: no outline, form or attachment of others."""
    if not pages:
        return pdf
    with pdf:
        chosen = pikepdf.new()
        chosen.pages.extend(pdf.pages[number - 1] for number in pages)
        chosen.remove_unreferenced_resources()  # some scanners list every page's picture on each
        whole = io.BytesIO()
        chosen.save(whole)
    return pikepdf.open(whole)


def margins_of(page: pikepdf.Page, reading: PageReading) -> Margins:
    """What the media box shows around the crop box, as pixels of the upright reading.

    Readings are made from the crop box, OCRmyPDF lays text on the media box.
    """
    media, crop = [[float(v) for v in box] for box in (page.mediabox, page.cropbox)]
    sides = [
        max(0.0, crop[0] - media[0]),
        max(0.0, media[3] - crop[3]),
        max(0.0, media[2] - crop[2]),
        max(0.0, crop[1] - media[1]),
    ]
    turned = int(page.obj.get("/Rotate", 0)) % 360
    width = crop[3] - crop[1] if turned in (90, 270) else crop[2] - crop[0]
    scale = reading.width / width if width > 0 else 0.0
    steps = turned // 90  # turning clockwise brings the left side to the top
    left, top, right, bottom = (sides[(i - steps) % 4] * scale for i in range(4))
    return Margins(left, top, right, bottom)


def _pictures_to_pdf(
    original: Path, readings: Sequence[PageReading], pages: Sequence[int]
) -> bytes:
    """Put every frame that was read on a page; bit for bit where img2pdf can, else as lossless PNG.

    A frame that cannot be decoded becomes an empty page, so that the others have their copy.
    """
    is_whole = not any(reading.error for reading in readings)
    # Not by its path: Pillow 13 maps the file, and what lies on its side comes out as stripes.
    with warnings.catch_warnings(), original.open("rb") as stream, Image.open(stream) as image:
        warnings.simplefilter("ignore")  # they quote the file's own metadata
        plain = image.mode in _TAKEN_OVER and "transparency" not in image.info
        direct = not pages and (
            (image.format == "JPEG" and len(readings) == 1)
            or (
                is_whole and image.format in {"PNG", "TIFF"} and plain and _may_be_taken_over(image)
            )
        )
        sources = [original.read_bytes()] if direct else list(_as_png(image, readings, pages))
    return bytes(
        img2pdf.convert(
            sources,
            layout_fun=_page_size,
            rotation=img2pdf.Rotation.ifvalid,
            engine=img2pdf.Engine.pikepdf,
        )
    )


def _may_be_taken_over(image: Image.Image) -> bool:
    """Whether every frame is of a kind that is taken over, and img2pdf lays it as it is seen.

    It obeys the orientation of a JPEG, not that of a TIFF.
    """
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        if image.mode not in _TAKEN_OVER:
            return False
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            return False
    image.seek(0)
    return True


def _as_png(
    image: Image.Image, readings: Sequence[PageReading], pages: Sequence[int]
) -> Iterator[bytes]:
    frames = [number - 1 for number in pages] or range(len(readings))
    for index, reading in zip(frames, readings, strict=True):
        buffer = io.BytesIO()
        flat = _flatten_or_empty(image, index, may_fail=bool(reading.error))
        flat.save(buffer, "PNG", dpi=_believable(image.info.get("dpi"), flat.width))
        yield buffer.getvalue()


def _flatten_or_empty(image: Image.Image, index: int, *, may_fail: bool) -> Image.Image:
    try:
        image.seek(index)
        return _flatten(image)
    except _UNDECODED:
        if not may_fail:
            raise
        return Image.new("L", image.size, "white")


def _flatten(frame: Image.Image) -> Image.Image:
    """8 bits a channel, on white paper, EXIF orientation obeyed."""
    from PIL import ImageOps

    shown = ImageOps.exif_transpose(frame) or frame
    if shown.mode in ("1", "L", "RGB"):
        return shown
    if shown.mode.startswith("I") or shown.mode == "F":
        _, high = shown.getextrema()
        top = max(255.0, float(high))  # type: ignore[arg-type]  # one band has one pair
        return shown.convert("F").point(lambda v: v * (255.0 / top)).convert("L")
    paper = Image.new("RGBA", shown.size, "white")
    paper.alpha_composite(shown.convert("RGBA"))
    return paper.convert("RGB")


def _believable(dpi: tuple[float, float] | None, width: int) -> tuple[float, float]:
    if dpi and all(_BELIEVABLE_DPI[0] <= float(v) <= _BELIEVABLE_DPI[1] for v in dpi):
        return float(dpi[0]), float(dpi[1])
    assumed = max(1.0, width * 72 / _A4_WIDTH_POINTS)
    return assumed, assumed


def _page_size(
    width: int, height: int, dpi: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Page and picture size in points, the same; img2pdf says 96 where a file says nothing."""
    x, y = _believable(None if tuple(dpi) in {(96.0, 96.0), (96, 96)} else dpi, width)
    page = (width * 72 / x, height * 72 / y)
    return (*page, *page)
