"""Chinese names: where the surname ends, and whether a name is a person's (domain.md 4.2)."""

from __future__ import annotations

import re

from dossier.rules import rulebook
from dossier.rules.normal_form import HAN, fold

_TABLES = rulebook.load("names")
COMPOUND_SURNAMES = frozenset(_TABLES["compound_surnames"].split())
SURNAMES = frozenset(_TABLES["surnames"]) - {" "}
WORDLIKE_SURNAMES = frozenset(_TABLES["wordlike_surnames"]) - {" "}

_ORGANISATION_END = "|".join(_TABLES["organisation_endings"].split())
_ORGANISATION = re.compile(rf"(?:{_ORGANISATION_END})(?:\(.*\))?$")
_ORGANISATION_INSIDE = re.compile(
    r"公司|集团|合作社|委员会|[村居]委会|银行|学校|医院|政府|供电[所站局]|厂|中心"
)
_PERSON = re.compile(rf"[{HAN}]{{2,4}}|[{HAN}]+(?:·[{HAN}]+)+")


def split_surname(name: str) -> tuple[str, str]:
    """Surname and given name, in the characters of ``name``; a compound surname stays whole.

    A name with an interpunct (买买提·艾力) or in letters has no surname at its head: its first
    character stands for one.

    Example:
        >>> split_surname("歐陽娜娜")
        ('歐陽', '娜娜')
    """
    folded = fold(name)
    if len(folded) == len(name):
        for length in (4, 2):
            if len(name) > length and folded[:length] in COMPOUND_SURNAMES:
                return name[:length], name[length:]
    return name[:1], name[1:]


def is_organisation(name: str) -> bool:
    """Whether a name is an organisation's: public, not masked (domain.md 4.7)."""
    folded = "".join(fold(name).split())
    if len(folded) <= 3 and folded[:1] in SURNAMES:
        return False
    return _ORGANISATION.search(folded) is not None


def names_organisation_inside(folded: str) -> bool:
    """Whether a run of folded text speaks of an organisation at all."""
    return _ORGANISATION_INSIDE.search(folded) is not None


def looks_like_person(name: str) -> bool:
    """Whether a cell's whole content may be a person's name: two to four Han, or an interpunct."""
    folded = "".join(fold(name).split())
    return _PERSON.fullmatch(folded) is not None and not is_organisation(folded)
