"""How a page's picture is handed to the OCR engine: lossless, and packed only where it is large.

It is read once from a temporary file and thrown away. To pack A4 at 200 dpi and unpack it again
costs 190 ms of processor time as PNG in colour, 15 ms as BMP (docs/performance.md, "Intake").
"""

from __future__ import annotations

import io

from PIL import Image

_MOST_UNPACKED_BYTES = 24 << 20
"""A4 in colour at 300 dpi; what is larger would weigh on the worker's memory, which carries it."""
_UNPACKED_MODES = ("L", "RGB")


def encoded(picture: Image.Image, *, dpi: int) -> bytes:
    """The picture as a BMP file, or as PNG where it is large or has other than grey or colour."""
    buffer = io.BytesIO()
    size = picture.width * picture.height * len(picture.getbands())
    if picture.mode in _UNPACKED_MODES and size <= _MOST_UNPACKED_BYTES:
        picture.save(buffer, "BMP", dpi=(dpi, dpi))
    else:
        picture.save(buffer, "PNG", compress_level=1, dpi=(dpi, dpi), icc_profile=None)
    return buffer.getvalue()
