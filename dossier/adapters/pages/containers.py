"""What ZIP and OLE containers hold: Office, OFD, mail or a plain archive; locked, broken, bombs."""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from pathlib import Path

from dossier.errors import UnreadableFileError
from dossier.records import QuarantineReason
from dossier.rules.limits import ReadingLimits

ZIP = "application/zip"
OFD = "application/ofd"
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = _OFFICE + "wordprocessingml.document"
XLSX = _OFFICE + "spreadsheetml.sheet"
PPTX = _OFFICE + "presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
MSG = "application/vnd.ms-outlook"

BY_XML = frozenset(
    {
        DOCX,
        XLSX,
        PPTX,
        ODT,
        OFD,
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
    }
)
"""ZIP containers whose content is XML parts."""

_BY_FOLDER = {"word": DOCX, "xl": XLSX, "ppt": PPTX}
_BY_STREAM = {
    "WordDocument": DOC,
    "Workbook": XLS,
    "Book": XLS,
    "PowerPoint Document": PPT,
    "__properties_version1.0": MSG,
}
_ENCRYPTED_MEMBER = 0x1
_OLE_FREE = 0xFFFFFFFF
_OLE_SPECIAL = 0xFFFFFFFA
_OLE_ENTRY_BYTES = 128


def zip_type(path: Path, limits: ReadingLimits) -> str:
    """The media type of a ZIP container whose directory is sound.

    Raises:
        UnreadableFileError: truncated, corrupt, bomb (declared sizes), password, unsupported
            (Visio, XPS).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            media_type = _zip_type_by_names(archive, {member.filename for member in members})
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as err:
        # The directory stands at the end: where it is missing, the end is missing.
        raise UnreadableFileError(_reason_without_directory(path), "ZIP without directory") from err
    _refuse_bomb(members, path.stat().st_size, limits, is_archive=media_type == ZIP)
    if members and all(m.flag_bits & _ENCRYPTED_MEMBER for m in members if not m.is_dir()):
        raise UnreadableFileError(QuarantineReason.PASSWORD, "every file in the ZIP is encrypted")
    return media_type


def _zip_type_by_names(archive: zipfile.ZipFile, names: set[str]) -> str:
    if any(name.lower() == "ofd.xml" for name in names):
        return OFD
    if "[Content_Types].xml" in names:
        folders = {name.split("/", 1)[0] for name in names if "/" in name}
        known = (kind for folder, kind in _BY_FOLDER.items() if folder in folders)
        if kind := next(known, None):
            return kind
        # Taken for an archive, each of its XML parts would become a paper.
        raise UnreadableFileError(QuarantineReason.UNSUPPORTED, "Open XML that is no Office file")
    if "mimetype" in names and "content.xml" in names:
        with archive.open("mimetype") as stream:
            return stream.read(100).decode("ascii", "replace").strip()
    return ZIP


def _reason_without_directory(path: Path) -> QuarantineReason:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 65_557))  # the longest comment a ZIP can end with
        has_end = b"PK\x05\x06" in stream.read()
    return QuarantineReason.CORRUPT if has_end else QuarantineReason.TRUNCATED


def _refuse_bomb(
    members: list[zipfile.ZipInfo], size: int, limits: ReadingLimits, *, is_archive: bool
) -> None:
    unpacked = sum(member.file_size for member in members)
    crowded = is_archive and len(members) > limits.members
    dense = unpacked > max(limits.unpack_floor_bytes, limits.unpack_ratio * max(size, 1))
    if unpacked > limits.unpacked_bytes or dense or crowded:
        detail = f"{len(members)} files, {unpacked >> 20} MiB unpacked from {size >> 10} KiB"
        raise UnreadableFileError(QuarantineReason.BOMB, detail)


def ole_type(path: Path) -> str:
    """The media type of an OLE (compound file) container by the names in its directory.

    Raises:
        UnreadableFileError: truncated, corrupt, password (encrypted Office), unsupported.
    """
    try:
        names = _ole_names(path)
    except (struct.error, IndexError, ValueError) as err:
        raise UnreadableFileError(QuarantineReason.TRUNCATED, "OLE file is cut off") from err
    if {"EncryptedPackage", "EncryptionInfo"} & names:
        raise UnreadableFileError(QuarantineReason.PASSWORD, "Office file with a password")
    for stream, media_type in _BY_STREAM.items():
        if stream in names:
            return media_type
    raise UnreadableFileError(QuarantineReason.UNSUPPORTED, "OLE file of an unknown kind")


def _ole_names(path: Path) -> set[str]:
    """Names in the directory chain, by [MS-CFB] 2.2 (header), 2.3 (FAT), 2.6 (directory)."""
    with (
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return _names_in_directory(content)


def _names_in_directory(content: mmap.mmap) -> set[str]:
    sector_bytes = 1 << struct.unpack_from("<H", content, 30)[0]
    if sector_bytes not in (512, 4096):
        raise ValueError("sector size")
    (sector,) = struct.unpack_from("<I", content, 48)
    difat = struct.unpack_from("<109I", content, 76)
    _refuse_cut_off(content, sector_bytes, difat)
    per_sector = sector_bytes // 4
    names: set[str] = set()
    seen: set[int] = set()
    # Files of more than 109 FAT sectors (7 MB) go on elsewhere; what we look for stands in front.
    while sector // per_sector < len(difat) and sector not in seen:
        seen.add(sector)
        start = (sector + 1) * sector_bytes
        names |= _names_in_sector(content[start : start + sector_bytes], sector_bytes)
        fat_sector = difat[sector // per_sector]
        position = (fat_sector + 1) * sector_bytes + sector % per_sector * 4
        (sector,) = struct.unpack_from("<I", content, position)
    return names


def _refuse_cut_off(content: mmap.mmap, sector_bytes: int, difat: tuple[int, ...]) -> None:
    """Refuse a file that is shorter than its own allocation table says."""
    used = 0
    for number, fat_sector in enumerate(difat):
        start = (fat_sector + 1) * sector_bytes
        if fat_sector >= _OLE_SPECIAL:
            break
        entries = content[start : start + sector_bytes]
        if len(entries) < sector_bytes:
            raise ValueError("an allocation sector is cut off")
        table = struct.unpack(f"<{sector_bytes // 4}I", entries)
        taken = [index for index, entry in enumerate(table) if entry != _OLE_FREE]
        used = number * len(table) + taken[-1] if taken else used
    # Some writers leave the last sector short.
    if len(content) < (used + 1) * sector_bytes:
        raise ValueError("sectors are missing at the end")


def _names_in_sector(sector: bytes, sector_bytes: int) -> set[str]:
    if len(sector) < sector_bytes:
        raise ValueError("directory sector is cut off")
    names = set()
    for start in range(0, sector_bytes, _OLE_ENTRY_BYTES):
        (length,) = struct.unpack_from("<H", sector, start + 64)
        if 2 <= length <= 64:
            names.add(sector[start : start + length - 2].decode("utf-16-le", "replace"))
    return names
