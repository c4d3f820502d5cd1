"""The searchable copy: the original's pages with the readings' text laid invisibly under them."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import ocrmypdf
import pikepdf
from ocrmypdf.exceptions import PriorOcrFoundError
from ocrmypdf.pdfa import file_claims_pdfa
from pikepdf import Name

from dossier.adapters.ocrmypdf.comparison import find_losses, texts_of
from dossier.adapters.ocrmypdf.plugin import StoredPage, stored_readings
from dossier.adapters.ocrmypdf.source import margins_of, write_source
from dossier.errors import DossierError, StepFailedError
from dossier.ports import SearchablePdf
from dossier.records import PageReading

_PLUGIN = "dossier.adapters.ocrmypdf.plugin"
PDF_A = "PDF/A-2b"
# What the page renderer names as engine for a born-digital page's own text (dossier.records).
DIGITAL = "pdf text"


class OcrmypdfMaker:
    """Makes searchable copies with OCRmyPDF in this process; no second OCR, no page is drawn.

    One at a time in a process; no other program is started.
    """

    def make(
        self,
        original: Path,
        *,
        media_type: str,
        readings: Sequence[PageReading],
        out: Path,
        pages: Sequence[int] = (),
    ) -> SearchablePdf:
        """Write the copy; see :class:`dossier.ports.SearchablePdfMaker`."""
        try:
            with tempfile.TemporaryDirectory(prefix="dossier-pdf-") as folder:
                source = Path(folder) / "source.pdf"
                write_source(original, media_type, readings, source, pages=pages)
                return _make(source, readings, out, Path(folder))
        except DossierError:
            raise
        except Exception as error:
            raise StepFailedError(
                f"no searchable copy could be made: {type(error).__name__}"
            ) from error


def _make(source: Path, readings: Sequence[PageReading], out: Path, folder: Path) -> SearchablePdf:
    draft = folder / "draft.pdf"
    before = texts_of(source)
    own = _pages_with_own_text(readings)
    _run(source, draft, _stored_pages(source, readings, own), before)
    losses = find_losses(before, texts_of(draft), readings, own)
    if losses:
        raise StepFailedError(f"the copy would hold less text than was read, pages {losses}")
    sort = PDF_A if _is_confirmed_archive_file(draft) else "PDF"
    shutil.move(draft, out)
    return SearchablePdf(out, sort, _checks(sort, len(readings)))


def _pages_with_own_text(readings: Sequence[PageReading]) -> frozenset[int]:
    return frozenset(i for i, reading in enumerate(readings) if reading.engine.startswith(DIGITAL))


def _stored_pages(
    source: Path, readings: Sequence[PageReading], own: frozenset[int]
) -> Mapping[int, StoredPage]:
    """What to draw by page index; pages with text of their own get nothing."""
    with pikepdf.open(source) as pdf:
        return {
            i: StoredPage(
                replace(reading, words=()) if i in own else reading, margins_of(page, reading)
            )
            for i, (page, reading) in enumerate(zip(pdf.pages, readings, strict=True))
        }


def _run(source: Path, draft: Path, pages: Mapping[int, StoredPage], before: Sequence[str]) -> None:
    """Let OCRmyPDF lay the text under the pages that have readings, and try for PDF/A."""
    wanted = [i for i, page in pages.items() if page.reading.words]
    logging.getLogger("ocrmypdf").setLevel(logging.WARNING)  # debug lines would quote the text
    with stored_readings(source, pages):
        if any(before[i] for i in wanted):
            code = _redo(source, draft, wanted)
        else:
            try:
                code = _ocr(source, draft, wanted, "default" if wanted else "skip")
            except PriorOcrFoundError:
                # Text in a font that does not tell its characters: PDFium finds none in it.
                code = _redo(source, draft, wanted)
    if code != ocrmypdf.ExitCode.ok:
        raise StepFailedError(f"OCRmyPDF ended with {code.name}")


def _redo(source: Path, draft: Path, wanted: Sequence[int]) -> ocrmypdf.ExitCode:
    """Lay the text under pages that have an older, worse layer, which goes; finding it is slow."""
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        if Name.AcroForm in pdf.Root:
            # OCRmyPDF does not redo files with a form or a signature: both become part of the page.
            pdf.generate_appearance_streams()
            pdf.flatten_annotations()
            if Name.AcroForm in pdf.Root:
                del pdf.Root.AcroForm
            pdf.save(source)
    return _ocr(source, draft, wanted, "redo")


def _ocr(source: Path, draft: Path, wanted: Sequence[int], mode: str) -> ocrmypdf.ExitCode:
    return ocrmypdf.ocr(
        source,
        draft,
        plugins=[_PLUGIN],
        language=["chi_sim"],
        mode=mode,
        pages=",".join(str(i + 1) for i in wanted) or None,
        output_type="auto",
        pdfa_backend="internal",
        rasterizer="pypdfium",
        pdf_renderer="sandwich",
        optimize=0,
        # Pages cost milliseconds here; a pool of processes would cost more than it gives.
        jobs=1,
        use_threads=True,
        progress_bar=False,
        # The copy is for reading and finding; the signed original stays beside it untouched.
        invalidate_digital_signatures=True,
        tagged_pdf_mode="ignore",
    )


def _is_confirmed_archive_file(path: Path) -> bool:
    """With output type auto OCRmyPDF declares PDF/A only when the validator passed the bytes."""
    return bool(file_claims_pdfa(path)["pass"])


def _checks(sort: str, page_count: int) -> tuple[str, ...]:
    checks = (f"text of {page_count} pages compared by PDFium",)
    return (*checks, "PDF/A-2b validated by pikepdf") if sort == PDF_A else checks
