"""Patterns that are tried only where they can match: all of them look at a text together, once.

Some eighty rules of masking look for something that hardly any page has. A regular expression
takes some 25 ns for every character all the same, so they took milliseconds a page. Here one table
says of each character at which places of which pattern's window it may stand
(:mod:`dossier.rules.pattern_windows`); a few look-ups a character leave the starts that are worth
trying, for all patterns at once. What a pattern finds is what ``re`` alone would find.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from dossier.rules.pattern_windows import PLACES, Character, Window, is_one, windows_of

TEXTS_KEPT = 8
"""Texts whose starts are kept: those that are just looked at."""
AT_ONCE = 1 << 15
"""Characters looked at together: a long text takes no more memory than this many do."""
_CODES = 0x110000
_BITS = 64
_MORE_CLASSES = 512

_OUTSIDE = 1
"""Class of what stands before and behind a text; 0 is that of characters that were not met yet."""
_BEFORE = 0
"""Row of what stands before a match; the window's places follow."""
_WORD = np.dtype("<u8")
_Masks = NDArray[np.uint64]
_Question = tuple[Character, list[int]]
"""… and for each place the windows that ask for it, a bit each."""

Starts = dict[int, list[int]]
"""Pattern → where its matches may begin, ascending; where there can be none, it is left out."""
ANYWHERE: list[int] = []


class QuickPattern:
    """A regular expression over texts in the normal form; finds what ``re`` finds."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        """Compile ``pattern``, which matches no empty text."""
        self.pattern = re.compile(pattern, flags)
        self._number = len(_patterns)
        _patterns.append(self)
        _starts.cache_clear()

    @cached_property
    def windows(self) -> list[Window]:
        """Of which every match has one; none where none is rare."""
        return windows_of(self.pattern)

    def finditer(self, text: str) -> Iterable[re.Match[str]]:
        """Every match, as :meth:`re.Pattern.finditer` gives them."""
        if not self.windows:
            return self.pattern.finditer(text)
        found = _starts(text).get(self._number)
        if found is None:
            return ()
        return self.pattern.finditer(text) if found is ANYWHERE else self._matches(text, found)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match."""
        return next(iter(self.finditer(text)), None)

    def _matches(self, text: str, starts: Sequence[int]) -> Iterator[re.Match[str]]:
        match_at, done = self.pattern.match, 0
        for at in starts:
            if at >= done and (match := match_at(text, at)):
                yield match
                done = match.end()


_patterns: list[QuickPattern] = []


class _Table:
    """What each character means to each of the windows; filled as characters are met."""

    def __init__(self, patterns: Sequence[QuickPattern]) -> None:
        self.size = len(patterns)
        looked = [(number, each) for number, one in enumerate(patterns) for each in one.windows]
        self._windows = [window for _, window in looked]
        self._patterns = [number for number, _ in looked]
        self._owners = [
            ~at if each.farthest != 0 else number for at, (number, each) in enumerate(looked)
        ]
        self._asked = _Questions(self._windows)
        self._classes: NDArray[np.uint16] = np.zeros(_CODES, np.uint16)
        shape = 1 + PLACES, self._asked.words, _MORE_CLASSES
        self._masks: _Masks = np.zeros(shape, _WORD)
        self._masks[:, :, _OUTSIDE] = self._asked.outside()
        self._known: dict[bytes, int] = {}
        self._next = _OUTSIDE + 1
        self._lock = Lock()

    def starts(self, text: str) -> Starts:
        """Where matches of each pattern may begin."""
        found: Starts = {}
        for begin in range(0, len(text), AT_ONCE):
            for window, at in self._looked_up(text, begin, begin + AT_ONCE):
                owner = self._owners[window]
                places = found.get(owner)
                if places is None:
                    found[owner] = [at]
                elif places[-1] != at:
                    places.append(at)
        for owner in [owner for owner in found if owner < 0]:
            self._move(~owner, found.pop(owner), found)
        return found

    def _move(self, number: int, places: list[int], found: Starts) -> None:
        """From where a window stands to where matches may begin that have it farther on."""
        window, pattern = self._windows[number], self._patterns[number]
        before = found.get(pattern, ())
        if window.farthest is None or before is ANYWHERE:
            found[pattern] = ANYWHERE
            return
        starts = set(before)
        for at in places:
            starts.update(range(max(0, at - window.farthest), at - window.nearest + 1))
        found[pattern] = sorted(starts)

    def _looked_up(self, text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Windows that begin between these places of the text, and where; ascending by place."""
        inside = self._classes_of(text[max(0, begin - 1) : end + PLACES - 1])
        length = min(end, len(text)) - begin
        classes = np.full(length + PLACES, _OUTSIDE, np.uint16)
        first = 0 if begin else 1
        classes[first : first + len(inside)] = inside
        masks = self._masks  # after the classes: it holds at least what they name
        # The first two places leave few starts, which then are looked at closely.
        here = masks[1].take(classes[1 : length + 1], axis=1)
        here &= masks[2].take(classes[2 : length + 2], axis=1)
        left = np.flatnonzero(np.bitwise_or.reduce(here))
        here = here.take(left, axis=1)
        for place in (_BEFORE, *range(3, 1 + PLACES)):
            here &= masks[place].take(classes[left + place], axis=1)
        octets = np.ascontiguousarray(here.T).view(np.uint8).ravel()
        some = np.flatnonzero(octets != 0)
        bits = np.unpackbits(octets[some], bitorder="little").view(np.bool_)
        found = np.flatnonzero(bits)
        rows, numbers = np.divmod(some[found >> 3], here.shape[0] * here.itemsize)
        windows = (numbers << 3) + (found & 7)
        return zip(windows.tolist(), (left[rows] + begin).tolist(), strict=True)

    def _classes_of(self, text: str) -> NDArray[np.uint16]:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        classes: NDArray[np.uint16] = self._classes[codes]
        if not classes.all():
            self._meet(set(text))
            classes = self._classes[codes]
        return classes

    def _meet(self, letters: Iterable[str]) -> None:
        with self._lock:
            for letter in letters:
                if not self._classes[ord(letter)]:
                    self._classes[ord(letter)] = self._class_of(self._asked.mask(letter))

    def _class_of(self, mask: _Masks) -> int:
        key = mask.tobytes()
        if key not in self._known:
            if self._next == self._masks.shape[-1]:
                self._masks = np.concatenate([self._masks, np.zeros_like(self._masks)], axis=-1)
            self._masks[:, :, self._next] = mask
            self._known[key] = self._next
            self._next += 1
        return self._known[key]


class _Questions:
    """What windows ask of a character at each place."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self.words = -(-len(windows) // _BITS)
        self._anything = [0] * (1 + PLACES)
        asked: dict[Character, list[int]] = defaultdict(lambda: [0] * (1 + PLACES))
        for number, window in enumerate(windows):
            for place, allowed in enumerate((window.before, *window.places)):
                if allowed is None:
                    self._anything[place] |= 1 << number
                for character in allowed or ():
                    asked[character][place] |= 1 << number
        self._of_letters: dict[str, list[_Question]] = defaultdict(list)
        self._of_all: list[_Question] = []
        for character, bits in asked.items():
            letter = next((each for each in character if len(each) == 1), None)
            kept = self._of_all if letter is None else self._of_letters[letter]
            kept.append((character, bits))

    def mask(self, letter: str) -> _Masks:
        """At which places of which windows it may stand."""
        mask = self._anything
        known: dict[str, bool] = {}
        for character, bits in (*self._of_all, *self._of_letters.get(letter, ())):
            if all(_is_one(each, letter, known) for each in character):
                mask = [before | more for before, more in zip(mask, bits, strict=True)]
        return self._in_words(mask)

    def outside(self) -> _Masks:
        """… what stands before and behind the text."""
        return self._in_words([-1 % (1 << self.words * _BITS), *self._anything[1:]])

    def _in_words(self, mask: Iterable[int]) -> _Masks:
        octets = b"".join(bits.to_bytes(self.words * _BITS // 8, "little") for bits in mask)
        return np.frombuffer(octets, _WORD).reshape(1 + PLACES, self.words)


def _is_one(character: str, letter: str, known: dict[str, bool]) -> bool:
    if character not in known:
        known[character] = is_one(character, letter)
    return known[character]


_table: _Table | None = None


@lru_cache(maxsize=TEXTS_KEPT)
def _starts(text: str) -> Starts:
    global _table
    table = _table
    if table is None or table.size != len(_patterns):
        table = _table = _Table(tuple(_patterns))
    return table.starts(text)
