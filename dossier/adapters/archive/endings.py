"""How a file's name should end, told by its bytes: an embedded object often has none."""

from __future__ import annotations

import io
import zipfile

_MAGIC = {
    b"%PDF": ".pdf",
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG": ".png",
    b"II*\x00": ".tif",
    b"MM\x00*": ".tif",
}
_ZIP = b"PK\x03\x04"
_OFFICE = {"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx"}
_OPEN = {"text": ".odt", "spreadsheet": ".ods", "presentation": ".odp"}
_OPEN_TYPE = "application/vnd.oasis.opendocument."
_TYPE_BYTES = 80


def ending_of(content: bytes) -> str:
    """With its dot; empty where the bytes do not tell."""
    if content.startswith(_ZIP):
        return _ending_of_zip(content)
    return next((end for magic, end in _MAGIC.items() if content.startswith(magic)), "")


def _ending_of_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            kind = _declared(archive) if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        return ".zip"
    if kind.startswith(_OPEN_TYPE):
        return _OPEN.get(kind.removeprefix(_OPEN_TYPE), "")
    office = (end for folder, end in _OFFICE.items() if any(n.startswith(folder) for n in names))
    return next(office, ".zip")


def _declared(archive: zipfile.ZipFile) -> str:
    with archive.open("mimetype") as stream:
        return stream.read(_TYPE_BYTES).decode("ascii", "replace").strip()
