"""An organisation's core name: without place, legal form and brackets (domain.md 4.2, 4.7)."""

from __future__ import annotations

import re
from functools import lru_cache

from dossier.rules import region, rulebook
from dossier.rules.normal_form import fold

_RULES = rulebook.load("organisation_names")


def _any_of(*lists: str) -> str:
    """A pattern for each word of these lists, longest first."""
    words = [word for name in lists for word in _RULES[name].split()]
    return "|".join(sorted(map(fold, words), key=len, reverse=True))


_LEGAL_FORM = re.compile(rf"(?:{_any_of('legal_forms')})+$")
_LOOSE_ENDING = re.compile(rf"(?:{_any_of('loose_endings')})$")
_SHORT_FORMS = tuple(tuple(map(fold, line.split())) for line in _RULES["short_forms"])
_BUILT_IN_PLACES = "provinces", "region"
_SHOP_TRADE = re.compile(rf"(?:{_any_of('shop_trades')})$")
_BRACKETS = re.compile(r"\(.*?\)")
_NOT_LETTERS = re.compile(r"[\W_]+")
# 襄阳市, 襄州区, 湖北省: not 新城市场, 小区, 开发区 of a name's core.
_PLACE = re.compile(
    r"[^0-9a-z]{2,7}?(?:省|自治区|自治州|地区|市(?![场政])|(?<![小社园校矿景厂发])区|县|旗)"
)
FEWEST = 2
"""Characters that a core keeps at least."""
FEWEST_WITHOUT_PLACE = 3
"""… and when its place is left out: 国网湖北省电力 is not 电力."""
FEWEST_OF_A_NAME = 2
"""Characters of a person in a shop's name: 王五金店 may be 王五's, and is left alone."""
FEWEST_WITHOUT_ENDING = 4
"""… and when 厂 is: 自来水厂 is not 自来水."""


def core_name(name: str) -> str:
    """The core of an organisation's name, folded; the whole name where nothing can be left out.

    Example:
        >>> core_name("襄阳市襄州区宏泰机械（集团）有限公司")
        '宏泰机械'
    """
    whole = _NOT_LETTERS.sub("", fold(name))
    core = _NOT_LETTERS.sub("", _BRACKETS.sub("", fold(name)))
    if len(core) < FEWEST:
        core = whole
    for long, short in _SHORT_FORMS:
        core = core.replace(long, short)
    core = _shorter(core, _LEGAL_FORM.sub("", core))
    core = _without_places(core)
    without = _LOOSE_ENDING.sub("", core)
    return without if len(without) >= FEWEST_WITHOUT_ENDING else core


def shop_owner(name: str) -> tuple[int, int] | None:
    """Where the person stands in the name of somebody's shop, in characters; None for other names.

    Only places that are known are told from the person.

    Example:
        >>> name = "襄州区王小明理发店"
        >>> name[slice(*shop_owner(name))]
        '王小明'
    """
    folded = fold(name)
    trade = _SHOP_TRADE.search(folded)
    if trade is None or len(folded) != len(name):
        return None
    start = 0
    known = known_place()
    while match := known.match(folded, start, trade.start()):
        start = match.end()
    return (start, trade.start()) if trade.start() - start >= FEWEST_OF_A_NAME else None


def known_place() -> re.Pattern[str]:
    """A place by its bare name, with or without its word: the built-in ones and the archive's."""
    return _known_place(region.added())


@lru_cache(maxsize=2)
def _known_place(added: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join((_any_of(*_BUILT_IN_PLACES), *sorted(added, key=len, reverse=True)))
    return re.compile(rf"(?:{names})(?:省|市|自治区|区|县)?")


def _without_places(core: str) -> str:
    known = known_place()
    while match := _PLACE.match(core) or known.match(core):
        rest = core[match.end() :]
        if len(rest) < FEWEST_WITHOUT_PLACE:
            break
        core = rest
    return core


def _shorter(name: str, core: str) -> str:
    return core if len(core) >= FEWEST else name
