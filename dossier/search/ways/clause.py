"""A clause: one way in which a word may match; and on whose behalf words are looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dossier.search import analysis
from dossier.search.analysis import NumberHash
from dossier.search.expression import Expression, Prefix, Term, any_of
from dossier.search.phrases import TokenPlaces, page_phrases, side_by_side
from dossier.search.places import AskedPlace, NamedPlace
from dossier.search.port import MatchReason, SearchRight
from dossier.search.ranking import MatchClass


@dataclass(frozen=True, slots=True)
class Clause:
    """One way in which a word may match."""

    reason: MatchReason
    rank: MatchClass
    expression: Expression


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf words are looked up, and the words that were analysed for them.

    Attributes:
        rights: what the viewer may search by.
        number_hash: keyed hash for sensitive numbers.
        misread: whether words are also looked for with one misread character.
        places: what words of the query name.
    """

    rights: frozenset[SearchRight]
    number_hash: NumberHash
    misread: bool = False
    places: Mapping[AskedPlace, tuple[NamedPlace, ...]] = field(default_factory=dict)
    # A word is looked up in four fields, in the query and in its classes: analysed once.
    _analysed: dict[str, list[TokenPlaces]] = field(default_factory=dict, repr=False)

    def may(self, right: SearchRight) -> bool:
        """Whether the viewer may search by this."""
        return right in self.rights

    def phrase(self, field_name: str, text: str) -> Expression:
        """The text's tokens side by side."""
        phrases = self._analysed.get(text)
        if phrases is None:
            phrases = page_phrases(text, rights=self.rights, number_hash=self.number_hash)
            self._analysed[text] = phrases
        return any_of(*(side_by_side(field_name, phrase) for phrase in phrases))

    def sequence(self, field_name: str, text: str) -> Expression:
        """Characters in order in a short field; a single Han character is looked up by itself."""
        single = _single_character(text)
        if single:
            return Term(f"{field_name}_chars", (single,))
        return self.phrase(f"{field_name}_words", text)

    @property
    def texts(self) -> tuple[str, ...]:
        """Fields with the text of pages; what is masked for the viewer stands in none of them."""
        return self._open_and_closed("text", "text_closed")

    @property
    def titles(self) -> tuple[str, ...]:
        """Fields with the words of titles; a title is what the page says at its head."""
        return self._open_and_closed("title_words", "title_closed_words")

    @property
    def files(self) -> tuple[str, ...]:
        """Fields with the names of files; of one that is masked only its kind is found."""
        return self._open_and_closed("file_words", "file_closed_words")

    def _open_and_closed(self, shown: str, closed: str) -> tuple[str, ...]:
        if not self.may(SearchRight.TEXT):
            return ()
        return (shown, closed) if self.may(SearchRight.ADDRESS_DETAIL) else (shown,)

    def phrase_in(self, field_names: Iterable[str], text: str) -> Expression:
        """The text's tokens side by side in one of these fields."""
        return any_of(*(self.phrase(name, text) for name in field_names))

    def anywhere_in(self, field_names: Iterable[str], text: str) -> Expression:
        """The same, where a single Han character is looked for too."""
        single = _single_character(text)
        if single:
            # Every Han character begins a token: its pair, or itself at a run's end.
            return any_of(*(Prefix(name, single) for name in field_names))
        return self.phrase_in(field_names, text)


def _single_character(text: str) -> str:
    """The Han character that is the whole word; empty for other words."""
    single = analysis.han_characters(text)
    return single[0] if len(single) == 1 and len(analysis.keyword(text)) == 1 else ""
