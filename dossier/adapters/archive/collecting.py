"""Keeps what is taken out of a file within the limits, once each, under names that say whose."""

from __future__ import annotations

import hashlib
import io
from functools import cache

from PIL import Image, UnidentifiedImageError

from dossier.adapters.archive.endings import ending_of
from dossier.records import Attachment, InnerFiles
from dossier.rules import file_names
from dossier.rules.limits import ReadingLimits

# Only headers are looked at here; the reader of pages refuses what is too large and says why.
Image.MAX_IMAGE_PIXELS = None

_SUFFIXES = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "TIFF": ".tif",
    "GIF": ".gif",
    "BMP": ".bmp",
    "WEBP": ".webp",
    "JPEG2000": ".jp2",
    "AVIF": ".avif",
}


class Collection:
    """Pictures and files out of one file.

    Args:
        limits: ``members``, ``member_bytes``, ``inner_bytes`` and ``picture_*`` count here.
        file_name: of the file that they are in; pictures are named after it.
    """

    def __init__(self, limits: ReadingLimits, file_name: str) -> None:
        self._limits = limits
        self._file_name = file_name
        self._found: list[Attachment] = []
        self._known: set[bytes] = set()
        self._pictures = 0
        self._room = limits.inner_bytes
        self.truncated = False

    @property
    def most_bytes(self) -> int:
        """Most bytes that a next part may have."""
        return min(self._room, self._limits.member_bytes)

    def add_picture(self, content: bytes | None) -> None:
        """Take a picture that may be a paper; None stands for one that is too large or broken."""
        if content is None:
            self.truncated = True
        elif suffix := paper_suffix(content, self._limits):
            name = file_names.picture_name(self._file_name, self._pictures + 1, suffix)
            self._pictures += self._add(name, content)

    def add_file(self, name: str, content: bytes | None) -> None:
        """Take an attached file under its own name, or under the outer one's where it has none."""
        name = file_names.inner_name(name)
        if content is None:
            self.truncated = True
        elif content:
            self._add(name or self._own_name(content), content)

    def _own_name(self, content: bytes) -> str:
        stem = file_names.inner_stem(self._file_name)
        return f"{stem}-附件{len(self._found) + 1}{ending_of(content)}"

    def result(self) -> InnerFiles:
        """All that was taken."""
        return InnerFiles(tuple(self._found), self.truncated)

    def _add(self, name: str, content: bytes) -> bool:
        digest = hashlib.sha256(content).digest()
        if digest in self._known:
            return False
        if len(content) > self.most_bytes or len(self._found) >= self._limits.members:
            self.truncated = True
            return False
        self._known.add(digest)
        self._room -= len(content)
        self._found.append(Attachment(name, content))
        return True


@cache
def _openers() -> tuple[str, ...]:
    """Those decoders that this Pillow has; MPO is opened as JPEG."""
    Image.init()
    return tuple(kind for kind in _SUFFIXES if kind in Image.OPEN)


def paper_suffix(content: bytes, limits: ReadingLimits) -> str:
    """File name suffix of a picture large enough to be a paper; empty when it is none."""
    try:
        with Image.open(io.BytesIO(content), formats=_openers()) as picture:
            width, height = picture.size
            suffix = _SUFFIXES.get(picture.format or "", "")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):  # Pillow's words for it
        return ""
    return suffix if limits.may_be_paper(width, height) else ""
