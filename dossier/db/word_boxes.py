"""Packing of a page's word boxes: compact JSON, compressed; numbers to a tenth of a pixel."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import pairwise

import orjson

from dossier.records import WordBox

EDGE_SCALE = 10
"""Tenths of a pixel: finer than any reader places a character."""


def pack_words(words: Sequence[WordBox]) -> bytes:
    """Bytes for ``page.boxes``."""
    rows = [
        [
            word.start,
            word.end,
            [round(side * EDGE_SCALE) for side in word.box],
            round(word.confidence, 3),
            _deltas(word.edges),
            int(word.vertical),
        ]
        for word in words
    ]
    return zlib.compress(orjson.dumps(rows), 6)


def unpack_words(packed: bytes) -> tuple[WordBox, ...]:
    """The word boxes again; no bytes, no boxes."""
    if not packed:
        return ()
    return tuple(
        WordBox(
            start=start,
            end=end,
            box=tuple(side / EDGE_SCALE for side in box),
            confidence=confidence,
            edges=_sums(deltas),
            vertical=bool(vertical),
        )
        for start, end, box, confidence, deltas, vertical in orjson.loads(zlib.decompress(packed))
    )


def _deltas(edges: Sequence[float]) -> list[int]:
    scaled = [round(edge * EDGE_SCALE) for edge in edges]
    return scaled[:1] + [b - a for a, b in pairwise(scaled)]


def _sums(deltas: Sequence[int]) -> tuple[float, ...]:
    total, edges = 0, []
    for delta in deltas:
        total += delta
        edges.append(total / EDGE_SCALE)
    return tuple(edges)
