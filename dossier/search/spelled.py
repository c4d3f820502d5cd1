"""Names typed in Latin letters, wholly or in part (domain.md 4.2): zhangsan, zs, zhangs, 张s."""

from __future__ import annotations

import re
from itertools import product

from dossier.rules import pinyin
from dossier.rules.normal_form import HAN, fold
from dossier.search.expression import Expression, Nothing, Prefix, Term, any_of

LONGEST = 48
"""Letters; no name is longer, and longer words are pasted text."""
SHORTEST_ALIKE = 4
"""Letters from which sounds that are alike count: of fewer, half of all names would be."""
_MOST_VARIANTS = 12
# Ou-Yang, xi'an; 7tian of 7天连锁酒店.
_LETTERS = re.compile(r"[0-9]{0,2}[a-z]+(?:['’-][a-z]+)*")
_BETWEEN_SYLLABLES = re.compile("['’-]")
_MIXED = re.compile(rf"(?=.*[a-z])(?=.*[{HAN}])[a-z{HAN}]+")
_PART = re.compile(rf"[a-z]+|[{HAN}]+")


def letters_of(word: str) -> str:
    """The letters of a word that may spell a name; empty for other words."""
    folded = fold(word).strip()
    if len(folded) > LONGEST or not _LETTERS.fullmatch(folded):
        return ""
    return _BETWEEN_SYLLABLES.sub("", folded)


def mixed_parts(word: str) -> tuple[str, ...]:
    """Letters and Han of a word that mixes both (``张s``), in order; none for other words."""
    folded = "".join(fold(word).split())
    if len(folded) > LONGEST or not _MIXED.fullmatch(folded):
        return ()
    return tuple(_PART.findall(folded))


def spelled_name(word: str) -> Expression:
    """Names whose spelling begins so, for a word in letters or one of both kinds."""
    letters = letters_of(word)
    if letters:
        return Prefix("name_pinyin", letters)
    parts = mixed_parts(word)
    if not parts:
        return Nothing()
    return any_of(*(Prefix("name_pinyin", variant) for variant in _variants(parts)))


def spelled_just_so(word: str) -> Expression:
    """Names of which a word is a whole spelling, initials included: ``zw`` is 张伟, not 张伟国."""
    letters = letters_of(word)
    parts = mixed_parts(word)
    wanted = (letters,) if letters else tuple(_variants(parts)) if parts else ()
    return Term("name_pinyin", wanted) if wanted else Nothing()


def spelled_alike(word: str) -> Expression:
    """Names that sound alike, as dialects mix them up."""
    letters = letters_of(word)
    if len(letters) < SHORTEST_ALIKE:
        return Nothing()
    return Prefix("name_alike", pinyin.spoken_alike(letters))


def _variants(parts: tuple[str, ...]) -> list[str]:
    """The letters that a mixed word stands for, with each reading of its Han."""
    choices: list[tuple[str, ...]] = []
    for part in parts:
        if part.isascii():
            choices.append((part,))
        else:
            choices += [
                pinyin.surname_readings(character) if not choices else pinyin.readings(character)
                for character in part
            ]
    spelled: list[str] = []
    for each in product(*choices):
        spelled.append("".join(each))
        if len(spelled) >= _MOST_VARIANTS:
            break
    return spelled


def is_spelled_so(name: str, word: str) -> bool:
    """Whether a word in letters means this name; for marks, where the name is known."""
    letters = letters_of(word)
    if not letters:
        parts = mixed_parts(word)
        wanted = _variants(parts) if parts else []
        whole = "".join(fold(name).split())
        if not all(part in whole for part in parts if not part.isascii()):
            return False
    else:
        wanted = [letters]
    found = pinyin.spellings(name)
    if any(shape.startswith(start) for shape in found.shapes for start in wanted):
        return True
    alike = pinyin.spoken_alike(letters)
    return len(letters) >= SHORTEST_ALIKE and any(each.startswith(alike) for each in found.alike)
