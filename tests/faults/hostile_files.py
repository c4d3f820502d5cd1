"""Files that break readers, built by code: small on disk, each with the outcome it must have.

``HOSTILE_FILES`` is used by the reader's own test and by the end-to-end fault test: every file is
accepted, or quarantined with the right reason, and none stops the others.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, ImageDraw

from tests.faults.hostile_containers import (
    LINES,
    WORD_SPACE,
    big_table,
    compound_file,
    docx,
    encrypted_zip,
    entities,
    fifo,
    locked_excel_97,
    locked_odt,
    locked_word_97,
    lying_zip,
    mail,
    nested_zip,
    zip_bomb,
    zip_bytes,
)

ACCEPTED = "accepted"
QUARANTINED = "quarantined"

Build = Callable[[Path], None]


@dataclass(frozen=True)
class HostileFile:
    """One kind of trouble.

    Attributes:
        name: of the kind, unique; good for a test id.
        file_name: under which it is dropped; may be no valid UTF-8 (surrogate escapes).
        build: writes the file at the path given.
        outcome: ``accepted`` or ``quarantined``.
        reason: quarantine reason; empty when accepted.
        upload_only: the name cannot exist in a folder, only in an upload.
        pages: page count that the inspector must tell, None when it does not matter.
    """

    name: str
    file_name: str
    build: Build
    outcome: str = ACCEPTED
    reason: str = ""
    upload_only: bool = False
    pages: int | None = None


# Building blocks -------------------------------------------------------------------------------


def content(data: bytes) -> Build:
    return lambda path: _write(path, data)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def cut(build: Build, *, keep: float) -> Build:
    """The same file without its end, as a broken upload leaves it."""

    def build_cut(path: Path) -> None:
        build(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    return build_cut


def page_picture(width: int = 600, height: int = 800, mode: str = "RGB") -> Image.Image:
    """A page with some print and a texture that no codec squeezes to nothing."""
    picture = Image.effect_noise((width, height), 20).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(LINES * 4):
        pen.text((40, 40 + number * 60), line, fill="black", font_size=28)
    return picture.convert(mode)


def picture(file_format: str, mode: str = "RGB", **options: object) -> Build:
    return lambda path: page_picture(mode=mode).save(path, file_format, **options)


def frames(file_format: str, count: int, **options: object) -> Build:
    def build(path: Path) -> None:
        first, *others = [page_picture(300, 400) for _ in range(count)]
        first.save(path, file_format, save_all=True, append_images=others, **options)

    return build


def png_header(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that claims a size; its pixels are zeros, packed a thousand to one."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def huge_png(path: Path) -> None:
    packer = zlib.compressobj(9)
    row = bytes(1 + 30_000 // 8)
    rows = b"".join(packer.compress(row * 1000) for _ in range(30)) + packer.flush()
    path.write_bytes(png_header(30_000, 30_000, rows))


def tiff_claiming(width: int, height: int) -> bytes:
    """One strip of white, whose header claims the size given."""
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 200),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, 100),
    ]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    directory = struct.pack("<H", len(entries)) + body + struct.pack("<I", 0)
    return (b"II*\x00" + struct.pack("<I", 8) + directory).ljust(200, b"\x00") + b"\xff" * 100


def tiff_in_a_circle(path: Path) -> None:
    """The list of frames leads back to its beginning."""
    data = bytearray(tiff_claiming(10, 10))
    end_of_directory = 8 + 2 + 9 * 12
    data[end_of_directory : end_of_directory + 4] = struct.pack("<I", 8)
    path.write_bytes(bytes(data))


# PDF -------------------------------------------------------------------------------------------


def new_pdf(pages: int = 2, lines: int = 30) -> Pdf:
    """Born-digital pages with a base font and enough lines to be of worth."""
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    )
    text = b"BT /F1 12 Tf 50 780 Td 16 TL " + b"".join(
        f"({LINES[number % 2]} line {number}) Tj T* ".encode() for number in range(lines)
    )
    body = pdf.make_indirect(Stream(pdf, text + b"ET"))
    tree = pdf.Root.Pages  # filled at once: to append a page takes the longer the more there are
    tree.Kids = Array(
        pdf.make_indirect(
            Dictionary(
                Type=Name.Page,
                Parent=tree,
                MediaBox=[0, 0, 595, 842],
                Contents=body,
                Resources=Dictionary(Font=Dictionary(F1=font)),
            )
        )
        for _ in range(pages)
    )
    tree.Count = pages
    assert len(pdf.pages) == pages
    return pdf


def pdf(pages: int = 2, **options: object) -> Build:
    return lambda path: new_pdf(pages).save(path, **options)


def locked_pdf(*, user: str) -> Build:
    encryption = pikepdf.Encryption(owner="invented", user=user)
    return lambda path: new_pdf().save(path, encryption=encryption)


def pdf_with_javascript(path: Path) -> None:
    made = new_pdf()
    script = Dictionary(S=Name.JavaScript, JS="while (true) { app.alert('x'); }")
    made.Root.OpenAction = made.make_indirect(script)
    made.save(path)


def pdf_without_pages(path: Path) -> None:
    made = pikepdf.new()
    made.save(path)


def pdf_drawn_by_xfa(path: Path) -> None:
    made = new_pdf()
    form = b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'><template/></xdp:xdp>"
    made.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=made.make_stream(form))
    made.Root.NeedsRendering = True
    made.save(path)


def pdf_with_broken_xref(path: Path) -> None:
    buffer = io.BytesIO()
    new_pdf().save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    data = buffer.getvalue()
    place = data.rindex(b"startxref")
    path.write_bytes(data[:place] + b"startxref\n999999\n%%EOF\n")


def pdf_after_rubbish(path: Path) -> None:
    buffer = io.BytesIO()
    new_pdf().save(buffer)
    path.write_bytes(b"From a printer's buffer\r\n" * 10 + buffer.getvalue() + b"\x00" * 500)


def pdf_with_huge_picture(path: Path) -> None:
    made = pikepdf.new()
    rows = zlib.compress(bytes(30_000 // 8) * 2000, 9)
    scan = Stream(made, rows)
    scan.Type, scan.Subtype = Name.XObject, Name.Image
    scan.Width, scan.Height, scan.BitsPerComponent = 30_000, 30_000, 1
    scan.ColorSpace, scan.Filter = Name.DeviceGray, Name.FlateDecode
    _page(made, b"595 0 0 842 0 0 cm /I Do", XObject=Dictionary(I=made.make_indirect(scan)))
    made.save(path)


def pdf_of_absurd_paper(path: Path) -> None:
    made = new_pdf(1)
    made.pages[0].MediaBox = Array([0, 0, 2_000_000, 2_000_000])
    made.save(path)


def pdf_of_no_width(path: Path) -> None:
    made = new_pdf(1)
    made.pages[0].MediaBox = Array([0, 0, 0, 0])
    made.save(path)


def pdf_drawing_itself_without_end(path: Path) -> None:
    """Forms that draw forms, ten times each, twelve levels deep: billion laughs on paper."""
    made = pikepdf.new()
    inner = Stream(made, b"0 0 50 50 re f " * 10)
    inner.Type, inner.Subtype, inner.BBox = Name.XObject, Name.Form, Array([0, 0, 600, 850])
    for _ in range(12):
        outer = Stream(made, b"/X Do 1 0 0 1 1 1 cm " * 10)
        outer.Type, outer.Subtype, outer.BBox = Name.XObject, Name.Form, Array([0, 0, 600, 850])
        outer.Resources = Dictionary(XObject=Dictionary(X=made.make_indirect(inner)))
        inner = outer
    _page(made, b"/X Do", XObject=Dictionary(X=made.make_indirect(inner)))
    made.save(path)


def pdf_whose_pages_run_in_a_circle(path: Path) -> None:
    made = new_pdf(1)
    made.Root.Pages.Kids = Array([made.Root.Pages])
    made.save(path)


def _page(made: Pdf, drawing: bytes, **resources: Dictionary) -> None:
    page = Dictionary(
        Type=Name.Page,
        MediaBox=[0, 0, 595, 842],
        Contents=made.make_indirect(Stream(made, drawing)),
        Resources=Dictionary(**resources),
    )
    made.pages.append(pikepdf.Page(made.make_indirect(page)))


# The list --------------------------------------------------------------------------------------

_EMPTY, _TRUNCATED, _CORRUPT, _PASSWORD = "empty", "truncated", "corrupt", "password"
_UNSUPPORTED, _BOMB, _PIXELS = "unsupported", "bomb", "too_many_pixels"

_bad = partial(HostileFile, outcome=QUARANTINED)

_SOUND = docx()

HOSTILE_FILES: list[HostileFile] = [
    # nothing, or not enough
    _bad("empty", "empty.pdf", content(b""), reason=_EMPTY),
    _bad("one zero byte", "zero.txt", content(b"\x00"), reason=_UNSUPPORTED),
    _bad("PDF cut off", "cut.pdf", cut(pdf(5), keep=0.6), reason=_TRUNCATED),
    _bad("PDF of its first line", "head.pdf", content(b"%PDF-1.7\n"), reason=_TRUNCATED),
    _bad("JPEG cut off", "cut.jpg", cut(picture("JPEG"), keep=0.25), reason=_TRUNCATED),
    _bad(
        "progressive JPEG cut off",
        "cut-progressive.jpg",
        cut(picture("JPEG", progressive=True), keep=0.7),
        reason=_TRUNCATED,
    ),
    _bad("PNG cut off", "cut.png", cut(picture("PNG"), keep=0.5), reason=_TRUNCATED),
    _bad("TIFF cut off", "cut.tif", cut(picture("TIFF"), keep=0.5), reason=_TRUNCATED),
    _bad(
        "compressed TIFF cut off",
        "cut-lzw.tif",
        cut(picture("TIFF", compression="tiff_lzw"), keep=0.5),
        reason=_TRUNCATED,
    ),
    _bad("GIF cut off", "cut.gif", cut(picture("GIF"), keep=0.5), reason=_TRUNCATED),
    _bad("BMP cut off", "cut.bmp", cut(picture("BMP"), keep=0.5), reason=_TRUNCATED),
    _bad("WebP cut off", "cut.webp", cut(picture("WEBP"), keep=0.5), reason=_TRUNCATED),
    _bad("DOCX cut off", "cut.docx", cut(content(_SOUND), keep=0.7), reason=_TRUNCATED),
    _bad(
        "ZIP cut off",
        "cut.zip",
        cut(content(zip_bytes({"a.bin": os.urandom(5000)})), keep=0.8),
        reason=_TRUNCATED,
    ),
    _bad(
        "mail cut off",
        "cut.eml",
        cut(content(mail(attachment=os.urandom(9000))), keep=0.6),
        reason=_TRUNCATED,
    ),
    _bad("RTF cut off", "cut.rtf", content(rb"{\rtf1\ansi {\b half a"), reason=_TRUNCATED),
    _bad(
        "OLE cut off",
        "cut.doc",
        cut(content(compound_file({"WordDocument": b"x" * 9000})), keep=0.6),
        reason=_TRUNCATED,
    ),
    # wrong extension
    HostileFile("JPEG called PDF", "photo.pdf", picture("JPEG"), pages=1),
    HostileFile("PDF called TXT", "letter.txt", pdf(), pages=2),
    HostileFile("DOCX called DOC", "letter.doc", content(_SOUND)),
    HostileFile("HTML called DOC", "report.doc", content(b"<html><body>Report</body></html>")),
    HostileFile("RTF called DOC", "rich.doc", content(rb"{\rtf1\ansi plain}")),
    HostileFile("no extension", "letter", pdf(), pages=2),
    _bad("program called PDF", "virus.pdf", content(b"MZ" + bytes(200)), reason=_UNSUPPORTED),
    _bad(
        "random bytes called PDF",
        "noise.pdf",
        content(b"\x01\x02\x03" + os.urandom(5000)),
        reason=_UNSUPPORTED,
    ),
    # passwords
    _bad("PDF with a user password", "locked.pdf", locked_pdf(user="x"), reason=_PASSWORD),
    HostileFile("PDF with an owner password", "owner.pdf", locked_pdf(user=""), pages=2),
    _bad(
        "Office file with a password",
        "locked.docx",
        content(compound_file({"EncryptionInfo": b"x" * 5000, "EncryptedPackage": b"y" * 5000})),
        reason=_PASSWORD,
    ),
    _bad("Word 97 file with a password", "locked.doc", content(locked_word_97()), reason=_PASSWORD),
    _bad(
        "Excel 97 file with a password", "locked.xls", content(locked_excel_97()), reason=_PASSWORD
    ),
    _bad("OpenDocument with a password", "locked.odt", content(locked_odt()), reason=_PASSWORD),
    _bad("ZIP with a password", "locked.zip", content(encrypted_zip()), reason=_PASSWORD),
    # size
    HostileFile("PDF of 10,000 pages", "long.pdf", pdf(10_000), pages=10_000),
    _bad("PDF of 13,000 pages", "longer.pdf", pdf(13_000), reason="too_many_pages"),
    HostileFile("one pixel", "dot.png", lambda p: Image.new("L", (1, 1)).save(p), pages=1),
    HostileFile("one pixel wide", "line.png", lambda p: Image.new("L", (1, 9000)).save(p), pages=1),
    _bad("PNG of 30,000 x 30,000", "huge.png", huge_png, reason=_PIXELS),
    _bad(
        "TIFF of 30,000 x 30,000",
        "huge.tif",
        content(tiff_claiming(30_000, 30_000)),
        reason=_PIXELS,
    ),
    _bad(
        "TIFF of 4 billion pixels a side",
        "absurd.tif",
        content(tiff_claiming(4_000_000_000, 4_000_000_000)),
        reason=_PIXELS,
    ),
    _bad("PDF around 30,000 x 30,000", "huge.pdf", pdf_with_huge_picture, reason=_PIXELS),
    HostileFile("PDF on absurd paper", "wall.pdf", pdf_of_absurd_paper, pages=1),
    HostileFile("PDF on paper of no width", "nothing.pdf", pdf_of_no_width, pages=1),
    HostileFile("CSV of 10,000 lines", "table.csv", big_table),
    HostileFile("CSV of 5,000 columns", "wide.csv", content(b"ab,1" + b",7" * 5000 + b"\n")),
    HostileFile("text of one line", "line.txt", content(b"x" * 3_000_000)),
    # bombs
    _bad("ZIP bomb", "bomb.zip", content(zip_bomb()), reason=_BOMB),
    _bad("ZIP that lies", "liar.zip", content(lying_zip()), reason=_CORRUPT),
    _bad(
        "ZIP of 5,000 files",
        "many.zip",
        content(zip_bytes({f"{number}": b"" for number in range(5000)})),
        reason=_BOMB,
    ),
    _bad(
        "billion laughs in a DOCX",
        "laughs.docx",
        content(docx(entities(f'<w:document xmlns:w="{WORD_SPACE}">&e9;</w:document>'))),
        reason=_BOMB,
    ),
    _bad(
        "billion laughs in an SVG",
        "laughs.svg",
        content(entities('<svg xmlns="http://www.w3.org/2000/svg"><text>&e9;</text></svg>')),
        reason=_BOMB,
    ),
    _bad("billion laughs in XML", "laughs.xml", content(entities("<x>&e9;</x>")), reason=_BOMB),
    _bad(
        "XML that asks for another file",
        "xxe.xml",
        content(
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
            b"<a>&x;</a>"
        ),
        reason=_BOMB,
    ),
    _bad(
        "XML nested without end",
        "deep.xml",
        content(b"<?xml version='1.0'?>" + b"<a>" * 100_000 + b"</a>" * 100_000),
        reason=_BOMB,
    ),
    HostileFile("HTML nested without end", "deep.html", content(b"<html>" + b"<div>" * 50_000)),
    HostileFile(
        "RTF nested without end",
        "deep.rtf",
        content(b"{\\rtf1 " + b"{" * 50_000 + b"}" * 50_001),
    ),
    HostileFile("ZIP in ZIP", "nested.zip", content(nested_zip(3))),
    HostileFile("ZIP in ZIP, thirty deep", "deep.zip", content(nested_zip(30))),
    HostileFile("EML in EML", "nested.eml", content(mail(depth=3))),
    _bad("EML in EML, 500 deep", "deep.eml", content(mail(depth=500)), reason=_BOMB),
    _bad(
        "PDF that draws itself without end",
        "laughs.pdf",
        pdf_drawing_itself_without_end,
        reason="memory_limit",
    ),
    HostileFile("TIFF that runs in a circle", "circle.tif", tiff_in_a_circle, pages=1),
    # odd but sound, or odd and broken
    HostileFile("PDF with JavaScript", "script.pdf", pdf_with_javascript, pages=2),
    _bad("PDF without pages", "none.pdf", pdf_without_pages, reason="no_pages"),
    _bad("PDF drawn by XFA", "form.pdf", pdf_drawn_by_xfa, reason="dynamic_form"),
    HostileFile("PDF with a broken xref", "xref.pdf", pdf_with_broken_xref, pages=2),
    HostileFile("PDF between rubbish", "rubbish.pdf", pdf_after_rubbish, pages=2),
    _bad(
        "PDF whose pages run in a circle",
        "circle.pdf",
        pdf_whose_pages_run_in_a_circle,
        reason=_CORRUPT,
    ),
    _bad(
        "DOCX with broken XML",
        "broken.docx",
        content(docx(b"<w:document><w:body>")),
        reason=_CORRUPT,
    ),
    _bad(
        "PNG with a wrong checksum",
        "crc.png",
        content(png_header(100, 100, b"not deflate at all")),
        reason=_CORRUPT,
    ),
    _bad("OLE of zeros", "zeros.doc", content(compound_file({})[:512]), reason=_TRUNCATED),
    _bad(
        "Word file of rubbish",
        "rubbish.doc",
        content(compound_file({"WordDocument": os.urandom(9000)})),
        reason=_CORRUPT,
    ),
    HostileFile("CMYK JPEG without ICC", "cmyk.jpg", picture("JPEG", "CMYK"), pages=1),
    HostileFile("CMYK TIFF", "cmyk.tif", picture("TIFF", "CMYK"), pages=1),
    HostileFile("PNG with alpha", "alpha.png", picture("PNG", "RGBA"), pages=1),
    HostileFile("PNG of 16 bits", "deep.png", picture("PNG", "I;16"), pages=1),
    HostileFile("floating TIFF", "float.tif", picture("TIFF", "F"), pages=1),
    HostileFile("1-bit TIFF", "fax.tif", picture("TIFF", "1", compression="group4"), pages=1),
    HostileFile("TIFF of three pages", "three.tif", frames("TIFF", 3), pages=3),
    HostileFile("animated GIF", "moving.gif", frames("GIF", 5), pages=1),
    HostileFile("animated WebP", "moving.webp", frames("WEBP", 5), pages=1),
    HostileFile("sound WebP", "sound.webp", picture("WEBP"), pages=1),
    HostileFile(
        "JPEG with a tail",
        "tail.jpg",
        lambda path: (picture("JPEG")(path), path.write_bytes(path.read_bytes() + bytes(9000)))[0],
        pages=1,
    ),
    # types that are not read
    _bad(
        "HEIC",
        "IMG_0001.HEIC",
        content(b"\x00\x00\x00\x18ftypheic" + bytes(200)),
        reason=_UNSUPPORTED,
    ),
    _bad(
        "EPS",
        "drawing.eps",
        content(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n" + b"ffff00" * 200),
        reason=_UNSUPPORTED,
    ),
    _bad("7z", "a.7z", content(b"7z\xbc\xaf\x27\x1c" + bytes(100)), reason=_UNSUPPORTED),
    _bad("video", "a.mp4", content(b"\x00\x00\x00\x18ftypisom" + bytes(200)), reason=_UNSUPPORTED),
    _bad("named pipe", "pipe.pdf", fifo, reason="not_a_file"),
    # text
    HostileFile("GBK text", "gbk.txt", content("供电营业厅\n黄超".encode("gbk"))),
    HostileFile("UTF-16 text", "wide.txt", content("供电营业厅".encode("utf-16"))),
    HostileFile(
        "text that is no UTF-8", "broken.txt", content(b"plain text \xff\xfe\xfa then more" * 50)
    ),
    HostileFile(
        "CSV with formulas", "formula.csv", content(b"=cmd|' /C calc'!A0,@SUM(1)\n+1,-2\n")
    ),
    # names
    HostileFile("newline in the name", "two\nlines.pdf", pdf(), pages=2),
    HostileFile("tab and escape in the name", "a\tb\x1b[31m.pdf", pdf(), pages=2),
    HostileFile("name of 255 bytes", "长" * 83 + "aa.pdf", pdf(), pages=2),
    HostileFile("right-to-left name", "contract\u202efdp.exe.pdf", pdf(), pages=2),
    HostileFile("emoji in the name", "合同😀👨‍👩‍👧.pdf", pdf(), pages=2),
    HostileFile("name that is no UTF-8", os.fsdecode(b"\xba\xcf\xcd\xac.pdf"), pdf(), pages=2),
    HostileFile("name like an option", "--help.pdf", pdf(), pages=2),
    HostileFile("name like HTML", "<img src=x onerror=alert(1)>.pdf", pdf(), pages=2),
    HostileFile("name like SQL", "a'; DROP TABLE document; --.pdf", pdf(), pages=2),
    HostileFile("name like a format", "%s%n{0}{__class__}.pdf", pdf(), pages=2),
    HostileFile("name of spaces", "   .pdf", pdf(), pages=2),
    HostileFile("name that climbs", "../../../etc/passwd.pdf", pdf(), upload_only=True, pages=2),
    HostileFile("name with a drive", "C:\\Windows\\system32\\a.pdf", pdf(), pages=2),
]
