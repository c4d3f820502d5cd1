"""An organisation's core name: without place, legal form and brackets (domain.md 4.2)."""

from __future__ import annotations

import re

from dossier.rules import rulebook
from dossier.rules.normal_form import fold

_FORMS = "|".join(rulebook.load("organisation_names")["legal_forms"].split())
_LEGAL_FORM = re.compile(rf"(?:{_FORMS})+$")
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
    core = _shorter(core, _LEGAL_FORM.sub("", core))
    while match := _PLACE.match(core):
        rest = core[match.end() :]
        if len(rest) < FEWEST_WITHOUT_PLACE:
            break
        core = rest
    return core


def _shorter(name: str, core: str) -> str:
    return core if len(core) >= FEWEST else name
