"""A table as a file that spreadsheets open without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import xlsxwriter

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run as a formula by spreadsheets; an apostrophe before makes it text."""
BOM = "\ufeff"
"""Without it Excel takes Chinese CSV for the machine's old code page."""
LONGEST_HEADER = 255
"""Characters that a sheet's header takes."""
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def as_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with a mark, commas, CRLF."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return (BOM + text.getvalue()).encode()


def as_xlsx(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, widths: Sequence[int], mark: str = ""
) -> bytes:
    """A workbook of one sheet; every cell is text, so that long numbers keep their digits.

    ``widths`` of the columns are in characters; ``mark`` stands in the head of printed sheets.
    """
    body = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(body, options) as book:
        sheet = book.add_worksheet()
        if mark:
            sheet.set_header(f"&L{mark.replace('&', '&&')}"[:LONGEST_HEADER])
        bold = book.add_format({"bold": True})
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.write_row(0, 0, head, bold)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
        sheet.freeze_panes(1, 0)
    return body.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
