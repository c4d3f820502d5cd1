"""Pictures of RTF files: JPEG and PNG in hexadecimal digits or in binary (RTF 1.9, "Pictures")."""

from __future__ import annotations

import re
from pathlib import Path

from dossier.adapters.archive.collecting import Collection

_PICTURE = re.compile(rb"\\(?:jpegblip|pngblip)(?![a-z])")
_WORD = re.compile(rb"\\(?P<word>[a-z]+)(?P<number>-?\d+)? ?|\\\*|\s+")
_GROUP = re.compile(rb"\{[^{}]*\}")
_DIGITS = re.compile(rb"[0-9a-fA-F\s]+")


def take_from_rtf(path: Path, collection: Collection) -> None:
    """All pictures, in their order; metafiles, which repeat them for old programs, are left."""
    if path.stat().st_size > 2 * collection.most_bytes:
        collection.truncated = True
        return
    content = path.read_bytes()
    for begin in _PICTURE.finditer(content):
        collection.add_picture(_picture(content, begin.end()))


def _picture(content: bytes, position: int) -> bytes | None:
    """The bytes after the words and groups that describe the picture; None when none follow."""
    while match := _WORD.match(content, position) or _GROUP.match(content, position):
        position = match.end()
        if match.re is _WORD and match["word"] == b"bin":
            return content[position : position + max(0, int(match["number"] or 0))]
    digits = _DIGITS.match(content, position)
    if digits is None:
        return None
    packed = b"".join(digits.group().split())
    return bytes.fromhex(packed[: len(packed) // 2 * 2].decode("ascii"))
