"""Kinds of papers by the little that was typed of their name: one character, or initials."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from dossier.rules import document_types
from dossier.rules.normal_form import HAN
from dossier.rules.pinyin import readings
from dossier.search.analysis import keyword

LONGEST = 8
"""Letters that are looked at; a name of a kind is spelled by its initials, not in full."""
_ONE_HAN = re.compile(f"[{HAN}]")
_LETTERS = re.compile(rf"[a-z]{{1,{LONGEST}}}")
_PARTS = re.compile(r"[/、(（]")


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of a kind.

    Attributes:
        code: the kind's.
        text: the name, folded.
        initials: of each character, of its first reading.
        is_title: what papers of the kind may bear as title, and not what the kind is called.
    """

    code: str
    text: str
    initials: str
    is_title: bool

    def is_spelled(self, letters: str) -> bool:
        """Whether the letters are its first initials, or some of its last."""
        at_end = len(letters) > 1 and self.initials.endswith(letters)
        return at_end or self.initials.startswith(letters)


def types_by_little(typed: str) -> tuple[str, ...]:
    """Codes of the kinds that one Han character or a few letters may become, likely ones first.

    A character may stand anywhere in the name. Letters are the first ones of its initials, or from
    two on the last ones (合同 of 供用电合同). None for anything else: longer words the index knows.

    Example:
        >>> "C01" in types_by_little("合"), "C01" in types_by_little("ht")
        (True, True)
    """
    part = keyword(typed)
    if _ONE_HAN.fullmatch(part):
        return _in_order(name for name in _names() if part in name.text)
    if _LETTERS.fullmatch(part):
        return _in_order(name for name in _names() if name.is_spelled(part))
    return ()


def _in_order(names: Iterable[_Name]) -> tuple[str, ...]:
    """Their kinds: those that are called so before those whose papers may bear such a title."""
    ordered = sorted(names, key=lambda name: name.is_title)
    return tuple(dict.fromkeys(name.code for name in ordered))


@cache
def _names() -> tuple[_Name, ...]:
    return tuple(
        name
        for code, entry in document_types.catalogue().types.items()
        for name in (
            *(_name(code, part) for part in _PARTS.split(entry.label_zh)),
            *(_name(code, title, is_title=True) for title in entry.titles),
        )
        if name.text
    )


def _name(code: str, written: str, *, is_title: bool = False) -> _Name:
    text = keyword(written)
    return _Name(code, text, "".join(map(_initial, text)), is_title)


def _initial(character: str) -> str:
    """The first letter; a sign has none, and stops what is looked for from going on over it."""
    known = readings(character)
    return known[0][0] if known else " "
