"""Containers that break readers: ZIP, Office, OLE and mail files, built by code."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from email.message import EmailMessage
from pathlib import Path

LINES = ["Customer 1040106028", "Invented Power Company"]
"""What stands on all of them."""


def zip_bytes(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zip_bomb() -> bytes:
    return zip_bytes({f"{number}.txt": bytes(20_000_000) for number in range(5)})


def lying_zip() -> bytes:
    """Its directory says ten bytes; sixty million come out."""
    data = bytearray(zip_bytes({"a.txt": bytes(60_000_000)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(mark) + offset
        data[place : place + 4] = struct.pack("<I", 10)
    return bytes(data)


def nested_zip(depth: int) -> bytes:
    data = b"the innermost text"
    for level in range(depth):
        data = zip_bytes({f"level-{level}.{'zip' if level else 'txt'}": data})
    return data


def encrypted_zip() -> bytes:
    """The flag is enough: a reader must ask for the password before it looks at the bytes."""
    data = bytearray(zip_bytes({"a.txt": b"secret" * 10}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def entities(root: str) -> bytes:
    """A billion laughs around a root element that uses the last one."""
    lines = ['<!ENTITY e0 "ha">']
    lines += [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10)]
    return f'<?xml version="1.0"?><!DOCTYPE x [{"".join(lines)}]>{root}'.encode()


WORD_SPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)


def docx(document: bytes | None = None) -> bytes:
    body = (
        f'<w:document xmlns:w="{WORD_SPACE}"><w:body><w:p><w:r><w:t>{LINES[0]}</w:t></w:r></w:p>'
        "</w:body></w:document>"
    )
    return zip_bytes(
        {
            "[Content_Types].xml": _TYPES.encode(),
            "_rels/.rels": _RELATIONS.encode(),
            "word/document.xml": document or body.encode(),
        }
    )


def compound_file(streams: dict[str, bytes]) -> bytes:
    """An OLE compound file with the streams given ([MS-CFB], version 3, no small streams)."""
    fat: list[int] = [0xFFFFFFFD, 0xFFFFFFFE]  # sector 0 is this table, sector 1 the directory
    body, entries = b"", [_ole_entry("Root Entry", 5, 1 if streams else -1, 0xFFFFFFFE, 0)]
    for number, (name, data) in enumerate(streams.items(), start=1):
        data = data.ljust(4096, b"\x00")
        sectors, start = -(-len(data) // 512), len(fat)
        fat += [*range(start + 1, start + sectors), 0xFFFFFFFE]
        body += data.ljust(sectors * 512, b"\x00")
        right = number + 1 if number < len(streams) else -1
        entries.append(_ole_entry(name, 2, -1, start, len(data), right))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<109I", 0, *([0xFFFFFFFF] * 108))
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
    return head + table + b"".join(entries)[:512].ljust(512, b"\x00") + body


def _ole_entry(name: str, kind: int, child: int, start: int, size: int, right: int = -1) -> bytes:
    raw = name.encode("utf-16-le") + b"\x00\x00"
    links = struct.pack("<III", 0xFFFFFFFF, right & 0xFFFFFFFF, child & 0xFFFFFFFF)
    head = raw.ljust(64, b"\x00") + struct.pack("<HBB", len(raw), kind, 1) + links
    return head + bytes(36) + struct.pack("<IQ", start, size)


def locked_word_97() -> bytes:
    """The header's flag ``fEncrypted`` ([MS-DOC] 2.5.2), and nothing that can be read behind it."""
    header = struct.pack("<HHHHHH", 0xA5EC, 0x00C1, 0, 0x0804, 0, 0x0300)
    return compound_file({"WordDocument": header + b"\x13" * 9000, "1Table": b"\x77" * 5000})


def locked_excel_97() -> bytes:
    """A FilePass record right after the first one ([MS-XLS] 2.4.117)."""
    begin = struct.pack("<HHHHHHII", 0x0809, 16, 0x0600, 5, 0, 0, 0, 0)
    password = struct.pack("<HHHHH", 0x002F, 54, 1, 1, 1) + b"\x55" * 48
    return compound_file({"Workbook": begin + password + b"\x99" * 6000})


def locked_odt() -> bytes:
    """Its parts are encrypted one by one; only the manifest says so."""
    space = 'xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    manifest = (
        f'<m:manifest {space}><m:file-entry m:full-path="content.xml" m:media-type="text/xml">'
        '<m:encryption-data m:checksum-type="SHA1/1K"/></m:file-entry></m:manifest>'
    )
    return zip_bytes(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": os.urandom(3000),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


def mail(*, depth: int = 0, attachment: bytes = b"") -> bytes:
    message = EmailMessage()
    message["From"] = "a@example.com"
    message["To"] = "b@example.com"
    message["Subject"] = LINES[1]
    message.set_content(LINES[0])
    if attachment:
        message.add_attachment(
            attachment, maintype="application", subtype="octet-stream", filename="a.bin"
        )
    raw = message.as_bytes()
    for level in range(depth):
        mark = f"boundary-{level}"
        head = (
            f"From: a@example.com\nTo: b@example.com\nSubject: level {level}\nMIME-Version: 1.0\n"
            f'Content-Type: multipart/mixed; boundary="{mark}"\n\n--{mark}\n'
            "Content-Type: message/rfc822\n\n"
        )
        raw = head.encode() + raw + f"\n--{mark}--\n".encode()
    return raw


def fifo(path: Path) -> None:
    os.mkfifo(path)


def big_table(path: Path) -> None:
    rows = (f"{number},1040{number:06d},Invented {number}" for number in range(10_000))
    path.write_text("\n".join(rows))
