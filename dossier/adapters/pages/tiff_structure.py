"""Whether a TIFF points beyond its own end (TIFF 6.0, section 2: header, directory, entries)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Strip and tile offsets with the tags that hold their lengths.
_LENGTHS_OF = {273: 279, 324: 325}
_SIZES = {3: ("H", 2), 4: ("I", 4)}
# A file of more frames is refused for that before.
_MOST_DIRECTORIES = 100_000


def tiff_is_cut_off(path: Path) -> bool:
    """True when a directory or pixel data would lie beyond the file's end.

    BigTIFF is not looked into (False): its damage shows when it is decoded.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        order = ">" if stream.read(2) == b"MM" else "<"
        if struct.unpack(order + "H", stream.read(2).ljust(2, b"\0"))[0] != 42:
            return False
        try:
            return any(end > size for end in _ends(stream, order))
        except struct.error:
            return True


def _ends(stream: BinaryIO, order: str) -> Iterator[int]:
    """Where each directory and each piece of pixel data ends."""
    place = _numbers(stream, 4, order, "I", 1)[0]
    seen: set[int] = set()
    while place and place not in seen and len(seen) < _MOST_DIRECTORIES:
        seen.add(place)
        count = _numbers(stream, place, order, "H", 1)[0]
        end = place + 2 + 12 * count + 4
        yield end
        entries = _entries(stream, place + 2, order, count)
        for offsets, lengths in _LENGTHS_OF.items():
            pairs = zip(entries.get(offsets, ()), entries.get(lengths, ()), strict=False)
            yield from (offset + length for offset, length in pairs)
        place = _numbers(stream, end - 4, order, "I", 1)[0]


def _entries(stream: BinaryIO, place: int, order: str, count: int) -> dict[int, tuple[int, ...]]:
    """Values of the tags that place pixel data."""
    wanted = set(_LENGTHS_OF) | set(_LENGTHS_OF.values())
    found: dict[int, tuple[int, ...]] = {}
    for index in range(count):
        at = place + 12 * index
        tag, kind = _numbers(stream, at, order, "H", 2)
        if tag not in wanted or kind not in _SIZES:
            continue
        code, width = _SIZES[kind]
        number = _numbers(stream, at + 4, order, "I", 1)[0]
        inside = number * width <= 4
        start = at + 8 if inside else _numbers(stream, at + 8, order, "I", 1)[0]
        found[tag] = _numbers(stream, start, order, code, number)
    return found


def _numbers(stream: BinaryIO, place: int, order: str, code: str, count: int) -> tuple[int, ...]:
    width = struct.calcsize(code) * count
    stream.seek(place)
    return struct.unpack(f"{order}{count}{code}", stream.read(width))
