"""What is painted over where people sign: also what recognition did not read under a seal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dossier.records import Box, WordBox
from dossier.rules.columns import FORM_LABELS
from dossier.rules.normal_form import fold, fold_with_origins
from dossier.rules.signatures import WIDTH_EMS, find_signatures
from dossier.search.boxes import hit_boxes

Span = tuple[int, int]
_PRINTED = re.compile(
    rf"\s*(?:[0-9]|[^:\n]{{1,16}}:|(?:{'|'.join(map(re.escape, FORM_LABELS))})\s*$)"
)
SAME_LINE = 0.4
"""Share of the lower height by which two pieces overlap that stand on one line."""


def signed_boxes(
    text: str, words: Sequence[WordBox], *, width: float, height: float
) -> tuple[Box, ...]:
    """From the end of each signature's label over what was read there, a name's width at least.

    A cover ends before the next label or number on its line, and at the page's edge; other text
    there is a seal's. Where a company's name was read it is covered too: a seal says it, and under
    the seal is the signature. In text that runs from top to bottom covers go down the page.

    Args:
        text: the page's text, in clear.
        words: where it stands.
        width: the page's, in the pixels of the words' boxes.
        height: likewise.
    """
    level = [word for word in words if not word.vertical]
    mirrored = [
        replace(word, box=_mirrored(word.box), vertical=False) for word in words if word.vertical
    ]
    down = _covers(text, mirrored, height)
    return (*_covers(text, level, width), *map(_mirrored, down))


def _mirrored(box: Box) -> Box:
    """At the diagonal: what runs down then runs to the right."""
    return box[1], box[0], box[3], box[2]


def _covers(text: str, words: Sequence[WordBox], width: float) -> tuple[Box, ...]:
    if not words:
        return ()
    form = fold_with_origins(text)
    found: list[Box] = []
    for signature in find_signatures(form.text):
        label, value = form.span(*signature.label), form.span(*signature.value)
        if signature.value[0] == signature.value[1]:
            value = (label[1], label[1])
        printed = list(_printed(text, words, after=max(label[1], value[1])))
        found += _cover(words, label, value, printed, width)
    return tuple(found)


def _cover(
    words: Sequence[WordBox], label: Span, value: Span, printed: Sequence[Box], width: float
) -> Iterator[Box]:
    begun = hit_boxes(words, [label])
    if not begun:
        return
    _, top, left, bottom = begun[-1]
    read = [box for box in hit_boxes(words, [value]) if _on_line(box, begun[-1])]
    top, bottom = min([top, *(box[1] for box in read)]), max([bottom, *(box[3] for box in read)])
    right = max([left + WIDTH_EMS * (bottom - top), *(box[2] for box in read)])
    ends = max([left, *(box[2] for box in read)])
    nearest = [box[0] for box in printed if box[0] >= left and _on_line(box, begun[-1])]
    right = min(right, max(ends, min([width, *nearest])), width)
    if right > left:
        yield left, top, right, bottom


def _printed(text: str, words: Sequence[WordBox], *, after: int) -> Iterator[Box]:
    """Labels and numbers: what stands beside a signature and is none of it."""
    for word in words:
        span = max(word.start, after) if word.start < after < word.end else word.start, word.end
        if _PRINTED.match(fold(text[slice(*span)])):
            yield from hit_boxes([word], [span])


def _on_line(box: Box, other: Box) -> bool:
    overlap = min(box[3], other[3]) - max(box[1], other[1])
    return overlap > SAME_LINE * min(box[3] - box[1], other[3] - other[1])
