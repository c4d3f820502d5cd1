"""Stations, lines and districts that a query names: what to look up, and what was found.

The index knows places by id, people by name. Whoever has the records looks the names up
(``dossier.services.asking``) and hands the ids to the compiler, which stays pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dossier.rules.place_names import place_key
from dossier.search.query import And, FieldValue, Node, Not, Or, Query, Word

PLACE_FIELDS = ("station", "line", "district")
SHORTEST, LONGEST = 2, 40
"""Characters of a folded name that is looked up."""
MOST_JOINED = 3
"""Words that may be one name: on papers and screens names have spaces (``10kV 东风线``)."""


@dataclass(frozen=True, slots=True, order=True)
class AskedPlace:
    """A piece of a query that may name a place.

    Attributes:
        text: as typed; of words that stand apart, joined.
        field: the field that was named, or empty.
    """

    text: str
    field: str = ""


@dataclass(frozen=True, slots=True, order=True)
class NamedPlace:
    """What a piece of a query turned out to name.

    Attributes:
        asked: the piece.
        field: station, line or district.
        ids: its index values; of a unit with units below it, theirs too.
    """

    asked: AskedPlace
    field: str
    ids: tuple[str, ...]


def asked_places(query: Query) -> tuple[AskedPlace, ...]:
    """Every piece of a query that may name a place, each once."""
    return tuple(dict.fromkeys(_asked(query.node)))


def joined_words(nodes: tuple[Node, ...]) -> Iterator[tuple[int, int, str]]:
    """Runs of words that stand beside each other, joined: first, behind the last, text."""
    for start in range(len(nodes)):
        text = ""
        for end in range(start, min(start + MOST_JOINED, len(nodes))):
            word = nodes[end]
            if not isinstance(word, Word):
                break
            text += word.text
            if end > start and _may_be_name(text):
                yield start, end + 1, text


def _asked(node: Node) -> Iterator[AskedPlace]:
    match node:
        case Word(text) if _may_be_name(text):
            yield AskedPlace(text)
        case FieldValue(field, value) if field in PLACE_FIELDS and _is_name(value):
            yield AskedPlace(value, field)
        case And(nodes):
            yield from (AskedPlace(text) for _, _, text in joined_words(nodes))
            for each in nodes:
                yield from _asked(each)
        case Or(nodes):
            for each in nodes:
                yield from _asked(each)
        case Not(inner):
            yield from _asked(inner)
        case _:
            return


def _is_name(value: str) -> bool:
    """A value of digits alone is a place's id, as facets give it."""
    return not value.isdecimal() and place_key(value) != ""


def _may_be_name(text: str) -> bool:
    """Words without a character beyond ASCII are numbers and spellings, no names of places."""
    return not text.isascii() and SHORTEST <= len(place_key(text)) <= LONGEST
