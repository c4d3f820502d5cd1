"""Layout "boxed": label small above value, three boxes a row, grey bars; held out from tuning."""

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
from dossier.plugins.demo.flow import PLAIN, Flow, Style
from dossier.plugins.demo.sheet import CodeLabel, Ink, Sheet, Tint

_BOX = 38.0
_LABEL_SIZE = 7.5


def arrange(content: Content, family: str, filled: Ink, style: Style = PLAIN) -> list[Sheet]:
    """Lays the paper out in boxes."""
    flow = Flow(family, size=10, margin=38, top=40, filled=filled, style=style)
    _head(flow, content)
    for block in content.blocks:
        _block(flow, block)
    flow.number_pages("Page {page}/{total}　客户服务热线 95598", 8, covered=bool(content.cover))
    return flow.sheets


def _head(flow: Flow, content: Content) -> None:
    flow.next_row()
    flow.put(flow.margin, flow.y, content.title, size=17, ink=Ink.BOLD)
    if content.form_no:
        text = f"表单号 {content.form_no}"
        flow.put(flow.right - flow.width(text, 8), flow.y + 6, text, size=8)
    flow.y += 28
    if content.organisation:
        flow.next_row()
        flow.put(flow.margin, flow.y, content.organisation, size=9, ink=Ink.GREY)
        flow.y += 16
    if content.code:
        flow.sheet.marks.append(CodeLabel(flow.margin, flow.y, 170, 28, content.code))
        flow.y += 36
    flow.rule(flow.margin, flow.y, flow.right, flow.y, 2.4)
    flow.y += 6


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


def _bar(flow: Flow, text: str) -> None:
    flow.need(60)
    flow.next_row()
    flow.sheet.marks.append(Tint(flow.margin, flow.y, flow.right, flow.y + 17, 205))
    flow.put(flow.margin + 6, flow.y + 3, text, ink=Ink.BOLD)
    flow.y += 19


def _section(flow: Flow, section: Section) -> None:
    _bar(flow, section.heading or "基本信息")
    room = flow.inner / 3
    used = 0
    row: list[Entry] = []
    for entry in section.entries:
        span = _span(flow, entry, room)
        if used + span > 3:
            _boxes(flow, row, room)
            used, row = 0, []
        row.append(entry)
        used += span
    _boxes(flow, row, room)


def _span(flow: Flow, entry: Entry, room: float) -> int:
    need = flow.width(entry.value, ink=flow.filled) + 12
    return 1 if need <= room else 2 if need <= 2 * room else 3


def _boxes(flow: Flow, entries: list[Entry], room: float) -> None:
    """A row of boxes, each with a small label above its value."""
    if not entries:
        return
    flow.need(_BOX)
    x, bottom = flow.margin, flow.y + _BOX
    corners = []
    flow.next_row()
    for entry in entries:
        width = room * _span(flow, entry, room)
        flow.put(x + 4, flow.y + 4, entry.label, size=_LABEL_SIZE, ink=Ink.GREY)
        corners.append((x, width, entry))
        x += width
    flow.next_row()
    for left, width, entry in corners:
        lines = fonts.wrap(flow.face(flow.filled), flow.size, entry.value, width - 8) or [""]
        size = flow.size if len(lines) == 1 else flow.size * (width - 10) / flow.width(entry.value)
        flow.put(left + 4, flow.y + 18, entry.value, size=size, ink=flow.filled,
                 field_name=entry.field, value=entry.value)  # fmt: skip
        flow.frame(left, flow.y, left + width, bottom, 0.5)
    flow.y = bottom


def _choice(flow: Flow, choice: Choice) -> None:
    flow.y += 6
    marks = ("●" if at in choice.chosen else "○" for at in range(len(choice.options)))
    text = "   ".join(
        f"{mark} {option}" for mark, option in zip(marks, choice.options, strict=True)
    )
    flow.paragraph(f"{choice.label}   {text}", indent=0)


def _prose(flow: Flow, prose: Prose) -> None:
    flow.y += 4
    text = f"【{prose.heading}】{prose.text}" if prose.heading else prose.text
    flow.paragraph(text, size=9, indent=0)


def _listing(flow: Flow, listing: Listing) -> None:
    width = flow.inner / len(listing.header)
    flow.y += 6
    for at, row in enumerate((listing.header, *listing.rows)):
        flow.need(18)
        flow.next_row()
        if at % 2 == 0:
            flow.sheet.marks.append(Tint(flow.margin, flow.y, flow.right, flow.y + 18, 232))
        for column, text in enumerate(row):
            flow.put(flow.margin + column * width + 5, flow.y + 4, text, size=9,
                     ink=Ink.BOLD if at == 0 else flow.filled)  # fmt: skip
        flow.y += 18
    flow.y += 4


def _signatures(flow: Flow, block: Signatures) -> None:
    height, width = 84.0, flow.inner / len(block.parties)
    flow.y += 8
    flow.need(height)
    flow.next_row()
    for at, party in enumerate(block.parties):
        x = flow.margin + at * width
        flow.frame(x, flow.y, x + width, flow.y + height, 0.5)
        flow.put(x + 5, flow.y + 5, party.label, size=8.5, ink=Ink.GREY)
        flow.signing_place(x + 5, flow.y + 5, party, 8.5)
    flow.next_row()
    for at, party in enumerate(block.parties):
        x = flow.margin + at * width
        flow.sign(x + 14, flow.y + 24, 17, party)
        flow.seal(x + width * 0.68, flow.y + 42, 39, party, 12)
    flow.next_row()
    for at, party in enumerate(block.parties):
        if party.on:
            x = flow.margin + at * width
            flow.put(x + 14, flow.y + 62, chinese_date(party.on), size=9)
    flow.y += height + 6
