"""Pictures and embedded files of papers that are ZIP containers (OOXML, OpenDocument, OFD).

What a part of the content refers to counts, not what lies in the container: pictures of themes,
slide masters and bullets are looks.
"""

from __future__ import annotations

import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote
from xml.parsers import expat

from dossier.adapters.archive.collecting import Collection
from dossier.adapters.archive.ole_parts import take_embedded

_RELATIONS = re.compile(r"^(?P<folder>(?:[^/]+/)+)_rels/(?P<part>[^/]+)\.rels$")
# Parts that give a document its looks, and charts, whose workbook repeats what they show.
_LOOKS = re.compile(r"theme|master|layout|settings|fonttable|numbering|styles|/charts/", re.I)
# OpenDocument names its pictures in the content itself.
_LINK = re.compile(rb"""xlink:href=["'](?:\./)?([^"'#:]+)["']""")
_CONTENT = "content.xml"
# OFD keeps them in folders of this name (GB/T 33190, 7.9).
_OFD_PICTURE = re.compile(r"(?:^|/)Res/[^/]+\.(?:png|jpe?g|bmp|tiff?|gif|jp2)$", re.IGNORECASE)
_XML_BYTES = 64 << 20
_CHUNK = 1 << 20
_BROKEN = (
    *(KeyError, zipfile.BadZipFile, EOFError, OSError, RuntimeError),
    *(zlib.error, lzma.LZMAError),
)
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class _Part:
    """A member that the content refers to."""

    name: str
    is_picture: bool


def take_from_ooxml(archive: zipfile.ZipFile, collection: Collection) -> None:
    """Pictures of body, headers, notes, slides and sheets in their order, and embedded files."""
    names = {member.filename for member in archive.infolist()}
    relations = [match for name in names if (match := _RELATIONS.match(name))]
    for match in sorted(relations, key=_reading_order):
        if not _LOOKS.search(match["folder"] + match["part"]):
            _take(archive, _related(archive, match), collection)


def take_from_open_document(archive: zipfile.ZipFile, collection: Collection) -> None:
    """Pictures that the content shows, in their order."""
    content = _read(archive, _CONTENT, _XML_BYTES) or b""
    links = dict.fromkeys(link.decode("utf-8", "replace") for link in _LINK.findall(content))
    _take(archive, [_Part(unquote(link), is_picture=True) for link in links], collection)


def take_from_ofd(archive: zipfile.ZipFile, collection: Collection) -> None:
    """Pictures of its pages: an OFD made of scans has no text of its own."""
    names = sorted(filter(_OFD_PICTURE.search, archive.namelist()), key=_by_number)
    _take(archive, [_Part(name, is_picture=True) for name in names], collection)


def _by_number(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d{1,9})", name)]


def _take(archive: zipfile.ZipFile, parts: list[_Part], collection: Collection) -> None:
    names = set(archive.namelist())
    for part in parts:
        if part.name not in names:
            continue
        content = _read(archive, part.name, collection.most_bytes)
        if part.is_picture:
            collection.add_picture(content)
        elif content is not None and content.startswith(_OLE_MAGIC):
            take_embedded(content, collection)
        else:
            collection.add_file("", content)


def _reading_order(match: re.Match[str]) -> tuple[int, str, list[int], str]:
    """The body before headers and notes; slide 2 before slide 10. The same at each reading."""
    part = match["part"]
    is_beside = not part.startswith(("document", "slide", "sheet", "drawing"))
    return is_beside, re.sub(r"\d+", "", part), _numbers(part), match["folder"]


def _numbers(part: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,9}", part)]


def _related(archive: zipfile.ZipFile, match: re.Match[str]) -> list[_Part]:
    """Pictures and embedded files of one part, in the order in which its content names them."""
    source = _read(archive, match["folder"] + match["part"], _XML_BYTES) or b""
    found = [
        (source.find(f'"{identity}"'.encode()), _Part(_target(match["folder"], target), is_picture))
        for identity, target, is_picture in _relationships(_read(archive, match[0], _XML_BYTES))
    ]
    return [part for _, part in sorted(found, key=lambda one: one[0])]


def _relationships(content: bytes | None) -> Iterator[tuple[str, str, bool]]:
    """Id, target and whether it is a picture, of each relation inside the container."""
    found: list[tuple[str, str, bool]] = []

    def enter(name: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("Type", "").rpartition("/")[2]
        inside = attributes.get("TargetMode", "Internal") == "Internal"
        if name.endswith("Relationship") and inside and kind in ("image", "package", "oleObject"):
            target = attributes.get("Target", "")
            found.append((attributes.get("Id", ""), target, kind == "image"))

    parser = expat.ParserCreate()
    parser.StartElementHandler = enter
    try:
        parser.Parse(content or b"", True)  # noqa: FBT003 - C function
    except expat.ExpatError:
        return iter(found)  # what was understood so far; the text came out all the same
    return iter(found)


def _target(folder: str, target: str) -> str:
    path = posixpath.normpath(posixpath.join("/" + folder, unquote(target)))
    return path.lstrip("/")


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    """The member unpacked; None when it is damaged or more than ``most`` bytes come out."""
    content = bytearray()
    try:
        with archive.open(name) as stream:
            while piece := stream.read(_CHUNK):
                content += piece
                if len(content) > most:
                    return None
    except _BROKEN:
        return None
    return bytes(content)
