"""Rows of the customer file: header, values, and what is wrong with them in words for a clerk.

The header is architecture.md's; only ``customer_no`` and ``name`` are required. No message repeats
an identity number, a phone or a name: the row and the column say where to look.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from dossier.errors import InvalidInputError
from dossier.rules import attributes, identifiers, rulebook
from dossier.rules.dates import parse_date
from dossier.rules.normal_form import fold

COLUMNS = {
    "customer_no": ("户号", "客户编号", "用户编号", "用电户号"),
    "name": ("户名", "客户名称", "用户名称", "姓名", "名称"),
    "category": ("客户类别", "类别", "用户类别", "用电类别"),
    "id_type": ("证件类型", "证件名称"),
    "id_no": ("证件号码", "证件号", "身份证号", "身份证号码", "统一社会信用代码"),
    "phone": ("联系电话", "电话", "手机", "手机号", "手机号码", "移动电话"),
    "address": ("用电地址", "地址"),
    "meter_no": ("电能表资产编号", "表号", "资产编号", "电表号", "电能表编号"),
    "unit": ("供电单位", "单位", "供电所", "管理单位"),
    "line": ("线路", "供电线路", "线路名称"),
    "district": ("台区", "台区名称"),
    "status": ("状态", "用户状态", "客户状态"),
    "voltage": ("电压", "供电电压", "电压等级"),
    "capacity_kva": ("容量", "合同容量", "运行容量", "容量(kva)", "合同容量(kva)"),
    "opened_on": ("立户日期", "开户日期", "立户时间"),
    "fee_control": ("费控", "是否费控", "费控标志"),
    "old_customer_no": ("原户号", "旧户号", "老户号"),
}
"""Columns in the file's order, with the headings that other systems' exports use."""
REQUIRED = ("customer_no", "name")
LONGEST = {"name": 200, "address": 400, "voltage": 20, "unit": 200, "line": 200, "district": 200}
"""Characters that the records hold."""
LONGEST_HEADING_SHOWN = 40
LARGEST_EXACT = 10**15
"""Spreadsheets keep 15 digits of a number; a longer one has lost its last digits."""
YES = frozenset({"是", "有", "y", "yes", "true", "1", "1.0", "t"})
NO = frozenset({"否", "无", "n", "no", "false", "0", "0.0", "f", ""})
_SPLIT = re.compile(r"[;；、\n]")
_PHONE_DIGITS = range(7, 17)


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a cell: ``row`` as the file counts (the header is row 1).

    ``column`` is our name of it, ``heading`` the file's own, empty where it has none.
    """

    row: int
    column: str
    message_zh: str
    message_en: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class LeftOutColumn:
    """A column that is not known: its place (1-based), its heading and the nearest known one."""

    place: int
    heading: str
    near: str = ""

    @property
    def message_zh(self) -> str:
        """In words for a clerk."""
        what = f"未知的列“{self.heading}”" if self.heading else f"第 {self.place} 列没有列名"
        return f"{what}，是否为“{self.near}”？" if self.near else what

    @property
    def message_en(self) -> str:
        """The same in English."""
        what = f'unknown column "{self.heading}"' if self.heading else ""
        what = what or f"column {self.place} has no heading"
        return f'{what}; did you mean "{self.near}"?' if self.near else what


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file in its order, None for each that is left out; and those by name."""

    columns: tuple[str | None, ...]
    left_out: tuple[LeftOutColumn, ...] = ()
    headings: tuple[str, ...] = ()

    def named(self, error: RowError) -> RowError:
        """The same error by the file's own heading of the column."""
        headings = dict(zip(self.columns, self.headings, strict=False))
        return replace(error, heading=headings.get(error.column, ""))


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A checked row. A value of None means that the file has no such column.

    ``id_no`` has 18 places and capitals; meters, phones and old numbers are pairs of the value as
    written and its key for comparison. ``attributes`` has the codes of each attribute that the file
    has a column for.
    """

    row: int
    customer_no: str
    name: str
    category: str | None = None
    id_type: str | None = None
    id_no: str | None = None
    phones: tuple[tuple[str, str], ...] | None = None
    address: str | None = None
    meters: tuple[tuple[str, str], ...] | None = None
    unit: str | None = None
    line: str | None = None
    district: str | None = None
    status: str | None = None
    voltage: str | None = None
    capacity_kva: float | None = None
    opened_on: date | None = None
    fee_control: bool | None = None
    old_numbers: tuple[tuple[str, str], ...] | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()


class CellError(ValueError):
    """A cell that cannot be taken, with words for a clerk; never with the cell's content."""

    def __init__(self, message_zh: str, message_en: str) -> None:
        """Keep both messages."""
        self.message_zh, self.message_en = message_zh, message_en
        super().__init__(message_en)


@cache
def columns() -> Mapping[str, Sequence[str]]:
    """The columns of a customer file: the register's own, and the attributes."""
    return {**COLUMNS, **{name: one.headings for name, one in attributes.catalogue().items()}}


def read_header(
    cells: Sequence[Any],
    known: Mapping[str, Sequence[str]] | None = None,
    required: Sequence[str] = REQUIRED,
    *,
    strict: bool = False,
) -> Header:
    """The columns of the file in its order; empty headings at the end are passed over.

    Exports of other systems have columns of their own: those are left out and named. What is not
    left out silently is a required column with a slip in its heading: the refusal names it.

    Args:
        cells: the header's row.
        known: columns with the other headings that they may have; a customer file's.
        required: columns that must be there.
        strict: refuse unknown columns too.

    Raises:
        InvalidInputError: a heading is missing or doubled, or unknown where that is refused.
    """
    known = columns() if known is None else known
    headings = [str(cell or "").strip() for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    names = _headings(known)
    found = tuple(names.get(_heading_key(heading)) for heading in headings)
    left_out = tuple(
        _unknown(at, heading, names)
        for at, (heading, column) in enumerate(zip(headings, found, strict=True), 1)
        if column is None
    )
    _refuse_missing([one for one in required if one not in found], left_out, names, known)
    _refuse_doubled(headings, found)
    if strict and left_out:
        zh = "；".join(one.message_zh for one in left_out)
        raise _header_error(zh, "; ".join(one.message_en for one in left_out))
    return Header(found, left_out, tuple(headings))


def has_required(
    cells: Sequence[Any],
    required: Sequence[str] = REQUIRED,
    known: Mapping[str, Sequence[str]] = COLUMNS,
) -> bool:
    """Whether a row is the header: exports have a title or a date above it."""
    names = _headings(known)
    found = {names.get(_heading_key(str(cell or ""))) for cell in cells}
    return found.issuperset(required)


def _unknown(at: int, heading: str, names: Mapping[str, str]) -> LeftOutColumn:
    near = difflib.get_close_matches(_heading_key(heading), names, n=1, cutoff=0.5)
    return LeftOutColumn(at, heading[:LONGEST_HEADING_SHOWN], near[0] if near else "")


def _refuse_missing(
    missing: Sequence[str],
    left_out: Sequence[LeftOutColumn],
    names: Mapping[str, str],
    known: Mapping[str, Sequence[str]],
) -> None:
    """Name what is missing, and the heading that may have been meant.

    Other headings are not repeated: where the header itself is missing they are a customer's data.
    """
    if not missing:
        return
    zh = f"缺少必需的列：{'、'.join(f'{known[one][0]}({one})' for one in missing)}"
    en = f"missing column: {', '.join(missing)}"
    for one in left_out:
        if one.near and names[one.near] in missing:
            zh += f"；“{one.heading}”是否应为“{one.near}”？"
            en += f'; is "{one.heading}" meant to be "{one.near}"?'
    raise _header_error(zh, en)


def _refuse_doubled(headings: Sequence[str], columns: Sequence[str | None]) -> None:
    for column in columns:
        same = [heading for heading, one in zip(headings, columns, strict=True) if one == column]
        if column is not None and len(same) > 1:
            zh, en = "”“".join(same), '", "'.join(same)
            raise _header_error(
                f"列重复：“{zh}”都是 {column}", f'column twice: "{en}" are all {column}'
            )


def _headings(known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    names = {column: column for column in known}
    for column, aliases in known.items():
        names.update({_heading_key(alias): column for alias in aliases})
    return names


def _heading_key(heading: str) -> str:
    return re.sub(r"[\s*:]+", "", fold(heading))


def _header_error(zh: str, en: str) -> InvalidInputError:
    return InvalidInputError(f"Header: {en}", detail_zh=f"表头：{zh}")


def read_row(
    row: int, columns: Sequence[str | None], cells: Sequence[Any]
) -> tuple[CustomerRecord | None, list[RowError]]:
    """Check one row; a row with any error gives no record, but all its errors."""
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    texts = {column: _at(cells, at) for at, column in enumerate(columns) if column}
    for column in (name for name in COLUMNS if name in texts):  # id_type goes before id_no
        try:
            values.update(_PARSERS[column](column, cell_text(texts[column]), texts))
        except CellError as err:
            errors.append(RowError(row, column, err.message_zh, err.message_en))
    for column in (name for name in attributes.catalogue() if name in texts):
        try:
            values.setdefault("attributes", {})[column] = _attribute(column, texts[column])
        except CellError as err:
            errors.append(RowError(row, column, err.message_zh, err.message_en))
    if place := next((at for at in range(len(columns), len(cells)) if _filled(cells[at])), None):
        zh = f"第 {place + 1} 列没有表头，单元格多于表头的列"
        en = f"column {place + 1} has no heading: more cells than the header has columns"
        errors.append(RowError(row, f"#{place + 1}", zh, en))
    if errors:
        return None, errors
    return CustomerRecord(row=row, columns=frozenset(texts), **values), []


def is_blank(cells: Iterable[Any]) -> bool:
    """Whether a row has nothing in it; such rows are passed over."""
    return not any(_filled(cell) for cell in cells)


def _filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _at(cells: Sequence[Any], at: int) -> Any:
    return cells[at] if at < len(cells) else None


def cell_text(cell: Any) -> str:
    """A cell as text: whole numbers without a point, dates as ISO, an apostrophe before is Excel's.

    Raises:
        CellError: a number so long that the spreadsheet has lost its last digits.
    """
    if isinstance(cell, str):  # first, because nearly all are
        return cell.strip().removeprefix("'").strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float | int):
        if abs(cell) >= LARGEST_EXACT:
            raise CellError(
                "长数字被存成了数值，末几位已丢失；请把该列设为文本后重新填写",
                "a long number lost digits in a numeric cell; format the column as text",
            )
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


# -- one parser for each column -----------------------------------------------------------------


def _customer_no(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    value = identifiers.compact(text)
    if not value:
        raise CellError("户号为空", "the customer number is empty")
    if not identifiers.is_customer_no(value):
        raise CellError("户号应为 10 至 16 位数字", "a customer number has 10 to 16 digits")
    return {column: value}


def _name(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    if not text:
        raise CellError("户名为空", "the name is empty")
    return {column: _short(column, re.sub(r"\s+", " ", text))}


def _plain(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _short(column, text)}


def _short(column: str, text: str) -> str:
    if len(text) > LONGEST[column]:
        longest = LONGEST[column]
        raise CellError(f"超过 {longest} 个字符", f"longer than {longest} characters")
    return text


def _category(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _code("categories", text, "客户类别", "category") if text else "LR"}


def _status(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _code("statuses", text, "状态", "status") if text else "active"}


def _id_type(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _code("id_types", text, "证件类型", "identity document") if text else ""}


def _code(heading: str, text: str, zh: str, en: str) -> str:
    codes = _codes(heading)
    found = codes.get(fold(text))
    if found is None:
        allowed = "、".join(dict.fromkeys(codes.values()))
        raise CellError(f"未知的{zh}；可填：{allowed}", f"unknown {en}; one of: {allowed}")
    return found


@cache
def _codes(heading: str) -> dict[str, str]:
    codes: dict[str, str] = {}
    for code, entry in rulebook.load("categories")[heading].items():
        for word in (code, entry["label_zh"], entry["label_en"], *entry.get("words", ())):
            codes[fold(str(word))] = code
    return codes


def _id_no(_: str, text: str, row: Mapping[str, Any]) -> dict[str, Any]:
    value = identifiers.compact(text)
    if not value:
        return {"id_no": ""}
    kind = _kind_of_id(row, value)
    check = rulebook.load("categories")["id_types"][kind]["number"]
    if check == "id_no":
        _check_id_no(value)
        value = identifiers.id_no_18(value)
    elif check == "uscc" and not identifiers.is_uscc(value):
        raise CellError(
            "统一社会信用代码校验不通过（注意字母 O、I 与数字 0、1）",
            "the credit code's check character is wrong (mind the letters O, I and digits 0, 1)",
        )
    if not 4 <= len(value) <= 30:
        raise CellError("证件号码长度不对", "an identity number has 4 to 30 characters")
    return {"id_no": value.upper(), "id_type": kind}


def _kind_of_id(row: Mapping[str, Any], value: str) -> str:
    """The named kind of document, else what the number looks like."""
    named = _codes("id_types").get(fold(cell_text(row.get("id_type"))))
    if named:
        return named
    if re.fullmatch(r"\d{15}|\d{17}[\dx]", value) and not identifiers.is_uscc(value):
        return "resident_id"
    return "uscc" if len(value) == 18 else "other"


def _check_id_no(value: str) -> None:
    if not re.fullmatch(r"\d{15}|\d{17}[\dx]", value):
        raise CellError("身份证号应为 18 位", "a resident ID number has 18 places")
    if identifiers.is_id_no(value):
        return
    if len(value) == 18 and identifiers.id_check_character(value[:17]) != value[17]:
        raise CellError("身份证号校验位不对", "the ID number's check digit is wrong")
    raise CellError("身份证号中的出生日期不存在", "the ID number holds a date that does not exist")


def _phones(_: str, text: str, __: Mapping[str, Any]) -> dict[str, Any]:
    pairs = []
    for part in _parts(text):
        key = re.sub(r"\D", "", identifiers.mobile(part) or fold(part))
        wrong_mobile = len(key) == 11 and key[0] == "1" and identifiers.mobile(key) is None
        if len(key) not in _PHONE_DIGITS or wrong_mobile:
            raise CellError("电话号码格式不对", "not a phone number")
        pairs.append((part, key))
    return {"phones": _distinct(pairs)}


def _meters(_: str, text: str, __: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [(part, identifiers.compact(part).upper()) for part in _parts(text)]
    if any(not re.fullmatch(r"[0-9A-Z]{6,32}", key) for _, key in pairs):
        raise CellError("表号格式不对", "not a meter number (6 to 32 digits or letters)")
    return {"meters": _distinct(pairs)}


def _old_numbers(_: str, text: str, __: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [(part, identifiers.compact(part).upper()) for part in _parts(text)]
    if any(not re.fullmatch(r"[0-9A-Z]{4,20}", key) for _, key in pairs):
        raise CellError("原户号格式不对", "not a customer number (4 to 20 digits or letters)")
    return {"old_numbers": _distinct(pairs)}


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _SPLIT.split(text) if part.strip()]


def _distinct(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple({key: (value, key) for value, key in pairs}.values())


def _capacity(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    if not text:
        return {column: None}
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(?:kva|kv·a|千伏安)?", fold(text).replace(",", ""))
    if not match:
        raise CellError("容量应为数字（kVA）", "the capacity is a number of kVA")
    return {column: float(match[1])}


def _opened_on(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    if not text:
        return {column: None}
    value = parse_date(text)
    if value is None:
        raise CellError("日期无法识别，例如 2026-08-11", "not a date; write it like 2026-08-11")
    return {column: value}


def _attribute(column: str, cell: Any) -> tuple[str, ...]:
    known = attributes.catalogue()[column]
    try:
        return known.read(cell_text(cell))
    except attributes.UnknownValueError as err:
        codes = ", ".join(known.values)
        raise CellError(f"应为：{known.choices_zh}", f"one of {codes} is wanted") from err


def _fee_control(column: str, text: str, _: Mapping[str, Any]) -> dict[str, Any]:
    word = fold(text)
    if word not in YES | NO:
        raise CellError("应填“是”或“否”", "yes or no is wanted")
    return {column: word in YES}


_PARSERS: dict[str, Callable[[str, str, Mapping[str, Any]], dict[str, Any]]] = {
    "customer_no": _customer_no,
    "name": _name,
    "category": _category,
    "id_type": _id_type,
    "id_no": _id_no,
    "phone": _phones,
    "address": _plain,
    "meter_no": _meters,
    "unit": _plain,
    "line": _plain,
    "district": _plain,
    "status": _status,
    "voltage": _plain,
    "capacity_kva": _capacity,
    "opened_on": _opened_on,
    "fee_control": _fee_control,
    "old_customer_no": _old_numbers,
}
