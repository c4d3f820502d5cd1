"""What of a PDF page cannot be drawn although pdfium draws it: pictures cut off, lost content.

Only pictures that the page draws are looked at, and each is decoded once more: a scanned page holds
one. The reason is that of a picture file with the same damage.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dossier.adapters.pages import streams
from dossier.records import QuarantineReason

MOST_NESTING = 4
"""Forms within forms in which pictures are looked for."""
_DECODERS = {"DCTDecode": "JPEG", "DCT": "JPEG", "JPXDecode": "JPEG2000"}
_FLATE = frozenset({"FlateDecode", "Fl"})
_FAX = frozenset({"CCITTFaxDecode", "CCF"})
_BITS = 8
# Of one eighth of the pixels at least, where pdfium cannot tell the depth of a broken picture.
_LEAST_DEPTH = 1
# Verdicts are a few bytes each; a letterhead's picture stands on every page of its file.
_MOST_KEPT = 512
_Command = pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage
_kept: dict[bytes, QuarantineReason | None] = {}


@dataclass(frozen=True, slots=True)
class PageDamage:
    """What is missing on a page.

    Attributes:
        reason: ``truncated`` or ``corrupt``.
        is_lost: the page itself is damaged (its scan, all of its content), not a part of it.
    """

    reason: QuarantineReason
    is_lost: bool


def damage_of(path: Path, page: pdfium.PdfPage, index: int) -> PageDamage | None:
    """What is missing on the page; None when all that it draws is there.

    A page is lost when damaged pictures make up most of its pictures and have as many pixels as a
    page at 72 dpi; a broken logo costs no page.
    """
    total = bad = 0
    reasons: list[QuarantineReason] = []
    has_content = False
    for found in page.get_objects(max_depth=MOST_NESTING):
        has_content = True
        if found.type != pdfium_c.FPDF_PAGEOBJ_IMAGE:
            continue
        try:
            size = found.get_px_size()
        except pdfium.PdfiumError:
            reasons.append(QuarantineReason.CORRUPT)  # without a size it is drawn as nothing
            continue
        total += size[0] * size[1]
        reason = _fault(path, found, index, size)
        if reason is not None:
            reasons.append(reason)
            bad += size[0] * size[1]
    if not has_content and _is_lost_content(path, index):
        return PageDamage(QuarantineReason.CORRUPT, is_lost=True)
    if not reasons:
        return None
    across, down = page.get_size()
    cut = QuarantineReason.TRUNCATED in reasons
    reason = QuarantineReason.TRUNCATED if cut else QuarantineReason.CORRUPT
    return PageDamage(reason, is_lost=bad * 2 >= total and bad >= across * down)


def _fault(
    path: Path, picture: pdfium.PdfImage, index: int, size: tuple[int, int]
) -> QuarantineReason | None:
    filters = picture.get_filters()
    # Wrappings such as ASCII85 are taken off; what stands alone is looked at as it is.
    data = bytes(picture.get_data(decode_simple=len(filters) > 1))
    name = hashlib.sha256(data).digest() + repr((filters, size)).encode()
    if name not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[name] = _look(path, picture, index, data, filters, size)
    return _kept[name]


def _look(
    path: Path,
    picture: pdfium.PdfImage,
    index: int,
    data: bytes,
    filters: list[str],
    size: tuple[int, int],
) -> QuarantineReason | None:
    last = filters[-1] if filters else ""
    if last in _DECODERS:
        return streams.picture_fault(data, _DECODERS[last])
    if last in _FAX:
        return _fax_fault(path, index, data, size)
    depth = picture.get_metadata().bits_per_pixel or _LEAST_DEPTH
    if filters == [last] and last in _FLATE:
        return streams.flate_fault(data, (size[0] * depth + _BITS - 1) // _BITS * size[1])
    return None


def _fax_fault(
    path: Path, index: int, data: bytes, size: tuple[int, int]
) -> QuarantineReason | None:
    """Group 4 only: group 3 has marks at its lines and lives with damage, as a fax line needs."""
    with pikepdf.open(path) as document:
        options = next(
            (_options(one) for one in _pictures(document.pages[index].obj) if _holds(one, data)), {}
        )
    if int(options.get("/K", 0)) >= 0 or bool(options.get("/EncodedByteAlign", False)):
        return None
    return streams.fax_fault(data, width=int(options.get("/Columns", size[0])), rows=size[1])


def _holds(picture: pikepdf.Object, data: bytes) -> bool:
    return bytes(picture.read_raw_bytes()) == data


def _options(picture: pikepdf.Object) -> dict[str, pikepdf.Object]:
    found: Any = picture.get("/DecodeParms", {})
    if isinstance(found, pikepdf.Array):
        found = found[-1]
    return dict(found.items())


def _pictures(owner: pikepdf.Object, depth: int = 0) -> Iterator[pikepdf.Object]:
    """Pictures among the resources of a page and of its forms."""
    for one in _drawable(owner).values():
        if one.get("/Subtype") == pikepdf.Name.Image:
            yield one
        elif depth < MOST_NESTING:
            yield from _pictures(one, depth + 1)


# -- pages that draw nothing --------------------------------------------------------------------


def _is_lost_content(path: Path, index: int) -> bool:
    """Whether a page that draws nothing was meant to: rubbish for commands, or a lost picture.

    An empty page has no commands, or such as end well and draw nothing.
    """
    try:
        with pikepdf.open(path, suppress_warnings=True) as document:
            page = document.pages[index]
            document.get_warnings()  # those of the file's structure, which was found sound enough
            commands = pikepdf.parse_content_stream(page)
            # qpdf's warnings: commands that end in the middle.
            if document.get_warnings() or any(
                str(command.operator) not in _OPERATORS for command in commands
            ):
                return True
            return any(_draws_lost(page, command) for command in commands)
    except (pikepdf.PdfError, zlib.error, TypeError, ValueError):
        return True


def _draws_lost(page: pikepdf.Page, command: _Command) -> bool:
    if str(command.operator) != "Do":
        return False
    named = _drawable(page.obj).get(str(command.operands[0]))
    return not isinstance(named, pikepdf.Stream)


def _drawable(owner: pikepdf.Object) -> dict[str, pikepdf.Object]:
    """Pictures and forms that a page or form may draw, by name."""
    resources: Any = owner.get("/Resources", {})
    return dict(resources.get("/XObject", {}).items())


_OPERATORS = frozenset(
    {
        *("b", "B", "b*", "B*", "f", "F", "f*", "n", "s", "S", "sh", "Do"),
        *("c", "h", "l", "m", "re", "v", "y", "W", "W*"),
        *("cm", "d", "gs", "i", "j", "J", "M", "q", "Q", "ri", "w"),
        *("CS", "cs", "g", "G", "k", "K", "rg", "RG", "sc", "SC", "scn", "SCN"),
        *("BT", "ET", "T*", "Tc", "Td", "TD", "Tf", "Tj", "TJ", "TL", "Tm", "Tr", "Ts", "Tw", "Tz"),
        *("'", '"', "BDC", "BI", "BMC", "BX", "d0", "d1", "DP", "EI", "EMC", "EX", "ID", "MP"),
        "INLINE IMAGE",
    }
)
"""Commands of content (ISO 32000-1, annex A), and pikepdf's name for a picture within them."""
