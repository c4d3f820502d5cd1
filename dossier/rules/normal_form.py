"""The one normal form of Chinese text (domain.md 4.1), for the index, for queries, for masks.

Character by character, so that every folded character knows which original characters it came
from. Everything that finds, marks or masks works on folded text and answers in original offsets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from opencc import OpenCC

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U0003fffd"
"""Character class of Han: with 々 and 〇, with the private use area, where public security systems
print rare name characters (domain.md 4.1), and with both supplementary planes."""

_DASHES = dict.fromkeys("-－—–‐‑‒―−~～〜﹣", "-")
_INTERPUNCTS = dict.fromkeys("·•．‧・･∙⋅●", "·")
_SPACES = dict.fromkeys("\r\x0b\x1c\x1d\x1e\x1f\x85\u2028\u2029", "\n")
_KEPT_CONTROLS = {"\n": "\n", "\t": "\t", "\f": "\f"}
# Radicals that PDF fonts give instead of the character; NFKC knows those of the Kangxi block only.
_RADICALS = {
    **dict(zip("⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜", "虎西见角贝车长门青韦页风飞", strict=True)),
    **dict(zip("⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳", "食马骨鬼鱼鸟麦黄齐齿龙龟", strict=True)),
}
# Variants of names that OpenCC's Traditional table leaves alone: Japanese and old forms.
_VARIANTS = {"戸": "户", "锺": "钟", "馀": "余", "髙": "高", "﨑": "崎", "亜": "亚", "吳": "吴"}
_FIXED = _DASHES | _INTERPUNCTS | _SPACES | _KEPT_CONTROLS | _RADICALS
# ①, Ⅱ and ㎡ become digits and letters, which must not run into those beside them: ①138… is a
# phone, and 10kVⅡ段 is no kvii.
_APART = {"circle": " {} ", "roman": " {} ", "square": "{} "}
_ROMAN_NUMBERS = range(0x2160, 0x2189)
# Marks, format characters (zero-width, direction, soft hyphen), controls, lone surrogates.
_DROPPED_CATEGORIES = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})


class _FoldTable(dict[int, str]):
    """Code point → folded text, filled as characters are met: ``str.translate`` stays in C."""

    def __init__(self) -> None:
        super().__init__()
        self._simplify = OpenCC("t2s")

    def __missing__(self, code_point: int) -> str:
        folded = self._fold(chr(code_point))
        self[code_point] = folded
        return folded

    def _fold(self, character: str) -> str:
        """One character's normal form; folding it again changes nothing."""
        for _ in range(4):  # the longest chain in the Traditional table has two steps
            once = "".join(self._fold_once(each) for each in character)
            if once == character:
                break
            character = once
        return character

    def _fold_once(self, character: str) -> str:
        fixed = _FIXED.get(character)
        if fixed is not None:
            return fixed
        if character.isdecimal():
            return str(unicodedata.decimal(character))
        if character.isspace():
            return " "
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", character).lower())
        kept = (each for each in plain if unicodedata.category(each) not in _DROPPED_CATEGORIES)
        composed = unicodedata.normalize("NFKC", "".join(kept))
        simple = "".join(_VARIANTS.get(each) or self._simplified(each) for each in composed)
        return _apart(character, simple)

    def _simplified(self, character: str) -> str:
        return self._simplify.convert(character) if character > "\u2e7f" else character


def _apart(character: str, folded: str) -> str:
    """What a character gives; with space around it where it is a sign that counts or measures."""
    kind = unicodedata.decomposition(character).partition(" ")[0].strip("<>")
    if ord(character) in _ROMAN_NUMBERS:
        kind = "roman"
    around = _APART.get(kind)
    return around.format(folded) if around and folded.isascii() else folded


_TABLE = _FoldTable()


def fold(text: str) -> str:
    r"""The normal form: half width, Simplified by character, lower case, one dash, one space.

    Zero-width characters, accents and controls go; line ends stay ``\n``, cell ends ``\t``.

    Example:
        >>> fold("戶號：ＡＢ－１２")
        '户号:ab-12'
    """
    return text.translate(_TABLE)


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text's normal form that can tell where each of its characters came from.

    Attributes:
        text: the normal form, equal to ``fold(original)``.
        origins: for each folded character the index of the original one.
        length: characters of the original.
    """

    text: str
    origins: Sequence[int]
    length: int

    @property
    def is_one_to_one(self) -> bool:
        """Whether each character of the original gave one, so that all offsets are the same."""
        return isinstance(self.origins, range)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of folded characters ``start`` up to ``end`` (half open).

        Marks and zero-width characters between belong to it; an empty span stays empty.
        """
        if start >= end:
            at = self.origins[start] if start < len(self.origins) else self.length
            return at, at
        return self.origins[start], self.origins[end - 1] + 1


def fold_with_origins(text: str) -> FoldedText:
    """The normal form with a way back to the original's offsets (code points)."""
    if _folds_one_to_one(text):
        return FoldedText(fold(text), range(len(text)), len(text))
    pieces: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        folded = _TABLE[ord(character)]
        pieces.append(folded)
        origins.extend([index] * len(folded))
    return FoldedText("".join(pieces), tuple(origins), len(text))


_ONE_TO_ONE: set[str] = set()
"""Characters met that fold to one: of a page nearly all, so that folding stays in C."""


def _folds_one_to_one(text: str) -> bool:
    for character in set(text) - _ONE_TO_ONE:
        if len(_TABLE[ord(character)]) != 1:
            return False
        _ONE_TO_ONE.add(character)
    return True
