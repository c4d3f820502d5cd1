"""What somebody may have meant whose query finds nothing: other queries, likely ones first.

Only words are made here; whether they find anything, and whether the viewer may see it, is the
search's own matter, with the same scope and rights as for any query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dossier.rules import numerals, pinyin
from dossier.rules.address_forms import HAN_NUMERALS, MARK, numbered_parts
from dossier.rules.normal_form import HAN, fold
from dossier.search.parser import parse
from dossier.search.query import And, Node, Not, Word, written
from dossier.search.values import ends_type_name

LONGEST_NAME = 4
LONGEST_NUMBER = 14
"""Longer runs of digits are identity numbers and accounts, where to try others is to guess."""
SHORTEST_NUMBER = 6
KNOWN_PART = 4
"""Digits at either end that must be right when one between them is not."""
MOST_WORDS = 6
SHORTEST_PART = 2
"""Characters on each side of a wrong one in an organisation's name; parts, beyond which one of them
alone is another query than one left out."""
SHORTEST_ADDRESS = 2
"""Parts of an address that is not shortened any more: the street and its number."""
IN_NAMES = "户名:"
"""Before a word that is looked for in customers' names only (:mod:`dossier.search.vocabulary`)."""
IN_NUMBERS = "number:"
"""The same before digits, in customers' own numbers."""
_LAST_NUMBER = re.compile(rf"[ -]*(?:[0-9{HAN_NUMERALS}]+|[a-z])[^0-9a-z{HAN_NUMERALS}]*$")
_OF_HOUSES = re.compile(f"[0-9{HAN_NUMERALS}](?:{MARK})")
_HAN_PAIR = re.compile(f"[{HAN}]{{2}}")
_GROUPS = re.compile(r"[ -]")
_LONG_NAME = re.compile(f"[{HAN}]{{{LONGEST_NAME + 1},16}}")
_LETTERS = re.compile(r"[a-z]{4,16}")
_HAN_NAME = re.compile(f"[{HAN}]{{2,{LONGEST_NAME}}}")
_NUMBER = re.compile(rf"\d{{{SHORTEST_NUMBER},{LONGEST_NUMBER}}}")


class NearReason(StrEnum):
    """How a query differs from what was typed."""

    SOUNDS_ALIKE = "sounds_alike"
    ONE_CHARACTER = "one_character"
    ONE_WRONG = "one_wrong"
    SWAPPED_DIGITS = "swapped_digits"
    SWAPPED_LETTERS = "swapped_letters"
    ONE_DIGIT = "one_digit"
    FEWER_WORDS = "fewer_words"
    NEXT_DOOR = "next_door"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Near:
    """Another query, and how it differs."""

    q: str
    reason: NearReason


def near_queries(text: str) -> tuple[Near, ...]:
    """Queries to try instead of ``text``, likely ones first; at most some twenty.

    Example:
        >>> [near.q for near in near_queries("章伟")]
        ['zhangwei']
        >>> near_queries("104213")[0].q
        'number:014213 OR number:140213 OR number:102413 OR number:104123 OR number:104231'
    """
    grouped = _GROUPS.sub("", fold(text))
    if _NUMBER.fullmatch(grouped):
        return _like_number(grouped)
    node = parse(text, as_typed=True).node
    if isinstance(node, And):
        return _fewer(node.nodes) if len(node.nodes) <= MOST_WORDS else ()
    word = fold(node.text).strip() if isinstance(node, Word) else ""
    return _like_address(word) or (*_counted_otherwise(word), *_like_word(word))


def _like_word(word: str) -> tuple[Near, ...]:
    for shape, like in _LIKE.items():
        if shape.fullmatch(word):
            return like(word)
    return ()


def _counted_otherwise(name: str) -> tuple[Near, ...]:
    """An organisation's name with its numbers written otherwise: 第2中学, 二〇八队, 鼎盛Ⅱ期."""
    if len(name) <= SHORTEST_PART or name.isascii() or _OF_HOUSES.search(name):
        return ()
    others = (f"{IN_NAMES}{other.replace(' ', '')}" for other in numerals.otherwise(name))
    found = " OR ".join(others)
    return (Near(found, NearReason.ONE_WRONG),) if found else ()


def _like_name(name: str) -> tuple[Near, ...]:
    first = pinyin.surname_readings(name[0]) or pinyin.readings(name[0])
    rest = [pinyin.readings(character)[:1] for character in name[1:]]
    found = []
    if first and all(rest):
        letters = first[0] + "".join(reading[0] for reading in rest)
        found.append(Near(letters, NearReason.SOUNDS_ALIKE))
    if len(name) > 2:  # a part of two characters is still a name
        parts = dict.fromkeys((name[:-1], name[1:]))
        found += [Near(part, NearReason.ONE_CHARACTER) for part in parts]
    return (*found, *_apart(name))


def _apart(word: str) -> tuple[Near, ...]:
    """A name in which something is left out (湖北移动), or two words in one (高压合同)."""
    places = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1)
    if not places:
        return ()
    names = (f"({IN_NAMES}{word[:at]} {IN_NAMES}{word[at:]})" for at in places)
    kind = next((f"{word[:at]} {word[at:]}" for at in places if ends_type_name(word[at:])), "")
    found = [Near(" OR ".join(names), NearReason.ONE_WRONG)]
    return (*found, Near(kind, NearReason.APART)) if kind else tuple(found)


def _like_number(number: str) -> tuple[Near, ...]:
    """Customers' numbers with two digits swapped, the last one left out, or one of them wrong."""
    swapped = _swapped(number)
    found = [Near(_any_of(swapped), NearReason.SWAPPED_DIGITS)] if swapped else []
    found.append(Near(f"{IN_NUMBERS}{number[:-1]}", NearReason.ONE_DIGIT))
    for at in range(len(number) - KNOWN_PART - 1, KNOWN_PART - 1, -1):
        sides = (number[:at], number[at + 1 :])
        both = " ".join(f"{IN_NUMBERS}{side}" for side in sides)
        found.append(Near(both, NearReason.ONE_DIGIT))
    return tuple(found)


def _any_of(numbers: tuple[str, ...]) -> str:
    return " OR ".join(f"{IN_NUMBERS}{each}" for each in numbers)


def _like_long_name(name: str) -> tuple[Near, ...]:
    """An organisation's name with one character wrong: names with what stands before and behind it.

    Only names: on pages the search itself finds a wording with one character misread.
    """
    sides = (
        f"({IN_NAMES}{name[:at]} {IN_NAMES}{name[at + 1 :]})"
        for at in range(SHORTEST_PART, len(name) - SHORTEST_PART)
    )
    ends = (f"{IN_NAMES}{part}" for part in (name[1:], name[:-1]))
    return (Near(" OR ".join((*ends, *sides)), NearReason.ONE_WRONG), *_apart(name))


def _like_address(address: str) -> tuple[Near, ...]:
    """The same building, then the same street: an address without its last numbers."""
    if not _HAN_PAIR.search(address):
        return ()
    found: list[Near] = []
    while len(numbered_parts(address)) > SHORTEST_ADDRESS:
        address = _LAST_NUMBER.sub("", address)
        if not numbered_parts(address):
            break
        found.append(Near(address, NearReason.NEXT_DOOR))
    return tuple(found)


def _like_letters(letters: str) -> tuple[Near, ...]:
    swapped = _swapped(letters)
    return (Near(" OR ".join(swapped), NearReason.SWAPPED_LETTERS),) if swapped else ()


def _swapped(word: str) -> tuple[str, ...]:
    """The word with each two neighbours swapped."""
    return tuple(
        dict.fromkeys(
            word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            for at in range(len(word) - 1)
            if word[at] != word[at + 1]
        )
    )


def _fewer(nodes: tuple[Node, ...]) -> tuple[Near, ...]:
    """One of the parts left out; where that does not help, one alone."""
    count = len(nodes)
    kept = [nodes[:at] + nodes[at + 1 :] for at in range(count - 1, -1, -1)]
    if count > SHORTEST_PART:
        kept += [(node,) for node in nodes]
    fewer = (each for each in kept if not all(isinstance(node, Not) for node in each))
    return tuple(Near(" ".join(map(written, each)), NearReason.FEWER_WORDS) for each in fewer)


_LIKE: Mapping[re.Pattern[str], Callable[[str], tuple[Near, ...]]] = {
    _HAN_NAME: _like_name,
    _LONG_NAME: _like_long_name,
    _LETTERS: _like_letters,
}
