"""OCRmyPDF plugin: Chinese text without Tesseract, Ghostscript or any other program.

Used in two ways:

* ``ocrmypdf --plugin dossier.adapters.ocrmypdf.plugin in.pdf out.pdf`` reads pages by itself;
* :class:`dossier.adapters.ocrmypdf.maker.OcrmypdfMaker` hands it readings that exist, and then
  no page is drawn and none is read.

Hooks run in OCRmyPDF's main process, those of pages in its worker threads or processes. Internals
of OCRmyPDF that are relied on: ``set_blocked`` of the built-in Tesseract plugin, whose check
demands the binary, and ``TesseractOptions``, which OCRmyPDF's validators read whatever the engine.
The package is therefore pinned, and tests/integration/test_searchable_pdf.py guards both.
"""

from __future__ import annotations

import os
import pkgutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocrmypdf import hookimpl
from ocrmypdf.builtin_plugins.tesseract_ocr import TesseractOptions
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence
from PIL import Image

from dossier import ports
from dossier.adapters.ocrmypdf.textlayer import Margins, write_text_layer
from dossier.records import PageReading

_TESSERACT_PLUGIN = "ocrmypdf.builtin_plugins.tesseract_ocr"
# What reads when nothing was read before. A name: adapters do not import each other.
_READER = "dossier.adapters.rapidocr:RapidOcrEngine"
_SURE = 15.0  # OCRmyPDF's scale, on which its default threshold is 14


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A reading to be drawn onto one page, and what the page shows around it."""

    reading: PageReading
    margins: Margins


_stored: dict[str, Mapping[int, StoredPage]] = {}


@contextmanager
def stored_readings(input_file: Path, pages: Mapping[int, StoredPage]) -> Iterator[None]:
    """While inside, runs on ``input_file`` in this process take these readings by page index."""
    _stored[str(input_file)] = pages
    try:
        yield
    finally:
        del _stored[str(input_file)]


def _stored_for(options: Any) -> Mapping[int, StoredPage] | None:
    return _stored.get(str(options.input_file)) if options is not None else None


_thread = threading.local()


def _reader() -> ports.OcrEngine:
    """This thread's own engine: engines are not thread-safe."""
    if not hasattr(_thread, "engine"):
        _thread.engine = pkgutil.resolve_name(_READER)()
    engine: ports.OcrEngine = _thread.engine
    return engine


def _read(picture: Path) -> PageReading:
    with Image.open(picture) as image:
        dpi = float(image.info.get("dpi", (200, 200))[0])
    return _reader().read(picture, page_number=1, dpi=round(dpi))


class ReadingEngine(OcrEngine):
    """OCRmyPDF's engine interface over stored readings or over :data:`_READER`."""

    @staticmethod
    def version() -> str:
        """Name and version of what reads."""
        return _reader().name

    @staticmethod
    def creator_tag(options: Any) -> str:
        """What the PDF's metadata names as the reader."""
        stored = _stored_for(options)
        names = {page.reading.engine for page in stored.values()} if stored else {_reader().name}
        return ", ".join(sorted(names))

    def __str__(self) -> str:
        """Name in OCRmyPDF's log."""
        return "Dossier page reader"

    @staticmethod
    def languages(options: Any) -> set[str]:  # noqa: ARG004 - OCRmyPDF's interface
        """Languages, by Tesseract's codes; all are read at once."""
        return {"chi_sim", "chi_tra", "eng"}

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        """Degrees clockwise by which the picture must be turned; stored pages stand upright."""
        if _stored_for(options) is not None:
            return OrientationConfidence(angle=0, confidence=0.0)
        return OrientationConfidence(angle=_read(input_file).rotation, confidence=_SURE)

    @staticmethod
    def get_deskew(input_file: Path, options: Any) -> float:
        """Degrees counter-clockwise by which the picture must be turned to level its lines."""
        return 0.0 if _stored_for(options) is not None else _read(input_file).skew

    @staticmethod
    def supports_generate_ocr() -> bool:
        """No element trees: drawing them takes longer than reading some pages."""
        return False

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        """Write the page's text layer and its text."""
        stored = _stored_for(options)
        if stored is None:
            reading = _read(input_file)
            write_text_layer(reading, output_pdf, lying=True)
        else:
            with Image.open(input_file) as stand_in:
                page = stored[stand_in.width - 1]
            reading = page.reading
            write_text_layer(reading, output_pdf, margins=page.margins)
        output_text.write_text(reading.text + "\n", encoding="utf-8")

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        """Not offered.

        Raises:
            NotImplementedError: always; :func:`check_options` sees to it that nobody asks.
        """
        raise NotImplementedError("use --pdf-renderer sandwich")


@hookimpl
def initialize(plugin_manager: Any) -> None:
    """Runs first, in the main process: no Tesseract, one thread in whatever the workers start."""
    plugin_manager.set_blocked(_TESSERACT_PLUGIN)
    # Workers inherit it. Without it, peers measured 520 s for 17 s of work (stack.md).
    os.environ["OMP_THREAD_LIMIT"] = "1"


@hookimpl
def register_options() -> dict[str, type]:
    """OCRmyPDF's validators read ``options.tesseract`` whatever the engine is."""
    return {"tesseract": TesseractOptions}


@hookimpl
def add_options(parser: Any) -> None:
    """The arguments that belong to those options."""
    TesseractOptions.add_arguments_to_parser(parser)


@hookimpl
def get_ocr_engine(options: Any) -> OcrEngine:  # noqa: ARG001 - OCRmyPDF's interface
    """The engine, always."""
    return ReadingEngine()


@hookimpl
def check_options(options: Any) -> None:
    """The text layer is made here, whichever renderer was asked for."""
    options.pdf_renderer = "sandwich"


@hookimpl(tryfirst=True)
def rasterize_pdf_page(
    output_file: Path, pageno: int, page_dpi: Any, raster_dpi: Any, options: Any
) -> Path | None:
    """Where readings are stored nobody looks at the picture: a line of pixels stands in for it.

    Its width is the page's number (from 1), which OCRmyPDF does not tell when it asks for text.
    """
    if _stored_for(options) is None:
        return None
    dpi = (page_dpi or raster_dpi).to_scalar()
    Image.new("L", (pageno, 1), 255).save(output_file, "PNG", dpi=(dpi, dpi))
    return output_file
