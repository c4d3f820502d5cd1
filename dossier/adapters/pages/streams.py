"""Whether the compressed bytes of one picture are there to its last row.

pdfium and browsers fill up what is missing with grey or white and say nothing (tried: a JPEG cut at
45 %, a Flate stream likewise, rubbish instead of a JPEG). Where a decoder tells it by itself, it
decides; where it does not, a second try does: what follows a whole picture changes no pixel of it.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib

from PIL import Image, ImageChops

from dossier.adapters.pages import sniff
from dossier.records import QuarantineReason

DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow's plugins raise on broken files, collected by cutting and bit-flipping samples."""

END_OF_JPEG = b"\xff\xd9"
# No 0xff, so that it is read as picture data where picture data is missing.
_RUBBISH = bytes(range(0x35, 0x75)) * 2
_CHUNK_BYTES = 1 << 18
# T.6 codes white rows with one bit each; of the rest so much is taken off to see whether it counts.
_TAIL_SHARE = 0.1
_TAIL_FLOOR_BYTES = 64
_GROUP_4 = 4


def picture_fault(data: bytes, kind: str) -> QuarantineReason | None:
    """What is wrong with the bytes of a JPEG or JPEG 2000; None when it is whole."""
    try:
        _decode(data, kind)
    except DECODE_ERRORS as err:
        if kind == "JPEG" and whole_without_end(data) is not None:
            return None
        cut = "truncated" in str(err).lower() or (kind == "JPEG2000" and _begins_well(data))
        return QuarantineReason.TRUNCATED if cut else QuarantineReason.CORRUPT
    return None


def whole_without_end(data: bytes) -> bytes | None:
    """A JPEG that lacks but its end mark, with the mark; None when picture data is missing too."""
    try:
        mended = _decode(data + END_OF_JPEG, "JPEG")
        other = _decode(data + _RUBBISH + END_OF_JPEG, "JPEG")
    except DECODE_ERRORS:
        return None
    same = ImageChops.difference(mended, other).getbbox() is None
    return data + END_OF_JPEG if same else None


def _decode(data: bytes, kind: str) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote the file's own metadata
        picture = Image.open(io.BytesIO(data), formats=(kind,))
        picture.load()
    return picture


def _begins_well(data: bytes) -> bool:
    return sniff.sniff(data[: sniff.HEAD_BYTES], file_name="") == sniff.JPEG2000


def flate_fault(data: bytes, expected_bytes: int) -> QuarantineReason | None:
    """What is wrong with a zlib stream that shall hold a picture of ``expected_bytes``.

    A stream without its end is whole when all rows are in it.
    """
    unpacker, produced = zlib.decompressobj(), 0
    try:
        while produced < expected_bytes and not unpacker.eof:
            piece = unpacker.decompress(data, _CHUNK_BYTES)
            data = unpacker.unconsumed_tail
            produced += len(piece)
            if not piece and not data:
                break
    except zlib.error:
        return QuarantineReason.CORRUPT
    if produced >= expected_bytes or unpacker.eof:
        return None
    return QuarantineReason.TRUNCATED


def fax_fault(
    data: bytes, *, width: int, rows: int, inverse_bits: bool = False
) -> QuarantineReason | None:
    """What is wrong with T.6 data (CCITT group 4), whose decoder fills up with white in silence.

    Args:
        data: the strip's bytes; padding with zeros at the end is allowed.
        width: pixels across.
        rows: pixels down.
        inverse_bits: the least significant bit comes first (TIFF fill order 2).
    """
    data = data.rstrip(b"\0")

    def drawn(part: bytes) -> bytes:
        return _decode(_as_tiff(part, width, rows, inverse_bits=inverse_bits), "TIFF").tobytes()

    try:
        whole = drawn(data)
        if drawn(data + _RUBBISH) != whole:
            return QuarantineReason.TRUNCATED
        tail = rows // 8 + _TAIL_FLOOR_BYTES + int(len(data) * _TAIL_SHARE)
    except DECODE_ERRORS:
        return QuarantineReason.CORRUPT
    try:
        if tail < len(data) and drawn(data[:-tail]) == whole:
            return QuarantineReason.CORRUPT  # what says nothing of the picture is no picture
    except DECODE_ERRORS:
        pass  # too little is left to draw anything: what was taken off counts
    return None


def _as_tiff(data: bytes, width: int, rows: int, *, inverse_bits: bool) -> bytes:
    """The strip as a TIFF of its own (TIFF 6.0, section 2)."""
    tags = (
        (256, width),
        (257, rows),
        (258, 1),
        (259, _GROUP_4),
        (262, 0),
        (266, 2 if inverse_bits else 1),
        (273, 8),
        (277, 1),
        (278, rows),
        (279, len(data)),
    )
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    return head + data + struct.pack("<H", len(tags)) + body + bytes(4)
