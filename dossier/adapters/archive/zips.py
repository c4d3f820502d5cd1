"""ZIP archives: bounded unpacking; every file inside becomes a document of its own.

Nothing is written to disk, so names such as ``../../etc/passwd`` are labels and no more.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from dossier.errors import UnreadableFileError
from dossier.ports import TextExtractor
from dossier.records import Attachment, Extraction, PageReading, QuarantineReason
from dossier.rules.limits import ReadingLimits
from dossier.rules.text_encoding import decode_name

MEDIA_TYPE = "application/zip"
ENGINE = "zip"
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_CHUNK = 1 << 20
# What systems put beside the user's files.
_RUBBISH = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class ZipExtractor:
    """Takes the files out of a ZIP; their names are its text.

    Args:
        limits: ``members``, ``member_bytes``, ``unpacked_bytes``, ``unpack_*`` count here. How
            deep archives in archives are opened is counted by the caller, who takes in the
            attachments (``nesting``).
    """

    media_types: frozenset[str] = frozenset({MEDIA_TYPE})

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:  # noqa: ARG002
        """All files inside, in order, with the folders in their names.

        Raises:
            UnreadableFileError: password, bomb, truncated or corrupt.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                attachments, truncated = self._unpack(archive, path.stat().st_size)
        except UnreadableFileError:
            raise
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as err:
            raise UnreadableFileError(QuarantineReason.CORRUPT, "ZIP cannot be unpacked") from err
        except NotImplementedError as err:
            detail = "ZIP with an unknown packing method"
            raise UnreadableFileError(QuarantineReason.UNSUPPORTED, detail) from err
        names = "\n".join(attachment.name for attachment in attachments)
        page = PageReading(
            number=1, text=names, confidence=1.0 if names else 0.0, blank=not names, engine=ENGINE
        )
        return Extraction(pages=(page,), attachments=attachments, truncated=truncated)

    def _unpack(self, archive: zipfile.ZipFile, packed: int) -> tuple[tuple[Attachment, ...], bool]:
        members = [member for member in archive.infolist() if _is_wanted(member)]
        if len(members) > self._limits.members:
            raise UnreadableFileError(QuarantineReason.BOMB, f"{len(members)} files in the ZIP")
        if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
            raise UnreadableFileError(QuarantineReason.PASSWORD, "ZIP with a password")
        most = min(
            self._limits.unpacked_bytes,
            max(self._limits.unpack_floor_bytes, packed * self._limits.unpack_ratio),
        )
        attachments: list[Attachment] = []
        truncated = False
        for member in members:
            content = self._read(archive, member, most)
            if content is None:
                truncated = True
                continue
            most -= len(content)
            attachments.append(Attachment(member_name(member), content))
        return tuple(attachments), truncated

    def _read(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes | None:
        """The member unpacked, whatever size its header claims; None when it alone is too large.

        Raises:
            UnreadableFileError: more than ``most`` bytes come out.
        """
        if member.file_size > self._limits.member_bytes:
            return None
        with archive.open(member) as stream:
            parts: list[bytes] = []
            size = 0
            while part := stream.read(_CHUNK):
                size += len(part)
                if size > most:
                    raise UnreadableFileError(
                        QuarantineReason.BOMB, f"more than {most >> 20} MiB unpacked"
                    )
                parts.append(part)
        return b"".join(parts)


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    name = member.filename
    return not member.is_dir() and not name.startswith(_RUBBISH) and not name.endswith(_RUBBISH)


def member_name(member: zipfile.ZipInfo) -> str:
    """The member's name with its folders, as its maker wrote it (often GBK), made harmless."""
    name = member.filename
    if not member.flag_bits & _UTF8_FLAG:
        try:
            name = decode_name(name.encode("cp437"))
        except UnicodeEncodeError:
            name = member.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    kept = [part for part in parts if part not in ("/", "..", ".") and not part.endswith(":")]
    return "/".join(kept) or "unnamed"


_extractor: type[TextExtractor] = ZipExtractor
