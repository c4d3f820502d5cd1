"""The media type of a file by its content; the name only tells kinds of plain text apart."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePath

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
TIFF = "image/tiff"
GIF = "image/gif"
BMP = "image/bmp"
WEBP = "image/webp"
JPEG2000 = "image/jp2"
AVIF = "image/avif"
HEIC = "image/heic"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
RTF = "application/rtf"
HTML = "text/html"
POSTSCRIPT = "application/postscript"
XML = "application/xml"
SVG = "image/svg+xml"
EML = "message/rfc822"
CSV = "text/csv"
TEXT = "text/plain"
UNKNOWN = "application/octet-stream"

PICTURES = frozenset({JPEG, PNG, TIFF, GIF, BMP, WEBP, JPEG2000, AVIF})

HEAD_BYTES = 65_536
"""How much of a file is enough to tell; mail headers and HTML comments may be long."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xff\x4f\xff\x51", JPEG2000),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"{\\rtf", RTF),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-msdownload"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
)
_POSTSCRIPT = (b"%!PS", b"\x04%!PS", b"\xc5\xd0\xd3\xc6")
"""A drawing as a program in text (EPS), whose numbers are no words; with a preview the last."""
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
_MAIL_HEADER = re.compile(
    rb"^(from|to|cc|subject|date|received|return-path|message-id|mime-version|delivered-to|"
    rb"reply-to|content-type|x-[a-z0-9-]+):[ \t]*\S?",
    re.IGNORECASE,
)
_ANY_HEADER = re.compile(rb"^([!-9;-~]+:|[ \t]|From )")
_HTML = re.compile(rb"^\s*(<!--.*?-->\s*)*(<\?xml[^>]*>\s*)?(<!doctype\s+html|<html)", re.I | re.S)
# Control characters that no text file holds (tab, line feeds, form feed, escape are fine).
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def sniff(head: bytes, *, file_name: str) -> str:
    """The media type by the first :data:`HEAD_BYTES` bytes.

    ZIP and OLE containers are told apart later, by what they hold. Returns
    ``application/octet-stream`` for bytes that are neither known nor text.
    """
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    return _sniff_boxed(head) or _sniff_text(head, file_name=file_name)


def _sniff_boxed(head: bytes) -> str:
    if b"%PDF-" in head[:1024]:  # pdfium and Acrobat allow rubbish before the header
        return PDF
    if head.startswith(_POSTSCRIPT):
        return POSTSCRIPT
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": "audio/wav", b"AVI ": "video/avi"}.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _sniff_iso_media(head[8:12])
    # "BM" alone begins many a text; the reserved bytes and the header size are then no text.
    if head[:2] == b"BM" and head[6:10] == bytes(4) and head[15:18] == bytes(3):
        return BMP
    return ""


def _sniff_iso_media(brand: bytes) -> str:
    if brand in (b"avif", b"avis"):
        return AVIF
    return HEIC if brand in _HEIF_BRANDS else "video/mp4"


def _sniff_text(head: bytes, *, file_name: str) -> str:
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not wide and not looks_like_utf16(head) and _BINARY.search(head):
        return UNKNOWN
    start = head.removeprefix(codecs.BOM_UTF8)
    if _HTML.match(start):
        return HTML
    if start.lstrip()[:5] == b"<?xml" or start.lstrip()[:4] == b"<svg":
        return SVG if b"<svg" in start else XML
    if _is_mail(start):
        return EML
    return _by_name(file_name)


def _by_name(file_name: str) -> str:
    suffix = PurePath(file_name).suffix.lower()
    return {".csv": CSV, ".tsv": CSV, ".htm": HTML, ".html": HTML}.get(suffix, TEXT)


def _is_mail(head: bytes) -> bool:
    """Two known headers at least, and nothing but headers before the first empty line."""
    lines = head.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].split(b"\n")[:200]
    known = sum(bool(_MAIL_HEADER.match(line)) for line in lines)
    return known >= 2 and all(_ANY_HEADER.match(line) for line in lines)


def looks_like_utf16(head: bytes) -> bool:
    """Text in UTF-16 without a mark: many zero bytes, all of them on one side."""
    sample = head[: len(head) // 2 * 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    return half > 0 and ((odd > half * 0.2 and even == 0) or (even > half * 0.2 and odd == 0))
