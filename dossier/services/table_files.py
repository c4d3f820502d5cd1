"""Rows of a table that somebody exported: CSV in any usual encoding, or XLSX, row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import python_calamine

from dossier.errors import InvalidInputError

XLSX_MAGIC = b"PK\x03\x04"
XLS_MAGIC = b"\xd0\xcf\x11\xe0"
SNIFF_BYTES = 256 * 1024
"""Enough to meet a Han character in any customer file, and to see its separator."""
SEPARATORS = ",;\t"
ENCODINGS = ("utf-8-sig", "gb18030")

Row = tuple[int, list[Any]]
"""The row's number in the file (1-based; of a CSV record its first line) and its cells."""


@contextmanager
def open_table(path: Path) -> Iterator[Iterator[Row]]:
    """The rows of a CSV or XLSX file, streamed.

    Raises:
        InvalidInputError: no such file, or neither CSV nor a readable workbook.
    """
    try:
        with path.open("rb") as file:
            head = file.read(SNIFF_BYTES)
    except OSError as err:
        raise InvalidInputError("the file cannot be opened", detail_zh="文件无法打开") from err
    if head.startswith((XLSX_MAGIC, XLS_MAGIC)):
        yield _workbook(path)
        return
    encoding = _encoding(path, head)
    with path.open(encoding=encoding, newline="") as text:
        yield _records(text, _separator(head, encoding))


def _workbook(path: Path) -> Iterator[Row]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
    except (python_calamine.CalamineError, OSError, IndexError) as err:
        raise InvalidInputError(
            "the workbook cannot be read", detail_zh="Excel 文件无法读取"
        ) from err
    first = (sheet.start or (0, 0))[0]
    for number, cells in enumerate(sheet.iter_rows(), first + 1):
        yield number, list(cells)


def _records(text: io.TextIOBase, separator: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=separator, strict=False)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as err:
            raise InvalidInputError(
                f"row {start} is not readable as CSV", detail_zh=f"第 {start} 行无法按 CSV 读取"
            ) from err
        yield start, cells


def _encoding(path: Path, head: bytes) -> str:
    """The first encoding that the whole file is valid in; told row by row would be too late."""
    if b"\0" in head:
        raise InvalidInputError(
            "neither a CSV nor an Excel file", detail_zh="不是 CSV 或 Excel 文件"
        )
    for encoding in ENCODINGS:
        if _is_valid(path, encoding):
            return encoding
    raise InvalidInputError(
        "the text is neither UTF-8 nor GB18030", detail_zh="文件编码不是 UTF-8 或 GB18030"
    )


def _is_valid(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as text:
            while text.read(SNIFF_BYTES):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _separator(head: bytes, encoding: str) -> str:
    """The separator that the first line with any has most of; a title above it has none."""
    lines = head.decode(encoding, errors="replace").splitlines()
    header = next((line for line in lines if any(one in line for one in SEPARATORS)), "")
    return max(SEPARATORS, key=header.count)
