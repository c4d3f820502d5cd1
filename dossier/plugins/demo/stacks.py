"""Invents stacks: papers of several customers scanned as one file, and what belongs together."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pikepdf

from dossier.plugins.demo import scans
from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.content import chinese_date
from dossier.plugins.demo.customers import InventedCustomer
from dossier.plugins.demo.damage import draw_damage, sibling
from dossier.plugins.demo.make import compose, lay_out
from dossier.plugins.demo.plan import PaperPlan, Planner
from dossier.plugins.demo.render import render
from dossier.plugins.demo.sheet import CodeLabel, Ink, Sheet, Text, Tint

PAPER, SEPARATOR, BLANK = "paper", "separator", "blank"
_NUMBER_ROW = 10_000
"""The row in which the layouts print page numbers."""
_NUMBERINGS = {
    "as printed": 50,
    "none": 18,
    "第{han}页/共{all_han}页": 8,
    "{page}/{total}": 10,
    "Page {page} of {total}": 8,
    "— {page} —": 6,
}
_HAN = "〇一二三四五六七八九十"
_MANNERS = {"nothing": 50, "sheets": 20, "sheets between customers": 15, "blank sheets": 15}
"""How a clerk parts the papers of a stack."""
_DUPLEX_SHARE = 0.12
_MISHAP_SHARE = 0.06
"""Papers of several pages where one page is missing, swapped or was scanned twice."""


@dataclass(frozen=True, slots=True)
class StackSheet:
    """One side of a stack.

    Attributes:
        kind: :data:`PAPER`, :data:`SEPARATOR` or :data:`BLANK`.
        sheet: what stands on it.
        paper: place of its paper in the stack, -1 for none.
        page: its number in the paper, from 1.
    """

    kind: str
    sheet: Sheet
    paper: int = -1
    page: int = 0


@dataclass(frozen=True, slots=True)
class StackedPaper:
    """One paper of a stack and what is odd about it (``page_missing`` …, or nothing)."""

    plan: PaperPlan
    title: str
    mishap: str = ""
    says_whose: bool = True


@dataclass(frozen=True, slots=True)
class InventedStack:
    """A stack: its sides in order, and its papers."""

    sheets: tuple[StackSheet, ...]
    papers: tuple[StackedPaper, ...]
    manner: str

    @property
    def starts(self) -> frozenset[int]:
        """Places (from 1) of the sides where a paper begins."""
        first: dict[int, int] = {}
        for at, one in enumerate(self.sheets, 1):
            if one.kind == PAPER:
                first.setdefault(one.paper, at)
        return frozenset(first.values())


def invent_stacks(
    register: Sequence[InventedCustomer],
    seed: int,
    *,
    stacks: int,
    papers: int,
    families: frozenset[str] | None = None,
    hard: bool = False,
) -> list[InventedStack]:
    """``stacks`` stacks of ``papers`` papers each; the same arguments give the same stacks.

    Args:
        register: the customers.
        seed: of everything.
        stacks: how many.
        papers: of each.
        families: allowed family names, as of ``families.choices``.
        hard: papers without titles and numbers, forms of no known type, photographs, meter sheets,
            blank backs, the same paper twice; with a held-out layout other forms than else.
    """
    rng = random.Random(seed * 17 + 3)
    plans = sorted(Planner(register, seed, families).plans(stacks * papers), key=_number)
    plans = [_as_scan(plan, rng) for plan in plans if not plan.duplicate_of]
    found = []
    for at in range(stacks):
        own = random.Random(seed * 1009 + at)
        chosen = plans[at * papers : (at + 1) * papers]
        found.append(_hard_stack(chosen, own) if hard else _stack(chosen, own))
    return found


def _number(plan: PaperPlan) -> int:
    return plan.number


def _as_scan(plan: PaperPlan, rng: random.Random) -> PaperPlan:
    """The plan as a sheet-fed scanner takes it in: nothing is known of folder and file name."""
    route = "barcode" if plan.route == "barcode" else "content"
    damage = plan.damage if plan.format in {"image-pdf", "tiff"} else ""
    filled = plan.filled if plan.damage else rng.choice((Ink.PRINT, Ink.PRINT, Ink.DOTS, Ink.PEN))
    return replace(plan, format="image-pdf", route=route, damage=damage or "office", filled=filled)


def _stack(plans: Sequence[PaperPlan], rng: random.Random) -> InventedStack:
    manner = rng.choices(list(_MANNERS), list(_MANNERS.values()))[0]
    sheets: list[StackSheet] = []
    papers: list[StackedPaper] = []
    for at, plan in enumerate(plans):
        if at and _is_parted(manner, plans[at - 1], plan):
            sheets += _between(manner, rng)
        own, paper = _paper(at, plan, rng)
        sheets += own
        papers.append(paper)
    return InventedStack(tuple(sheets), tuple(papers), manner)


def _is_parted(manner: str, before: PaperPlan, plan: PaperPlan) -> bool:
    if manner == "sheets between customers":
        return before.customer.customer_no != plan.customer.customer_no
    return manner != "nothing"


def _between(manner: str, rng: random.Random) -> list[StackSheet]:
    if manner == "blank sheets":
        return [StackSheet(BLANK, Sheet()) for _ in range(2)]
    sheet = Sheet()
    sheet.marks.append(CodeLabel(150, 300, 300, 90, f"SEP-{rng.randrange(10**6):06d}"))
    if rng.random() < 0.5:
        sheet.marks.append(Text(230, 240, 24, "档案分隔页", Ink.BOLD, 1))
    return [StackSheet(SEPARATOR, sheet)]


def _paper(at: int, plan: PaperPlan, rng: random.Random) -> tuple[list[StackSheet], StackedPaper]:
    content = compose(plan, random.Random(plan.seed))
    sheets = _numbered(lay_out(plan, content), rng)
    pages = [StackSheet(PAPER, sheet, at, number) for number, sheet in enumerate(sheets, 1)]
    mishap = ""
    if len(pages) > 1 and rng.random() < _MISHAP_SHARE * 3:
        pages, mishap = _mishap(pages, rng)
    if rng.random() < _DUPLEX_SHARE:
        pages.append(StackSheet(BLANK, Sheet(), at))
    return pages, StackedPaper(plan, content.title, mishap)


def _mishap(pages: list[StackSheet], rng: random.Random) -> tuple[list[StackSheet], str]:
    kind = rng.choice(("page_missing", "pages_swapped", "page_repeated"))
    at = rng.randrange(1, len(pages))
    if kind == "page_missing":
        return pages[:at] + pages[at + 1 :], kind
    if kind == "page_repeated":
        return [*pages[: at + 1], *pages[at:]], kind
    if len(pages) > 2:
        at = rng.randrange(2, len(pages))
        return [*pages[: at - 1], pages[at], pages[at - 1], *pages[at + 1 :]], kind
    return pages, ""


def _numbered(sheets: list[Sheet], rng: random.Random) -> list[Sheet]:
    """The sheets with their page numbers written in the way of this print run."""
    way = rng.choices(list(_NUMBERINGS), list(_NUMBERINGS.values()))[0]
    if way == "as printed":
        return sheets
    return [_renumbered(sheet, way, at, len(sheets)) for at, sheet in enumerate(sheets, 1)]


def _renumbered(sheet: Sheet, way: str, page: int, total: int) -> Sheet:
    marks = []
    for mark in sheet.marks:
        if isinstance(mark, Text) and mark.row == _NUMBER_ROW:
            if way == "none":
                continue
            han = [_HAN[n] if n < len(_HAN) else str(n) for n in (page, total)]
            text = way.format(page=page, total=total, han=han[0], all_han=han[1])
            mark = replace(mark, text=text)
        marks.append(mark)
    return Sheet(sheet.width, sheet.height, marks)


# -- as they are where nobody printed them for a machine -----------------------------------------


def _hard_stack(plans: Sequence[PaperPlan], rng: random.Random) -> InventedStack:
    """Papers as they come from many hands; nothing but some blank sheets parts them."""
    is_duplex = rng.random() < _DUPLEX_STACKS
    sheets: list[StackSheet] = []
    papers: list[StackedPaper] = []
    for plan in plans:
        own, paper = _hard_paper(len(papers), plan, rng)
        sheets += [one for page in own for one in _both_sides(page, rng, is_duplex=is_duplex)]
        papers.append(paper)
        if not paper.plan.type_code or rng.random() >= _AGAIN:
            continue
        again = replace(
            plan, seed=plan.seed + 7, on=plan.on + timedelta(days=rng.randrange(30, 300))
        )
        own, paper = _hard_paper(len(papers), again, rng, is_known=True)
        sheets += [one for page in own for one in _both_sides(page, rng, is_duplex=is_duplex)]
        papers.append(paper)
    return InventedStack(tuple(sheets), tuple(papers), "duplex" if is_duplex else "hard")


_DUPLEX_STACKS, _AGAIN = 0.25, 0.12
_KINDS = {"paper": 55, "untitled": 22, "form": 9, "meters": 7, "photograph": 7}
_HARD_MISHAPS = 0.3
_NO_NUMBERS = 0.55


def _both_sides(page: StackSheet, rng: random.Random, *, is_duplex: bool) -> list[StackSheet]:
    """A sheet that was scanned on both sides has a blank back, or none where it is printed on."""
    if not is_duplex or rng.random() < 0.25:
        return [page]
    return [page, StackSheet(BLANK, Sheet(), page.paper)]


def _hard_paper(
    at: int, plan: PaperPlan, rng: random.Random, *, is_known: bool = False
) -> tuple[list[StackSheet], StackedPaper]:
    kind = rng.choices(list(_KINDS), list(_KINDS.values()))[0]
    if kind in _SHEETS and not is_known:
        sheet, title = _SHEETS[kind](plan, rng)
        said = {text.text for text in sheet.texts()}
        numbers = (plan.customer.customer_no, plan.customer.first_meter)
        is_said = any(number in text for text in said for number in numbers)
        paper = StackedPaper(replace(plan, type_code=""), title, says_whose=is_said)
        return [StackSheet(PAPER, sheet, at, 1)], paper
    content = compose(plan, random.Random(plan.seed))
    sheets = lay_out(plan, content)
    if kind == "untitled" and not content.framed and not content.cover:
        sheets[0] = _without(sheets[0], {content.title, content.organisation})
    way = "none" if rng.random() < _NO_NUMBERS else "as printed"
    if way == "none":
        sheets = [_renumbered(one, way, n, len(sheets)) for n, one in enumerate(sheets, 1)]
    pages = [StackSheet(PAPER, sheet, at, number) for number, sheet in enumerate(sheets, 1)]
    mishap = ""
    if len(pages) > 1 and rng.random() < _HARD_MISHAPS:
        pages, mishap = _mishap(pages, rng)
        mishap = "" if way == "none" else mishap
    return pages, StackedPaper(plan, content.title, mishap)


def _without(sheet: Sheet, texts: set[str]) -> Sheet:
    marks = [m for m in sheet.marks if not (isinstance(m, Text) and m.text in texts)]
    return Sheet(sheet.width, sheet.height, marks)


_FORMS = {
    "ruled letter": (
        ("物资领用登记", ("名称", "规格", "数量", "领用人")),
        ("车辆派遣单", ("车号", "去向", "里程", "派车人")),
        ("会议签到", ("时间", "地点", "议题", "记录人")),
    ),
    "boxed": (
        ("快递详单", ("寄件地址", "件数", "重量", "揽收员")),
        ("工器具试验台账", ("器具", "编号", "周期", "试验员")),
        ("餐费报销凭据", ("事由", "人数", "标准", "审批")),
    ),
}


def _form(plan: PaperPlan, rng: random.Random) -> tuple[Sheet, str]:
    """A form of no known type; half of them state the customer's number."""
    pool = _FORMS["boxed" if plan.layout == "boxed" else "ruled letter"]
    title, labels = rng.choice(pool)
    sheet, y = Sheet(), 170.0
    sheet.marks.append(Text(220, 90, 20, title, Ink.BOLD, 1))
    lines = [f"{label}：{rng.choice(_WORDS)}" for label in labels]
    if rng.random() < 0.5:
        lines.insert(0, f"户号：{plan.customer.customer_no}")
    for row, line in enumerate(lines, 2):
        sheet.marks.append(Text(90, y, 12, line, Ink.PRINT, row))
        y += 32
    return sheet, title


_WORDS = ("甲级", "二组", "一批", "三号库", "按月", "另附", "本部", "夜班")


def _meters(plan: PaperPlan, rng: random.Random) -> tuple[Sheet, str]:
    """Readings of one meter, month by month: no title, no name."""
    is_held = plan.layout == "boxed"
    sheet = Sheet()
    heads = (
        ("月份", "起码", "止码", "电量")
        if is_held
        else ("抄表日期", "上次示数", "本次示数", "电量")
    )
    sheet.marks.append(Text(80, 60, 11, f"表号：{plan.customer.first_meter}", Ink.PRINT, 1))
    last = rng.randrange(100, 9000)
    for row in range(rng.randrange(8, 14)):
        used = rng.randrange(20, 300)
        cells = heads if row == 0 else (f"{row}月", str(last), str(last + used), str(used))
        last += used
        for column, text in enumerate(cells):
            sheet.marks.append(Text(80 + 115 * column, 90 + 22 * row, 11, text, Ink.PRINT, row + 2))
    return sheet, ""


def _photograph(plan: PaperPlan, rng: random.Random) -> tuple[Sheet, str]:
    """A picture of the place with a line below it."""
    sheet = Sheet()
    for _ in range(rng.randrange(4, 9)):
        x, y = rng.uniform(60, 300), rng.uniform(80, 400)
        sheet.marks.append(
            Tint(x, y, x + rng.uniform(60, 220), y + rng.uniform(50, 200), rng.randrange(60, 200))
        )
    said = "现场照片　计量箱外观" if plan.layout == "boxed" else "表箱及进户线实景照片"
    sheet.marks.append(Text(120, 640, 12, said, Ink.PRINT, 1))
    sheet.marks.append(Text(120, 665, 10, f"拍摄 {chinese_date(plan.on)}", Ink.PRINT, 2))
    return sheet, ""


_SHEETS = {"form": _form, "meters": _meters, "photograph": _photograph}


# -- as a file ----------------------------------------------------------------------------------


def write_stack(stack: InventedStack, path: Path, seed: int) -> None:
    """Draws the stack, damaged as its papers are, into one PDF of pictures."""
    whole = pikepdf.new()
    for place, one in enumerate(stack.sheets):
        rng = random.Random(seed * 4099 + place)
        plan = stack.papers[max(one.paper, 0)].plan
        damage = draw_damage(plan.damage if one.kind == PAPER else "clean", rng)
        if stack.manner in {"hard", "duplex"} and rng.random() < _UPSIDE_DOWN:
            damage = replace(damage, turn=(damage.turn + 180) % 360)
        page = render(one.sheet, plan.font, sibling(damage, rng), seed * 64 + place, place + 1)
        data = scans.image_pdf([page], damage.quality)
        with pikepdf.open(io.BytesIO(data)) as single:
            whole.pages.extend(single.pages)
    whole.save(path, deterministic_id=True)


_UPSIDE_DOWN = 0.12


def types_of(stack: InventedStack) -> list[str]:
    """Labels of the stack's papers, for what is printed about it."""
    codes = (paper.plan.type_code for paper in stack.papers)
    return [TYPES[code].label if code else "" for code in codes]
