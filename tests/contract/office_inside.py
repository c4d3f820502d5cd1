"""Office files with papers inside: pasted pictures, embedded files, attachments of mails and PDFs."""

from __future__ import annotations

import io
import struct
import zipfile

import docx
import pikepdf
import xlsxwriter
from docx.shared import Cm
from PIL import Image, ImageDraw

from tests.contract.compound_files import compound, streams_of
from tests.contract.office_samples import SENTENCE, old_office, zip_of

_OPEN = "urn:oasis:names:tc:opendocument:xmlns"


def picture(text: str = "", *, size: tuple[int, int] = (900, 600), kind: str = "PNG") -> bytes:
    """A picture with some ink, and a text that only test fonts need to draw."""
    page = Image.new("RGB", size, "white")
    ImageDraw.Draw(page).text((40, 40), text or "-", fill="black", font_size=48)
    out = io.BytesIO()
    page.save(out, kind)
    return out.getvalue()


def docx_with(*pictures: bytes, sentence: str = "") -> bytes:
    document = docx.Document()
    document.add_paragraph(sentence)
    for one in pictures:
        document.add_picture(io.BytesIO(one), width=Cm(12))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def docx_with_header(one: bytes, *, in_body: bytes) -> bytes:
    document = docx.Document()
    paragraph = document.sections[0].header.paragraphs[0]
    paragraph.add_run().add_picture(io.BytesIO(one), width=Cm(12))
    document.add_picture(io.BytesIO(in_body), width=Cm(12))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_relation(office: bytes, kind: str, name: str, content: bytes) -> bytes:
    """A DOCX with one more part that its document refers to, such as an embedded file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "word/_rels/document.xml.rels":
                relation = (
                    '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/'
                    f'officeDocument/2006/relationships/{kind}" Target="embeddings/{name}"/>'
                )
                data = data.replace(b"</Relationships>", relation.encode() + b"</Relationships>")
            if member.filename == "[Content_Types].xml":
                kind_of = (
                    f'<Override PartName="/word/embeddings/{name}" '
                    'ContentType="application/octet-stream"/></Types>'
                )
                data = data.replace(b"</Types>", kind_of.encode())
            new.writestr(member, data)
        new.writestr(f"word/embeddings/{name}", content)
    return out.getvalue()


def xlsx_with(*pictures: bytes) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("资料")
    sheet.write(0, 0, SENTENCE)
    for row, one in enumerate(pictures, start=1):
        sheet.insert_image(row * 20, 0, f"{row}.png", {"image_data": io.BytesIO(one)})
    book.close()
    return out.getvalue()


def odt_with(*pictures: bytes) -> bytes:
    frames = "".join(
        f'<draw:frame><draw:image xlink:href="Pictures/{number}.png"/></draw:frame>'
        for number in range(len(pictures))
    )
    content = (
        f'<office:document-content xmlns:office="{_OPEN}:office:1.0" '
        f'xmlns:text="{_OPEN}:text:1.0" xmlns:draw="{_OPEN}:drawing:1.0" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:text>'
        f"<text:p>{SENTENCE}</text:p><text:p>{frames}</text:p></office:text></office:body>"
        "</office:document-content>"
    )
    files: dict[str, bytes | str] = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": content,
    }
    files |= {f"Pictures/{number}.png": one for number, one in enumerate(pictures)}
    return zip_of(files)


def rtf_with(one: bytes, *, kind: str = "pngblip") -> bytes:
    """As Word writes it: the picture, and once more as a metafile for old programs."""
    digits = one.hex()
    lines = "\n".join(digits[start : start + 128] for start in range(0, len(digits), 128))
    return (
        rb"{\rtf1\ansi\ansicpg936 1040106028\par {\*\shppict{\pict{\*\picprop\shplid1025{\sp{\sn "
        rb"shapeType}{\sv 75}}}\picscalex100\picw900\pich600\picwgoal900\pichgoal600\%s\bliptag-12"
        rb"{\*\blipuid 0123456789abcdef0123456789abcdef}%s}}{\nonshppict{\pict\picw1\pich1"
        rb"\wmetafile8 0100}}\par}" % (kind.encode(), b"\n" + lines.encode())
    )


def blip(one: bytes, *, kind: int = 0xF01E) -> bytes:
    """A picture as [MS-ODRAW] 2.2.23 keeps it."""
    body = bytes(range(16)) + b"\xff" + one
    return struct.pack("<HHI", 0x6E00, kind, len(body)) + body


def doc_with(one: bytes) -> bytes:
    """A real DOC whose stream of inline pictures holds one more."""
    streams = streams_of(old_office("contract.doc"))
    return compound({**streams, "Data": streams.get("Data", b"") + bytes(68) + blip(one)})


def xls_with(one: bytes) -> bytes:
    """The drawings stand in records of 8 KiB, here at the end: so the sheets stay in their places."""
    streams = streams_of(old_office("register.xls"))
    name = "Workbook" if "Workbook" in streams else "Book"
    body = struct.pack("<HHI", 0x000F, 0xF000, 0) + blip(one)
    pieces = [body[start : start + 8_000] for start in range(0, len(body), 8_000)]
    records = b"".join(
        struct.pack("<HH", 0x003C if number else 0x00EB, len(piece)) + piece
        for number, piece in enumerate(pieces)
    )
    return compound({**streams, name: streams[name] + records})


def ppt_with(one: bytes) -> bytes:
    streams = streams_of(old_office("report.ppt"))
    return compound({**streams, "Pictures": blip(one)})


def ole_package(name: str, content: bytes, *, source: str | None = None) -> bytes:
    """A file put into an office file as an object ("Package"), under an icon of this name."""
    label = name.encode("gbk") + b"\0"
    path = b"C:\\" + (name if source is None else source).encode("gbk") + b"\0"
    body = struct.pack("<H", 2) + label + path + struct.pack("<II", 0x30000, len(path)) + path
    body += struct.pack("<I", len(content)) + content
    return compound({"\x01Ole10Native": struct.pack("<I", len(body)) + body})


def msg_with(*attachments: tuple[str, bytes]) -> bytes:
    """A mail as Outlook saves it."""

    def words(number: str, text: str) -> tuple[str, bytes]:
        return f"__substg1.0_{number}001F", text.encode("utf-16-le")

    streams = dict(
        [
            words("001A", "IPM.Note"),
            words("0037", "关于黄超的供用电合同"),
            words("0C1A", "李四"),
            words("1000", SENTENCE),
        ]
    )
    streams["__properties_version1.0"] = bytes(32)
    streams |= {f"__nameid_version1.0/__substg1.0_000{n}0102": b"" for n in (2, 3, 4)}
    for number, (name, content) in enumerate(attachments):
        folder = f"__attach_version1.0_#{number:08X}"
        inside = dict([words("3707", name), words("3704", name[-12:])])
        inside["__substg1.0_37010102"] = content
        inside["__properties_version1.0"] = bytes(8)
        streams |= {f"{folder}/{path}": data for path, data in inside.items()}
    return compound(streams)


def pdf_with(*files: tuple[str, bytes], base: bytes | None = None) -> bytes:
    """A PDF with attached files (a portfolio's list)."""
    with pikepdf.open(io.BytesIO(base)) if base else pikepdf.new() as document:
        if not base:
            document.add_blank_page()
        for name, content in files:
            document.attachments[name] = pikepdf.AttachedFileSpec(
                document, content, filename=name, mime_type="application/octet-stream"
            )
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def pdf_with_note(name: str, content: bytes) -> bytes:
    """A PDF with a file pinned to its page."""
    with pikepdf.new() as document:
        page = document.add_blank_page()
        spec = pikepdf.AttachedFileSpec(document, content, filename=name)
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.FileAttachment,
            Rect=[10, 10, 30, 30],
            FS=spec.obj,
        )
        page.obj.Annots = pikepdf.Array([document.make_indirect(note)])
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()
