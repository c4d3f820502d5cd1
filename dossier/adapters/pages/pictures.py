"""Pictures as pages: JPEG, PNG, TIFF (many frames), GIF, BMP, WebP, JPEG 2000, AVIF through Pillow.

Sizes are checked in the header before anything is decoded. A picture that ends early is refused
as truncated instead of being filled up with grey, as Pillow and browsers otherwise do. The frames
of a TIFF are told apart: those that are whole live.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import (
    AvifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    ImageOps,
    Jpeg2KImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
    features,
)

from dossier.adapters.pages import for_reading, png_structure, sniff, streams, tiff_structure
from dossier.errors import UnreadableFileError
from dossier.records import QuarantineReason
from dossier.rules.limits import ReadingLimits

# Our own check against ReadingLimits comes first and names the reason.
Image.MAX_IMAGE_PIXELS = None
ImageFile.LOAD_TRUNCATED_IMAGES = False
# Likewise: scanners' profiles are longer than the mebibyte that Pillow allows.
PngImagePlugin.MAX_TEXT_CHUNK = ReadingLimits().unpack_floor_bytes

NOMINAL_DPI = 200
# Scanners write 100 to 1200; below and above stands what cameras and screens invent (72, 96, 1).
_DPI_RANGE = (100.0, 1200.0)
# At 72 to 96 dpi and below lies what no scanner makes of a page (a stamp, a whole wall).
_INCH_RANGE = (2.0, 60.0)
_SCREEN_QUALITY = 82
# JPEG decodes to an eighth of its size at least.
_COARSEST = 8
# Only the decoder of the sniffed type is asked: Pillow has many more, each a risk. Imported by
# name, because Pillow loads but five of them by itself.
_DECODERS = {
    sniff.JPEG: "JPEG",
    sniff.PNG: "PNG",
    sniff.TIFF: "TIFF",
    sniff.GIF: "GIF",
    sniff.BMP: "BMP",
    sniff.WEBP: "WEBP",
    sniff.JPEG2000: "JPEG2000",
    sniff.AVIF: "AVIF",
}
_PLUGINS = (AvifImagePlugin, Jpeg2KImagePlugin, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)
# What a PNG may tell of itself that changes nothing: no text, profile, transparency, animation.
_OF_A_BARE_PNG = {"dpi", "gamma", "srgb", "interlace"}
# Tags and values of TIFF 6.0.
_COMPRESSION, _FILL_ORDER, _STRIPS, _ROWS_OF_STRIP, _STRIP_LENGTHS = 259, 266, 273, 278, 279
_GROUP_4 = 4
_LOW_BIT_FIRST = 2
_TURNED_MODES = {"1": "L", "P": "RGBA", "PA": "RGBA", "LA": "RGBA", "La": "RGBA", "RGBa": "RGBA"}


def count_frames(path: Path, media_type: str, limits: ReadingLimits) -> int:
    """Pages of a picture that is sound to its last row.

    Frames of a TIFF are pages, and where its end is missing one page stands for the frames that
    nobody can count any more; of an animation only the first picture counts.

    Raises:
        UnreadableFileError: unsupported, truncated, corrupt, bomb, too_many_pixels,
            too_many_pages.
    """
    _refuse_unsupported(media_type)
    if media_type == sniff.PNG:
        _refuse_bomb(path, limits)
    whole = tiff_structure.whole_frames(path) if media_type == sniff.TIFF else (True,)
    if not whole:
        raise UnreadableFileError(QuarantineReason.CORRUPT, "a TIFF without frames")
    if len(whole) > limits.pages:
        raise UnreadableFileError(QuarantineReason.TOO_MANY_PAGES, f"{len(whole)} frames")
    with _decoding(path, media_type):
        data = _mended(path, limits) if media_type == sniff.JPEG else None
        with _opened(path, media_type, data) as picture:
            _refuse_all_broken(picture, path, media_type, whole, limits)
    # JPEG is left out: Pillow tells it by itself, and phones append data after the end mark.
    if media_type not in (sniff.JPEG, sniff.TIFF) and is_cut_off(path, media_type):
        raise _cut_off()
    return len(whole)


def _refuse_bomb(path: Path, limits: ReadingLimits) -> None:
    if png_structure.unpacks_beyond(path, limits.unpack_floor_bytes):
        detail = f"profile and texts unpack to over {limits.unpack_floor_bytes >> 20} MiB"
        raise UnreadableFileError(QuarantineReason.BOMB, detail)


def _cut_off() -> UnreadableFileError:
    return UnreadableFileError(QuarantineReason.TRUNCATED, "the picture's end is missing")


def _refuse_all_broken(
    picture: Image.Image,
    path: Path,
    media_type: str,
    whole: tuple[bool, ...],
    limits: ReadingLimits,
) -> None:
    """A frame that cannot be decoded fails alone when it is drawn, as a page of a PDF does."""
    faults = []
    for frame, is_there in enumerate(whole):
        try:
            if not is_there:
                raise _cut_off()
            with _decoding(path, media_type, frame):
                _load(picture, frame, limits)
        except UnreadableFileError as err:
            faults.append(err)
    if len(faults) == len(whole):
        raise faults[0]


def _load(picture: Image.Image, frame: int, limits: ReadingLimits) -> None:
    picture.seek(frame)
    _refuse_huge(picture, limits)
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        _refuse_broken_fax(picture)
    # All of a JPEG's data are gone through, and an eighth of its pixels made: that it is sound is
    # seen in half the time.
    coarse = (max(1, side // _COARSEST) for side in picture.size)
    picture.draft(None, tuple(coarse))
    picture.load()


def _refuse_broken_fax(picture: TiffImagePlugin.TiffImageFile) -> None:
    """Group 4 is filled up with white where its data are cut or are none; libtiff says nothing."""
    tags = picture.tag_v2
    if tags.get(_COMPRESSION) != _GROUP_4 or _STRIPS not in tags or picture.fp is None:
        return
    width, rows_left = stored_size(picture)
    rows_of_strip = tags.get(_ROWS_OF_STRIP, rows_left)
    for start, length in zip(tags[_STRIPS], tags[_STRIP_LENGTHS], strict=True):
        rows = min(rows_left, rows_of_strip)
        rows_left -= rows
        picture.fp.seek(start)
        reason = streams.fax_fault(
            picture.fp.read(length),
            width=width,
            rows=rows,
            inverse_bits=tags.get(_FILL_ORDER, 1) == _LOW_BIT_FIRST,
        )
        if reason is not None:
            raise UnreadableFileError(reason, "the fax data of the picture are damaged")


def draw(
    path: Path, media_type: str, *, frame: int, width: int | None, dpi: int, limits: ReadingLimits
) -> bytes:
    """One frame upright by its EXIF flag, without alpha, in grey or sRGB; decoded once at most.

    That a JPEG without end mark lacks nothing else was seen when its frames were counted.

    Args:
        path: the file.
        media_type: as sniffed.
        frame: 0-based.
        width: pixels of the picture wanted, for a screen: gives JPEG.
        dpi: wanted resolution when ``width`` is None, for OCR: gives a lossless picture (or
            the JPEG or PNG as it came, when it needs nothing). A picture without a credible
            resolution keeps its own pixels.
        limits: of pixels.

    Raises:
        UnreadableFileError: as :func:`count_frames`.
    """
    if width is None and media_type == sniff.TIFF and not tiff_structure.is_whole(path, frame):
        raise _cut_off()
    data = _with_end(path) if media_type == sniff.JPEG else None
    with _decoding(path, media_type, frame), _opened(path, media_type, data) as picture:
        picture.seek(frame)
        _refuse_huge(picture, limits)
        if width is None and isinstance(picture, TiffImagePlugin.TiffImageFile):
            _refuse_broken_fax(picture)
        size = _wanted_size(picture, width=width, dpi=dpi, limits=limits)
        if width is None and _needs_nothing(picture, media_type, size):
            return data or path.read_bytes()
        if media_type == sniff.JPEG:
            picture.draft(None, size)  # decodes at half or quarter size where that is enough
        size = size[::-1] if _lies(picture) else size
        return _encode(_plain(picture), size, for_screen=width is not None)


@contextmanager
def opened_frame(path: Path, media_type: str, frame: int) -> Iterator[Image.Image]:
    """A frame of the file, of which nothing is decoded yet.

    Raises:
        UnreadableFileError: it cannot be opened, or has no such frame.
    """
    with _decoding(path, media_type, frame), _opened(path, media_type) as picture:
        picture.seek(frame)
        yield picture


def _refuse_unsupported(media_type: str) -> None:
    if media_type == sniff.AVIF and not features.check("avif"):
        raise UnreadableFileError(QuarantineReason.UNSUPPORTED, "AVIF pictures")


@contextmanager
def _decoding(path: Path, media_type: str, frame: int | None = None) -> Iterator[None]:
    """Name the reason when decoding fails: of the file, or of one frame of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote the file's own metadata
            yield
    except streams.DECODE_ERRORS as err:
        cut = is_cut_off(path, media_type, frame) or "truncated" in str(err).lower()
        reason = QuarantineReason.TRUNCATED if cut else QuarantineReason.CORRUPT
        raise UnreadableFileError(reason, f"{media_type} cannot be decoded") from err


@contextmanager
def _opened(path: Path, media_type: str, data: bytes | None = None) -> Iterator[Image.Image]:
    """The picture of the file, or of ``data`` where these stand for its bytes."""
    # By its path Pillow maps the file, and of a TIFF that lies on its side it takes the upright
    # sides for those of the rows (Pillow 13): a grey one that is not packed comes out as stripes.
    with path.open("rb") if data is None else io.BytesIO(data) as source:
        try:
            picture = Image.open(source, formats=(_DECODERS[media_type],))
        except UnidentifiedImageError as err:
            raise OSError("not a picture after all") from err
        with picture:
            yield picture


def _mended(path: Path, limits: ReadingLimits) -> bytes | None:
    """A JPEG that lacks nothing but its end mark, with it; None for all others."""
    if not is_cut_off(path, sniff.JPEG):
        return None
    with _opened(path, sniff.JPEG) as picture:
        _refuse_huge(picture, limits)
    return streams.whole_without_end(path.read_bytes())


def _with_end(path: Path) -> bytes | None:
    """A JPEG without end mark, with one: programs that stop short write such. None if it has it."""
    return path.read_bytes() + streams.END_OF_JPEG if is_cut_off(path, sniff.JPEG) else None


def _refuse_huge(picture: Image.Image, limits: ReadingLimits) -> None:
    width, height = picture.size
    if width * height > limits.image_pixels or max(width, height) > limits.image_side:
        detail = f"{width} x {height} pixels, {limits.image_pixels} are allowed"
        raise UnreadableFileError(QuarantineReason.TOO_MANY_PIXELS, detail)


def _orientation(picture: Image.Image) -> int:
    return int(picture.getexif().get(0x0112, 1))


def _lies(picture: Image.Image) -> bool:
    return _orientation(picture) >= 5  # 5 to 8 swap the sides


def stored_size(picture: Image.Image) -> tuple[int, int]:
    """Columns and rows as they lie in the file; of a TIFF Pillow tells the upright ones."""
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        tags = picture.tag_v2
        return int(tags[TiffImagePlugin.IMAGEWIDTH]), int(tags[TiffImagePlugin.IMAGELENGTH])
    return picture.size


def _wanted_size(
    picture: Image.Image, *, width: int | None, dpi: int, limits: ReadingLimits
) -> tuple[int, int]:
    """Size as stored (before the EXIF turn) to which the picture is scaled."""
    across, down = stored_size(picture)
    scale_x, scale_y = _scales_for_dpi(picture, dpi)
    if width is not None:
        # As for reading, pixels become square: the viewer shows the picture that was read.
        scale_y /= scale_x
        fitting = min(1.0, width / (down * scale_y if _lies(picture) else across))
        scale_x, scale_y = fitting, scale_y * fitting
    size = (max(1, round(across * scale_x)), max(1, round(down * scale_y)))
    shrink = (limits.render_pixels / (size[0] * size[1])) ** 0.5
    if shrink < 1:
        size = (max(1, int(size[0] * shrink)), max(1, int(size[1] * shrink)))
    return size


def _scales_for_dpi(picture: Image.Image, dpi: int) -> tuple[float, float]:
    """Down to ``dpi`` where the file's own resolution is credible; fax pixels become square."""
    try:
        own_x, own_y = (float(value) for value in picture.info.get("dpi", (0, 0)))
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0, 1.0
    low, high = _DPI_RANGE
    if not (low / 2 <= own_x <= high and low / 2 <= own_y <= high and max(own_x, own_y) >= low):
        return 1.0, 1.0
    across, down = stored_size(picture)
    inches = (across / own_x, down / own_y)
    if min(inches) < _INCH_RANGE[0] or max(inches) > _INCH_RANGE[1]:
        return 1.0, 1.0
    target = min(float(dpi), max(own_x, own_y))
    return target / own_x, target / own_y


def _needs_nothing(picture: Image.Image, media_type: str, size: tuple[int, int]) -> bool:
    """Whether the file itself is what an engine reads: a plain JPEG, or a PNG of nothing else."""
    if media_type == sniff.JPEG:
        is_plain = picture.mode in ("RGB", "L") and "icc_profile" not in picture.info
    else:
        is_png = media_type == sniff.PNG and picture.mode in ("RGB", "L", "1")
        is_plain = is_png and picture.info.keys() <= _OF_A_BARE_PNG
    return is_plain and size == picture.size and _orientation(picture) == 1


def _plain(picture: Image.Image) -> Image.Image:
    """Upright, grey or sRGB, on white paper."""
    upright = ImageOps.exif_transpose(picture)
    mode = upright.mode
    if mode in ("L", "RGB"):
        return upright
    if mode == "CMYK":
        return _from_cmyk(upright)
    if mode.startswith(("I", "F")):
        return _to_eight_bits(upright)
    if mode in _TURNED_MODES or "transparency" in upright.info:
        upright = upright.convert(_TURNED_MODES.get(mode, "RGBA"))
    return _on_white(upright) if upright.mode == "RGBA" else _to_rgb(upright)


def _to_rgb(picture: Image.Image) -> Image.Image:
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _from_cmyk(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
            if turned is not None:
                return turned
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile is as good as none: the plain formula below is readable
    return picture.convert("RGB")


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """16-bit and floating grey: by the full range, or by its own range where that is odd."""
    values = np.asarray(picture, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    if picture.mode.startswith("I;16") or (low >= 0 and 255 < high <= 65_535):
        low, high = 0.0, 65_535.0
    elif low >= 0 and 1 < high <= 255:
        low, high = 0.0, 255.0
    span = max(high - low, 1e-9)
    scaled = np.clip((values - low) * (255.0 / span), 0, 255)
    return Image.fromarray(scaled.astype(np.uint8))


def _encode(picture: Image.Image, size: tuple[int, int], *, for_screen: bool) -> bytes:
    if picture.size != size:
        shrinks = picture.width > size[0]
        filter_ = Image.Resampling.BOX if shrinks and for_screen else Image.Resampling.BICUBIC
        picture = picture.resize(size, filter_, reducing_gap=2.0)
    if not for_screen:
        return for_reading.encoded(picture, dpi=NOMINAL_DPI)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_SCREEN_QUALITY)
    return buffer.getvalue()


def is_cut_off(path: Path, media_type: str, frame: int | None = None) -> bool:
    """Whether the format's own end mark or length says that bytes are missing.

    Args:
        path: the file.
        media_type: as sniffed.
        frame: the frame of a TIFF that is meant; None for all of it.
    """
    if media_type == sniff.TIFF:
        whole = tiff_structure.whole_frames(path)
        return not (all(whole) if frame is None else tiff_structure.is_whole(path, frame))
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(64)
        stream.seek(max(0, size - 4096))
        tail = stream.read()
    if media_type == sniff.JPEG:
        return b"\xff\xd9" not in tail
    if media_type == sniff.PNG:
        return b"IEND" not in tail
    if media_type == sniff.WEBP:
        return int.from_bytes(head[4:8], "little") + 8 > size + 1
    if media_type == sniff.BMP:
        return int.from_bytes(head[2:6], "little") > size
    # The trailer may be followed by padding only.
    return media_type == sniff.GIF and not tail.rstrip(b"\x00\r\n ").endswith(b"\x3b")
