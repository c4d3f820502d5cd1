"""How Chinese names are spelled in Latin letters (domain.md 4.2), for the index and for queries.

A name is found by its whole spelling, by initials, by any mix of the two, and by the beginning of
each: ``zhangsan``, ``zs``, ``zsan``, ``zhs``, ``zhangs``. Every plausible reading counts: that of
the surname first, the usual ones besides, so that ``shanxiong`` and ``danxiong`` find 单雄.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations, islice, product

from dossier.rules import names, rulebook
from dossier.rules.normal_form import HAN, fold
from dossier.rules.organisations import core_name, shop_owner

MOST_READINGS = 3
"""Readings taken of a character, usual ones first; the library also lists those of old books."""
SHORT_NAME = 4
"""Syllables up to which full spellings and initials may be mixed: persons' names."""
_MOST_COMBINATIONS = 24
_MOST_OF_LONG_NAMES = 8  # companies: their spellings are long, and few of their readings doubtful
_MOST_SHAPES = 96  # a name of four polyphones; ordinary ones have two to nine
_NAMES_KEPT = 1024

_UNIT = re.compile(rf"[{HAN}]|[a-z]+|[0-9]+")
# 买买提·艾力; 李娜、王芳 own something together. ("、" folds to itself.)
_BETWEEN_PARTS = re.compile(r"[·、,，/;；&]")
_MOST_PARTS = 4
_SHORTEST_WORD = 4  # of a name in letters that is a beginning: not Co. and Ltd.
_TWO_LETTER_INITIALS = ("zh", "ch", "sh")
# ü: typed v, u or yu (吕 is lv, lu and lyu; 略 is lve, lue and lyue).
_UMLAUT = re.compile(r"^([ln])v")
_LETTERS = re.compile(r"[a-z]+")
_SPOKEN_ALIKE = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("ng", "n"),
    ("n", "l"),
    ("f", "h"),
    ("v", "u"),
)


@dataclass(frozen=True, slots=True)
class Spellings:
    """What a name may be typed as; each is also found by its beginning.

    Attributes:
        shapes: full spellings, initials, and mixes of both.
        alike: full spellings without what dialects mix up (:func:`spoken_alike`).
        core: the core name of an organisation or a shop; empty for a person.
        short: a person's initials, and mixes that end with one: what is spelled wholly so.
    """

    shapes: tuple[str, ...]
    alike: tuple[str, ...]
    core: str = ""
    short: tuple[str, ...] = ()


def spellings(name: str) -> Spellings:
    """Every spelling of a name; empty for a name without letters."""
    return _spellings(fold(name))


@lru_cache(_NAMES_KEPT)
def _spellings(folded: str) -> Spellings:
    shop = shop_owner(folded) is not None
    core = core_name(folded) if shop or names.is_organisation(folded) else ""
    units = _UNIT.findall(folded)
    if all(map(str.isascii, units)):
        return Spellings(tuple(_in_letters(units)), (), core)
    shapes: dict[str, None] = {}
    alike: dict[str, None] = {}
    short: dict[str, None] = {}
    for reading in _combinations(_readings_of(units, as_person=not core)):
        alike[spoken_alike("".join(reading))] = None
        shapes.update(dict.fromkeys(_shapes(reading)))
        if 1 < len(reading) <= SHORT_NAME and not core:
            short.update(dict.fromkeys(_ending_short(reading)))
        if len(shapes) > _MOST_SHAPES:
            break
    for part, by_initials in _other_beginnings(folded, units, core):
        for reading in _combinations(_readings_of(part, as_person=shop)):
            whole = "".join(reading)
            shapes[whole] = alike[spoken_alike(whole)] = None
            if by_initials:
                shapes["".join(syllable[0] for syllable in reading)] = None
    return Spellings(tuple(shapes), tuple(alike), core, tuple(short))


def _in_letters(units: list[str]) -> Iterator[str]:
    """A name in Latin letters, joined, from its head and from each longer word."""
    for at, unit in enumerate(units):
        if unit.isalpha() and (at == 0 or len(unit) >= _SHORTEST_WORD):
            yield "".join(units[at:])


def _other_beginnings(folded: str, units: list[str], core: str) -> Iterator[tuple[list[str], bool]]:
    """Where people begin besides the head, and whether they also type its initials."""
    if core:
        found = [(_UNIT.findall(core), True)]
    else:
        found = [(_given_name(units), False)]
        found += [(part, True) for part in _further_parts(folded)]
    return ((part, initials) for part, initials in found if part and part != units)


def _given_name(units: list[str]) -> list[str]:
    """A given name; one of a single character is no beginning."""
    surname, given = names.split_surname("".join(units))
    rest = _UNIT.findall(given)
    return rest if surname and 1 < len(rest) <= SHORT_NAME else []


def _further_parts(folded: str) -> list[list[str]]:
    """What stands behind an interpunct, or is a further person's name: 艾力 of 买买提·艾力."""
    parts = [_UNIT.findall(part) for part in _BETWEEN_PARTS.split(folded)[1:]]
    return [part for part in parts if len(part) > 1][:_MOST_PARTS]


def _shapes(syllables: Sequence[str]) -> Iterable[str]:
    """Full spellings and initials, mixed in short names; the last syllable is always full."""
    if len(syllables) > SHORT_NAME:
        return ("".join(syllables), "".join(syllable[0] for syllable in syllables))
    *first, last = [_forms(syllable) for syllable in syllables]
    return map("".join, product(*first, last[:1]))


def _ending_short(syllables: Sequence[str]) -> Iterable[str]:
    """The same mixes with the last syllable's initial: ``zs``, ``zhs``, ``zhangs``."""
    *first, last = syllables
    return map("".join, product(*map(_forms, first), last[:1]))


def _forms(syllable: str) -> tuple[str, ...]:
    """As it is, its first letter, and ``zh`` and its like."""
    if syllable.startswith(_TWO_LETTER_INITIALS):
        return syllable, syllable[0], syllable[:2]
    return (syllable, syllable[0]) if len(syllable) > 1 else (syllable,)


def _readings_of(units: Sequence[str], *, as_person: bool) -> list[tuple[str, ...]]:
    """The readings of each character; a person's surname first by its own table."""
    # A character that no table knows is left out: the rest of the name still finds.
    units = [unit for unit in units if readings(unit)]
    found = [readings(unit) for unit in units]
    if as_person and units:
        compound = _surname_tables().compound.get("".join(units[:2]))
        if compound and len(units) > 2:
            for at, syllable in enumerate(compound):
                found[at] = _distinct([*_umlauts(syllable), *found[at]])
        else:
            own = _surname_tables().single.get(units[0], ())
            found[0] = _distinct([*own, *found[0]])
    return found


def _combinations(choices: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Readings of a whole name, those with the fewest unusual ones first, bounded."""
    limit = _MOST_COMBINATIONS if len(choices) <= SHORT_NAME else _MOST_OF_LONG_NAMES
    return list(islice(_by_unusual(choices), limit))


def _by_unusual(choices: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """All readings: the usual one of each character, then one of them otherwise, then two.

    So that 行 at the end of 电器行 is also read otherwise, however many choices stand before it.
    """
    usual = [choice[:1] for choice in choices]
    open_to_choice = [at for at, choice in enumerate(choices) if len(choice) > 1]
    for count in range(len(open_to_choice) + 1):
        for places in combinations(open_to_choice, count):
            chosen = [choices[at][1:] if at in places else usual[at] for at in range(len(choices))]
            yield from product(*chosen)


def readings(unit: str) -> tuple[str, ...]:
    """Readings of a Han character without tones; letters and digits stand for themselves."""
    return (unit,) if unit.isascii() else _readings(unit)


@cache
def _readings(character: str) -> tuple[str, ...]:
    tables = _surname_tables()
    known = tables.rare.get(character) or tables.usual.get(character) or _library()(character)
    found = [each for each in known if _LETTERS.fullmatch(each)]
    return _distinct(form for each in found[:MOST_READINGS] for form in _umlauts(each))


def surname_readings(character: str) -> tuple[str, ...]:
    """Readings that a character has at a name's head, the surname's first."""
    return _distinct([*_surname_tables().single.get(character, ()), *readings(character)])


def _umlauts(syllable: str) -> tuple[str, ...]:
    if not _UMLAUT.match(syllable):
        return (syllable,)
    return tuple(_UMLAUT.sub(rf"\1{vowel}", syllable) for vowel in ("v", "u", "yu"))


def _distinct(each: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each))


def spoken_alike(letters: str) -> str:
    """Letters without what many do not tell apart: zh/z, ch/c, sh/s, n/l, f/h, ang/an, ing/in.

    The same change on both sides; it is one of letters, not of syllables, so that a beginning stays
    a beginning.

    Example:
        >>> spoken_alike("zhangsan") == spoken_alike("zansang")
        True
    """
    for heard, same in _SPOKEN_ALIKE:
        letters = letters.replace(heard, same)
    return letters


@dataclass(frozen=True, slots=True)
class _SurnameTables:
    single: dict[str, tuple[str, ...]]
    compound: dict[str, tuple[str, ...]]
    rare: dict[str, tuple[str, ...]]
    usual: dict[str, tuple[str, ...]]


@cache
def _surname_tables() -> _SurnameTables:
    tables = rulebook.load("surname_readings")
    single, compound, rare = (
        {fold(key): tuple(value.split()) for key, value in tables[name].items()}
        for name in ("single", "compound", "rare")
    )
    usual = {
        fold(character): tuple(said.split())
        for said, characters in tables["usual"].items()
        for character in characters
    }
    return _SurnameTables(single, compound, rare, usual)


@cache
def _library() -> Callable[[str], list[str]]:
    """The library's table of characters, without its table of phrases.

    That table costs 44 MB and 0.12 s in every process, and names are in no phrase book.
    """
    switch = "PYPINYIN_NO_PHRASES"
    before = os.environ.get(switch)
    os.environ[switch] = "true"
    try:
        from pypinyin import Style, pinyin
    finally:
        if before is None:
            del os.environ[switch]
        else:
            os.environ[switch] = before
    return lambda character: pinyin(character, style=Style.NORMAL, heteronym=True)[0]
