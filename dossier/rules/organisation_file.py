"""Rows of the organisation file: units, lines, districts, each as it is from a day on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
