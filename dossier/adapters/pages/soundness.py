"""Finds damage and bombs that the text extractors would pass over in silence.

Tika recovers what it can of a broken Office file and calls that a success (tried: half a DOCX, a
DOCX with a broken or hostile document.xml). Here each XML part is checked against its checksum,
for well-formedness, and for entity declarations, which no such format has a use for.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, NoReturn
from xml.parsers import expat

from dossier.adapters.pages import containers, sniff
from dossier.errors import UnreadableFileError
from dossier.records import QuarantineReason

_CHUNK_BYTES = 1 << 18
_XML_PARTS = (".xml", ".rels")
# OpenDocument encrypts its parts one by one and says so here (ODF 1.2 part 3, 4.4).
_MANIFEST = "META-INF/manifest.xml"
_MANIFEST_BYTES = 1 << 20
_ENCRYPTED_PART = b"encryption-data"
# Deeper than any document; expat itself would go on until memory ends.
_MOST_NESTING = 2_000


def check(path: Path, media_type: str) -> None:
    """Pass over in silence what is sound.

    Raises:
        UnreadableFileError: truncated, corrupt, bomb or password.
    """
    if media_type == sniff.RTF:
        _check_rtf(path)
    elif media_type in (sniff.XML, sniff.SVG):
        with path.open("rb") as stream:
            _check_xml(stream, allow_doctype=True)
    elif media_type in containers.BY_XML:
        _check_parts(path)


def _check_parts(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_encrypted_parts(archive)
            for member in archive.infolist():
                if member.filename.lower().endswith(_XML_PARTS):
                    # Manifests of old OpenOffice name their DTD; nobody fetches it.
                    is_manifest = member.filename == _MANIFEST
                    with archive.open(member) as stream:
                        _check_xml(stream, allow_doctype=is_manifest)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as err:
        _refuse(QuarantineReason.CORRUPT, "a part of the file is damaged", err)
    except RuntimeError as err:  # zipfile's word for an encrypted member
        _refuse(QuarantineReason.PASSWORD, "a part of the file is encrypted", err)


def _refuse_encrypted_parts(archive: zipfile.ZipFile) -> None:
    if _MANIFEST not in archive.namelist():
        return
    with archive.open(_MANIFEST) as stream:
        if _ENCRYPTED_PART in stream.read(_MANIFEST_BYTES):
            raise UnreadableFileError(QuarantineReason.PASSWORD, "OpenDocument with a password")


def _check_xml(stream: IO[bytes], *, allow_doctype: bool) -> None:
    parser = expat.ParserCreate()
    depth = 0

    def refuse_entity(*_: object) -> NoReturn:
        raise UnreadableFileError(QuarantineReason.BOMB, "XML with entities of its own")

    def refuse_doctype(*_: object) -> NoReturn:
        raise UnreadableFileError(QuarantineReason.CORRUPT, "XML with a document type")

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_NESTING:
            raise UnreadableFileError(QuarantineReason.BOMB, "XML nested too deep")

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser.EntityDeclHandler = refuse_entity
    if not allow_doctype:
        parser.EndDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)  # noqa: FBT003 - C function
        parser.Parse(b"", True)  # noqa: FBT003 - C function
    except expat.ExpatError as err:
        _refuse(QuarantineReason.CORRUPT, "the XML is not well-formed", err)
    except (ValueError, LookupError):
        return  # a multi-byte encoding such as GBK: expat does not know it, the extractor does


def _check_rtf(path: Path) -> None:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        tail = stream.read().rstrip(b"\x00 \t\r\n\x1a")
    if not tail.endswith(b"}"):
        raise UnreadableFileError(QuarantineReason.TRUNCATED, "the RTF's end is missing")


def _refuse(reason: QuarantineReason, detail: str, cause: Exception) -> NoReturn:
    raise UnreadableFileError(reason, detail) from cause
