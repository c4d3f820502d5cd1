"""Where a query's words stand on a page: exact spans of the original text.

The same tokens and the same phrases as the index, so a page that was found through its text has a
span, and every span is an occurrence. An engine's own highlighter merges and misplaces adjacent
pairs (stack.md, Elasticsearch).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from dossier.rules import identifiers
from dossier.rules.normal_form import HAN, FoldedText, fold_with_origins
from dossier.search import analysis
from dossier.search.address_marks import find_address, is_address
from dossier.search.analysis import NumberHash, Token
from dossier.search.expression import LoosePhrase
from dossier.search.holes import may_have_hole, phrases_with_hole
from dossier.search.phrases import page_phrases
from dossier.search.plain_words import every_place, may_stand_alike, plain_pattern
from dossier.search.port import SearchRight
from dossier.search.query import FieldValue, Phrase, Query, Word, positive_leaves
from dossier.search.spelled import is_spelled_so
from dossier.search.ways.numbers import MIN_PARTIAL
from dossier.search.wordings import synonyms, writings

Span = tuple[int, int]
_TEXT_FIELDS = frozenset(
    {"text", "name", "address", "customer_no", "meter_no", "phone", "id_no", "uscc", "account"}
)
_WHOLE, _BEGINS, _GOES_ON = range(3)  # how a token must fit a part of a loose phrase
_RUN = re.compile(r"[0-9]{5,}")
# The space that OCR puts between characters.
_NEXT_HAN = re.compile(f"[ ]?[{HAN}]")
_HAN_AT_END = re.compile(rf"[{HAN}][ ]?\Z")


class LikeKind(StrEnum):
    """In what words of a page differ from what was typed."""

    SYNONYM = "synonym"
    ONE_DIFFERS = "one_differs"


@dataclass(frozen=True, slots=True)
class LikePlace:
    """A place where not a word itself stands but what is like it; ``asked`` as it was typed."""

    kind: LikeKind
    asked: str
    span: Span


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a query stands on a page.

    Attributes:
        spans: all places, ascending and disjoint.
        like: those that are only like a word; of a misread one with the wrong character at its end.
        exact: words that stand there as they were typed.
    """

    spans: tuple[Span, ...]
    like: tuple[LikePlace, ...] = ()
    exact: tuple[str, ...] = ()


def highlight(
    text: str,
    query: Query,
    *,
    rights: frozenset[SearchRight],
    number_hash: NumberHash,
    names: Iterable[str] = (),
) -> list[Span]:
    """Spans (code points, half open, ascending, disjoint) of the query's words in a page's text.

    Where a word does not stand on the page, its synonyms and the word with one misread character
    are marked. Words that are excluded give none. What the viewer may not search by is not marked
    either: a mark on a masked number would tell its digits.

    Args:
        text: the page's clear text.
        query: what was typed.
        rights: what the viewer may search by.
        number_hash: keyed hash for sensitive numbers.
        names: names of the page's customer; one that is typed in letters (``zs``) is marked.
    """
    found = find_marks(text, query, rights=rights, number_hash=number_hash, names=names)
    return list(found.spans)


def find_marks(
    text: str,
    query: Query,
    *,
    rights: frozenset[SearchRight],
    number_hash: NumberHash,
    names: Iterable[str] = (),
) -> Marks:
    """The same spans as :func:`highlight`, with those told apart that are only like a word."""
    leaves = list(positive_leaves(query.node))
    if not leaves or not text or SearchRight.TEXT not in rights:
        return Marks(())
    form = fold_with_origins(text)
    plain = _plain_marks(form, leaves, rights)
    if plain is not None:
        return plain
    page = _Page(form, analysis.tokens_of(form, number_hash), rights, number_hash)
    return _marks_by_tokens(text, page, query, meant_names(query, names, rights=rights))


def _marks_by_tokens(text: str, page: _Page, query: Query, names: Iterable[str]) -> Marks:
    """The marks of words of any kind, and of names."""
    spans: list[Span] = []
    like: list[LikePlace] = []
    exact: list[str] = []
    for leaf in positive_leaves(query.node):
        found = _marks(page, leaf)
        if found:
            exact.append(leaf_text(leaf))
        else:
            like += _like(page, leaf)
        spans += found
    for name in names:
        spans += page.words(name)
    spans += (place.span for place in like)
    told = (replace(place, span=_whole_word(text, place)) for place in like)
    return Marks(tuple(merge(spans)), tuple(told), tuple(exact))


def _plain_marks(
    form: FoldedText, leaves: Iterable[Word | Phrase | FieldValue], rights: frozenset[SearchRight]
) -> Marks | None:
    """The marks where all words are plain and stand there, or nothing like them does.

    None where only the page's tokens can tell. No name is spelled by a plain word.
    """
    spans: list[Span] = []
    exact: list[str] = []
    for leaf in leaves:
        if isinstance(leaf, FieldValue) and leaf.field not in _TEXT_FIELDS:
            continue
        word = leaf_text(leaf)
        pattern = plain_pattern(word)
        if pattern is None or (SearchRight.ADDRESS_DETAIL in rights and is_address(word)):
            return None
        found = [form.span(*span) for span in every_place(pattern, form.text)]
        if found:
            exact.append(word)
            spans += found
        elif not isinstance(leaf, Phrase) and may_stand_alike(word, form.text):
            return None
    return Marks(tuple(merge(spans)), (), tuple(exact))


def may_be_like(query: Query) -> bool:
    """Whether a word of the query is also found by another wording or with a misread character."""
    words = (
        leaf_text(leaf) for leaf in positive_leaves(query.node) if not isinstance(leaf, Phrase)
    )
    return any(synonyms(word) or may_have_hole(word) for word in words)


def meant_names(
    query: Query, names: Iterable[str], *, rights: frozenset[SearchRight]
) -> tuple[str, ...]:
    """Those of ``names`` that a word of the query spells in letters, wholly or in part."""
    if SearchRight.NAME not in rights:
        return ()
    words = [
        leaf_text(leaf)
        for leaf in positive_leaves(query.node)
        if isinstance(leaf, Word) or (isinstance(leaf, FieldValue) and leaf.field == "name")
    ]
    return tuple(name for name in names if any(is_spelled_so(name, word) for word in words))


def leaf_text(leaf: Word | Phrase | FieldValue) -> str:
    """What a leaf of a query looks for."""
    return leaf.value if isinstance(leaf, FieldValue) else leaf.text


def _marks(page: _Page, leaf: Word | Phrase | FieldValue) -> list[Span]:
    """Places of one leaf as it was typed."""
    match leaf:
        case Phrase(text):
            return page.words(text)
        case FieldValue(field) if field not in _TEXT_FIELDS:
            return []
        case Word() | FieldValue():
            text = leaf_text(leaf)
            found = [*page.words(text), *page.partial_numbers(text)]
            found += [span for other in writings(text) for span in page.words(other)]
            return [*found, *page.address(text)]


def _like(page: _Page, leaf: Word | Phrase | FieldValue) -> Iterator[LikePlace]:
    """Places of what only is like a leaf: for where it does not stand itself."""
    if isinstance(leaf, Phrase) or (
        isinstance(leaf, FieldValue) and leaf.field not in _TEXT_FIELDS
    ):
        return
    text = leaf_text(leaf)
    for span in page.synonyms(text):
        yield LikePlace(LikeKind.SYNONYM, text, span)
    for span in page.misread(text):
        yield LikePlace(LikeKind.ONE_DIFFERS, text, span)


def _whole_word(text: str, place: LikePlace) -> Span:
    """A place with the wrong character, where that is the word's first or last one."""
    start, end = place.span
    found, asked = analysis.keyword(text[start:end]), analysis.keyword(place.asked)
    if place.kind is not LikeKind.ONE_DIFFERS or len(found) != len(asked) - 1:
        return start, end
    if asked.startswith(found) and (after := _NEXT_HAN.match(text, end)):
        return start, after.end()
    if asked.endswith(found) and (before := _HAN_AT_END.search(text, 0, start)):
        return before.start(), end
    return start, end


def merge(spans: Iterable[Span]) -> list[Span]:
    """Ascending spans with overlapping ones made one; touching ones stay two words."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


class _Page:
    """A page's tokens, looked up by text."""

    def __init__(
        self,
        form: FoldedText,
        tokens: Sequence[Token],
        rights: frozenset[SearchRight],
        number_hash: NumberHash,
    ) -> None:
        self._form = form
        self._tokens = tokens
        self._rights = rights
        self._hash = number_hash
        self._places: dict[str, list[int]] = defaultdict(list)
        for token in tokens:
            self._places[token.text].append(token.position)

    def words(self, text: str) -> list[Span]:
        """Every place where a text stands."""
        spans = list(self._single_character(text))
        for phrase in page_phrases(text, rights=self._rights, number_hash=self._hash):
            spans += self._phrase(phrase)
        return spans

    def synonyms(self, word: str) -> list[Span]:
        """Places of the word's synonyms."""
        return [span for other in synonyms(word) for span in self.words(other)]

    def address(self, text: str) -> Iterator[Span]:
        """Places of an address, in any form, for who may search by building and room."""
        if SearchRight.ADDRESS_DETAIL in self._rights:
            for span in find_address(self._form.text, text):
                yield self._form.span(*span)

    def misread(self, word: str) -> Iterator[Span]:
        """Places where the word stands with one wrong character."""
        for phrase in phrases_with_hole("text", word):
            yield from self._loose(phrase)

    def _loose(self, phrase: LoosePhrase) -> Iterator[Span]:
        parts = sorted(
            [
                *((at, token, _WHOLE) for at, token in phrase.tokens),
                *((at, start, _BEGINS) for at, start in phrase.prefixes),
                *((at, start, _GOES_ON) for at, start in phrase.longer),
            ]
        )
        anchor, token = phrase.tokens[0]
        for place in self._places.get(token, ()):
            base = place - anchor
            if all(self._has(base + at, text, how) for at, text, how in parts):
                first, last = self._tokens[base + parts[0][0]], self._tokens[base + parts[-1][0]]
                # Of a token that only begins so its first character is meant.
                yield first.start, last.end if parts[-1][2] == _WHOLE else last.start + 1

    def _has(self, place: int, text: str, how: int) -> bool:
        if not 0 <= place < len(self._tokens):
            return False
        token = self._tokens[place].text
        if how == _WHOLE:
            return token == text
        return token.startswith(text) and (how == _BEGINS or token != text)

    def _phrase(self, phrase: Sequence[tuple[int, str]]) -> Iterator[Span]:
        """Every place where these tokens stand in these relative positions."""
        if not phrase:
            return
        for first in self._places.get(phrase[0][1], ()):
            last = first
            for offset, text in phrase[1:]:
                last = first + offset
                if last >= len(self._tokens) or self._tokens[last].text != text:
                    break
            else:
                yield self._tokens[first].start, self._tokens[last].end

    def _single_character(self, word: str) -> Iterator[Span]:
        """A query of one Han character: each time it stands on the page."""
        character = analysis.keyword(word)
        if len(character) == 1 and analysis.han_characters(word):
            for match in re.finditer(re.escape(character), self._form.text):
                yield self._form.span(*match.span())

    def partial_numbers(self, word: str) -> Iterator[Span]:
        """The beginning or end of a longer number, where that may be searched."""
        code = analysis.keyword(word)
        if not code.isdecimal() or len(code) < MIN_PARTIAL:
            return
        closed: set[int] = set()
        for number in identifiers.find_numbers(self._form.text):
            sensitive = number.kind in identifiers.SENSITIVE_KINDS
            closed.update(range(number.start, number.end))
            if not sensitive and SearchRight.PHONE_PARTIAL in self._rights:
                yield from self._part(number.start, number.end, code)
        for match in _RUN.finditer(self._form.text):
            if match.start() not in closed:
                yield from self._part(*match.span(), code)

    def _part(self, start: int, end: int, code: str) -> Iterator[Span]:
        places = [at for at in range(start, end) if self._form.text[at].isdecimal()]
        value = "".join(self._form.text[at] for at in places)
        if value.startswith(code):
            yield self._form.span(places[0], places[len(code) - 1] + 1)
        if value.endswith(code):
            yield self._form.span(places[-len(code)], places[-1] + 1)
