"""Which frames of a TIFF lie within the file (TIFF 6.0, section 2, and BigTIFF).

A scanner or a copy that stops short leaves the frames before the break whole, and libtiff says of
the others at most that something is wrong. The file's own directories say it exactly.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

# Strip and tile offsets with the tags that hold their lengths.
_LENGTHS_OF = {273: 279, 324: 325}
_PLACING = frozenset(_LENGTHS_OF) | frozenset(_LENGTHS_OF.values())
# Types of whole numbers: SHORT, LONG and BigTIFF's LONG8.
_CODES = {3: "H", 4: "I", 16: "Q"}
_BYTES = {"H": 2, "I": 4, "Q": 8}
_BIG = 43
# A file of more frames is refused for that before.
_MOST_DIRECTORIES = 100_000


class _BeyondEndError(Exception):
    """A place that the file points to does not lie within it."""


def whole_frames(path: Path) -> tuple[bool, ...]:
    """For each frame whether its directory and all its pixel data lie within the file.

    Where the chain of directories leads out of the file, one frame that is not whole stands for
    all that followed: how many there were, nobody knows.
    """
    return tuple(_frames(path))


def is_whole(path: Path, frame: int) -> bool:
    """The same of one frame, counted from 0; False where there is none."""
    return next(islice(_frames(path), frame, None), False)


def _frames(path: Path) -> Iterator[bool]:
    with path.open("rb") as stream:
        try:
            tiff = _Tiff.opened(stream, path.stat().st_size)
            for place, count in tiff.directories():
                yield tiff.holds_pixels_of(place, count)
        except _BeyondEndError:
            yield False


@dataclass(frozen=True, slots=True)
class _Tiff:
    """An open file and how its numbers stand.

    Attributes:
        stream: the file.
        size: its length in bytes.
        order: ``<`` or ``>``, as :mod:`struct` names it.
        count: struct's code of the number of a directory's entries.
        place: struct's code of a place in the file, and of the number of an entry's values.
    """

    stream: BinaryIO
    size: int
    order: str
    count: str
    place: str

    @classmethod
    def opened(cls, stream: BinaryIO, size: int) -> _Tiff:
        order = ">" if stream.read(2) == b"MM" else "<"
        small = cls(stream, size, order, "H", "I")
        (version,) = small.numbers(2, "H", 1)
        return cls(stream, size, order, "Q", "Q") if version == _BIG else small

    def directories(self) -> Iterator[tuple[int, int]]:
        """Where each directory's entries stand, and how many they are; all lie in the file."""
        first = 4 if self.place == "I" else 8
        (place,) = self.numbers(first, self.place, 1)
        seen: set[int] = set()
        while place and place not in seen and len(seen) < _MOST_DIRECTORIES:
            seen.add(place)
            (count,) = self.numbers(place, self.count, 1)
            entries = place + _BYTES[self.count]
            (after,) = self.numbers(entries + count * self._entry_bytes, self.place, 1)
            yield entries, count
            place = after

    @property
    def _entry_bytes(self) -> int:
        return 4 + 2 * _BYTES[self.place]

    def holds_pixels_of(self, entries: int, count: int) -> bool:
        """Whether the strips or tiles of a directory lie within the file."""
        try:
            found = self._placing(entries, count)
        except _BeyondEndError:
            return False
        pieces = (
            zip(found.get(offsets, ()), found.get(lengths, ()), strict=False)
            for offsets, lengths in _LENGTHS_OF.items()
        )
        return all(start + length <= self.size for piece in pieces for start, length in piece)

    def _placing(self, entries: int, count: int) -> dict[int, tuple[int, ...]]:
        """Values of the tags that place pixel data."""
        found: dict[int, tuple[int, ...]] = {}
        for at in range(entries, entries + count * self._entry_bytes, self._entry_bytes):
            tag, kind = self.numbers(at, "H", 2)
            if tag not in _PLACING or kind not in _CODES:
                continue
            code = _CODES[kind]
            (number,) = self.numbers(at + 4, self.place, 1)
            start = at + 4 + _BYTES[self.place]
            if number * _BYTES[code] > _BYTES[self.place]:
                (start,) = self.numbers(start, self.place, 1)
            found[tag] = self.numbers(start, code, number)
        return found

    def numbers(self, place: int, code: str, count: int) -> tuple[int, ...]:
        """Numbers that stand at a place.

        Raises:
            _BeyondEndError: they do not all lie within the file.
        """
        width = _BYTES[code] * count
        if place + width > self.size:
            raise _BeyondEndError
        self.stream.seek(place)
        return struct.unpack(f"{self.order}{count}{code}", self.stream.read(width))
