"""Files attached to a PDF: portfolios, annotations, attachments of a page (ISO 32000-2, 7.11.4)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import pikepdf

from dossier.records import Attachment, InnerFiles
from dossier.rules import file_names
from dossier.rules.limits import ReadingLimits

# The structured data of the PDF's own pages (an e-invoice's XML), no papers; as with OFD.
_DATA = frozenset((".xml", ".xbrl", ".json", ".joboptions"))
_NAMES = ("/UF", "/F", "/Unix", "/Mac", "/DOS")
# What writes nothing longer than this many times what it reads: hexadecimal digits, base 85.
_SHRINKING = frozenset(("/ASCIIHexDecode", "/ASCII85Decode"))
_DEEPEST_TREE = 32


def files_in(path: Path, limits: ReadingLimits) -> InnerFiles:
    """The attached files in their order; one that is too large or damaged is left out and said.

    The PDF's own pages are worth keeping whatever is wrong with these, so nothing is raised for
    them.
    """
    found: list[Attachment] = []
    room, truncated = limits.inner_bytes, False
    try:
        with pikepdf.open(path) as document:
            for name, stream in _streams(document):
                if len(found) >= limits.members:
                    return InnerFiles(tuple(found), truncated=True)
                content = _content(stream, min(room, limits.member_bytes))
                if content is None:
                    truncated = True
                elif content and PurePath(name).suffix.lower() not in _DATA:
                    room -= len(content)
                    found.append(Attachment(name or f"attachment-{len(found) + 1}", content))
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError):
        truncated = bool(found)  # pages were read by pdfium, which asks for less
    return InnerFiles(tuple(found), truncated)


def _streams(document: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Stream]]:
    """Name and stream of each attached file, once each."""
    known: set[tuple[int, int]] = set()
    for spec in _specifications(document):
        files = spec.get("/EF") if isinstance(spec, pikepdf.Dictionary) else None
        if not isinstance(files, pikepdf.Dictionary):
            continue
        stream = next((files[key] for key in _NAMES if key in files), None)
        if isinstance(stream, pikepdf.Stream) and stream.objgen not in known:
            known.add(stream.objgen)
            yield _name(spec), stream


def _specifications(document: pikepdf.Pdf) -> Iterator[Any]:
    names = document.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/EmbeddedFiles" in names:
        yield from _leaves(names["/EmbeddedFiles"], set(), _DEEPEST_TREE)
    for page in document.pages:
        notes = page.obj.get("/Annots")
        for note in notes if isinstance(notes, pikepdf.Array) else ():
            if isinstance(note, pikepdf.Dictionary) and note.get("/Subtype") == "/FileAttachment":
                yield note.get("/FS")


def _leaves(node: Any, known: set[tuple[int, int]], deepest: int) -> Iterator[Any]:
    """The values of a name tree; a branch that is its own ancestor is not followed."""
    if not isinstance(node, pikepdf.Dictionary) or deepest == 0 or node.objgen in known:
        return
    if node.is_indirect:
        known.add(node.objgen)
    pairs = node.get("/Names")
    if isinstance(pairs, pikepdf.Array):
        yield from (pairs[index] for index in range(1, len(pairs), 2))
    branches = node.get("/Kids")
    for branch in branches if isinstance(branches, pikepdf.Array) else ():
        yield from _leaves(branch, known, deepest - 1)


def _name(spec: pikepdf.Dictionary) -> str:
    return file_names.inner_name(next((str(spec[key]) for key in _NAMES if key in spec), ""))


def _content(stream: pikepdf.Stream, most: int) -> bytes | None:
    """The file's bytes; None when more than ``most`` come out, or they cannot be unpacked."""
    raw = stream.read_raw_bytes()
    filters = _filters(stream)
    if not filters:
        return raw if len(raw) <= most else None
    if filters == ["/FlateDecode"] and "/DecodeParms" not in stream:
        return _inflated(raw, most)
    if set(filters) <= _SHRINKING and len(raw) <= most:
        return stream.read_bytes()
    return None


def _filters(stream: pikepdf.Stream) -> list[str]:
    named = stream.get("/Filter")
    if named is None:
        return []
    return [str(one) for one in named] if isinstance(named, pikepdf.Array) else [str(named)]


def _inflated(raw: bytes, most: int) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(raw, most + 1)
    except zlib.error:
        return None
    return content if len(content) <= most and unpacker.eof else None
