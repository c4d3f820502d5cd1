"""Where a query stands on a page, as far as its viewer may be told.

Mask first, offsets second: spans are found in the clear text, and those that would point at a
masked value are dropped unless they are the whole of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial

from dossier.access import search_rights
from dossier.records import Box, WordBox
from dossier.rules.address_masks import address_tail
from dossier.rules.masking import MaskedText
from dossier.rules.normal_form import HAN, fold
from dossier.search.boxes import hit_boxes
from dossier.search.highlight import LikePlace, Marks, find_marks, highlight, leaf_text
from dossier.search.port import SearchRight
from dossier.search.query import Query, Word, positive_leaves
from dossier.search.snippets import make_snippets
from dossier.search.windows import places_of_character, windows
from dossier.services.context import Context
from dossier.services.views import Snippet
from dossier.viewer import Viewer

Span = tuple[int, int]
SHORTEST_LITERAL = 2
"""Characters of a word by which pages of a long paper are picked; one alone is on every page."""
_NUMBER = re.compile(r"[0-9A-Za-z](?:[ -]?[0-9A-Za-z])*")
# Seven digits are a landline; of a room's dashed parts there are fewer than ten.
_LONG_NUMBER = re.compile(r"[0-9](?:[ ]?[0-9]){6}|[0-9](?:[ -]?[0-9]){9}")
_IS_HAN = re.compile(f"[{HAN}]")


def find(
    context: Context, viewer: Viewer, query: Query, text: str, *, names: Iterable[str] = ()
) -> list[Span]:
    """Spans of the query's words in a page's clear text; ``names`` are those of its customer."""
    rights = search_rights(viewer)
    return highlight(text, query, rights=rights, number_hash=context.keyring.hash, names=names)


def find_first(context: Context, viewer: Viewer, query: Query, text: str, *, limit: int) -> Marks:
    """Some of :func:`find`'s spans, at least one if there are any: for snippets, and fast."""
    leaves = list(positive_leaves(query.node))
    words = [leaf_text(leaf) for leaf in leaves]
    rights = search_rights(viewer)
    is_one_word = len(leaves) == 1 and isinstance(leaves[0], Word)
    if is_one_word and SearchRight.TEXT in rights:
        places = places_of_character(text, words[0], limit=limit)
        if places is not None:
            return Marks(tuple(places), exact=tuple(words))
    around = windows(text, words, limit=limit)
    if around is None:
        return find_marks(text, query, rights=rights, number_hash=context.keyring.hash)
    spans: list[Span] = []
    like: list[LikePlace] = []
    exact: list[str] = []
    for start, end in around:
        part = text[start:end]
        found = find_marks(part, query, rights=rights, number_hash=context.keyring.hash)
        spans += [_shifted(span, start) for span in found.spans]
        like += [replace(place, span=_shifted(place.span, start)) for place in found.like]
        exact += found.exact
    return Marks(tuple(spans), tuple(like), tuple(exact))


def _shifted(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by


def visible(text: str, masked: MaskedText, spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans that tell nothing about what is masked.

    A span that touches a masked part is kept only when it holds the whole value: who asked for all
    of it knows it. Else a mark on the stars would answer each guess of a few digits. A building or
    room is guessed as a whole in a few tries, so a span that touches one is never kept.
    """
    if not masked.spans:
        return tuple(spans)
    whole = cache(partial(_whole, text))  # spans of one line have the same neighbours
    return tuple(
        span
        for span in spans
        if _tells_nothing(span, text, map(whole, _masked_near(span, text, masked.spans)))
    )


def _tells_nothing(span: Span, text: str, values: Iterable[Span]) -> bool:
    return all(
        span[0] <= start and end <= span[1] and not _is_guessed_soon(text[start:end])
        for start, end in values
        if start < span[1] and span[0] < end
    )


def _masked_near(span: Span, text: str, masked: Sequence[Span]) -> Sequence[Span]:
    """The masked parts whose whole value may touch a span: those of its lines, and the next one.

    A value reaches to the ends of its line at most, or back to the character before it.
    """
    first = text.rfind("\n", 0, span[0] + 1) + 1
    behind = text.find("\n", max(span[0], span[1] - 1))
    last = behind if behind >= 0 else len(text)
    while last < len(text) and text[last].isspace():
        last += 1
    begin = bisect_left(masked, first, key=_end)
    return masked[begin : bisect_right(masked, last, key=_start)]


def _start(span: Span) -> int:
    return span[0]


def _end(span: Span) -> int:
    return span[1]


def _is_guessed_soon(value: str) -> bool:
    """Whether a masked value is a building or room: it has a number, and only short ones."""
    folded = fold(value)
    if _LONG_NUMBER.search(folded):
        return False
    start, end = address_tail(folded)
    return start < end


def _whole(text: str, hidden: Span) -> Span:
    """A masked part with what is left open of its value: the number's other digits, the surname."""
    start, end = hidden
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    for number in _NUMBER.finditer(line):
        first, last = number.start() + line_start, number.end() + line_start
        if first < end and start < last:
            start, end = min(start, first), max(end, last)
    if _IS_HAN.match(text[hidden[0]]) and start == hidden[0]:
        start = _han_before(text, start)
    return start, end


def _han_before(text: str, start: int) -> int:
    """The place of the character before, over spaces that OCR puts into names."""
    before = start - 1
    while before > 0 and text[before].isspace():
        before -= 1
    return before if before >= 0 and _IS_HAN.match(text[before]) else start


def boxes(words: Sequence[WordBox], spans: Iterable[Span]) -> tuple[Box, ...]:
    """Rectangles of spans on the page's picture."""
    return tuple(hit_boxes(words, spans))


def snippets(
    page: int, masked: MaskedText, spans: Sequence[Span], *, limit: int
) -> tuple[Snippet, ...]:
    """Pieces of the masked text around the spans."""
    return tuple(
        Snippet(each.page, each.text, each.highlights)
        for each in make_snippets(page, masked.text, spans, limit=limit)
    )


def literal_words(query: Query) -> list[str]:
    """The words as typed, to pick pages by before they are looked at closely."""
    words = map(leaf_text, positive_leaves(query.node))
    return [word for word in words if len(word) >= SHORTEST_LITERAL]
