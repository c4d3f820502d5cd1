"""What is printed for paper: labels, spines, covers, lists in volumes, notes, hand-over lists.

All of it is Chinese, as the forms of the archive are (GB/T 11822, S2-09, S2-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dossier.clock import local_date
from dossier.plugins.shelving.boxes import BoxView
from dossier.plugins.shelving.rooms import FaceView
from dossier.plugins.shelving.sheets import Sheet
from dossier.plugins.shelving.volumes import Item, VolumeView
from dossier.rules import shelving
from dossier.rules.shelf_codes import parse_slot
from dossier.rules.shelving import LabelSheet

MARGIN = 20.0
WIDTH = 210.0 - 2 * MARGIN
FOOT = 285.0
ROW = 9.0
SPINE_HEIGHT = 220.0


@dataclass(frozen=True, slots=True)
class LabelText:
    """What stands on a label besides its codes."""

    code: str
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """A list that two sides sign: what goes over, counted.

    Attributes:
        giver: who hands over; empty: written by hand.
        taker: who takes over.
        rows: code, title, pages.
    """

    title: str
    giver: str
    taker: str
    rows: tuple[tuple[str, str, int], ...]


def labels(
    texts: Sequence[LabelText], sheet: LabelSheet, *, skip: int = 0, made_at: datetime
) -> bytes:
    """Sheets of labels, each with a Code 128 and a QR of its code.

    Args:
        texts: one for each label.
        sheet: what the paper is cut into.
        skip: labels of the first sheet that are used up already.
        made_at: now.
    """
    out = Sheet(made_at)
    out.page()
    for nth, one in enumerate(texts, skip):
        if nth and nth % sheet.count == 0:
            out.page()
        _label(out, one, sheet, nth % sheet.count)
    return out.bytes()


def box_label(box: BoxView, fonds: str) -> LabelText:
    """The label of a box's face."""
    size = shelving.load().boxes.get(box.kind)
    name = size.name.zh if size else box.kind
    return LabelText(box.bar_code, f"全宗 {fonds}　客户档案", (box.holds, name))


def slot_labels(faces: Sequence[FaceView]) -> list[LabelText]:
    """The labels of a column's slots, as one walks along it."""
    slots = [
        (one, face) for face in faces for layer in face.layers for part in layer for one in part
    ]
    slots.sort(key=lambda pair: parse_slot(pair[0].code).walk)
    return [
        LabelText(
            one.code,
            f"{face.room} {face.room_name}",
            (
                f"{face.column:02} 列　{one.face} 面　{one.section:02} 节",
                f"{one.layer} 层　{one.number:02} 格",
            ),
        )
        for one, face in slots
    ]


def spines(boxes: Sequence[tuple[BoxView, Sequence[VolumeView]]], *, made_at: datetime) -> bytes:
    """A strip for the back of each box, as wide as the box, to be cut out."""
    rules = shelving.load().boxes
    out = Sheet(made_at)
    x = MARGIN
    out.page()
    for box, volumes in boxes:
        width = float(rules[box.kind].width_mm if box.kind in rules else 30)
        if x + width > MARGIN + WIDTH:
            out.page()
            x = MARGIN
        _spine(out, x, width, box, volumes)
        x += width + 5
    return out.bytes()


def cover(volume: VolumeView, *, made_at: datetime) -> bytes:
    """The cover of a volume (案卷封面), with its code in print, as Code 128 and as QR."""
    out = Sheet(made_at)
    out.page()
    rules = shelving.load()
    out.box(MARGIN, 25, WIDTH, 245)
    out.text(105, 55, "客户用电档案", 30, centred=True)
    out.text(105, 72, "案　卷", 20, centred=True)
    nature = rules.nature_names[volume.nature].zh
    rows = (
        ("案卷题名", f"{volume.head.name} {nature}用电档案"),
        ("户　　号", volume.head.customer_no),
        ("立卷单位", volume.head.station),
        ("起止日期", f"{_day(volume.first_day)} 至 {_day(volume.last_day)}"),
        ("件数页数", f"共 {len(volume.items)} 件 {volume.pages} 页"),
        ("保管期限", _kept(volume)),
        ("档　　号", volume.code),
    )
    y = 100.0
    for name, said in rows:
        out.text(MARGIN + 15, y, name, 14)
        out.text(MARGIN + 50, y, said, 14, width=WIDTH - 60)
        out.rule(MARGIN + 48, y + 2.5, MARGIN + WIDTH - 10, y + 2.5)
        y += 15
    _codes(out, MARGIN + 15, 225, volume.code, width=WIDTH - 60, height=16)
    out.qr(MARGIN + WIDTH - 40, 215, _plain(volume.code), side=32)
    return out.bytes()


def item_list(volume: VolumeView, *, made_at: datetime) -> bytes:
    """The list in a volume (卷内目录): number, reference code, title, day, page, remark."""
    heads = (
        ("序号", 12.0),
        ("档号", 58.0),
        ("题名", 52.0),
        ("日期", 22.0),
        ("页号", 14.0),
        ("备注", 12.0),
    )
    rows = [
        (str(one.number), one.code, _title(one), _day(one.doc_date), str(one.first), "")
        for one in volume.items
    ]
    out = Sheet(made_at)
    head = f"档号：{volume.code}"
    for page, part in enumerate(table_parts(rows), 1):
        out.page()
        out.text(105, 25, "卷 内 目 录", 20, centred=True)
        out.text(MARGIN, 35, head, 10)
        out.text(MARGIN + WIDTH - 20, 35, f"第 {page} 页", 10)
        table(out, 40, heads, part)
    return out.bytes()


def note(volume: VolumeView, *, made_at: datetime) -> bytes:
    """The sheet at a volume's end (备考表): what is in it, and who answers for that."""
    out = Sheet(made_at)
    out.page()
    out.text(105, 30, "卷 内 备 考 表", 20, centred=True)
    out.text(MARGIN, 45, f"档号：{volume.code}", 11)
    out.box(MARGIN, 50, WIDTH, 200)
    out.text(
        MARGIN + 8,
        65,
        f"本卷共有文件材料 {len(volume.items) + volume.hidden} 件，{volume.pages} 页。",
        12,
    )
    out.text(MARGIN + 8, 80, "说明：", 12)
    out.lines(MARGIN + 8, 90, volume.note or "无", 12, width=WIDTH - 16, most=14)
    for nth, who in enumerate(("立卷人", "检查人")):
        y = 215 + nth * 16
        out.text(MARGIN + 70, y, f"{who}：", 12)
        out.rule(MARGIN + 90, y + 1, MARGIN + 125, y + 1)
        out.text(MARGIN + 128, y, "　　年　　月　　日", 12)
    out.text(MARGIN + 8, 246, f"打印日期 {_day(local_date(made_at))}", 9)
    return out.bytes()


def hand_over(handed: HandOver, *, made_at: datetime) -> bytes:
    """A list with counts for two signatures, on two copies' worth of paper if need be."""
    heads = (("序号", 14.0), ("档号/条码", 66.0), ("题名", 56.0), ("页数", 16.0), ("核对", 18.0))
    rows = [
        (str(nth), code, title, str(pages), "")
        for nth, (code, title, pages) in enumerate(handed.rows, 1)
    ]
    total = sum(pages for _, _, pages in handed.rows)
    parts = list(table_parts(rows))
    out = Sheet(made_at)
    for page, part in enumerate(parts, 1):
        out.page()
        out.text(105, 25, handed.title, 20, centred=True)
        out.text(MARGIN, 35, f"日期：{_day(local_date(made_at))}", 10)
        out.text(MARGIN + WIDTH - 34, 35, f"第 {page} 页　共 {len(parts)} 页", 10)
        bottom = table(out, 40, heads, part)
        if page == len(parts):
            _signatures(out, bottom + 10, handed, total)
    return out.bytes()


def table(
    out: Sheet,
    top: float,
    heads: Sequence[tuple[str, float]],
    rows: Sequence[tuple[str, ...]],
) -> float:
    """Draw rows below heads; gives the lower edge."""
    lines = [tuple(name for name, _ in heads), *rows]
    bottom = top + ROW * len(lines)
    for nth in range(len(lines) + 1):
        out.rule(MARGIN, top + nth * ROW, MARGIN + WIDTH, top + nth * ROW)
    x = MARGIN
    for column, (_, width) in enumerate(heads):
        out.rule(x, top, x, bottom)
        for nth, line in enumerate(lines):
            out.text(x + 1, top + nth * ROW + 6, line[column], 9, width=width - 2)
        x += width
    out.rule(x, top, x, bottom)
    return bottom


def table_parts(rows: Sequence[tuple[str, ...]]) -> Iterator[Sequence[tuple[str, ...]]]:
    """What fits on each page, with room for signatures below."""
    most = int((FOOT - 40 - 45) / ROW) - 1
    for at in range(0, max(len(rows), 1), most):
        yield rows[at : at + most]


# -- parts --------------------------------------------------------------------------------------


def _label(out: Sheet, one: LabelText, sheet: LabelSheet, at: int) -> None:
    x, y = sheet.corner(at)
    pad = 3.0
    side = min(sheet.height * 0.5, 24.0)
    inner = sheet.width - 2 * pad
    out.text(x + pad, y + pad + 4, one.title, 9, width=inner - side)
    foot = y + pad + 9
    for said in one.lines:
        if said:
            out.text(x + pad, foot, said, 8, width=inner - side)
            foot += 4
    out.qr(x + sheet.width - pad - side, y + 1, one.code, side=side)
    bars = min(sheet.height * 0.28, 18.0)
    top = y + sheet.height - pad - bars - 4
    _codes(out, x + pad, top, one.code, width=inner, height=bars)


def _codes(out: Sheet, x: float, y: float, code: str, *, width: float, height: float) -> None:
    """The bars, and what they say below them."""
    out.code128(x, y, _plain(code), width=width, height=height)
    out.text(x + width / 2, y + height + 4, code, 9, width=width, centred=True)


def _spine(out: Sheet, x: float, width: float, box: BoxView, volumes: Sequence[VolumeView]) -> None:
    top, middle = 25.0, x + width / 2
    out.box(x, top, width, SPINE_HEIGHT)
    years = sorted({one.year for one in volumes})
    out.text(middle, top + 8, box.bar_code[2:6], 12, width=width - 2, centred=True)
    out.upright(middle, top + 12, "客户档案", 16, height=45)
    span = "" if not years else f"{years[0]}-{years[-1]}" if len(years) > 1 else str(years[0])
    out.text(middle, top + 70, span, 12, width=width - 2, centred=True)
    out.upright(middle, top + 76, box.holds[:20], 12, height=80)
    if volumes:
        out.text(middle, top + 165, f"{volumes[0].code[-6:]}", 10, width=width - 2, centred=True)
        out.text(middle, top + 171, f"—{volumes[-1].code[-6:]}", 10, width=width - 2, centred=True)
    side = min(width - 2, 24.0)
    out.qr(middle - side / 2, top + SPINE_HEIGHT - side - 10, box.bar_code, side=side)
    foot = top + SPINE_HEIGHT - 4
    out.text(middle, foot, box.bar_code, 8, width=width - 2, centred=True)


def _signatures(out: Sheet, y: float, handed: HandOver, total: int) -> None:
    count = len(handed.rows)
    out.text(MARGIN, y, f"合计 {count} 件 {total} 页。经双方清点，数量与状况属实。", 11)
    for x, who, name in (
        (MARGIN, "移交人", handed.giver),
        (MARGIN + WIDTH / 2, "接收人", handed.taker),
    ):
        out.text(x, y + 14, f"{who}：{name}", 11, width=WIDTH / 2 - 5)
        out.text(x, y + 24, "签字：", 11)
        out.rule(x + 13, y + 25, x + 70, y + 25)
        out.text(x, y + 34, "日期：　　　年　　月　　日", 11)


def _plain(code: str) -> str:
    """A reference code's dot would be read as something else by some scanners."""
    return code.replace("·", ".")


def _title(one: Item) -> str:
    return str(one.title) or one.type_label


def _kept(volume: VolumeView) -> str:
    return shelving.load().retentions[volume.retention_current].zh


def _day(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else ""
