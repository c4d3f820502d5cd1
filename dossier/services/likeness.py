"""Why a paper is there whose words are not those that were typed: a synonym, a misread character.

What is told is what the viewer sees: places that touch a mask are left out, for naming them would
say what is under it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from dossier.rules import document_types
from dossier.rules.masking import MaskedText
from dossier.search.analysis import keyword
from dossier.search.highlight import LikeKind, LikePlace
from dossier.search.port import MatchReason
from dossier.search.query import FieldValue, Query, Word, positive_leaves
from dossier.search.wordings import synonyms
from dossier.services.labels import CHINESE
from dossier.services.views import MatchedLike

MOST_TOLD = 3
"""Of one paper: as many as it has snippets."""
_NAMED = frozenset({MatchReason.TYPE, MatchReason.TITLE})
_NAMING_FIELDS = frozenset({"type", "title"})
_LABELS = {
    LikeKind.SYNONYM: ("同义词：{0} → {1}", "synonym: {0} → {1}"),
    LikeKind.ONE_DIFFERS: ("一字之差：{0} → {1}", "one character differs: {0} → {1}"),
}


@dataclass(frozen=True, slots=True)
class Like:
    """A word as typed, and what stands there instead of it."""

    kind: LikeKind
    asked: str
    found: str


def of_page(masked: MaskedText, places: Iterable[LikePlace]) -> tuple[Like, ...]:
    """What stands on a page as its viewer sees it, each once."""
    shown = [place for place in places if not _is_masked(masked, place.span)]
    found = (
        Like(place.kind, place.asked, "".join(masked.text[slice(*place.span)].split()))
        for place in shown
        if not any(_is_part(place, other) for other in shown)
    )
    return tuple(dict.fromkeys(found))


def _is_part(place: LikePlace, other: LikePlace) -> bool:
    """Whether it lies in a longer one for the same word: 用电合同 in 供用电合同."""
    (start, end), (first, last) = place.span, other.span
    return (
        place.asked == other.asked and first <= start and end <= last and last - first > end - start
    )


def _is_masked(masked: MaskedText, span: tuple[int, int]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in masked.spans)


def of_name(
    query: Query, reasons: Collection[MatchReason], type_code: str | None, shown_title: str
) -> tuple[Like, ...]:
    """Synonyms by which a paper's type or its title, as it is shown, was found."""
    if not _NAMED.intersection(reasons):
        return ()
    named = _Named(type_code, shown_title)
    found: dict[Like, None] = {}
    for word in _naming_words(query):
        if synonyms(word) and not named.by(word):
            found.update((Like(LikeKind.SYNONYM, word, each), None) for each in named.of(word))
    return tuple(found)


def _naming_words(query: Query) -> Iterator[str]:
    for leaf in positive_leaves(query.node):
        if isinstance(leaf, Word):
            yield leaf.text
        elif isinstance(leaf, FieldValue) and leaf.field in _NAMING_FIELDS:
            yield leaf.value


@dataclass(frozen=True, slots=True)
class _Named:
    """A paper by its type and title."""

    type_code: str | None
    title: str

    def by(self, word: str) -> bool:
        """Whether a word names it."""
        part = keyword(word)
        if self.type_code is None:
            return part in keyword(self.title)
        label = keyword(document_types.label(self.type_code))
        codes = document_types.catalogue().codes_named(word)
        return part in label or self.type_code in codes or part in keyword(self.title)

    def of(self, word: str) -> Iterator[str]:
        """The first synonym of a word that names it."""
        yield from [other for other in synonyms(word) if self.by(other)][:1]


def told(found: Iterable[Like], language: str) -> tuple[MatchedLike, ...]:
    """The first few, each once, in words of a language."""
    distinct = list(dict.fromkeys(found))[:MOST_TOLD]
    which = 0 if language.startswith(CHINESE) else 1
    return tuple(
        MatchedLike(
            str(each.kind), each.asked, each.found,
            _LABELS[each.kind][which].format(each.asked, each.found),
        )
        for each in distinct
    )  # fmt: skip
