"""Codes of the paper archive: where a box stands, and the bar code on its face (domain.md §6).

A slot is ``K01-03-A-05-2-07``: room, column, face, section, layer, slot. A box is ``KH``, the
fonds, eight digits and a check character. Both are read from a hand scanner, which may send small
letters or full-width ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Final

from dossier.errors import InvalidInputError
from dossier.rules.normal_form import fold

LONGEST: Final = 60
"""Characters of a scan that is looked at; no code of ours has half of that."""
FACES: Final = ("A", "B")
FONDS: Final = re.compile(r"[A-Z0-9]{4}")
"""全宗号, four places (DA/T 13-2022, domain.md §3.4)."""
ROOM: Final = re.compile(r"K[0-9]{2}")
BOX_PREFIX: Final = "KH"
BOX_DIGITS: Final = 8
_SLOT = re.compile(
    r"(?P<room>K[0-9]{2})-(?P<column>[0-9]{2})-(?P<face>[AB])-(?P<section>[0-9]{2})"
    r"-(?P<layer>[0-9])-(?P<number>[0-9]{2})"
)
_BOX = re.compile(
    rf"KH(?P<fonds>[A-Z0-9]{{4}})(?P<number>[0-9]{{{BOX_DIGITS}}})(?P<check>[A-Z0-9])"
)
_BODY = re.compile(r"[A-Z0-9]{4}[0-9]{8}")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@total_ordering
@dataclass(frozen=True, slots=True)
class SlotCode:
    """A slot: the place of one or several boxes. Ordered as one walks through the room."""

    room: str
    column: int
    face: str
    section: int
    layer: int
    number: int

    def __str__(self) -> str:
        """As it stands on the slot's label."""
        return (
            f"{self.room}-{self.column:02}-{self.face}-{self.section:02}-{self.layer}"
            f"-{self.number:02}"
        )

    @property
    def aisle(self) -> int:
        """Where one stands before it: face B of a column looks at face A of the next one."""
        return self.column if self.face == "B" else self.column - 1

    @property
    def walk(self) -> str:
        """Sorts as one walks: aisle by aisle, along the aisle, on both hands, from the top down."""
        layer = 9 - self.layer
        return (
            f"{self.room}.{self.aisle:02}.{self.section:02}.{self.column:02}.{layer}"
            f".{self.number:02}"
        )

    def __lt__(self, other: SlotCode) -> bool:
        """Whether one comes to it first."""
        return self.walk < other.walk


@dataclass(frozen=True, slots=True)
class BoxCode:
    """The bar code of a box."""

    fonds: str
    number: int

    def __str__(self) -> str:
        """As it stands on the box."""
        body = f"{self.fonds}{self.number:0{BOX_DIGITS}}"
        return f"{BOX_PREFIX}{body}{check_character(body)}"


def clean(scanned: str) -> str:
    """What a scanner or a hand sent, in one writing: half-width capitals, plain dashes, no spaces.

    Raises:
        InvalidInputError: it is longer than any code.
    """
    if len(scanned) > LONGEST:
        raise InvalidInputError("That is no code of ours", detail_zh="这不是本系统的编码")
    return "".join(fold(scanned).upper().split())


def is_slot(scanned: str) -> bool:
    """Whether it looks like a slot's code, which may still not exist."""
    return _SLOT.fullmatch(clean(scanned)) is not None


def is_box(scanned: str) -> bool:
    """Whether it looks like a box's code, right or wrong."""
    return clean(scanned).startswith(BOX_PREFIX)


def parse_slot(scanned: str) -> SlotCode:
    """A slot's code.

    Raises:
        InvalidInputError: it is none; says how one is written.
    """
    found = _SLOT.fullmatch(clean(scanned))
    counts = [found[name] for name in ("column", "section", "layer", "number")] if found else []
    if found is None or not all(int(one) for one in counts):
        raise InvalidInputError(
            "This is no slot's code; they are written K01-03-A-05-2-07",
            detail_zh="这不是格位编码，格式应为 K01-03-A-05-2-07（库房-列-面-节-层-格）",
        )
    column, section, layer, number = map(int, counts)
    return SlotCode(found["room"], column, found["face"], section, layer, number)


def parse_box(scanned: str) -> BoxCode:
    """A box's bar code.

    Raises:
        InvalidInputError: it is another code, or one character was misread.
    """
    text = clean(scanned)
    found = _BOX.fullmatch(text)
    if found is None or not int(found["number"]):
        raise InvalidInputError(
            "This bar code is not that of a box of ours; scan the label on the box's face",
            detail_zh="这不是本馆档案盒的条码，请扫描盒面标签上的条码",
        )
    if found["check"] != check_character(text[len(BOX_PREFIX) : -1]):
        raise InvalidInputError(
            "The check character is wrong: a character was misread; scan the box once more",
            detail_zh="校验位不符，条码可能误读，请重新扫描",
        )
    return BoxCode(found["fonds"], int(found["number"]))


def box_code(fonds: str, number: int) -> BoxCode:
    """The code of a new box.

    Raises:
        InvalidInputError: the fonds has not four places, or the numbers are used up.
    """
    if not FONDS.fullmatch(fonds) or not 0 < number < 10**BOX_DIGITS:
        raise InvalidInputError(
            f"No box can be numbered {number} in the fonds '{fonds}'",
            detail_zh=f"全宗 {fonds} 无法编出盒号 {number}",
        )
    return BoxCode(fonds, number)


def check_character(body: str) -> str:
    """ISO/IEC 7064 MOD 37,36 of letters and digits: finds any one wrong and nearly any swapped."""
    if not _BODY.fullmatch(body):
        raise ValueError(f"not a fonds and eight digits: {body!r}")
    modulus = len(_ALPHABET)
    check = modulus // 2
    for character in body:
        check = (((check or modulus) * 2) % (modulus + 1) + _ALPHABET.index(character)) % modulus
    return _ALPHABET[(1 - ((check or modulus) * 2) % (modulus + 1)) % modulus]


def slots_of(
    room: str, column: int, *, faces: str, sections: int, layers: int, slots: int
) -> Sequence[SlotCode]:
    """All slots of a column, as one walks along it."""
    return sorted(
        SlotCode(room, column, face, section, layer, number)
        for face in faces
        for section in range(1, sections + 1)
        for layer in range(1, layers + 1)
        for number in range(1, slots + 1)
    )
