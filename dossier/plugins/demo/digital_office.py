"""Born-digital DOCX, XLSX and EML of a paper's content; the same bytes for the same content."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.utils import format_datetime

import docx
import xlsxwriter
from docx.document import Document

from dossier.plugins.demo.content import (
    Block,
    Choice,
    Content,
    Listing,
    Prose,
    Section,
    Signatures,
    chinese_date,
    choice_line,
)
from dossier.plugins.demo.layout_ruled import paired
from dossier.plugins.demo.truth import TruthLine, TruthPage

Rows = list[list[str]]
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can say


def docx_file(content: Content, layout: str) -> tuple[bytes, TruthPage]:
    """A Word document: entries in a table ("ruled") or as paragraphs, with its truth."""
    document = docx.Document()
    rows: Rows = []
    stamp = _noon(content.on).replace(tzinfo=None)
    properties = document.core_properties
    properties.created = properties.modified = stamp
    properties.author, properties.title = content.organisation, content.title
    if content.organisation:
        document.add_paragraph(content.organisation)
        rows.append([content.organisation])
    document.add_heading(content.title, level=1)
    rows.append([content.title])
    if content.form_no:
        document.add_paragraph(f"编号：{content.form_no}")
        rows.append([f"编号：{content.form_no}"])
    for block in content.blocks:
        rows.extend(_docx_block(document, block, layout))
    buffer = io.BytesIO()
    document.save(buffer)
    return frozen_zip(buffer.getvalue()), _truth(rows)


def _docx_block(document: Document, block: Block, layout: str) -> Rows:
    rows = rows_of(block, joined=layout != "ruled")
    if isinstance(block, Listing) or (isinstance(block, Section) and layout == "ruled"):
        table = document.add_table(rows=0, cols=max(len(row) for row in rows))
        table.style = "Table Grid"
        for row in rows:
            cells = table.add_row().cells
            for cell, text in zip(cells, row, strict=False):
                cell.text = text
    else:
        for row in rows:
            document.add_paragraph("　".join(row))
    return rows


def rows_of(block: Block, *, joined: bool) -> Rows:
    """A block as rows of cells; ``joined`` puts label and value into one cell."""
    if isinstance(block, Section):
        heading = [[block.heading]] if block.heading else []
        if joined:
            return heading + [
                [f"{e.label}：{e.value}" for e in pair] for pair in paired(block.entries)
            ]
        cells = [
            [text for e in pair for text in (e.label, e.value)] for pair in paired(block.entries)
        ]
        return heading + cells
    if isinstance(block, Choice):
        return [[choice_line(block)]]
    if isinstance(block, Prose):
        return [[text] for text in (block.heading, block.text) if text]
    if isinstance(block, Listing):
        return [list(row) for row in (block.header, *block.rows)]
    if isinstance(block, Signatures):
        signs = [[f"{p.label}：{p.signature}" for p in block.parties]]
        dates = [f"日期：{chinese_date(p.on)}" for p in block.parties if p.on]
        return [*signs, dates] if dates else signs
    return []


def xlsx_file(content: Content) -> tuple[bytes, TruthPage]:
    """A workbook with one sheet, and its truth."""
    rows: Rows = [[text] for text in (content.organisation, content.title) if text]
    for block in content.blocks:
        rows.extend(rows_of(block, joined=False))
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"title": content.title, "created": _noon(content.on).replace(tzinfo=None)})
    sheet = book.add_worksheet(content.type_code)
    sheet.set_column(0, 5, 18)
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            sheet.write_string(at, column, text)
    book.close()
    return frozen_zip(buffer.getvalue()), _truth(rows)


def eml_file(
    content: Content, customer_name: str, attachment: tuple[str, bytes], number: int
) -> tuple[bytes, TruthPage]:
    """A mail that sends a paper as PDF; its truth is the mail's own text.

    Args:
        content: the attached paper.
        customer_name: whom the mail is about.
        attachment: file name and bytes.
        number: decides message id and boundary.
    """
    sections = [block for block in content.blocks if isinstance(block, Section)]
    lines = [
        f"您好：现将{customer_name}的《{content.title}》扫描件发送给您，请查收归档。",
        *(f"{e.label}：{e.value}" for section in sections for e in section.entries[:4]),
        f"{content.organisation or '供电营业厅'}　{chinese_date(content.on)}",
    ]
    mail = EmailMessage()
    mail["Subject"] = f"{content.title}（{customer_name}）"
    mail["From"] = "营业厅 <counter@example.com>"
    mail["To"] = "档案室 <archive@example.com>"
    mail["Date"] = format_datetime(_noon(content.on))
    mail["Message-ID"] = f"<demo-{number}@example.com>"
    mail.set_content("\n".join(lines) + "\n", charset="gb18030" if number % 2 else "utf-8")
    name, data = attachment
    mail.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    mail.set_boundary(f"=_demo_{number:08d}")
    return mail.as_bytes(), _truth([[mail["Subject"]], *([line] for line in lines)])


def frozen_zip(data: bytes) -> bytes:
    """The same ZIP members with a fixed time, so that equal content gives equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(zip_member(name), source.read(name))
    return buffer.getvalue()


def zip_member(name: str) -> zipfile.ZipInfo:
    """A compressed member with a fixed time."""
    member = zipfile.ZipInfo(name, _ZIP_TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)  # noon in Shanghai


def _truth(rows: Rows) -> TruthPage:
    lines = [TruthLine(text, row=at) for at, row in enumerate(rows) for text in row if text.strip()]
    return TruthPage(1, 0, 0, 0, tuple(lines), born_digital=True)
