"""What a paper says, before it has a form: entries, choices, prose, tables and signatures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Entry:
    """A label and what was filled in.

    Attributes:
        label: printed label, without colon.
        value: the filled value; empty leaves the space blank.
        field: name of the key field that the value is, empty for none.
        wide: takes the whole row.
    """

    label: str
    value: str
    field: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A group of entries under an optional heading."""

    entries: tuple[Entry, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with boxes, some of them ticked."""

    label: str
    options: tuple[str, ...]
    chosen: frozenset[int]


@dataclass(frozen=True, slots=True)
class Prose:
    """A running paragraph, with an optional bold heading line."""

    text: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A table with a header row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Party:
    """One signing side.

    Attributes:
        label: printed label.
        signature: who signs; empty leaves the place unsigned.
        on: date beside it.
        seal: text of its seal, empty for none.
        hand: how it is signed, a name of ``families.HANDS``, or ``typed`` for a printed name.
        size: factor of the signature's usual size.
        stamp: shape of the seal, a name of ``families.STAMPS``.
        place: where beside the label it signs, a name of ``families.PLACES``.
        pale: how little ink its seal left, 0 none of it missing.
        shift: points by which the seal was set off its usual place.
    """

    label: str
    signature: str
    on: date | None = None
    seal: str = ""
    hand: str = "pen"
    size: float = 1.0
    stamp: str = "round"
    place: str = "beside"
    pale: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signing sides, side by side or below each other as the layout has it."""

    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A copy of an identity card: both sides."""

    name: str
    sex: str
    birth: date
    address: str
    number: str
    issuer: str
    valid: str


Block = Section | Choice | Prose | Listing | Signatures | Card


@dataclass(frozen=True, slots=True)
class Content:
    """A whole paper.

    Attributes:
        type_code: code of domain.md §2.1.
        title: printed title.
        organisation: line above the title, may be empty.
        form_no: number printed at the top, may be empty.
        on: the paper's date.
        blocks: in reading order.
        framed: has an ornamental border (certificates).
        code: text of a bar code label, empty for none.
        cover: entries of a title page of their own, none for no title page.
    """

    type_code: str
    title: str
    organisation: str
    form_no: str
    on: date
    blocks: tuple[Block, ...]
    framed: bool = False
    code: str = ""
    cover: tuple[Entry, ...] = ()

    def fields(self) -> dict[str, str]:
        """Key fields with the values that the paper carries, without empty ones."""
        found: dict[str, str] = {}
        for block in self.blocks:
            if isinstance(block, Section):
                found.update({e.field: e.value for e in block.entries if e.field and e.value})
            elif isinstance(block, Card):
                found.update(name=block.name, id_no=block.number, address=block.address)
        return found


def chinese_date(day: date) -> str:
    """The date as forms print it, ``2021年3月8日``."""
    return f"{day.year}年{day.month}月{day.day}日"


def lines_of(content: Content) -> list[str]:
    """The paper as plain lines of text, for formats without pages and for load tests."""
    lines = [text for text in (content.organisation, content.title) if text]
    if content.form_no:
        lines.append(f"编号：{content.form_no}")
    for block in content.blocks:
        lines.extend(_block_lines(block))
    return lines


def _block_lines(block: Block) -> list[str]:
    if isinstance(block, Section):
        heading = [block.heading] if block.heading else []
        return heading + [f"{entry.label}：{entry.value}" for entry in block.entries]
    if isinstance(block, Choice):
        return [choice_line(block)]
    if isinstance(block, Prose):
        return [text for text in (block.heading, block.text) if text]
    if isinstance(block, Listing):
        return ["\t".join(row) for row in (block.header, *block.rows)]
    if isinstance(block, Signatures):
        return [line for party in block.parties for line in _party_lines(party)]
    return [
        f"姓名 {block.name}",
        f"性别 {block.sex} 民族 汉",
        f"出生 {chinese_date(block.birth)}",
        f"住址 {block.address}",
        f"公民身份号码 {block.number}",
    ]


def choice_line(block: Choice, ticked: str = "☑", empty: str = "□") -> str:
    """A choice as one line of text, boxes as characters."""
    boxes = (ticked if at in block.chosen else empty for at in range(len(block.options)))
    options = (f"{box}{text}" for box, text in zip(boxes, block.options, strict=True))
    return f"{block.label}：{' '.join(options)}"


def _party_lines(party: Party) -> list[str]:
    lines = [f"{party.label}：{party.signature}"]
    return [*lines, f"日期：{chinese_date(party.on)}"] if party.on else lines
