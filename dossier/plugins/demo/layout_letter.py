"""Layout "letter": red letter-head, entries on underlines, paragraphs, signatures at the right."""

from __future__ import annotations

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
from dossier.plugins.demo.layout_ruled import paired
from dossier.plugins.demo.sheet import CodeLabel, Ink, Rule, Sheet

_SIZE = 12.0


def arrange(content: Content, family: str, filled: Ink, style: Style = PLAIN) -> list[Sheet]:
    """Lays the paper out as a letter."""
    flow = Flow(family, size=_SIZE, margin=68, top=64, filled=filled, style=style)
    _head(flow, content)
    for block in content.blocks:
        _block(flow, block)
    alone = len(flow.sheets) == 1 and not content.cover
    pattern = "- {page} -" if alone else "第 {page} 页 / 共 {total} 页"
    flow.number_pages(pattern, covered=bool(content.cover))
    return flow.sheets


def _head(flow: Flow, content: Content) -> None:
    if content.organisation:
        flow.centred(content.organisation, 20, Ink.RED)
        flow.y += 4
        flow.sheet.marks.append(Rule(flow.margin, flow.y, flow.right, flow.y, 2.0, red=True))
        flow.y += 8
    if content.form_no:
        flow.next_row()
        flow.put(flow.margin, flow.y, f"No. {content.form_no}", size=10)
        flow.y += 18
    if content.code:
        flow.sheet.marks.append(
            CodeLabel(flow.right - 58, flow.y - 22, 58, 58, content.code, "QRCode")
        )
    flow.y += 10
    flow.centred(content.title, 20, Ink.BOLD)
    flow.y += 12


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
        flow.need(60)
        flow.next_row()
        flow.put(flow.margin, flow.y, section.heading, ink=Ink.BOLD)
        flow.y += flow.size * LEADING
    for pair in paired(section.entries):
        if len(pair) == 2 and any(_too_long(flow, entry) for entry in pair):
            for entry in pair:
                _entry_row(flow, (entry,))
        else:
            _entry_row(flow, pair)
    flow.y += 6


def _too_long(flow: Flow, entry: Entry) -> bool:
    return (
        flow.width(f"{entry.label}：") + flow.width(entry.value, ink=flow.filled)
        > flow.inner / 2 - 20
    )


def _entry_row(flow: Flow, entries: tuple[Entry, ...]) -> None:
    """``label：value`` on an underline; one that is too wide is set smaller."""
    flow.need(flow.size * 1.9)
    flow.next_row()
    width = flow.inner / len(entries)
    for at, entry in enumerate(entries):
        x = flow.margin + at * width
        label = f"{entry.label}："
        start = x + flow.width(label)
        room = width - (start - x) - 10
        need = flow.width(entry.value, ink=flow.filled)
        size = flow.size if need <= room else flow.size * room / need
        flow.put(x, flow.y, label)
        lower = flow.y + (flow.size - size) / 2
        flow.put(start + 2, lower, entry.value, size=size, ink=flow.filled,
                 field_name=entry.field, value=entry.value)  # fmt: skip
        base = flow.y + flow.size * 1.38
        flow.rule(start, base, x + width - 8, base, 0.6)
    flow.y += flow.size * 1.9


def _choice(flow: Flow, choice: Choice) -> None:
    marks = ("■" if at in choice.chosen else "□" for at in range(len(choice.options)))
    text = "　".join(f"{mark}{option}" for mark, option in zip(marks, choice.options, strict=True))
    flow.paragraph(f"{choice.label}：{text}", indent=0)
    flow.y += 4


def _prose(flow: Flow, prose: Prose) -> None:
    if prose.heading:
        flow.need(2 * flow.size * LEADING)
        flow.next_row()
        flow.put(flow.margin, flow.y, prose.heading, ink=Ink.BOLD)
        flow.y += flow.size * LEADING
    flow.paragraph(prose.text)
    flow.y += 4


def _listing(flow: Flow, listing: Listing) -> None:
    """A table with horizontal rules only."""
    width = flow.inner / len(listing.header)
    flow.need(22 * (len(listing.rows) + 1))
    for at, row in enumerate((listing.header, *listing.rows)):
        flow.next_row()
        flow.rule(flow.margin, flow.y, flow.right, flow.y, 1.2 if at < 2 else 0.5)
        for column, text in enumerate(row):
            flow.put(flow.margin + column * width + 3, flow.y + 4, text, size=10.5,
                     ink=Ink.BOLD if at == 0 else flow.filled)  # fmt: skip
        flow.y += 21
    flow.rule(flow.margin, flow.y, flow.right, flow.y, 1.2)
    flow.y += 10


def _signatures(flow: Flow, block: Signatures) -> None:
    for at, party in enumerate(block.parties):
        flow.need(86)
        flow.y += 10
        flow.next_row()
        x = flow.margin + flow.inner * (0.48 if at % 2 == 0 else 0.1)
        label = f"{party.label}："
        flow.put(x, flow.y, label)
        flow.signing_place(x, flow.y, party)
        flow.sign(x + flow.width(label) + 4, flow.y - 3, 16, party)
        if party.on:
            flow.next_row()
            flow.put(x + 30, flow.y + 30, chinese_date(party.on), ink=flow.filled)
        flow.seal(x + 96, flow.y + 22, 47, party, 9.0 * at - 6)
        flow.y += 62
