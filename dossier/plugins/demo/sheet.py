"""A laid-out page: marks at places in points, independent of how it is painted.

Coordinates are points (1/72 inch) from the top left corner of the sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

A4 = (595.0, 842.0)


class Ink(StrEnum):
    """What a line of text was written with."""

    PRINT = "print"
    BOLD = "bold"
    PEN = "pen"
    DOTS = "dots"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; ``y`` is the top of the em box, ``row`` groups lines side by side."""

    x: float
    y: float
    size: float
    text: str
    ink: Ink = Ink.PRINT
    row: int = 0
    field: str = ""
    value: str = ""
    signs: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """A name as its bearer signs with it; ``y`` is the top of the em box, ``hand`` the style."""

    x: float
    y: float
    size: float
    name: str
    hand: str


@dataclass(frozen=True, slots=True)
class SigningPlace:
    """Where somebody is to sign or seal; nothing of it is painted, the label is a text of its own.

    Attributes:
        x: left of the label.
        y: top of the label's em box.
        width: of the label.
        size: of the label.
        label: what it says.
        signed: it bears a signature.
        sealed: it bears a seal.
    """

    x: float
    y: float
    width: float
    size: float
    label: str
    signed: bool = False
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line; ``weight`` in points."""

    x0: float
    y0: float
    x1: float
    y1: float
    weight: float = 0.8
    red: bool = False


@dataclass(frozen=True, slots=True)
class Tint:
    """A filled rectangle; ``level`` 0 is black, 255 white."""

    x0: float
    y0: float
    x1: float
    y1: float
    level: int = 225


@dataclass(frozen=True, slots=True)
class Seal:
    """A red seal with its centre, radius and name; ``shape`` is one of ``families.STAMPS``."""

    x: float
    y: float
    radius: float
    name: str
    foot: str = ""
    angle: float = 0.0
    shape: str = "round"
    pale: float = 0.0


@dataclass(frozen=True, slots=True)
class Decoy:
    """What may be taken for a seal and is none; ``kind`` is one of ``families.DECOYS``."""

    x: float
    y: float
    size: float
    kind: str
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Portrait:
    """A drawn head and shoulders in place of a photograph."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Emblem:
    """A round ornament in place of a state emblem."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class CodeLabel:
    """A bar code; ``kind`` is ``Code128`` or ``QRCode``."""

    x: float
    y: float
    width: float
    height: float
    text: str
    kind: str = "Code128"


@dataclass(frozen=True, slots=True)
class Watermark:
    """Pale slanted lines of text over the whole page, as copies of identity papers carry them."""

    text: str
    level: int = 205


Mark = (
    Text
    | Rule
    | Tint
    | Seal
    | Decoy
    | Signature
    | SigningPlace
    | Portrait
    | Emblem
    | CodeLabel
    | Watermark
)


@dataclass(slots=True)
class Sheet:
    """One page being filled: its size in points and the marks on it, in reading order."""

    width: float = A4[0]
    height: float = A4[1]
    marks: list[Mark] = field(default_factory=list)

    def texts(self) -> list[Text]:
        """The lines of text on the page, in reading order."""
        return [mark for mark in self.marks if isinstance(mark, Text)]
