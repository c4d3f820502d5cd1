"""A clause: one way in which a word may match; and on whose behalf words are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dossier.search import analysis
from dossier.search.analysis import NumberHash
from dossier.search.expression import Expression, Nothing, Prefix, Term, any_of
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

    def page_text(self, text: str) -> Expression:
        """The text on a page."""
        if not self.may(SearchRight.TEXT):
            return Nothing()
        single = _single_character(text)
        # Every Han character begins a token: its pair, or itself at a run's end.
        return Prefix("text", single) if single else self.phrase("text", text)


def _single_character(text: str) -> str:
    """The Han character that is the whole word; empty for other words."""
    single = analysis.han_characters(text)
    return single[0] if len(single) == 1 and len(analysis.keyword(text)) == 1 else ""
