"""Pictures, embedded files and attachments of OLE compound files: DOC, XLS, PPT, MSG, OLE objects.

Pictures of the old Office formats stand as blips ([MS-ODRAW] 2.2.23) in streams that differ by
format; here they are found by their magic bytes with a blip's header before them.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import olefile

from dossier.adapters.archive.collecting import Collection
from dossier.adapters.archive.endings import ending_of
from dossier.rules.file_names import kind_ending
from dossier.rules.text_encoding import decode_name

# DOC: inline pictures, floating ones; PPT.
_PICTURE_STREAMS = ("Data", "WordDocument", "Pictures")
_WORKBOOKS = ("Workbook", "Book")
_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|II\*\x00|MM\x00\*")
# Record types JPEG, PNG, TIFF, JPEG (CMYK) of [MS-ODRAW] 2.2.23.
_BLIPS = frozenset({0xF01D, 0xF01E, 0xF029, 0xF02A})
_RECORD_HEAD = 8
# One or two checksums of 16 bytes and a tag stand before the picture.
_BLIP_HEADS = (17, 33)
# Records of [MS-XLS] 2.3: the drawings of a workbook, cut into pieces.
_DRAWING_GROUP, _CONTINUE = 0x00EB, 0x003C
# [MS-OXMSG] 2.2.2: an attachment's bytes, its names, by what the text refers to a picture.
_ATTACHED, _LONG_NAME, _SHORT_NAME, _CONTENT_ID = "3701", "3707", "3704", "3712"
_BINARY, _UNICODE, _NARROW = "0102", "001F", "001E"
_LOGO_BYTES = 20_000
BROKEN = (OSError, ValueError, IndexError, KeyError, TypeError, struct.error, RecursionError)
"""What olefile raises on damaged files."""


def take_from_ole(path: Path, collection: Collection) -> None:
    """All that an Office or Outlook file of the old kind holds besides its text."""
    try:
        with olefile.OleFileIO(str(path)) as ole:
            _take_pictures(ole, collection)
            _take_objects(ole, collection)
            _take_attached(ole, collection)
    except BROKEN:
        collection.truncated = True


def take_embedded(content: bytes, collection: Collection) -> None:
    """The file that an OLE object in a newer Office file holds."""
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            _take_objects(ole, collection)
    except BROKEN:
        collection.truncated = True


def _take_pictures(ole: olefile.OleFileIO, collection: Collection) -> None:
    for name in _PICTURE_STREAMS:
        if ole.exists(name):
            _take_blips(ole.openstream(name).read(), collection)
    for name in _WORKBOOKS:
        if ole.exists(name):
            _take_blips(_drawings(ole.openstream(name).read()), collection)


def _take_blips(stream: bytes, collection: Collection) -> None:
    end = 0
    for magic in _MAGIC.finditer(stream):
        if magic.start() >= end and (size := _blip_bytes(stream, magic.start())):
            end = magic.start() + size
            collection.add_picture(stream[magic.start() : end])


def _blip_bytes(stream: bytes, start: int) -> int:
    """Length of the picture that begins there; 0 when no blip's header says so."""
    for head in _BLIP_HEADS:
        record = start - head - _RECORD_HEAD
        if record < 0:
            continue
        _, kind, length = struct.unpack_from("<HHI", stream, record)
        if kind in _BLIPS and head < length <= len(stream) - record - _RECORD_HEAD:
            return int(length - head)
    return 0


def _drawings(workbook: bytes) -> bytes:
    """The workbook's drawings, put together again from records of 8 KiB."""
    found = bytearray()
    position, inside = 0, False
    while position + 4 <= len(workbook):
        kind, length = struct.unpack_from("<HH", workbook, position)
        inside = kind == _DRAWING_GROUP or (inside and kind == _CONTINUE)
        if inside:
            found += workbook[position + 4 : position + 4 + length]
        position += 4 + length
    return bytes(found)


# -- OLE objects --------------------------------------------------------------------------------


def _take_objects(ole: olefile.OleFileIO, collection: Collection) -> None:
    """Files put into the text as objects: "Package" (any file), PDF by its own program, Office."""
    for entry in ole.listdir():
        if entry[-1] == "\x01Ole10Native":
            collection.add_file(*_native(ole.openstream(entry).read()))
        elif entry[-1] in ("CONTENTS", "Package"):
            content = ole.openstream(entry).read()
            if content.startswith((b"%PDF", b"PK\x03\x04")):
                collection.add_file("", content)


def _native(stream: bytes) -> tuple[str, bytes | None]:
    """Name and bytes of a packaged file ([MS-OLEDS] 2.3.6 with what the packager writes in it).

    The name is the icon's label, which may have been typed without the file's ending.
    """
    label, position = _text(stream, 6)
    source, position = _text(stream, position)
    (_, path_length) = struct.unpack_from("<II", stream, position)
    position += 8 + path_length
    (length,) = struct.unpack_from("<I", stream, position)
    content = stream[position + 4 : position + 4 + length]
    name = label if kind_ending(label) else label + (kind_ending(source) or ending_of(content))
    return name, content if len(content) == length else None


def _text(stream: bytes, start: int) -> tuple[str, int]:
    end = stream.index(b"\x00", start)
    return decode_name(stream[start:end]), end + 1


# -- Outlook ------------------------------------------------------------------------------------


def _take_attached(ole: olefile.OleFileIO, collection: Collection) -> None:
    """A mail's attachments, those of mails in it included; no logos of its signature."""
    for folder in _attachments(ole):
        content = ole.openstream([*folder, _property(_ATTACHED, _BINARY)]).read()
        name = _words(ole, folder, _LONG_NAME) or _words(ole, folder, _SHORT_NAME)
        is_inline = bool(_words(ole, folder, _CONTENT_ID))
        is_picture = bool(re.search(r"\.(png|jpe?g|gif|bmp)$", name, re.IGNORECASE))
        if not (is_inline and is_picture and len(content) < _LOGO_BYTES):
            collection.add_file(name, content)


def _attachments(ole: olefile.OleFileIO) -> Iterator[list[str]]:
    for entry in ole.listdir():
        if entry[-1] == _property(_ATTACHED, _BINARY):
            yield entry[:-1]


def _property(number: str, kind: str) -> str:
    return f"__substg1.0_{number}{kind}"


def _words(ole: olefile.OleFileIO, folder: list[str], number: str) -> str:
    """A text property in Unicode, else in the writer's code page."""
    wide, narrow = ([*folder, _property(number, kind)] for kind in (_UNICODE, _NARROW))
    if ole.exists(wide):
        return str(ole.openstream(wide).read().decode("utf-16-le", "replace")).rstrip("\0")
    return decode_name(ole.openstream(narrow).read()).rstrip("\0") if ole.exists(narrow) else ""
