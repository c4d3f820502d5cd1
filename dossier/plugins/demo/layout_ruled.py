"""Layout "ruled": the form as a grid of cells, label left of value, as counters print them."""

from __future__ import annotations

from dossier.plugins.demo import fonts
from dossier.plugins.demo.content import (
    Block,
    Choice,
    Content,
    Entry,
    Listing,
    Prose,
    Section,
    Signatures,
    chinese_date,
)
from dossier.plugins.demo.flow import LEADING, PLAIN, Flow, Style
from dossier.plugins.demo.sheet import CodeLabel, Ink, Sheet, Tint

_PAD = 4.0
_FOOTNOTE = "注：本表一式两份，供电企业、客户各执一份；涂改无效。"
_IN_COPIES = frozenset({"A01", "B01", "D01", "F01", "G01", "J01", "J02"})
_LABEL = 0.19  # share of the row's width that a label cell takes


def arrange(content: Content, family: str, filled: Ink, style: Style = PLAIN) -> list[Sheet]:
    """Lays the paper out; the first page holds title, number and grid."""
    flow = Flow(family, filled=filled, margin=50, top=54, style=style)
    _head(flow, content)
    for block in content.blocks:
        _block(flow, block)
    if content.type_code in _IN_COPIES:
        flow.paragraph(_FOOTNOTE, size=8.5, indent=0)
    flow.number_pages("第{page}页 共{total}页", covered=bool(content.cover))
    return flow.sheets


def _head(flow: Flow, content: Content) -> None:
    if content.code:
        flow.sheet.marks.append(CodeLabel(flow.right - 150, 26, 150, 30, content.code))
        flow.y += 8
    flow.centred(content.organisation, 12)
    flow.centred(content.title, 18, Ink.BOLD)
    if content.form_no:
        flow.next_row()
        text = f"编号：{content.form_no}"
        flow.put(flow.right - flow.width(text, 9), flow.y, text, size=9)
        flow.y += 9 * LEADING
    flow.y += 4


def _block(flow: Flow, block: Block) -> None:
    if isinstance(block, Section):
        _section(flow, block)
    elif isinstance(block, Choice):
        _choice(flow, block)
    elif isinstance(block, Prose):
        _prose(flow, block)
    elif isinstance(block, Listing):
        _listing(flow, block)
    elif isinstance(block, Signatures):
        _signatures(flow, block)


def _section(flow: Flow, section: Section) -> None:
    if section.heading:
        flow.need(24)
        height = max(flow.size * 1.3 + 2 * _PAD, flow.style.air * flow.size)
        flow.sheet.marks.append(Tint(flow.margin, flow.y, flow.right, flow.y + height))
        _cells(flow, [(section.heading, flow.inner, Ink.BOLD, None)])
    label = flow.inner * _LABEL
    for pair in paired(section.entries):
        value = flow.inner / len(pair) - label
        cells: list[tuple[str, float, Ink, Entry | None]] = []
        for entry in pair:
            cells.append((entry.label, label, Ink.PRINT, None))
            cells.append((entry.value, value, flow.filled, entry))
        _cells(flow, cells)


def paired(entries: tuple[Entry, ...]) -> list[tuple[Entry, ...]]:
    """Entries two in a row, wide ones and a leftover alone."""
    rows: list[tuple[Entry, ...]] = []
    waiting: Entry | None = None
    for entry in entries:
        if entry.wide:
            rows.extend([(waiting,)] if waiting else [])
            rows.append((entry,))
            waiting = None
        elif waiting:
            rows.append((waiting, entry))
            waiting = None
        else:
            waiting = entry
    return [*rows, (waiting,)] if waiting else rows


def _cells(flow: Flow, cells: list[tuple[str, float, Ink, Entry | None]]) -> None:
    """One row of bordered cells, as high as its highest cell."""
    wrapped = [
        fonts.wrap(flow.face(ink), flow.size, text, width - 2 * _PAD) or [""]
        for text, width, ink, _ in cells
    ]
    height = max(len(lines) for lines in wrapped) * flow.size * 1.3 + 2 * _PAD
    height = max(height, flow.style.air * flow.size)
    flow.need(height)
    flow.next_row()
    x, bottom = flow.margin, flow.y + height
    flow.rule(x, flow.y, flow.right, flow.y)
    flow.rule(x, bottom, flow.right, bottom)
    for (_, width, ink, entry), lines in zip(cells, wrapped, strict=True):
        flow.rule(x, flow.y, x, bottom)
        inner = height - len(lines) * flow.size * 1.3
        for at, line in enumerate(lines):
            y = flow.y + inner / 2 + at * flow.size * 1.3
            whole = entry.value if entry and line == entry.value else ""
            name = entry.field if entry and whole else ""
            flow.put(x + _PAD, y, line, ink=ink, field_name=name, value=whole)
        x += width
    flow.rule(flow.right, flow.y, flow.right, bottom)
    flow.y = bottom


def _choice(flow: Flow, choice: Choice) -> None:
    label = flow.inner * _LABEL
    boxes = ("√" if at in choice.chosen else "□" for at in range(len(choice.options)))
    marks = "  ".join(f"{box}{text}" for box, text in zip(boxes, choice.options, strict=True))
    cells: list[tuple[str, float, Ink, Entry | None]] = [
        (choice.label, label, Ink.PRINT, None),
        (marks, flow.inner - label, Ink.PRINT, None),
    ]
    _cells(flow, cells)


def _prose(flow: Flow, prose: Prose) -> None:
    flow.y += 3
    if prose.heading:
        flow.need(2 * flow.size * LEADING)
        flow.next_row()
        flow.put(flow.margin + _PAD, flow.y, prose.heading, ink=Ink.BOLD)
        flow.y += flow.size * LEADING
    flow.paragraph(prose.text)
    flow.y += 3


def _listing(flow: Flow, listing: Listing) -> None:
    width = flow.inner / len(listing.header)
    for at, row in enumerate((listing.header, *listing.rows)):
        ink = Ink.BOLD if at == 0 else flow.filled
        _cells(flow, [(text, width, ink, None) for text in row])


def _signatures(flow: Flow, block: Signatures) -> None:
    width = flow.inner / len(block.parties)
    height = 92.0
    flow.y += 4
    flow.need(height)
    flow.next_row()
    for at, party in enumerate(block.parties):
        x = flow.margin + at * width
        flow.put(x + _PAD, flow.y + 8, f"{party.label}：")
        sign = flow.width(f"{party.label}：") + _PAD + 4
        flow.signing_place(x + _PAD, flow.y + 8, party)
        flow.sign(x + sign, flow.y + 5, 15, party)
    flow.next_row()
    for at, party in enumerate(block.parties):
        x = flow.margin + at * width
        if party.on:
            flow.put(x + width * 0.35, flow.y + 62, chinese_date(party.on), ink=flow.filled)
        flow.seal(x + width * 0.62, flow.y + 50, 44, party, at * 7.0 - 4)
    flow.y += height
