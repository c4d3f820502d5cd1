"""档号, the reference code of a volume and of an item in it (domain.md §3.4, DA/T 13-2022).

``Q018-KH·DY·2025-D30-000123-004``: fonds, category with nature and year, retention as it was when
the code was given, volume, item. A hyphen joins what is above with what is below it, a dot what is
on one level. Line and district stand nowhere in it, for they change, and a code given once stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from dossier.errors import InvalidInputError
from dossier.rules.normal_form import fold
from dossier.rules.shelf_codes import FONDS

CATEGORY: Final = "KH"
"""Customers' dossiers among the classes of the company's archive."""
NATURES: Final = ("GY", "DY", "GF")
"""High voltage, low voltage, photovoltaic."""
RETENTIONS: Final = ("Y", "D30", "D10")
"""Permanent, 30 years, 10 years; the longest first."""
YEARS: Final = range(1900, 2200)
MOST_VOLUMES: Final = 10**6 - 1
MOST_ITEMS: Final = 10**3 - 1
LONGEST: Final = 80
_CODE = re.compile(
    r"(?P<fonds>[A-Z0-9]{4})-KH·(?P<nature>GY|DY|GF)·(?P<year>[0-9]{4})-(?P<retention>Y|D30|D10)"
    r"-(?P<volume>[0-9]{6})(?:-(?P<item>[0-9]{3}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class ReferenceCode:
    """A volume, or with ``item`` above 0 a paper in it. Ordered as lists are."""

    fonds: str
    nature: str
    year: int
    retention: str
    volume: int
    item: int = 0

    def __str__(self) -> str:
        """As it is written."""
        code = (
            f"{self.fonds}-{CATEGORY}·{self.nature}·{self.year:04}-{self.retention}"
            f"-{self.volume:06}"
        )
        return f"{code}-{self.item:03}" if self.item else code

    @property
    def plain(self) -> str:
        """In letters that every bar code has: a full stop for the dot."""
        return str(self).replace("·", ".")

    def of_item(self, number: int) -> ReferenceCode:
        """The code of an item of this volume.

        Raises:
            InvalidInputError: the number does not fit in three digits.
        """
        return checked(replace(self, item=number))


def parse(written: str) -> ReferenceCode:
    """A code of a volume or an item, in any width of letters and any of the usual dots.

    A full stop is one of them: bar codes have no other (:attr:`ReferenceCode.plain`).

    Raises:
        InvalidInputError: it is none; says how one is written.
    """
    text = "".join(fold(written[: LONGEST * 2]).upper().split()).replace(".", "·")
    found = _CODE.fullmatch(text)
    if found is None:
        raise InvalidInputError(
            "This is no reference code; they are written Q018-KH·DY·2025-D30-000123-004",
            detail_zh="这不是档号，格式应为 Q018-KH·DY·2025-D30-000123-004",
        )
    if found["item"] is not None and not int(found["item"]):
        raise InvalidInputError("Items are counted from 001", detail_zh="件号从 001 起编")
    return checked(
        ReferenceCode(
            found["fonds"],
            found["nature"],
            int(found["year"]),
            found["retention"],
            int(found["volume"]),
            int(found["item"] or 0),
        )
    )


def checked(code: ReferenceCode) -> ReferenceCode:
    """The code, which is one by the grammar.

    Raises:
        InvalidInputError: a part of it is out of bounds.
    """
    right = (
        FONDS.fullmatch(code.fonds)
        and code.nature in NATURES
        and code.year in YEARS
        and code.retention in RETENTIONS
        and 0 < code.volume <= MOST_VOLUMES
        and 0 <= code.item <= MOST_ITEMS
    )
    if not right:
        raise InvalidInputError(
            f"No such reference code: {code}", detail_zh=f"档号的某一部分超出范围：{code}"
        )
    return code
