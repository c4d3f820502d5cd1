"""What an office file holds besides its text: pasted pictures of papers, embedded files.

Clerks paste photos of papers into Word; the extractors of text know nothing of them. Each picture
that is large enough to be a paper becomes a document of its own, as a mail's attachment does.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from dossier.adapters.archive.collecting import Collection
from dossier.adapters.archive.office_parts import (
    take_from_ofd,
    take_from_ooxml,
    take_from_open_document,
)
from dossier.adapters.archive.ole_parts import take_from_ole
from dossier.adapters.archive.rtf_pictures import take_from_rtf
from dossier.records import InnerFiles
from dossier.rules.limits import ReadingLimits

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_OOXML = frozenset(
    _OFFICE + kind
    for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
)
_OPEN_DOCUMENT = frozenset(_OPEN + kind for kind in ("text", "spreadsheet", "presentation"))
_OLE = frozenset(
    (
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-outlook",
    )
)
_RTF = "application/rtf"
_OFD = "application/ofd"
_Take = Callable[[zipfile.ZipFile, Collection], None]


class OfficeFiles:
    """Takes pictures of papers and embedded files out of office files.

    Args:
        limits: ``members``, ``member_bytes``, ``inner_bytes`` and ``picture_*`` count here.
    """

    media_types: frozenset[str] = _OOXML | _OPEN_DOCUMENT | _OLE | {_RTF, _OFD}

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()

    def find(self, path: Path, *, media_type: str, file_name: str) -> InnerFiles:
        """All that lies in it; a part that is damaged or too large is left out, and that is said.

        The file's own text is worth keeping whatever is wrong with these, so nothing is raised.
        """
        collection = Collection(self._limits, file_name)
        if media_type == _RTF:
            take_from_rtf(path, collection)
        elif media_type in _OLE:
            take_from_ole(path, collection)
        else:
            _with_archive(path, collection, _taking(media_type))
        return collection.result()


def _taking(media_type: str) -> _Take:
    if media_type in _OOXML:
        return take_from_ooxml
    return take_from_ofd if media_type == _OFD else take_from_open_document


def _with_archive(path: Path, collection: Collection, take: _Take) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            take(archive, collection)
    except (zipfile.BadZipFile, OSError, ValueError):
        collection.truncated = True
