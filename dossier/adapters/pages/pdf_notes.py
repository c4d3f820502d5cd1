"""What people typed on a PDF: text notes, comments on marked text, typewriter text, and answers.

A note shows as a sign that opens a window; its words are drawn nowhere, so neither the page's own
text nor OCR has them. Typewriter text is drawn where its program left a picture of it, and then is
part of the page already; :func:`dossier.rules.page_notes.with_notes` tells that.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import replace

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dossier.records import PageNote

_TYPED_ON = frozenset(
    (
        pdfium_c.FPDF_ANNOT_TEXT,
        pdfium_c.FPDF_ANNOT_FREETEXT,
        pdfium_c.FPDF_ANNOT_LINE,
        pdfium_c.FPDF_ANNOT_SQUARE,
        pdfium_c.FPDF_ANNOT_CIRCLE,
        pdfium_c.FPDF_ANNOT_POLYGON,
        pdfium_c.FPDF_ANNOT_POLYLINE,
        pdfium_c.FPDF_ANNOT_HIGHLIGHT,
        pdfium_c.FPDF_ANNOT_UNDERLINE,
        pdfium_c.FPDF_ANNOT_SQUIGGLY,
        pdfium_c.FPDF_ANNOT_STRIKEOUT,
        pdfium_c.FPDF_ANNOT_STAMP,
        pdfium_c.FPDF_ANNOT_CARET,
        pdfium_c.FPDF_ANNOT_INK,
    )
)
_UNSEEN = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
# Nobody types so much; what a program left there beyond it is cut and told.
MOST_NOTES = 1_000
MOST_CHARACTERS = 20_000
# The page's place is measured on a grid of so many steps a side.
_GRID = 10_000


def notes_of(page: pdfium.PdfPage) -> tuple[PageNote, ...]:
    """The notes of a page in the order in which the file has them; none where it has none.

    Of a page as the file has it: where fields and stamps are made part of it, notes are gone.
    """
    found: list[PageNote] = []
    room, count = MOST_CHARACTERS, pdfium_c.FPDFPage_GetAnnotCount(page)
    is_left_out = count > MOST_NOTES
    for at in range(min(MOST_NOTES, count)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, at)
        if not annotation:
            continue
        try:
            text = _typed(annotation)
            if text and room:
                found.append(PageNote(text[:room], _place(page, annotation)))
            is_left_out |= len(text) > room
            room -= min(room, len(text))
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
    if found and is_left_out:
        found[-1] = replace(found[-1], is_cut=True)
    return tuple(found)


def _typed(annotation: pdfium_c.FPDF_ANNOTATION) -> str:
    if pdfium_c.FPDFAnnot_GetSubtype(annotation) not in _TYPED_ON:
        return ""
    if pdfium_c.FPDFAnnot_HasKey(annotation, b"StateModel"):
        return ""  # "accepted by …": a program's words
    # An answer to a note is hidden, because it is shown in the note's window.
    is_answer = pdfium_c.FPDFAnnot_HasKey(annotation, b"IRT")
    if pdfium_c.FPDFAnnot_GetFlags(annotation) & _UNSEEN and not is_answer:
        return ""
    size = pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    pdfium_c.FPDFAnnot_GetStringValue(
        annotation, b"Contents", ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR)), size
    )
    text = buffer.raw[: size - 2].decode("utf-16-le", "replace").replace("\0", "")
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _place(
    page: pdfium.PdfPage, annotation: pdfium_c.FPDF_ANNOTATION
) -> tuple[float, float, float, float]:
    """Where it stands, as shares of the page as it is shown."""
    rect = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFAnnot_GetRect(annotation, ctypes.byref(rect)):
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = [], []
    for x, y in ((rect.left, rect.top), (rect.right, rect.bottom)):
        across, down = ctypes.c_int(), ctypes.c_int()
        if not (math.isfinite(x) and math.isfinite(y)):
            return 0.0, 0.0, 0.0, 0.0
        pdfium_c.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        xs.append(min(1.0, max(0.0, across.value / _GRID)))
        ys.append(min(1.0, max(0.0, down.value / _GRID)))
    return min(xs), min(ys), max(xs), max(ys)
