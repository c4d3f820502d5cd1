"""Small files of every kind that the text extractors read, with invented people in them."""

from __future__ import annotations

import gzip
import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import docx
import xlsxwriter

SENTENCE = "甲方：黄超（本人）供电营业厅"
ROW = ("户号", "1040106028", "黄超")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def old_office(name: str) -> bytes:
    """``contract.doc``, ``register.xls`` or ``report.ppt``; see old_office/README.md."""
    return gzip.decompress((Path(__file__).parent / "old_office" / f"{name}.gz").read_bytes())


def zip_of(files: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx_bytes(*, sentence: str = SENTENCE) -> bytes:
    document = docx.Document()
    document.core_properties.title = "供用电合同"
    document.core_properties.author = "李四"
    document.sections[0].header.paragraphs[0].text = "页眉文字"
    document.add_paragraph(sentence)
    table = document.add_table(1, 3)
    for cell, text in zip(table.rows[0].cells, ROW, strict=True):
        cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def xlsx_bytes() -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("客户")
    sheet.write_row(0, 0, ROW)
    sheet.write(2, 0, SENTENCE)
    book.close()
    return buffer.getvalue()


_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_PRESENTATION = "application/vnd.openxmlformats-officedocument.presentationml"


def pptx_bytes() -> bytes:
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/ppt/presentation.xml" '
        f'ContentType="{_PRESENTATION}.presentation.main+xml"/>'
        f'<Override PartName="/ppt/slides/slide1.xml" ContentType="{_PRESENTATION}.slide+xml"/>'
        "</Types>"
    )

    def relation(kind: str, target: str) -> str:
        return (
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_R}/{kind}" Target="{target}"/></Relationships>'
        )

    slide = (
        f'<p:sld xmlns:p="{_P}" xmlns:a="{_A}"><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r>'
        f"<a:t>{SENTENCE}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    )
    presentation = (
        f'<p:presentation xmlns:p="{_P}" xmlns:r="{_R}"><p:sldIdLst><p:sldId id="256" '
        'r:id="rId1"/></p:sldIdLst></p:presentation>'
    )
    return zip_of(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": relation("officeDocument", "ppt/presentation.xml"),
            "ppt/presentation.xml": presentation,
            "ppt/_rels/presentation.xml.rels": relation("slide", "slides/slide1.xml"),
            "ppt/slides/slide1.xml": slide,
        }
    )


_OPEN = "urn:oasis:names:tc:opendocument:xmlns"


def odt_bytes() -> bytes:
    cells = "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in ROW)
    content = (
        f'<office:document-content xmlns:office="{_OPEN}:office:1.0" '
        f'xmlns:text="{_OPEN}:text:1.0" xmlns:table="{_OPEN}:table:1.0"><office:body>'
        f"<office:text><text:p>{SENTENCE}</text:p><table:table><table:table-row>{cells}"
        "</table:table-row></table:table></office:text></office:body></office:document-content>"
    )
    return zip_of({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def rtf_bytes() -> bytes:
    body = "".join(f"\\'{byte:02x}" for byte in SENTENCE.encode("gbk"))
    head = rb"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fnil\fcharset134 SimSun;}}\f0 "
    return head + body.encode() + rb"\par 1040106028}"


def html_bytes(*, charset: str) -> bytes:
    cells = "".join(f"<td>{text}</td>" for text in ROW)
    return (
        f'<html><head><meta charset="{charset}"><title>通知</title></head><body>'
        f"<script>hidden()</script><p>{SENTENCE}</p><table><tr>{cells}</tr></table></body></html>"
    ).encode(charset)


def mail_bytes(*attachments: tuple[str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"] = "李四 <li.si@example.com>"
    mail["To"] = "shou.ju@example.com"
    mail["Subject"] = "关于黄超的供用电合同"
    mail["Date"] = "Mon, 24 Aug 2026 09:00:00 +0800"
    mail.set_content(SENTENCE)
    mail.add_alternative(f"<p>{SENTENCE}</p>", subtype="html")
    for name, content in attachments:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


_OFD = "http://www.ofdspec.org/2016"


def ofd_bytes(*, pages: int = 1) -> bytes:
    """Pages of 210 x 297 mm with the sentence at 20,30 mm and the row below."""
    head = f'<?xml version="1.0" encoding="UTF-8"?><ofd:OFD xmlns:ofd="{_OFD}" Version="1.0">'
    files: dict[str, bytes | str] = {
        "OFD.xml": head
        + "<ofd:DocBody><ofd:DocInfo><ofd:Title>电子发票</ofd:Title></ofd:DocInfo>"
        + "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f'<ofd:Document xmlns:ofd="{_OFD}"><ofd:CommonData><ofd:PageArea>'
        "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages>"
        + "".join(f'<ofd:Page ID="{n}" BaseLoc="Pages/{n}.xml"/>' for n in range(pages))
        + "</ofd:Pages></ofd:Document>",
    }
    texts = [(20, 30, SENTENCE), (20, 40, ROW[0]), (60, 40, ROW[1]), (120, 40, ROW[2])]
    objects = "".join(
        f'<ofd:TextObject ID="{number}" Boundary="{x} {y} 100 6" Size="4">'
        f'<ofd:TextCode X="0" Y="4">{text}</ofd:TextCode></ofd:TextObject>'
        for number, (x, y, text) in enumerate(texts, start=10)
    )
    for number in range(pages):
        files[f"Doc_0/Pages/{number}.xml"] = (
            f'<ofd:Page xmlns:ofd="{_OFD}"><ofd:Content><ofd:Layer ID="1">{objects}</ofd:Layer>'
            "</ofd:Content></ofd:Page>"
        )
    return zip_of(files)


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
