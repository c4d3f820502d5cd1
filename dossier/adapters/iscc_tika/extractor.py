"""Text extraction by iscc-tika, with what it hides made visible: cuts, passwords, broken files."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path

import iscc_tika

from dossier.adapters.iscc_tika.markup import head_values, mail_to_text, xhtml_to_text
from dossier.adapters.iscc_tika.number_formats import copy_with_known_formats
from dossier.errors import UnreadableFileError
from dossier.ports import TextExtractor
from dossier.records import Extraction, QuarantineReason
from dossier.rules.limits import ReadingLimits
from dossier.rules.text_encoding import decode_text
from dossier.rules.text_pages import text_pages

HTML = "text/html"
MSG = "application/vnd.ms-outlook"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        XLSX,
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        MSG,
        "application/rtf",
        "application/xml",
        "image/svg+xml",
        HTML,
    }
)
# Tika's cap counts the markup too; a sheet of short cells is markup for the most part.
_MARKUP_FACTOR = 4
_MARKUP_ROOM = 100_000
_ENGINE = f"tika {version('iscc-tika')}"
# What a character outside the basic plane is in a string of iscc-tika: it decodes Java's own UTF-8,
# surrogates by themselves, as if it were the common one. Its streams are right.
_DAMAGED = "\N{REPLACEMENT CHARACTER}"
_PIECE = 1 << 20
_UTF8_BYTES = 4
# Tika's names for these; the file's own metadata says more, of which nothing is of use here.
_PROPERTIES = {
    "dc:creator": "author",
    "dcterms:created": "created",
    "dcterms:modified": "modified",
    "dc:subject": "subject",
    "meta:keyword": "keywords",
    "extended-properties:Company": "company",
    "meta:page-count": "pages",
}
# RTF and DOC files without a date carry the epoch of their format (stack.md "Tika in process").
_NO_DATE = ("1601-", "1900-", "1970-01-01T00:00:00")

_Metadata = dict[str, list[str]]


class TikaExtractor:
    """Reads one file after the other; made inside a killable child.

    Args:
        limits: ``text_characters`` and ``text_page_characters`` count here.
    """

    media_types: frozenset[str] = MEDIA_TYPES

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()
        office = iscc_tika.OfficeParserConfig().set_include_headers_and_footers(True)
        # More than is kept, so that a cut by Tika is told from a text that just fits.
        self._most = self._limits.text_characters * _MARKUP_FACTOR + _MARKUP_ROOM
        self._tika = (
            iscc_tika.Extractor()
            .set_office_config(office)
            .set_xml_output(True)
            .set_extract_string_max_length(self._most)
        )

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:  # noqa: ARG002
        """Text with cells of a row parted by tabs; headers, footers and notes included.

        A slide or a sheet begins a page.

        Raises:
            UnreadableFileError: password, bomb or corrupt.
        """
        try:
            text, metadata = self._read_known(path, media_type)
        except TypeError as err:  # iscc-tika's name for every parse error
            raise UnreadableFileError(_reason(str(err)), f"Tika cannot read {media_type}") from err
        plain = _mail(text) if media_type == MSG else xhtml_to_text(text)
        if not plain.strip() and (warning := _warning(metadata)):
            raise UnreadableFileError(_reason(warning), f"Tika finds nothing in {media_type}")
        pages, truncated = text_pages(
            plain,
            engine=_ENGINE,
            pages=self._limits.pages,
            page_characters=self._limits.text_page_characters,
            total_characters=self._limits.text_characters,
        )
        return Extraction(
            pages=pages,
            title=_first(metadata, "dc:title"),
            properties=_properties(metadata),
            truncated=truncated or len(text) >= self._most,
        )

    def _read_known(self, path: Path, media_type: str) -> tuple[str, _Metadata]:
        """A workbook with its Chinese dates made known; all else as it is."""
        if media_type != XLSX:
            return self._read(path, media_type)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "known.xlsx"
            return self._read(copy if copy_with_known_formats(path, copy) else path, media_type)

    def _read(self, path: Path, media_type: str) -> tuple[str, _Metadata]:
        content: bytearray | None = None
        if media_type == HTML:
            # Tika guesses the encoding of short GBK pages wrongly; a UTF-8 mark ends the guessing.
            content = bytearray(decode_text(path.read_bytes()).encode("utf-8-sig"))
        text: str
        metadata: _Metadata
        if content is None:
            text, metadata = self._tika.extract_file_to_string(str(path))
        else:
            text, metadata = self._tika.extract_bytes_to_string(content)
        if _DAMAGED in text or any(_DAMAGED in each for some in metadata.values() for each in some):
            text = self._read_stream(path, content)
            metadata = {**metadata, **head_values(text)}
        return text, metadata

    def _read_stream(self, path: Path, content: bytearray | None) -> str:
        """The same answer as a stream: right in every character, but Tika's cap is not kept to."""
        if content is None:
            stream, _ = self._tika.extract_file(str(path))
        else:
            stream, _ = self._tika.extract_bytes(content)
        read = bytearray()
        while len(read) < self._most * _UTF8_BYTES and (piece := stream.read(_PIECE)):
            read += piece
        return read.decode("utf-8", "ignore")[: self._most]


def _mail(xhtml: str) -> str:
    """The mail with a list of what is attached, as the reader of EML files gives it."""
    text, names = mail_to_text(xhtml)
    return f"{text}\n附件 Attachments: {'; '.join(names)}" if names else text


def _warning(metadata: _Metadata) -> str:
    """What Tika swallowed: a password of an old Office file is a warning beside no text at all."""
    return " ".join(line for line in metadata.get("X-TIKA:warning", ()) if "Exception" in line)


def _reason(message: str) -> QuarantineReason:
    if "ncrypted" in message or "assword" in message:
        return QuarantineReason.PASSWORD
    if "ip bomb" in message:
        return QuarantineReason.BOMB
    return QuarantineReason.CORRUPT


def _first(metadata: _Metadata, name: str) -> str:
    return (metadata.get(name) or [""])[0].strip()


def _properties(metadata: _Metadata) -> dict[str, str]:
    found = {ours: _first(metadata, name) for name, ours in _PROPERTIES.items()}
    return {
        name: value for name, value in found.items() if value and not value.startswith(_NO_DATE)
    }


_extractor: type[TextExtractor] = TikaExtractor
