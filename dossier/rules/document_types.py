"""The document catalogue (domain.md §2.1): labels, and which type a title or a body names.

The catalogue is data (rulebook/document_types.yaml). A title line is compared folded and without
spaces and punctuation; one wrong character is forgiven, because OCR and seals spoil titles too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.normal_form import fold

EXACT, ENDING, WORDS, INSIDE = 1.0, 0.9, 0.84, 0.5
"""How sure a line is that is a known title, ends with one, has the words of one, holds one inside.

Chinese titles have their head at the end (``低压居民供用电合同`` is a contract), so an ending
counts nearly as much as the whole; a title inside a longer line is usually a mention.
"""
ONE_WRONG = 0.08
"""Taken off when one character differs."""
FEWEST_FOR_ONE_WRONG = 4
"""Shorter titles differ from each other by one character (复电工单, 装拆单)."""
LONGEST_TITLE = 34
"""Characters; longer lines are sentences."""
FEWEST_BODY_WORDS = 3
_SENTENCE = re.compile("[，。；,;]")


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One entry of the catalogue.

    Attributes:
        retention: ``Y`` permanent, ``D30``, ``D10`` (years).
        retention_by_category: what differs for a customer's category.
        sensitivity: ``P`` sensitive personal, ``B`` business secret, ``N`` normal.
        titles: known titles and synonyms as written.
        title_words: groups of folded words; a title that has one of each group is of this type.
        body: words on such a paper, folded.
    """

    code: str
    label_zh: str
    label_en: str
    retention: str
    sensitivity: str
    titles: tuple[str, ...] = ()
    title_words: tuple[tuple[str, ...], ...] = ()
    body: tuple[str, ...] = ()
    retention_by_category: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TypeMatch:
    """A type and how sure it is (0..1)."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Title:
    code: str
    text: str


class Catalogue:
    """All document types, and what they are recognised by."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        """Read the rule file's content.

        Raises:
            ConfigurationError: an entry lacks what every type has.
        """
        self.types = {code: _entry(code, entry) for code, entry in body["types"].items()}
        self.threshold = float(body["recognition"]["threshold"])
        self._body_margin = float(body["recognition"]["body_margin"])
        self._decorations = tuple(
            sorted((solid(word) for word in body["decorations"]), key=len, reverse=True)
        )
        titles = {(solid(t), entry.code) for entry in self.types.values() for t in entry.titles}
        self._titles = [_Title(code, text) for text, code in sorted(titles, key=_longest_first)]

    def match_title(self, line: str) -> TypeMatch | None:
        """The type that a line names as its title; None when it names none or is a sentence."""
        if _SENTENCE.search(line):
            return None
        text = self._undecorated(solid(line))
        if not 2 <= len(text) <= LONGEST_TITLE:
            return None
        found = [*self._by_titles(text), *self._by_words(text)]
        return max(found, key=lambda match: match.confidence, default=None)

    def match_body(self, text: str) -> TypeMatch | None:
        """The type whose typical words a page has; None when none leads clearly."""
        folded = solid(text)
        shares = sorted(self._body_shares(folded), reverse=True)
        if not shares or (len(shares) > 1 and shares[0][0] - shares[1][0] < self._body_margin):
            return None
        share, code = shares[0]
        return TypeMatch(code, 0.5 + share / 2)

    def codes_named(self, word: str) -> tuple[str, ...]:
        """Types that a word of a query names exactly: a code, a label's part or a title."""
        return self._codes_by_name.get(solid(word), ())

    @cached_property
    def endings(self) -> frozenset[str]:
        """Every ending of a word that names a type exactly."""
        return frozenset(name[at:] for name in self._codes_by_name for at in range(len(name)))

    @cached_property
    def _codes_by_name(self) -> Mapping[str, tuple[str, ...]]:
        """Every word that names a type exactly, made once: a query asks for each of its words."""
        named: dict[str, set[str]] = defaultdict(set)
        for title in self._titles:
            named[title.text].add(title.code)
        for entry in self.types.values():
            for part in (*re.split(r"[/、(（]", entry.label_zh), entry.code):
                named[solid(part)].add(entry.code)
        return {name: tuple(sorted(codes)) for name, codes in named.items() if name}

    def _undecorated(self, text: str) -> str:
        """A title without what is printed around it (副本, 复印件)."""
        for word in self._decorations:
            if text.endswith(word) and text != word and not self._is_title(text):
                return self._undecorated(text.removesuffix(word))
        return text

    def _is_title(self, text: str) -> bool:
        return any(title.text == text for title in self._titles)

    def _by_titles(self, text: str) -> Iterable[TypeMatch]:
        for title in self._titles:
            sureness = _sureness(text, title.text)
            if sureness > 0:
                yield TypeMatch(title.code, sureness)

    def _by_words(self, text: str) -> Iterable[TypeMatch]:
        for entry in self.types.values():
            groups = entry.title_words
            if groups and all(any(word in text for word in group) for group in groups):
                # More and longer words, and one at the very end, are more telling.
                at_end = any(text.endswith(word) for word in groups[-1])
                length = sum(max(len(word) for word in group if word in text) for group in groups)
                extra = 0.01 * len(groups) + 0.004 * length + 0.02 * at_end
                yield TypeMatch(entry.code, WORDS + extra - 0.1 * _excess(text))

    def _body_shares(self, folded: str) -> Iterable[tuple[float, str]]:
        for entry in self.types.values():
            hits = sum(word in folded for word in entry.body)
            if hits >= FEWEST_BODY_WORDS:
                yield hits / len(entry.body), entry.code


def solid(text: str) -> str:
    """Folded text without spaces, punctuation and underlines."""
    return re.sub(r"[\W_]+", "", fold(text))


@cache
def catalogue() -> Catalogue:
    """The built-in catalogue."""
    return Catalogue(rulebook.load("document_types"))


def label(code: str, language: str = "zh_CN") -> str:
    """The type's name in a language (``zh_CN``, ``zh_TW``, ``en``); an unknown code is its own."""
    entry = catalogue().types.get(code)
    if entry is None:
        return code
    return entry.label_en if language.startswith("en") else entry.label_zh


def retention(code: str | None, category: str) -> str:
    """How long a paper of this type is kept: ``Y``, ``D30`` or ``D10``; empty where it is unknown.

    Args:
        code: of the type; None where nobody knows it.
        category: the customer's.
    """
    found = catalogue().types.get(code or "")
    if found is None:
        return ""
    return (found.retention_by_category or {}).get(category, found.retention)


def exists(code: str) -> bool:
    """Whether the catalogue has this code."""
    return code in catalogue().types


def _entry(code: str, entry: Mapping[str, Any]) -> DocumentType:
    try:
        return DocumentType(
            code=code,
            label_zh=entry["label_zh"],
            label_en=entry["label_en"],
            retention=str(entry["retention"]),
            sensitivity=str(entry["sensitivity"]),
            titles=tuple(str(title) for title in entry.get("titles", ())),
            title_words=tuple(
                tuple(solid(str(word)) for word in group) for group in entry.get("title_words", ())
            ),
            body=tuple(solid(str(word)) for word in entry.get("body", ())),
            retention_by_category=entry.get("retention_by_category"),
        )
    except KeyError as err:
        raise ConfigurationError(f"document_types.yaml, type {code}: lacks {err.args[0]}") from err


def _longest_first(title: tuple[str, str]) -> tuple[int, str, str]:
    return -len(title[0]), title[0], title[1]


def _sureness(text: str, title: str) -> float:
    """How sure ``text`` is the title ``title``; a longer title beats a shorter one inside it."""
    length = len(title)
    if length > len(text) + 1:
        return 0.0
    grown = 0.002 * length
    if text == title:
        return EXACT
    if text.endswith(title):
        return ENDING + grown - 0.1 * _excess(text)
    if title in text:
        return INSIDE + 0.35 * length / len(text) + grown
    return _sureness_with_one_wrong(text, title, grown)


def _sureness_with_one_wrong(text: str, title: str, grown: float) -> float:
    length = len(title)
    if length < FEWEST_FOR_ONE_WRONG:
        return 0.0
    if not _may_differ_by_one(text, title):
        return 0.0
    if _differs_by_one(text, title):
        return EXACT - ONE_WRONG
    # A lone wrong character at the seam would make any prefix fit, so endings must be longer.
    if length > FEWEST_FOR_ONE_WRONG and _differs_by_one(text[-length:], title):
        return ENDING - ONE_WRONG + grown - 0.1 * _excess(text)
    return 0.0


def _may_differ_by_one(text: str, title: str) -> bool:
    """A quick no: with one character wrong, the first or the second half must be whole."""
    half = len(title) // 2
    return text.endswith(title[half + 1 :]) or title[:half] in text


def _excess(text: str) -> float:
    """0 for a line of title length, 1 for one as long as a sentence."""
    return max(0.0, (len(text) - 14) / (LONGEST_TITLE - 14))


def _differs_by_one(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether one character is replaced, missing or too many."""
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    shorter, longer = sorted((one, other), key=len)
    at = next((i for i, c in enumerate(shorter) if c != longer[i]), len(shorter))
    return shorter[at:] == longer[at + 1 :]
