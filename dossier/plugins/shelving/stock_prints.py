"""A stock-take on paper: what was found, for two signatures; in Chinese, as the forms are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dossier.clock import local_date
from dossier.plugins.shelving import stock_findings as findings
from dossier.plugins.shelving import stock_scans as scans
from dossier.plugins.shelving import stock_takes as takes
from dossier.plugins.shelving.prints import MARGIN, WIDTH, table, table_parts
from dossier.plugins.shelving.sheets import Sheet
from dossier.plugins.shelving.stock_findings import FindingView
from dossier.plugins.shelving.stock_takes import TakeView

HEADS = ("结果", "类别", "编码", "账面位置", "实见位置", "处理", "说明")
WIDTHS = (16.0, 12.0, 52.0, 30.0, 30.0, 16.0, 14.0)
KINDS = {takes.BOX: "盒", takes.VOLUME: "卷", takes.PAPER: "件", scans.NOTHING: "不明"}
DEPTHS = {takes.BOX: "盒", takes.VOLUME: "盒与卷", takes.PAPER: "盒与件"}
VERDICTS = {
    findings.MISSING: "缺失",
    scans.MISPLACED: "错位",
    scans.UNKNOWN: "不明编码",
    scans.OUT: "账借实在",
}
OUTCOMES = {
    "": "待处理",
    findings.FOUND: "已找到",
    findings.BACK: "已放回",
    findings.CORRECTED: "已改账",
    findings.LOST: "报遗失",
    findings.REPLACED: "已替代",
    findings.EXPLAINED: "已说明",
}


def listed(take: TakeView, found: Sequence[FindingView], *, made_at: datetime) -> bytes:
    """The findings with the counts, and the bar code that takes a scan back."""
    rows = [row(one) for one in found]
    parts = list(table_parts(rows))
    out = Sheet(made_at)
    for page, part in enumerate(parts, 1):
        out.page()
        out.text(105, 22, "库 房 盘 点 表", 20, centred=True)
        counts = f"账面 {take.expected}，实见 {take.seen}，差异 {len(rows)} 项"
        out.text(MARGIN, 32, f"{take.code}　{take.place}　盘点到{DEPTHS[take.depth]}", 10)
        out.text(MARGIN, 37, f"{counts}　打印日期 {local_date(made_at):%Y%m%d}", 9)
        out.text(MARGIN + WIDTH - 34, 37, f"第 {page} 页　共 {len(parts)} 页", 9)
        bottom = table(out, 40, tuple(zip(HEADS, WIDTHS, strict=True)), part)
        if page == len(parts):
            _foot(out, bottom + 10)
    return out.bytes()


def row(one: FindingView) -> tuple[str, ...]:
    """A finding as a line of the list."""
    belongs = "已登记遗失" if one.belongs == scans.LOST else one.belongs
    return (
        VERDICTS[one.verdict],
        KINDS[one.kind],
        one.code,
        belongs,
        "" if one.verdict == findings.MISSING else one.seen_in,
        OUTCOMES[one.outcome],
        one.note,
    )


def _foot(out: Sheet, y: float) -> None:
    for x, who in ((MARGIN, "盘点人"), (MARGIN + WIDTH / 3, "监盘人")):
        out.text(x, y, f"{who}：", 11)
        out.rule(x + 16, y + 1, x + 48, y + 1)
    out.text(MARGIN + WIDTH - 46, y - 3, "撤销上一次扫描：", 8)
    out.code128(MARGIN + WIDTH - 46, y, scans.UNDO_CODE, width=46, height=9)
