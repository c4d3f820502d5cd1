"""The one tokenizer, for the index and for queries, on both engines (stack.md, Embedded index).

Tokens are separated by spaces and split by the engine's plain whitespace tokenizer:

* a run of Han (or of any letters beyond ASCII) gives its first character, its overlapping pairs
  and its last character: 航空路 is ``航 航空 空路 路``. So every character begins a token, and
  ``197号`` finds ``197号楼`` and does not find ``832号``. Spaces, line ends and interpuncts inside
  a run fold away, other people's OCR puts them there;
* ASCII digits and letters are runs of their own: ``10kV`` is ``10 kv``;
* a number that may be a person's ID or account becomes a keyed hash, a phone loses its dashes;
* a cell end gives ``_``, over which no phrase reaches.

The index's way makes strings in a few passes in C (long texts: :mod:`dossier.search.long_text`);
the way with offsets is its slow twin, and a property test holds them together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from dossier.rules import identifiers
from dossier.rules.identifiers import FoundNumber, NumberKind
from dossier.rules.normal_form import HAN, FoldedText, fold, fold_with_origins

NumberHash = Callable[[str], str]


def number_hashes(number_hash: NumberHash) -> tuple[NumberHash, ...]:
    """The hash in use, and those under older keys that rows may still hold while a key changes.

    Rows are made with the first, and looked for with all.
    """
    older = getattr(number_hash, "older", None)
    return (number_hash, *older()) if older is not None else (number_hash,)


"""Keyed hash of a sensitive number's compact form (18-place form of an ID number)."""

BREAK = "_"
"""Token at a cell's or page's end; never in a query, so no phrase reaches over it."""

CUT = "\t"
"""What gives :data:`BREAK` in a text."""

Span = tuple[int, int]

_WIDE = r"(?:[^\W\x00-\x7f]|[\ue000-\uf8ff\U000f0000-\U0010fffd])"
_RUN = re.compile(
    rf"(?P<wide>{_WIDE}(?:[ \n·]*{_WIDE})*)|(?P<digits>[0-9]+)|(?P<letters>[a-z]+)|(?P<cut>[\t\f])"
)
_ASCII_RUN = re.compile(r"[0-9]+|[a-z]+")
FOLDED_AWAY = re.compile(r"[ \n·](?<=[^\x00-\x7f][ \n·])[ \n·]*(?=[^\x00-\x7f])")
"""Spaces, line ends and interpuncts between characters beyond ASCII; begins with what is rare."""

_OLD_ID_PLACES = 15
SHORTEST_PARTIAL, LONGEST_PARTIAL = 5, 64
"""Longer than the four digits that one may search by (domain.md 4.3); longer runs are noise."""

_PARTIAL_RUN = re.compile(rf"[0-9]{{{SHORTEST_PARTIAL},{LONGEST_PARTIAL}}}")
_HAN_CHARACTER = re.compile(rf"[{HAN}]")
_NOT_IN_KEYWORDS = re.compile(r"[\W_]+")


def is_wide(character: str) -> bool:
    """Whether a character belongs to runs that are indexed in pairs."""
    if character.isascii():
        return False
    return character.isalnum() or unicodedata.category(character) == "Co"


class _SpreadTable(dict[int, str]):
    """Code point → what it gives in the string of tokens, for ``str.translate``."""

    def __missing__(self, code_point: int) -> str:
        character = chr(code_point)
        if character in "\t\f":
            spread = f" {BREAK} "
        elif character.isascii():
            spread = character if character.isalnum() else " "
        else:
            # Beside each other these make the pairs: 航 航 + 空 空 is "航 航空 空".
            spread = f"{character} {character}" if is_wide(character) else " "
        self[code_point] = spread
        return spread


_SPREAD = _SpreadTable()


class Token(NamedTuple):  # a page has a thousand; a tuple is made three times as fast
    """A token and where it stands in the original text (code points, half open).

    Attributes:
        position: as the engine counts it, 0-based.
        edge: the first or last character of a run; a query leaves it out at its own ends.
    """

    text: str
    position: int
    start: int
    end: int
    edge: bool = False


_TOKEN = tuple.__new__  # of all its values, without the detour by their names


@dataclass(frozen=True, slots=True)
class PageTokens:
    """What the index keeps of a page.

    Attributes:
        words: the tokens in order, separated by spaces.
        numbers: runs of five digits and more that are neither sensitive nor phones; they may be
            searched by their beginning or end.
        phones: mobile and landline numbers, without dashes.
    """

    words: str
    numbers: set[str]
    phones: set[str]


def index_tokens(text: str, number_hash: NumberHash) -> list[str]:
    """The tokens of a text in order, for the index (no offsets)."""
    return analyse_page(text, number_hash).words.split()


def analyse_page(text: str, number_hash: NumberHash, *, closed: Iterable[Span] = ()) -> PageTokens:
    """Tokens and numbers of a page's text in one pass.

    Args:
        text: the page.
        number_hash: keyed hash for sensitive numbers.
        closed: spans of the folded text (half open) that give a cut and nothing else.
    """
    folded = fold(text)
    found = list(identifiers.find_numbers(folded))
    folded = without_closed(folded, closed, found)
    pieces: list[str] = []
    numbers: set[str] = set()
    phones: set[str] = set()
    for start, end, number in _stretches(folded, found):
        if number is None:
            stretch = folded[start:end]
            pieces.append(_spread(stretch))
            numbers.update(_PARTIAL_RUN.findall(stretch))
        else:
            pieces += number_tokens(number, number_hash)
            if number.kind not in identifiers.SENSITIVE_KINDS:
                phones.add(number.value)
    return PageTokens(" ".join(pieces), numbers, phones)


def _spread(stretch: str) -> str:
    """The tokens of an ordinary stretch; the twin with offsets is :func:`_place_runs`."""
    joined = FOLDED_AWAY.sub("", stretch)
    return _ASCII_RUN.sub(r" \g<0> ", joined).translate(_SPREAD)


def tokens(text: str, number_hash: NumberHash) -> list[Token]:
    """The same tokens as :func:`index_tokens`, each with its place in the original text."""
    return tokens_of(fold_with_origins(text), number_hash)


def tokens_of(form: FoldedText, number_hash: NumberHash) -> list[Token]:
    """The tokens of a text that was folded already."""
    out: list[Token] = []
    for start, end, number in _stretches(form.text, identifiers.find_numbers(form.text)):
        if number:
            _place_number(out, form, number, number_hash)
        else:
            _place_runs(out, form, start, end)
    return out


def query_tokens(text: str, number_hash: NumberHash) -> list[tuple[int, str]]:
    """The tokens that a text must have, with positions from 0, to contain ``text``.

    Runs at the query's ends may go on in the text, so their edge tokens are left out.
    """
    return _without_edges(tokens(text, number_hash))


def _without_edges(found: list[Token]) -> list[tuple[int, str]]:
    first = 1 if found and found[0].edge else 0
    last = len(found) - 1 if len(found) > first and found[-1].edge else len(found)
    kept = [token for token in found[first:last] if token.text != BREAK]
    return [(token.position - kept[0].position, token.text) for token in kept]


def plain_tokens(folded: str) -> str:
    """Tokens of a folded text in which no number is special, separated by spaces (addresses)."""
    return _spread(folded)


def plain_query_tokens(folded: str) -> list[tuple[int, str]]:
    """As :func:`query_tokens`, for what :func:`plain_tokens` made."""
    out: list[Token] = []
    _place_runs(out, fold_with_origins(folded), 0, len(folded))
    return _without_edges(out)


def han_characters(text: str) -> list[str]:
    """Each Han character, for fields where one character is a query (names, addresses)."""
    return _HAN_CHARACTER.findall(fold(text))


def keyword(text: str) -> str:
    """A whole value's folded form: no spaces, interpuncts or punctuation (names, codes)."""
    return _NOT_IN_KEYWORDS.sub("", fold(text))


def without_closed(folded: str, closed: Iterable[Span], found: Iterable[FoundNumber]) -> str:
    """A folded text of the same length, where each closed span is a cut and spaces.

    Numbers that were found in it stay: they become one token each, hashed where they are sensitive.
    """
    text = folded
    for start, end in closed:
        text = text[:start] + CUT + " " * (end - start - 1) + text[end:]
    if text is not folded:
        for number in found:
            whole = slice(number.start, number.end)
            text = text[: number.start] + folded[whole] + text[number.end :]
    return text


def _stretches(
    folded: str, numbers: Iterable[FoundNumber]
) -> Iterator[tuple[int, int, FoundNumber | None]]:
    """Split a folded text into special numbers and what lies between them."""
    position = 0
    for number in numbers:
        if position < number.start:
            yield position, number.start, None
        yield number.start, number.end, number
        position = number.end
    if position < len(folded):
        yield position, len(folded), None


def number_tokens(number: FoundNumber, number_hash: NumberHash) -> list[str]:
    """What a special number gives: its hash, or its digits, a landline also without area code."""
    if number.kind in identifiers.SENSITIVE_KINDS:
        return [hash_token(number.value, number_hash)]
    if number.kind is NumberKind.LANDLINE:
        return [number.value, _local_part(number.value)]
    return [number.value]


def hash_token(number: str, number_hash: NumberHash) -> str:
    """The token of a sensitive number in any spelling: an ID number of 15 places equals its 18."""
    value = identifiers.compact(number)
    if len(value) == _OLD_ID_PLACES and identifiers.is_id_no(value):
        value = identifiers.id_no_18(value)
    return "#" + number_hash(value)


def _local_part(landline: str) -> str:
    """A landline without its area code: people dial it so."""
    return landline[3:] if landline.startswith(("010", "02")) else landline[4:]


def _place_runs(out: list[Token], form: FoldedText, start: int, end: int) -> None:
    """As :func:`_spread`, with places."""
    for match in _RUN.finditer(form.text, start, end):
        if match.lastgroup == "wide":
            _place_wide(out, form, match)
        else:
            text = BREAK if match.lastgroup == "cut" else match[0]
            _place(out, form, text, *match.span())


def _place_wide(out: list[Token], form: FoldedText, match: re.Match[str]) -> None:
    text, origins = form.text, form.origins
    at = [i for i in range(*match.span()) if text[i] not in " \n·"]
    first, last = at[0], at[-1]
    _place(out, form, text[first], first, first + 1, edge=True)
    out += [
        _TOKEN(Token, (text[one] + text[other], place, origins[one], origins[other] + 1, False))
        for place, (one, other) in enumerate(pairwise(at), len(out))
    ]
    _place(out, form, text[last], last, last + 1, edge=True)


def _place_number(
    out: list[Token], form: FoldedText, number: FoundNumber, number_hash: NumberHash
) -> None:
    first, *rest = number_tokens(number, number_hash)
    _place(out, form, first, number.start, number.end)
    for local in rest:
        _place(out, form, local, number.end - len(local), number.end)


def _place(
    out: list[Token], form: FoldedText, text: str, start: int, end: int, *, edge: bool = False
) -> None:
    out.append(Token(text, len(out), *form.span(start, end), edge))
