"""What somebody may have meant whose query finds nothing: other queries, likely ones first.

Only words are made here; whether they find anything, and whether the viewer may see it, is the
search's own matter, with the same scope and rights as for any query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dossier.rules import pinyin
from dossier.rules.normal_form import HAN, fold

LONGEST_NAME = 4
LONGEST_NUMBER = 14
"""Longer runs of digits are identity numbers and accounts, where to try others is to guess."""
SHORTEST_NUMBER = 6
KNOWN_PART = 4
"""Digits at either end that must be right when one between them is not."""
MOST_WORDS = 6
_HAN_NAME = re.compile(f"[{HAN}]{{2,{LONGEST_NAME}}}")
_NUMBER = re.compile(rf"\d{{{SHORTEST_NUMBER},{LONGEST_NUMBER}}}")


class NearReason(StrEnum):
    """How a query differs from what was typed."""

    SOUNDS_ALIKE = "sounds_alike"
    ONE_CHARACTER = "one_character"
    SWAPPED_DIGITS = "swapped_digits"
    ONE_DIGIT = "one_digit"
    FEWER_WORDS = "fewer_words"


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
        '014213 OR 140213 OR 102413 OR 104123 OR 104231'
    """
    words = fold(text).split()
    if len(words) > 1:
        return _fewer(words) if len(words) <= MOST_WORDS else ()
    word = words[0] if words else ""
    if _HAN_NAME.fullmatch(word):
        return _like_name(word)
    if _NUMBER.fullmatch(word):
        return _like_number(word)
    return ()


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
    return tuple(found)


def _like_number(number: str) -> tuple[Near, ...]:
    swapped = dict.fromkeys(
        number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        for at in range(len(number) - 1)
        if number[at] != number[at + 1]
    )
    found = [Near(" OR ".join(swapped), NearReason.SWAPPED_DIGITS)] if swapped else []
    found.append(Near(number[:-1], NearReason.ONE_DIGIT))
    for at in range(len(number) - KNOWN_PART - 1, KNOWN_PART - 1, -1):
        found.append(Near(f"{number[:at]} {number[at + 1 :]}", NearReason.ONE_DIGIT))
    return tuple(found)


def _fewer(words: list[str]) -> tuple[Near, ...]:
    left = (" ".join(words[:at] + words[at + 1 :]) for at in range(len(words) - 1, -1, -1))
    return tuple(Near(each, NearReason.FEWER_WORDS) for each in left)
