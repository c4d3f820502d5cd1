"""Hit boxes: spans of a page's text as rectangles on its picture, at any width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dossier.records import Box, WordBox

Span = tuple[int, int]

_SAME_LINE = 0.5  # share of the lower height by which two boxes must overlap to be on one line
_JOIN_GAP = 1.0  # gap, in line heights, over which boxes of one hit are joined


def hit_boxes(words: Sequence[WordBox], spans: Iterable[Span]) -> list[Box]:
    """Rectangles in page-picture pixels, one per hit and line, in the order of the spans.

    Args:
        words: the page's pieces of text, ascending by ``start``.
        spans: hits as offsets into the page's text.
    """
    boxes: list[Box] = []
    for start, end in spans:
        parts = [_part(word, start, end) for word in _touched(words, start, end)]
        boxes += _joined(parts)
    return boxes


def scale_boxes(boxes: Iterable[Box], *, page_width: int, width: int) -> list[Box]:
    """The same boxes on a picture of the page that is ``width`` pixels wide."""
    factor = width / page_width if page_width else 1.0
    return [(x0 * factor, y0 * factor, x1 * factor, y1 * factor) for x0, y0, x1, y1 in boxes]


def _touched(words: Sequence[WordBox], start: int, end: int) -> Iterator[WordBox]:
    for word in words:
        if word.start >= end:
            return
        if word.end > start:
            yield word


def _part(word: WordBox, start: int, end: int) -> tuple[Box, bool]:
    """The rectangle of the characters of ``word`` that lie in the span, and if it is vertical."""
    first = max(start, word.start) - word.start
    last = min(end, word.end) - word.start
    edges = word.edges if len(word.edges) == word.end - word.start + 1 else _even_edges(word)
    x0, y0, x1, y1 = word.box
    if word.vertical:
        return (x0, edges[first], x1, edges[last]), True
    return (edges[first], y0, edges[last], y1), False


def _even_edges(word: WordBox) -> list[float]:
    """Characters share the length evenly where the engine knows no edges."""
    x0, y0, x1, y1 = word.box
    near, far = (y0, y1) if word.vertical else (x0, x1)
    count = max(1, word.end - word.start)
    return [near + (far - near) * index / count for index in range(count + 1)]


def _joined(parts: Iterable[tuple[Box, bool]]) -> list[Box]:
    """Neighbours on one line as one rectangle."""
    out: list[tuple[Box, bool]] = []
    for box, vertical in parts:
        if out and out[-1][1] == vertical and _are_neighbours(out[-1][0], box, vertical=vertical):
            out[-1] = (_around(out[-1][0], box), vertical)
        else:
            out.append((box, vertical))
    return [box for box, _ in out]


def _are_neighbours(left: Box, right: Box, *, vertical: bool) -> bool:
    if vertical:
        left, right = _turned(left), _turned(right)
    height = min(left[3] - left[1], right[3] - right[1])
    overlap = min(left[3], right[3]) - max(left[1], right[1])
    gap = max(left[0], right[0]) - min(left[2], right[2])
    return overlap >= _SAME_LINE * height and gap <= _JOIN_GAP * height


def _turned(box: Box) -> Box:
    return box[1], box[0], box[3], box[2]


def _around(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )
