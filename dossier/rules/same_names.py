"""Whether two spellings name the same customer: of the register, an identity paper, an account.

Folded as everything is compared here (width, case, Traditional characters, spaces and marks). Legal
forms and places of an organisation tell companies apart, so without them two names are only alike,
and a person looks (domain.md 4.2).
"""

from __future__ import annotations

import re
from enum import StrEnum

from dossier.rules.names import is_organisation
from dossier.rules.normal_form import fold
from dossier.rules.organisations import core_name

_NOT_LETTERS = re.compile(r"[\W_]+")


class Likeness(StrEnum):
    """What a comparison gives."""

    SAME = "same"
    ALIKE = "alike"
    OTHER = "other"


def name_key(name: str) -> str:
    """The name as it is compared.

    Example:
        >>> name_key("買買提·艾力 ") == name_key("买买提艾力")
        True
    """
    return _NOT_LETTERS.sub("", fold(name)) or fold(name).strip()


def compare_names(one: str, other: str) -> Likeness:
    """How two names stand to each other; an empty one is like none.

    Example:
        >>> compare_names("宏泰机械有限公司", "襄阳市宏泰机械有限责任公司").value
        'alike'
    """
    keys = name_key(one), name_key(other)
    if not all(keys):
        return Likeness.OTHER
    if keys[0] == keys[1]:
        return Likeness.SAME
    both = is_organisation(one) or is_organisation(other)
    return Likeness.ALIKE if both and core_name(one) == core_name(other) else Likeness.OTHER
