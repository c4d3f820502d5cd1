"""From what is seen on the pictures to fields: signature, seal and its text, ticks, copy notes.

A paper is signed when no place of it that asks for a signature is empty: what is absent comes
first, and whoever asks takes the first. A place that nobody asks about says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from dossier.records import Box, FieldValue, PageReading, Sighting, SightingKind
from dossier.rules import choices, page_fields

PRESENT, ABSENT = "present", "absent"
SEAL_TEXT, TICKED, COPY_NOTE = "seal_text", "ticked", "copy_note"
MOST_OF_A_KIND = 8
"""Fields of one kind and answer; a seal may stand on every page of a contract."""
_SAME_SEAL = 0.5


def fields_of(pages: Sequence[PageReading]) -> Iterable[FieldValue]:
    """What is lacking, then what is there, then what seals say."""
    seen = [(page, one) for page in pages for one in page.sightings]
    counts: Counter[tuple[SightingKind, bool]] = Counter()
    for page, one in sorted(seen, key=lambda each: each[1].is_there):
        counts[one.kind, one.is_there] += 1
        if counts[one.kind, one.is_there] <= MOST_OF_A_KIND:
            value = PRESENT if one.is_there else ABSENT
            yield FieldValue(one.kind.value, value, page.number, one.box, one.confidence)
    for page in pages:
        yield from _seal_texts(page)
    yield from _read(pages, TICKED, choices.find_ticked)
    yield from _read(pages, COPY_NOTE, choices.find_copy_notes)


def _read(
    pages: Sequence[PageReading], name: str, find: Callable[[str], Iterator[tuple[int, int]]]
) -> Iterator[FieldValue]:
    """What stands in the text, with its place."""
    spans = ((page, span) for page in pages for span in find(page.text))
    for page, (start, end) in islice(spans, MOST_OF_A_KIND):
        yield FieldValue(
            name,
            "".join(page.text[start:end].split()),
            page.number,
            page_fields.box_of(page, start, end),
            round(page_fields.confidence_of(page, start, end), 3),
        )


def _seal_texts(page: PageReading) -> Iterator[FieldValue]:
    """The reading has a seal's text as one piece whose box is the whole seal."""
    seals = [one for one in page.sightings if one.kind is SightingKind.SEAL and one.is_there]
    for word in page.words:
        if word.edges or not any(_is_same(word.box, one) for one in seals):
            continue
        text = page.text[word.start : word.end]
        yield FieldValue(SEAL_TEXT, text, page.number, word.box, word.confidence)


def _is_same(box: Box, seal: Sighting) -> bool:
    wide = min(box[2], seal.box[2]) - max(box[0], seal.box[0])
    high = min(box[3], seal.box[3]) - max(box[1], seal.box[1])
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, seal.box)]
    return wide > 0 and high > 0 and wide * high >= _SAME_SEAL * max(areas)
