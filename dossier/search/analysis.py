"""The one tokenizer, for the index and for queries, on both engines (stack.md, Embedded index).

Tokens are separated by spaces and split by the engine's plain whitespace tokenizer:

* a Han run gives its overlapping pairs, then its last character (so every character begins a
  token); spaces, line ends and interpuncts inside it fold away, other people's OCR puts them there;
* a run that follows directly on digits or letters gives its first character before its pairs, so
  that ``197号`` finds ``197号楼`` and does not find ``832号``;
* digits and letters are runs of their own: ``10kV`` is ``10 kv``;
* a number that may be a person's ID or account becomes a keyed hash, a phone loses its dashes;
* a cell end gives ``_``, over which no phrase reaches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import add

from dossier.rules import identifiers
from dossier.rules.identifiers import FoundNumber, NumberKind
from dossier.rules.normal_form import HAN, FoldedText, fold, fold_with_origins

NumberHash = Callable[[str], str]
"""Keyed hash of a sensitive number's compact form (18-place form of an ID number)."""

BREAK = "_"
"""Token at a cell's or page's end; never in a query, so no phrase reaches over it."""

_LONGEST_RUN = 64  # longer runs of letters or digits are noise; cut so that engines accept them
_RUN = re.compile(
    rf"(?P<han>[{HAN}](?:[ \n·]*[{HAN}])*)|(?P<digits>[0-9]+)|(?P<letters>[^\W\d_{HAN}]+)"
    r"|(?P<cut>[\t\f])"
)
# Longer than the four digits that one may search by (domain.md 4.3).
_PARTIAL_RUN = re.compile(rf"[0-9]{{5,{_LONGEST_RUN}}}")
_FOLDED_AWAY = re.compile(r"[ \n·]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands in the original text (code points, half open).

    Attributes:
        position: as the engine counts it, 0-based.
        edge: the extra first or last character of a Han run; a query leaves it out at its ends.
    """

    text: str
    position: int
    start: int
    end: int
    edge: bool = False


@dataclass(frozen=True, slots=True)
class PageTokens:
    """What the index keeps of a page.

    Attributes:
        tokens: in order.
        numbers: runs of five digits and more that are neither sensitive nor phones; they may be
            searched by their beginning or end.
        phones: mobile and landline numbers, without dashes.
    """

    tokens: list[str]
    numbers: set[str]
    phones: set[str]


def index_tokens(text: str, number_hash: NumberHash) -> list[str]:
    """The tokens of a text in order, for the index (no offsets, fast)."""
    return analyse_page(text, number_hash).tokens


def analyse_page(text: str, number_hash: NumberHash) -> PageTokens:
    """Tokens and numbers of a page's text in one pass."""
    folded = fold(text)
    page = PageTokens([], set(), set())
    for start, end, number in _stretches(folded):
        if number is None:
            _append_runs(page.tokens, folded, start, end)
            page.numbers.update(_PARTIAL_RUN.findall(folded, start, end))
        else:
            page.tokens.extend(_number_tokens(number, number_hash))
            if number.kind not in identifiers.SENSITIVE_KINDS:
                page.phones.add(number.value)
    return page


def tokens(text: str, number_hash: NumberHash) -> list[Token]:
    """The same tokens as :func:`index_tokens`, each with its place in the original text."""
    return tokens_of(fold_with_origins(text), number_hash)


def tokens_of(form: FoldedText, number_hash: NumberHash) -> list[Token]:
    """The tokens of a text that was folded already."""
    out: list[Token] = []
    for start, end, number in _stretches(form.text):
        if number:
            _place_number(out, form, number, number_hash)
        else:
            _place_runs(out, form, start, end)
    return out


def query_tokens(text: str, number_hash: NumberHash) -> list[tuple[int, str]]:
    """The tokens that a text must have, with positions from 0, to contain ``text``.

    Runs at the query's ends may go on in the text, so their edge tokens are left out.
    """
    found = tokens(text, number_hash)
    while found and found[-1].edge:
        found.pop()
    kept = [token for token in found if token.text != BREAK]
    return [(token.position - kept[0].position, token.text) for token in kept]


def han_characters(text: str) -> list[str]:
    """Each Han character, for fields where one character is a query (names, addresses)."""
    return re.findall(rf"[{HAN}]", fold(text))


def keyword(text: str) -> str:
    """A whole value's folded form: no spaces, interpuncts or punctuation (names, codes)."""
    return re.sub(r"[\W_]+", "", fold(text))


def _stretches(folded: str) -> Iterator[tuple[int, int, FoundNumber | None]]:
    """Split a folded text into special numbers and what lies between them."""
    position = 0
    for number in identifiers.find_numbers(folded):
        if position < number.start:
            yield position, number.start, None
        yield number.start, number.end, number
        position = number.end
    if position < len(folded):
        yield position, len(folded), None


def _number_tokens(number: FoundNumber, number_hash: NumberHash) -> list[str]:
    if number.kind in identifiers.SENSITIVE_KINDS:
        return [hash_token(number.value, number_hash)]
    if number.kind is NumberKind.LANDLINE:
        return [number.value, _local_part(number.value)]
    return [number.value]


def hash_token(number: str, number_hash: NumberHash) -> str:
    """The token of a sensitive number in any spelling: an ID number of 15 places equals its 18."""
    value = identifiers.compact(number)
    if identifiers.is_id_no(value):
        value = identifiers.id_no_18(value)
    return "#" + number_hash(value)


def _local_part(landline: str) -> str:
    """A landline without its area code: people dial it so."""
    return landline[3:] if landline.startswith(("010", "02")) else landline[4:]


def _append_runs(out: list[str], folded: str, start: int, end: int) -> None:
    """The tokens of an ordinary stretch; the twin with offsets is :func:`_place_runs`."""
    joined = _joint(folded, start)
    for match in _RUN.finditer(folded, start, end):
        kind = match.lastgroup
        run = match[0]
        if kind == "han":
            if " " in run or "\n" in run or "·" in run:
                run = _FOLDED_AWAY.sub("", run)
            if len(run) == 1:
                out.append(run)
                continue
            if match.start() == joined:
                out.append(run[0])
            out += map(add, run, run[1:])
            out.append(run[-1])
        elif kind == "cut":
            out.append(BREAK)
        else:
            out += [run[i : i + _LONGEST_RUN] for i in range(0, len(run), _LONGEST_RUN)]
            joined = _after_gap(folded, match.end())


def _place_runs(out: list[Token], form: FoldedText, start: int, end: int) -> None:
    """As :func:`_append_runs`, with places; a property test holds the two together."""
    joined = _joint(form.text, start)
    for match in _RUN.finditer(form.text, start, end):
        kind = match.lastgroup
        if kind == "han":
            _place_han(out, form, match, joined=match.start() == joined)
        elif kind == "cut":
            _place(out, form, BREAK, *match.span())
        else:
            for at in range(match.start(), match.end(), _LONGEST_RUN):
                until = min(at + _LONGEST_RUN, match.end())
                _place(out, form, form.text[at:until], at, until)
            joined = _after_gap(form.text, match.end())


def _place_han(out: list[Token], form: FoldedText, match: re.Match[str], *, joined: bool) -> None:
    at = [i for i in range(*match.span()) if form.text[i] not in " \n·"]
    run = [form.text[i] for i in at]
    if len(run) == 1:
        _place(out, form, run[0], at[0], at[0] + 1)
        return
    if joined:
        _place(out, form, run[0], at[0], at[0] + 1, edge=True)
    for index in range(len(run) - 1):
        _place(out, form, run[index] + run[index + 1], at[index], at[index + 1] + 1)
    _place(out, form, run[-1], at[-1], at[-1] + 1, edge=True)


def _place_number(
    out: list[Token], form: FoldedText, number: FoundNumber, number_hash: NumberHash
) -> None:
    first, *rest = _number_tokens(number, number_hash)
    _place(out, form, first, number.start, number.end)
    for local in rest:
        _place(out, form, local, number.end - len(local), number.end)


def _place(
    out: list[Token], form: FoldedText, text: str, start: int, end: int, *, edge: bool = False
) -> None:
    out.append(Token(text, len(out), *form.span(start, end), edge))


def _joint(folded: str, start: int) -> int:
    """Where a Han run would stand directly behind the number that ended the last stretch."""
    return _after_gap(folded, start) if start else -1


def _after_gap(folded: str, position: int) -> int:
    while position < len(folded) and folded[position] in " \n":
        position += 1
    return position
