"""What must stand where a pattern matches, read from the pattern itself.

A window is a few characters side by side which every match has, as a rule at its start:
``(?:姓名|户名)[ ]?:`` begins with 姓 or 户, then comes 名, then a space or a colon. Looking for
windows is cheap, and what is left of a text is where the pattern is worth trying. Since they are
read from the pattern, no window can go stale; where one cannot be read, anything may stand there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from re import _constants as codes  # type: ignore[attr-defined] # its tree is nowhere else
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

PLACES = 6
"""Characters of a window."""
FARTHEST = 8
"""How far from a match's start a window may begin, at most, to tell where that may be."""
GROUPS = 12
"""Windows of one pattern whose matches begin in many ways, at most."""
Character = tuple[str, ...]
"""What it must be, all of them: a letter, or a pattern of one character."""
Place = frozenset[Character] | None
"""What may stand at a place; None: anything, or the end of the text."""

_CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
_REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}
_PLAIN_FLAGS = re.UNICODE | re.MULTILINE | re.DOTALL
_TYPICAL = Counter(
    "低压居民供用电合同 户号:4200001234\t户名:王小明\n用电地址:襄州区航空路12号3栋2单元501室\n"
    "联系电话:13800001234\n(签字)用电人应当按照国家有关规定和当事人的约定及时交付电费。"
    "供电人因检修等原因需要中断供电时,应当事先通知用电人;2024年3月5日,双方同意以上条款。"
    "本合同一式两份,自签订之日起生效,用电计量装置由供电人安装维护,费用各自承担。\n"
    "no.12-3 (abc)身份证号码:420607199001010012\n任何一方不得擅自变更或者解除合同,"
    "违约责任按照法律规定处理。\n"
)
"""Some characters of a page: how rare a window is decides which one is looked for, nothing else."""
_A_PAGE = 800
_HARDLY_ANY = 0.5
_SCAN_OF_A_PAGE = 40
"""Looking for a pattern all over a page costs as much as trying it at so many starts."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where matches of a pattern may begin.

    Attributes:
        before: what stands directly before a match, or its text's beginning.
        places: what stands at each place of the window.
        nearest: characters from a match's start to the window, at least.
        farthest: … and at most; None: it only tells whether there are matches at all.
    """

    before: Place
    places: tuple[Place, ...]
    nearest: int = 0
    farthest: int | None = 0

    def cost(self) -> float:
        """What it costs to look at a page where such windows stand, in starts that are tried."""
        found = _A_PAGE * _share(self.before)
        for place in self.places:
            found *= _share(place)
        if self.farthest is None:
            return min(1.0, found) * _SCAN_OF_A_PAGE
        return found * (self.farthest - self.nearest + 1)


def windows_of(pattern: re.Pattern[str]) -> list[Window]:
    """The rarest windows that can be found: every match has one of them.

    None where looking for them would cost as much as looking for the pattern.
    """
    if pattern.flags & ~_PLAIN_FLAGS:
        return []
    cost, found = _cheapest(_choices(nodes_of(pattern)))
    return found if cost < _SCAN_OF_A_PAGE else []


def _cheapest(choices: Iterable[list[Window]]) -> tuple[float, list[Window]]:
    """What costs least, or the first that costs hardly anything."""
    cost, cheapest = _A_PAGE * 1.0, list[Window]()
    for windows in choices:
        if (found := sum(window.cost() for window in windows)) < cost:
            cost, cheapest = found, windows
        if cost < _HARDLY_ANY:
            break
    return cost, cheapest


def is_one(character: str, letter: str) -> bool:
    """Whether a letter is what is asked of it."""
    return character == letter or (len(character) > 1 and _one(character).match(letter) is not None)


_one = cache(re.compile)


# -- a pattern in few kinds of nodes ------------------------------------------------------------


class _Node:
    """A part of a pattern; by default one of which nothing is known."""


@dataclass(frozen=True, eq=False)
class _One(_Node):
    character: str


@dataclass(frozen=True, eq=False)
class _Either(_Node):
    branches: tuple[_Nodes, ...]


@dataclass(frozen=True, eq=False)
class _Repeat(_Node):
    least: int
    most: int | None
    part: _Nodes

    @cached_property
    def again(self) -> _Repeat:
        """What may come after one more."""
        return _Repeat(max(0, self.least - 1), self.most and self.most - 1, self.part)


@dataclass(frozen=True, eq=False)
class _Ahead(_Node):
    seen: _Nodes


@dataclass(frozen=True, eq=False)
class _NotBehind(_Node):
    character: str


_Nodes = tuple[_Node, ...]
_Step = tuple[Character, _Nodes]
"""A character, and what comes then."""


def nodes_of(pattern: re.Pattern[str]) -> _Nodes:
    """The pattern's parts, one after the other."""
    tree = parser.parse(pattern.pattern, pattern.flags)
    return _plain(tree, dot=r"[\s\S]" if pattern.flags & re.DOTALL else r"[^\n]")


def _plain(tree: Any, dot: str) -> _Nodes:
    found: list[_Node] = []
    for code, value in tree:
        if code in (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY):
            found.append(_One(_character(code, value, dot)))
        elif code is codes.BRANCH:
            found.append(_Either(tuple(_plain(each, dot) for each in value[1])))
        elif code is codes.SUBPATTERN and not (value[1] or value[2]):
            found += _plain(value[3], dot)
        elif code in _REPEATS and value[2].getwidth()[0] > 0:
            most = None if value[1] is codes.MAXREPEAT else int(value[1])
            found.append(_Repeat(int(value[0]), most, _plain(value[2], dot)))
        elif code is codes.ASSERT and value[0] > 0:
            found.append(_Ahead(_plain(value[1], dot)))
        elif code is codes.ASSERT_NOT and value[0] < 0:
            seen = _plain(value[1], dot)
            if len(seen) == 1 and isinstance(seen[0], _One):
                found.append(_NotBehind(seen[0].character))
        elif code not in (codes.ASSERT, codes.ASSERT_NOT, codes.AT):
            found.append(_Node())
    return tuple(found)


def _character(code: Any, value: Any, dot: str) -> str:
    if code is codes.ANY:
        return dot
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.NOT_LITERAL:
        return f"[^{_escaped(value)}]"
    return f"[{''.join(_member(*each) for each in value)}]"


def _member(code: Any, value: Any) -> str:
    if code is codes.NEGATE:
        return "^"
    if code is codes.CATEGORY:
        return _CATEGORIES[value]
    if code is codes.RANGE:
        return f"{_escaped(value[0])}-{_escaped(value[1])}"
    return _escaped(value)


def _escaped(code_point: int) -> str:
    return f"\\U{code_point:08x}"


# -- its windows --------------------------------------------------------------------------------


def _choices(nodes: _Nodes) -> Iterator[list[Window]]:
    """Ways to look for it: windows of which every match has one."""
    ways = list(_ways(nodes))
    if 1 < len(ways) <= GROUPS:
        yield [window for way in ways for window in _cheapest(_anywhere(way))[1]]
    elif len(ways) > 1:
        size = -(-len(ways) // GROUPS)
        groups = [ways[begin : begin + size] for begin in range(0, len(ways), size)]
        yield [Window(_before(nodes), _places(group)) for group in groups]
    yield from _anywhere(nodes)


def _anywhere(nodes: _Nodes) -> Iterator[list[Window]]:
    """One window, at its start or farther on."""
    yield [Window(_before(nodes), _places([nodes]))]
    nearest = 0
    farthest: int | None = 0
    for at in range(1, len(nodes)):
        low, high = _width(nodes[at - 1 : at])
        nearest += low
        farthest = None if high is None or farthest is None else farthest + high
        is_near = farthest is not None and farthest <= FARTHEST
        before = _before(nodes[at:])
        yield [Window(before, _places([nodes[at:]]), nearest, farthest if is_near else None)]


def _before(nodes: _Nodes) -> Place:
    """What may stand before: here it may ask that something does not."""
    for node in nodes:
        if isinstance(node, _NotBehind):
            return frozenset({(f"(?!{node.character})[\\s\\S]",)})
        if not isinstance(node, _Ahead):
            return None
    return None


def _ways(nodes: _Nodes) -> Iterator[_Nodes]:
    """What it is with each of the first branches."""
    asked = _Ahead, _NotBehind
    at = next((at for at, node in enumerate(nodes) if not isinstance(node, asked)), 0)
    first = nodes[at]
    if isinstance(first, _Either):
        for branch in first.branches:
            yield from _ways((*nodes[:at], *branch, *nodes[at + 1 :]))
    else:
        yield nodes


def _places(ways: Iterable[_Nodes]) -> tuple[Place, ...]:
    found: list[Place] = []
    states = set(ways)
    while len(found) < PLACES:
        further = [step for state in states for step in steps(state)]
        if None in further:
            break
        found.append(frozenset(character for character, _ in filter(None, further)))
        states = {rest for _, rest in filter(None, further)}
    return tuple(found + [None] * (PLACES - len(found)))


def steps(nodes: _Nodes, needed: Character = ()) -> Iterator[_Step | None]:
    """What may stand here, each with what comes then; None: the match may end here."""
    first, rest = (nodes[0], nodes[1:]) if nodes else (None, ())
    if isinstance(first, _One):
        yield (*needed, first.character), rest
    elif isinstance(first, _Either):
        for branch in first.branches:
            yield from steps(branch + rest, needed)
    elif isinstance(first, _Repeat):
        if first.most != 0:
            yield from steps((*first.part, first.again, *rest), needed)
        if first.least == 0:
            yield from steps(rest, needed)
    elif isinstance(first, _Ahead):
        yield from _ahead(first.seen, rest, needed)
    elif isinstance(first, _NotBehind):
        yield from steps(rest, needed)
    else:
        yield None


def _ahead(seen: _Nodes, rest: _Nodes, needed: Character) -> Iterator[_Step | None]:
    if not rest:
        yield from steps(seen, needed)  # nothing else says what comes then
    elif len(seen) == 1 and isinstance(seen[0], _One):
        yield from steps(rest, (*needed, seen[0].character))
    else:
        yield from steps(rest, needed)


def _width(nodes: _Nodes) -> tuple[int, int | None]:
    """Characters that it takes, at least and at most; None: any number."""
    widths = [_width_of(node) for node in nodes]
    return sum(low for low, _ in widths), _unless_any(sum, [high for _, high in widths])


def _width_of(node: _Node) -> tuple[int, int | None]:
    if isinstance(node, _One):
        return 1, 1
    if isinstance(node, _Ahead | _NotBehind):
        return 0, 0
    if isinstance(node, _Either):
        widths = [_width(branch) for branch in node.branches]
        return min(low for low, _ in widths), _unless_any(max, [high for _, high in widths])
    if isinstance(node, _Repeat):
        low, high = _width(node.part)
        return low * node.least, None if high is None or node.most is None else high * node.most
    return 0, None


def _unless_any(combine: Any, numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return combine(known) if len(known) == len(numbers) else None


@cache
def _share(place: Place) -> float:
    """How many of the characters of a page may stand there."""
    if place is None:
        return 1.0
    letters = frozenset[str]().union(*map(_typical, place))
    return (sum(map(_TYPICAL.__getitem__, letters)) + 0.5) / (_TYPICAL.total() + 0.5)


def _typical(character: Character) -> frozenset[str]:
    """Which of the characters of a page are so."""
    if len(character) == 1:
        return _typical_one(character[0])
    return frozenset.intersection(*map(_typical_one, character))


@cache
def _typical_one(character: str) -> frozenset[str]:
    return frozenset(letter for letter in _TYPICAL if is_one(character, letter))
