"""Rows of the organisation file: units, lines, districts, each as it is from a day on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from dossier.rules.customer_file import RowError
from dossier.rules.dates import parse_date
from dossier.rules.normal_form import fold
from dossier.rules.organisation import PlaceKind

COLUMNS: Final = {
    "kind": ("类型", "类别", "机构类型"),
    "name": ("名称", "单位名称", "机构名称"),
    "code": ("编号", "编码", "单位编码", "机构编码"),
    "parent": ("上级单位", "所属单位", "上级", "单位", "供电所"),
    "line": ("所属线路", "线路"),
    "from": ("生效日期", "起始日期", "设立日期", "日期"),
    "closed_on": ("撤销日期", "停用日期"),
    "merged_into": ("并入单位", "并入"),
    "reason": ("原因", "变更原因", "依据"),
}
"""Columns with the headings that they may have; ``closed_on`` is the first day without it."""
REQUIRED: Final = ("kind", "name")
KINDS: Final = {
    "unit": PlaceKind.UNIT,
    "单位": PlaceKind.UNIT,
    "公司": PlaceKind.UNIT,
    "部门": PlaceKind.UNIT,
    "中心": PlaceKind.UNIT,
    "供电所": PlaceKind.UNIT,
    "班组": PlaceKind.UNIT,
    "line": PlaceKind.LINE,
    "线路": PlaceKind.LINE,
    "district": PlaceKind.DISTRICT,
    "台区": PlaceKind.DISTRICT,
}


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A checked row; names are those of other rows or of places that are known."""

    row: int
    kind: PlaceKind
    name: str
    code: str = ""
    parent: str = ""
    line: str = ""
    since: date | None = None
    closed_on: date | None = None
    merged_into: str = ""
    reason: str = ""


def read_row(number: int, cell: Callable[[str], str]) -> PlaceRow | RowError:
    """The row, or what is wrong with it.

    Args:
        number: of the row in the file.
        cell: gives the text of a column, empty where there is none.
    """
    kind = KINDS.get(fold(cell("kind")))
    if kind is None:
        return RowError(
            number, "kind", "类型应为：单位、线路或台区", "the kind is unit, line or district"
        )
    if not cell("name"):
        return RowError(number, "name", "名称为空", "the name is empty")
    days: dict[str, date | None] = {}
    for column in ("from", "closed_on"):
        text = cell(column)
        days[column] = parse_date(text) if text else None
        if text and days[column] is None:
            return RowError(
                number, column, "日期无法识别，例如 2026-08-11", "not a date; write it 2026-08-11"
            )
    since, closed_on = days["from"], days["closed_on"]
    if since is not None and closed_on is not None and closed_on < since:
        return RowError(
            number,
            "closed_on",
            "撤销日期早于生效日期",
            "closed before the day from which the row holds",
        )
    if cell("merged_into") and closed_on is None:
        return RowError(
            number,
            "closed_on",
            "填写了并入单位，还须填写撤销日期",
            "a merger needs the day in closed_on",
        )
    return PlaceRow(
        number,
        kind,
        cell("name"),
        cell("code"),
        cell("parent"),
        cell("line"),
        since,
        closed_on,
        cell("merged_into"),
        cell("reason"),
    )


def in_order(rows: Iterable[PlaceRow]) -> tuple[list[PlaceRow], list[PlaceRow]]:
    """In what order rows are taken, and those that go in a circle.

    Units with those above them first, then lines, then districts, each by its day; last what is
    closed, which needs to be empty by then (the same row once more).
    """
    rows = sorted(rows, key=lambda one: (one.since or date.min, one.row))
    units = [row for row in rows if row.kind is PlaceKind.UNIT]
    by_name: dict[str, list[PlaceRow]] = {}
    for row in units:
        for name in {row.name, row.code} - {""}:
            by_name.setdefault(name, []).append(row)
    circular = _circular(units, by_name)
    done: dict[int, PlaceRow] = {}

    def visit(row: PlaceRow) -> None:
        waiting = [row]
        while waiting:
            one = waiting[-1]
            above = [*by_name.get(one.parent, ()), *by_name.get(one.merged_into, ())]
            ahead = [o for o in above if o.row not in done and o not in waiting]
            if ahead and one.row not in circular:
                waiting.append(ahead[0])
                continue
            done.setdefault(waiting.pop().row, one)

    for row in units:
        visit(row)
    ordered = [row for row in done.values() if row.row not in circular]
    for kind in (PlaceKind.LINE, PlaceKind.DISTRICT):
        ordered += [row for row in rows if row.kind is kind]
    closing = [row for row in ordered if row.closed_on is not None]
    closing.sort(key=lambda one: one.closed_on or date.max)
    ordered = [replace(row, closed_on=None) for row in ordered] + closing
    return ordered, [row for row in units if row.row in circular]


def _circular(units: list[PlaceRow], by_name: dict[str, list[PlaceRow]]) -> set[int]:
    """Rows whose own name comes again on the way up; several rows of one unit are its history."""
    found: set[int] = set()
    for row in units:
        if len(by_name[row.name]) > 1:
            continue
        seen: set[str] = set()
        name = row.parent
        while name and name not in seen:
            if name in {row.name, row.code}:
                found.add(row.row)
                break
            seen.add(name)
            above = by_name.get(name, ())
            name = above[0].parent if len(above) == 1 else ""
    return found
