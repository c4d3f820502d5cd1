"""Names of stations, lines and transformer districts, so that another spelling is the same name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dossier.rules import numerals
from dossier.rules.normal_form import fold

_VOLTAGE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:kv|千伏)")
_NUMBER_SIGN = re.compile(r"(?<=[0-9])#")
_NO_PART = re.compile(r"[\W_]+")
_ENDINGS = (("供电所", "所"), ("台区", ""), ("线路", "线"))
"""Endings of which people write the short form, on papers and in the box."""


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A place's name taken apart.

    Attributes:
        key: the folded name without voltage, spaces and signs; equal for spellings of one name.
        voltage: in kV, as written; empty when the name has none.
    """

    key: str
    voltage: str = ""

    def agrees(self, other: PlaceName) -> bool:
        """Whether the voltages do not contradict each other; either name may leave it out."""
        return not self.voltage or not other.voltage or self.voltage == other.voltage

    def is_called(self, other: PlaceName) -> bool:
        """Whether both are one name, numbers in whatever way: Ⅱ回线, 2回线, 二回线."""
        return _counted(self.key) == _counted(other.key)

    def is_part_of(self, other: PlaceName) -> bool:
        """Whether the other name has this one in it, their numbers written in whatever way."""
        return _counted(self.key) in _counted(other.key)

    def written(self) -> tuple[str, ...]:
        """The key, and the key with its numbers written otherwise."""
        return (self.key, *numerals.otherwise(self.key))


def _counted(key: str) -> str:
    return numerals.NUMERAL.sub(lambda found: str(numerals.number_of(found)), key)


def place_name(text: str) -> PlaceName:
    """Take a name apart.

    Example:
        >>> place_name("10千伏東風線")
        PlaceName(key='东风线', voltage='10')
        >>> place_name("张湾2组1#变台区").key
        '张湾2组1号变'
    """
    folded = fold(text)
    voltage = _VOLTAGE.match(folded)
    bare = folded[voltage.end() :] if voltage else folded
    key = _NO_PART.sub("", _NUMBER_SIGN.sub("号", bare))
    for ending, short in _ENDINGS:
        if key.endswith(ending) and len(key) > len(ending):
            key = key.removesuffix(ending) + short
            break
    return PlaceName(key, voltage[1] if voltage else "")


def place_key(text: str) -> str:
    """The key under which a place is looked up; see :attr:`PlaceName.key`."""
    return place_name(text).key


def begins(name: str, typed: str) -> bool:
    """Whether a name begins as somebody types it, with or without its voltage.

    Example:
        >>> begins("东山供电所", "东山供"), begins("10kV东山线", "东山"), begins("东山线", "东山供")
        (True, True, False)
    """
    asked, whole = place_name(typed), place_name(name)
    written = _written(name).startswith(_written(typed))
    return asked.agrees(whole) and (written or whole.key.startswith(asked.key))


def beginning_key(typed: str) -> str:
    """What the keys of all names that begin so begin with: an ending that is half typed is none."""
    key = place_key(typed)
    for ending, short in _ENDINGS:
        for length in range(len(ending) - 1, 0, -1):
            half = ending[:length]
            if key.endswith(half) and not short.startswith(half):
                return key.removesuffix(half)
    return key


def _written(text: str) -> str:
    """A name as it is written, its voltage and ending too; only signs and spaces apart."""
    return _NO_PART.sub("", _NUMBER_SIGN.sub("号", fold(text).replace("千伏", "kv")))
