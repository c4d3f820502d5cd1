"""Doubtful characters by the words that they make with their neighbours.

Where print is bad the network often gives the right character second place: 电量消算 for 电量测算
with chances of 0.55 and 0.30. A line whose characters fall into few words is more likely than
one of many loose characters, so an alternative is taken when the word that it makes outweighs
what the network holds against it. Characters that the network is sure of never change, nor does a
character that would stand alone: names that are no words stay as they were read.

The words are those of jieba's dictionary (350,000, newspapers and literature), in the package
rjieba. Traditional words are looked up by their Simplified form, so no script is preferred.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import rjieba
from opencc import OpenCC

from dossier.adapters.rapidocr.recognition import LineText

# Surer characters are never asked (docs/performance-ocr.md).
_DOUBTFUL = 0.95
# Alternatives with a lower chance are noise.
_LEAST_CHANCE = 0.003
_MOST_ALTERNATIVES = 8
# What a word more costs, in natural logarithms of chance: an alternative that makes one word of
# two loose characters may be 90 times less likely than what was read.
_WORD_COST = 4.5
_LONGEST_WORD = 5

Options = list[tuple[str, float]]


def in_words(line: LineText) -> LineText:
    """The line with doubtful Han characters exchanged where that makes words.

    Args:
        line: as read, with the alternatives of its characters.

    Returns:
        The line itself when nothing changes; else one of the same length, in which exchanged
        characters have the chance that the network gave them.
    """
    options = [_options(line, at) for at in range(len(line.text))]
    if all(len(own) == 1 for own in options):
        return line
    text = _fewest_words(options)
    return _exchanged(line, text) if text != line.text else line


def _options(line: LineText, at: int) -> Options:
    """What a character may be, first as it was read, with logarithms relative to that."""
    read, chance = line.text[at], line.chances[at]
    if not _is_han(read) or chance >= _DOUBTFUL or not line.options[at]:
        return [(read, 0.0)]
    others = [
        (other, math.log(likely / chance))
        for other, likely in line.options[at][:_MOST_ALTERNATIVES]
        if other != read and likely >= _LEAST_CHANCE and _is_han(other)
    ]
    return [(read, 0.0), *others]


def _fewest_words(options: Sequence[Options]) -> str:
    """The best way through the alternatives: chances weighed against the number of words."""
    best: list[tuple[float, str]] = [(0.0, "")]
    for end in range(1, len(options) + 1):
        reach = range(max(0, end - _LONGEST_WORD), end)
        found = (
            (best[begin][0] + chance - _WORD_COST, best[begin][1] + word)
            for begin in reach
            for word, chance in _words(options[begin:end])
        )
        best.append(max(found, key=lambda way: way[0]))
    return best[-1][1]


def _words(places: Sequence[Options]) -> Iterator[tuple[str, float]]:
    """Words that fill the places; a lone character only as it was read."""
    if len(places) == 1:
        yield places[0][0]
        return
    if not all(_is_han(own[0][0]) for own in places):
        return
    ways: list[tuple[str, float]] = [("", 0.0)]
    for own in places:
        ways = [(text + c, chance + more) for text, chance in ways for c, more in own]
    yield from ((text, chance) for text, chance in ways if _is_word(text))


@cache
def _simplify() -> OpenCC:
    return OpenCC("t2s")


def _is_word(text: str) -> bool:
    return rjieba.has_word(text) or (
        (simple := _simplify().convert(text)) != text and rjieba.has_word(simple)
    )


def _exchanged(line: LineText, text: str) -> LineText:
    chances = tuple(
        chance if new == old else dict(line.options[at])[new]
        for at, (old, new, chance) in enumerate(zip(line.text, text, line.chances, strict=True))
    )
    simpler = "".join(
        slim if new == old else new
        for old, new, slim in zip(line.text, text, line.simpler or line.text, strict=True)
    )
    return replace(
        line,
        text=text,
        confidence=sum(chances) / len(chances),
        chances=chances,
        simpler=simpler if simpler != text else "",
    )


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or ord(character) >= 0x20000
