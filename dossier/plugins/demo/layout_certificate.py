"""Certificates and card copies: papers that look alike in no form, in three arrangements each."""

from __future__ import annotations

from dossier.plugins.demo import fonts
from dossier.plugins.demo.content import Card, Content, Prose, Section, Signatures, chinese_date
from dossier.plugins.demo.flow import LEADING, Flow
from dossier.plugins.demo.sheet import (
    A4,
    CodeLabel,
    Emblem,
    Ink,
    Portrait,
    Rule,
    Sheet,
    Tint,
)

_LANDSCAPE = (842.0, 595.0)
_CARD = (243.0, 153.0)  # 85.6 × 54 mm
_CARD_SCALE = {"ruled": 1.12, "letter": 1.0, "boxed": 1.7}


def arrange_cards(content: Content, card: Card, layout: str) -> list[Sheet]:
    """A sheet with both sides of an identity card as a copier puts them there."""
    flow = Flow("hei", margin=60, top=70)
    if content.code:
        flow.sheet.marks.append(CodeLabel(flow.right - 150, 26, 150, 30, content.code))
    if content.title:
        flow.centred(content.title, 16, Ink.BOLD)
    scale = _CARD_SCALE[layout]
    x, step = (flow.page_size[0] - _CARD[0] * scale) / 2, (_CARD[1] + 34) * scale
    y = 120.0 if layout != "letter" else 180.0
    _front(flow, card, x, y, scale)
    _back(flow, card, x, y + step, scale)
    flow.y = y + 2 * step + 26
    for block in content.blocks:
        if isinstance(block, Prose):
            flow.next_row()
            flow.put(flow.margin + 40, flow.y, block.text, size=12, ink=Ink.PEN)
    return flow.sheets


def _outline(flow: Flow, x: float, y: float, scale: float) -> None:
    right, bottom = x + _CARD[0] * scale, y + _CARD[1] * scale
    flow.sheet.marks.append(Tint(x, y, right, bottom, 238))
    flow.frame(x, y, right, bottom, 0.7)


def _front(flow: Flow, card: Card, x: float, y: float, scale: float) -> None:
    _outline(flow, x, y, scale)
    size = 8.6 * scale
    left, at = x + 16 * scale, y + 15 * scale
    photo = Portrait(x + 158 * scale, y + 18 * scale, 66 * scale, 84 * scale)
    flow.sheet.marks.append(photo)
    rows = [("姓 名", card.name, "name"), ("性 别", f"{card.sex}　民 族 汉", ""),
            ("出 生", chinese_date(card.birth), "")]  # fmt: skip
    for label, value, field in rows:
        _labelled(flow, left, at, size, (label, value, field))
        at += 19 * scale
    for number, line in enumerate(fonts.wrap("hei", size, card.address, 104 * scale)):
        field = "address" if line == card.address else ""
        _labelled(flow, left, at, size, ("住 址" if number == 0 else "", line, field))
        at += 12.5 * scale
    _number(flow, card, left, y + 126 * scale, size)


def _labelled(
    flow: Flow, x: float, y: float, size: float, line: tuple[str, str, str]
) -> None:  # label, value, field name
    flow.next_row()
    label, value, field = line
    flow.put(x, y, label, size=size * 0.9, ink=Ink.GREY)
    flow.put(x + 3.6 * size, y, value, size=size, field_name=field, value=value if field else "")


def _number(flow: Flow, card: Card, x: float, y: float, size: float) -> None:
    flow.next_row()
    flow.put(x, y, "公民身份号码", size=size * 0.9, ink=Ink.GREY)
    flow.put(x + 8.0 * size, y - 1, card.number, size=size * 1.18, field_name="id_no",
             value=card.number)  # fmt: skip


def _back(flow: Flow, card: Card, x: float, y: float, scale: float) -> None:
    _outline(flow, x, y, scale)
    size = 9 * scale
    flow.sheet.marks.append(Emblem(x + 38 * scale, y + 40 * scale, 21 * scale))
    for text, down, big in (("中华人民共和国", 22, 1.45), ("居民身份证", 50, 2.1)):
        flow.next_row()
        flow.put(x + 78 * scale, y + down * scale, text, size=size * big, ink=Ink.BOLD)
    for label, value, down in (("签发机关", card.issuer, 104), ("有效期限", card.valid, 124)):
        flow.next_row()
        flow.put(x + 56 * scale, y + down * scale, label, size=size * 0.9, ink=Ink.GREY)
        flow.put(x + 104 * scale, y + down * scale, value, size=size)


def title_page(content: Content, family: str) -> Sheet:
    """A contract's cover: the title in the middle, the parties below, no page number."""
    flow = Flow(family, size=15, margin=110, top=190)
    flow.centred(content.title, 32, Ink.BOLD)
    flow.y = 430
    for entry in content.cover:
        flow.next_row()
        label = f"{entry.label}："
        flow.put(flow.margin, flow.y, label)
        start = flow.margin + flow.width(label)
        size = min(15.0, 15 * (flow.right - start) / flow.width(entry.value))
        flow.put(start, flow.y + (15 - size) / 2, entry.value, size=size)
        flow.rule(start, flow.y + 22, flow.right, flow.y + 22, 0.7)
        flow.y += 46
    return flow.sheet


def arrange_framed(content: Content, family: str, layout: str) -> list[Sheet]:
    """A certificate in an ornamental border: landscape licence, upright deed, or a plain copy."""
    landscape = (layout == "ruled") == (content.type_code == "A03")
    crowded = landscape and len(content.blocks) > 2
    flow = Flow(
        family,
        size=12 if crowded else 13,
        margin=86,
        top=60 if crowded else 74,
        page_size=_LANDSCAPE if landscape else A4,
    )
    _border(flow, double=layout != "boxed")
    if layout != "letter" and not crowded:
        flow.sheet.marks.append(Emblem(flow.page_size[0] / 2, flow.y + 10, 24))
        flow.y += 44
    if content.code:
        flow.sheet.marks.append(CodeLabel(70, 62, 150, 30, content.code))
    flow.centred(content.title, 30, Ink.RED if layout == "boxed" else Ink.BOLD)
    flow.next_row()
    flow.put(flow.margin, flow.y, content.form_no, size=11, ink=Ink.RED if landscape else Ink.PRINT)
    flow.y += 26
    for block in content.blocks:
        _certificate_block(flow, block)
    return flow.sheets


def _border(flow: Flow, *, double: bool) -> None:
    width, height = flow.page_size
    for inset, weight in ((34, 3.0), (42, 1.0)) if double else ((40, 1.4),):
        for line in (
            (inset, inset, width - inset, inset),
            (inset, height - inset, width - inset, height - inset),
            (inset, inset, inset, height - inset),
            (width - inset, inset, width - inset, height - inset),
        ):
            x0, y0, x1, y1 = line
            flow.sheet.marks.append(Rule(x0, y0, x1, y1, weight, double))


def _certificate_block(flow: Flow, block: object) -> None:
    if isinstance(block, Section):
        _certificate_rows(flow, block)
    elif isinstance(block, Prose):
        flow.y += 8
        flow.paragraph(block.text, size=11.5)
    elif isinstance(block, Signatures):
        party = block.parties[0]
        flow.need(96)
        flow.next_row()
        x = flow.right - 190
        flow.put(x, flow.y + 14, party.label)
        if party.on:
            flow.next_row()
            flow.put(x, flow.y + 44, chinese_date(party.on))
        flow.seal(x + 84, flow.y + 34, 50, party, 5)


def _certificate_rows(flow: Flow, section: Section) -> None:
    label_width = max(flow.width(entry.label) for entry in section.entries) + 16
    for entry in section.entries:
        lines = fonts.wrap(flow.family, flow.size, entry.value, flow.inner - label_width)
        flow.need(len(lines) * flow.size * LEADING)
        for at, line in enumerate(lines):
            flow.next_row()
            if at == 0:
                flow.put(flow.margin, flow.y, entry.label, size=flow.size * 0.94)
            whole = entry.value if line == entry.value else ""
            flow.put(flow.margin + label_width, flow.y, line,
                     field_name=entry.field if whole else "", value=whole)  # fmt: skip
            flow.y += flow.size * LEADING
        flow.y += 3
