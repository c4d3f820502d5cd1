"""Whether what is packed beside a PNG's pixels unpacks to more than anything honest has.

A colour profile (iCCP) and words about the picture (zTXt, iTXt) are packed a thousand to one at
most (PNG 3, 11.3): a few hundred kilobytes can claim all memory before a pixel is looked at.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

_SIGNATURE_BYTES = 8
_PIECE_BYTES = 1 << 16
# Bytes behind the keyword's zero: the method, or iTXt's flag and method before two more words.
_PACKED = {b"iCCP": 1, b"zTXt": 1, b"iTXt": 2}
_WORDS_OF_ITXT = 2


def unpacks_beyond(path: Path, most_bytes: int) -> bool:
    """Whether the packed profiles and texts of a PNG are longer than this, together.

    No more than ``most_bytes`` are ever unpacked. What is damaged counts as far as it goes.
    """
    left = most_bytes
    with path.open("rb") as stream:
        stream.seek(_SIGNATURE_BYTES)
        while len(head := stream.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            ends = stream.tell() + length + 4
            if kind in _PACKED:
                left -= _unpacked_bytes(stream, kind, length, left)
                if left < 0:
                    return True
            stream.seek(ends)
    return False


def _unpacked_bytes(stream: BinaryIO, kind: bytes, length: int, most_bytes: int) -> int:
    """Bytes in the chunk at the stream's place; at most one more than ``most_bytes``."""
    piece = stream.read(min(length, _PIECE_BYTES))
    length -= len(piece)
    unpacker, produced = zlib.decompressobj(), 0
    packed = _packed_part(piece, kind)
    try:
        while packed and produced <= most_bytes:
            room = min(_PIECE_BYTES, most_bytes + 1 - produced)
            produced += len(unpacker.decompress(packed, room))
            packed = unpacker.unconsumed_tail
            if not packed and length and not unpacker.eof:
                packed = stream.read(min(length, _PIECE_BYTES))
                length -= len(packed)
    except zlib.error:
        pass  # Pillow passes a broken profile or text over, and so does this
    return produced


def _packed_part(piece: bytes, kind: bytes) -> bytes:
    """What stands behind the keyword and the method; nothing where an iTXt is not packed."""
    _, _, rest = piece.partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\x01":
            return b""
        return rest[_PACKED[kind] :].split(b"\0", _WORDS_OF_ITXT)[-1]
    return rest[_PACKED[kind] :]
