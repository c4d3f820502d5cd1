"""Searchable copies: from readings that exist, and by OCRmyPDF's own command with our plugin."""

from __future__ import annotations

import io
import itertools
import logging
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name, String
from PIL import ExifTags, Image, ImageDraw, ImageFont

from dossier.adapters.ocrmypdf import OcrmypdfMaker, comparison, plugin
from dossier.errors import StepFailedError
from dossier.ports import SearchablePdf
from dossier.records import PageReading, WordBox

FONT = str(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf")
LINES = ("客户编号 4209097963", "欧阳怡璟", "襄阳市襄州区建设街306号", "男")
WIDTH, HEIGHT = 827, 1169  # A4 at 100 dpi


def scan(*, mode: str = "L", width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    page = Image.new("RGB", (width, height), "white")
    face = ImageFont.truetype(FONT, 28)
    for number, line in enumerate(LINES):
        ImageDraw.Draw(page).text((80, 100 + 120 * number), line, font=face, fill="black")
    return page.convert(mode)


def reading(*, number: int = 1, width: int = WIDTH, height: int = HEIGHT) -> PageReading:
    """What an engine would have read on :func:`scan`."""
    text, words = "", []
    for row, line in enumerate(LINES):
        text += "\n" if text else ""
        x = 80.0
        for part in line.split():
            start = len(text) if not words or text.endswith("\n") or not text else len(text) + 1
            text += ("" if start == len(text) else " ") + part
            long = sum(28 if ord(c) > 0x2E80 else 16 for c in part)
            words.append(
                WordBox(start, len(text), (x, 98.0 + 120 * row, x + long, 138.0 + 120 * row))
            )
            x += long + 10
    return PageReading(number, text, tuple(words), width, height, engine="rapidocr 3.10.0")


def saved(image: Image.Image, folder: Path, name: str, **options: object) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def make(
    original: Path, media_type: str, readings: Sequence[PageReading], out: Path
) -> SearchablePdf:
    return OcrmypdfMaker().make(original, media_type=media_type, readings=readings, out=out)


def text_at(path: Path, index: int, share: tuple[float, float, float, float]) -> str:
    """What PDFium finds inside a part of a page (left, top, right, bottom as shares, upright)."""
    page = pdfium.PdfDocument(path)[index]
    width, height = page.get_size()
    left, top, right, bottom = share
    assert page.get_rotation() == 0
    box = (left * width, height - bottom * height, right * width, height - top * height)
    return page.get_textpage().get_text_bounded(*box)


def test_a_scan_becomes_a_confirmed_archive_file_whose_every_word_is_found(tmp_path: Path) -> None:
    original = saved(scan(), tmp_path, "scan.jpg", dpi=(100, 100))
    before = original.read_bytes()
    copy = make(original, "image/jpeg", [reading()], tmp_path / "copy.pdf")
    assert (copy.format, copy.path) == ("PDF/A-2b", tmp_path / "copy.pdf")
    (text,) = comparison.texts_of(copy.path)
    assert text == "".join("".join(LINES).split())
    assert original.read_bytes() == before


def test_the_text_lies_under_its_picture(tmp_path: Path) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    copy = make(original, "image/png", [reading()], tmp_path / "copy.pdf")
    strip = (0.0, 210 / HEIGHT, 1.0, 270 / HEIGHT)
    assert text_at(copy.path, 0, strip).strip() == "欧阳怡璟"


def test_the_picture_is_taken_over_bit_for_bit(tmp_path: Path) -> None:
    original = saved(scan(mode="RGB"), tmp_path, "scan.jpg", dpi=(100, 100), quality=70)
    copy = make(original, "image/jpeg", [reading()], tmp_path / "copy.pdf")
    with pikepdf.open(copy.path) as pdf:
        streams = [
            obj.read_raw_bytes()
            for obj in pdf.objects
            if isinstance(obj, pikepdf.Stream) and obj.get("/Subtype") == "/Image"
        ]
    assert streams == [original.read_bytes()]


@pytest.mark.parametrize("rotation", (90, 180, 270))
def test_a_scan_that_lay_on_its_side_stands_upright_in_the_copy(
    tmp_path: Path, rotation: int
) -> None:
    lying = scan().rotate(rotation, expand=True)
    original = saved(lying, tmp_path, "scan.png", dpi=(100, 100))
    copy = make(original, "image/png", [replace(reading(), rotation=rotation)], tmp_path / "c.pdf")
    page = pdfium.PdfDocument(copy.path)[0]
    assert page.get_rotation() == rotation
    shown = page.render(scale=100 / 72).to_pil().convert("L")
    assert shown.size == pytest.approx((WIDTH, HEIGHT), abs=2)
    assert shown.crop((80, 90, 400, 150)).getextrema()[0] < 80  # the first line is where it was
    (text,) = comparison.texts_of(copy.path)
    assert text == "".join("".join(LINES).split())


@pytest.mark.parametrize(
    ("mode", "name", "media_type", "options"),
    (
        ("RGBA", "alpha.png", "image/png", {}),
        ("CMYK", "press.jpg", "image/jpeg", {"dpi": (100, 100)}),
        ("1", "fax.tif", "image/tiff", {"compression": "group4", "dpi": (100, 100)}),
        ("P", "palette.png", "image/png", {}),
        ("I;16", "deep.png", "image/png", {}),
        ("RGB", "no-dpi.jpg", "image/jpeg", {}),
        ("RGB", "phone.webp", "image/webp", {}),
        ("L", "plain.bmp", "image/bmp", {}),
    ),
)
def test_every_kind_of_picture_gets_a_copy(
    tmp_path: Path, mode: str, name: str, media_type: str, options: dict[str, object]
) -> None:
    page = scan().convert("I;16").point(lambda v: v * 257) if mode == "I;16" else scan(mode=mode)
    copy = make(saved(page, tmp_path, name, **options), media_type, [reading()], tmp_path / "c.pdf")
    width, height = pdfium.PdfDocument(copy.path)[0].get_size()
    assert (width, height) == pytest.approx((595, 842), abs=2)
    assert copy.format == ("PDF" if mode == "CMYK" else "PDF/A-2b")


@pytest.mark.parametrize("compression", ["tiff_lzw", "raw"])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)],
    ids=["upside down", "on its side"],
)
def test_a_tiff_that_says_how_it_lies_has_its_text_where_the_picture_has_it(
    tmp_path: Path, orientation: int, turn: Image.Transpose, compression: str
) -> None:
    path = saved(
        scan().transpose(turn),
        tmp_path,
        "a.tif",
        compression=compression,
        dpi=(100, 100),
        tiffinfo={ExifTags.Base.Orientation: orientation},
    )
    copy = make(path, "image/tiff", [reading()], tmp_path / "copy.pdf")
    assert LINES[1] in text_at(copy.path, 0, (0.05, 0.17, 0.5, 0.24))
    page = pdfium.PdfDocument(copy.path)[0]
    shown = page.render(scale=WIDTH / page.get_size()[0]).to_pil().convert("L")
    assert shown.size == pytest.approx((WIDTH, HEIGHT), abs=2)
    assert ink_share(shown) == pytest.approx(ink_share(scan()), abs=0.01)


def ink_share(picture: Image.Image) -> tuple[float, ...]:
    """Where the ink begins and ends, as shares of the sides."""
    left, top, right, bottom = picture.point(lambda grey: 255 * (grey < 128)).getbbox()
    width, height = picture.size
    return left / width, top / height, right / width, bottom / height


def test_a_tiff_of_several_frames_becomes_as_many_pages(tmp_path: Path) -> None:
    original = saved(
        scan(mode="1"),
        tmp_path,
        "many.tif",
        save_all=True,
        dpi=(100, 100),
        append_images=[scan(mode="L"), scan(mode="1")],
    )
    readings = [reading(number=n) for n in (1, 2, 3)]
    readings[1] = PageReading(2, width=WIDTH, height=HEIGHT, blank=True, engine="rapidocr 3.10.0")
    copy = make(original, "image/tiff", readings, tmp_path / "copy.pdf")
    assert [bool(text) for text in comparison.texts_of(copy.path)] == [True, False, True]


def three_frames(tmp_path: Path) -> Path:
    """A TIFF of three scans, packed."""
    frames = [scan().effect_spread(9) for _ in range(3)]
    return saved(
        frames[0],
        tmp_path,
        "a.tif",
        save_all=True,
        append_images=frames[1:],
        compression="tiff_lzw",
    )


def test_a_tiff_with_a_broken_frame_gets_a_copy_in_which_that_page_is_empty(tmp_path: Path) -> None:
    path = three_frames(tmp_path)
    content = bytearray(path.read_bytes())
    with Image.open(path) as opened:
        opened.seek(1)
        places = list(zip(opened.tag_v2[273], opened.tag_v2[279], strict=True))
    for start, length in places:
        content[start : start + length] = b"\xff" * length
    path.write_bytes(content)
    readings = (reading(number=1), PageReading(number=2, error="corrupt"), reading(number=3))
    copy = make(path, "image/tiff", readings, tmp_path / "copy.pdf")
    assert [bool(text) for text in comparison.texts_of(copy.path)] == [True, False, True]


def test_a_tiff_whose_last_frame_and_directory_are_missing_gets_a_copy(tmp_path: Path) -> None:
    path = three_frames(tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.9)])
    readings = (reading(number=1), reading(number=2), PageReading(number=3, error="truncated"))
    copy = make(path, "image/tiff", readings, tmp_path / "copy.pdf")
    assert [bool(text) for text in comparison.texts_of(copy.path)] == [True, True, False]


def test_a_page_that_was_read_is_never_left_empty_in_the_copy(tmp_path: Path) -> None:
    path = saved(scan(), tmp_path, "a.tif", compression="tiff_lzw")
    readings = (reading(number=1), reading(number=2), PageReading(number=3, error="truncated"))
    with pytest.raises(StepFailedError):
        make(path, "image/tiff", readings, tmp_path / "copy.pdf")


def born_digital(path: Path, *, with_scan: bool) -> Path:
    pdf = FPDF(format="A4")
    pdf.add_font("hei", fname=FONT)
    pdf.set_font("hei", size=14)
    pdf.add_page()
    pdf.cell(text="供用电合同 原生文字")
    if with_scan:
        buffer = io.BytesIO()
        scan().save(buffer, "PNG")
        pdf.add_page()
        pdf.image(buffer, 0, 0, 210, 297)
    pdf.output(str(path))
    return path


def test_born_digital_pages_of_a_mixed_file_keep_their_own_text(tmp_path: Path) -> None:
    original = born_digital(tmp_path / "mixed.pdf", with_scan=True)
    own = PageReading(1, "供用电合同 原生文字", (), 1654, 2339, engine="pdf text (pdfium 1)")
    copy = make(original, "application/pdf", [own, reading(number=2)], tmp_path / "copy.pdf")
    first, second = comparison.texts_of(copy.path)
    assert first == "供用电合同原生文字"
    assert second == "".join("".join(LINES).split())


def test_a_wholly_born_digital_file_keeps_its_text(tmp_path: Path) -> None:
    original = born_digital(tmp_path / "digital.pdf", with_scan=False)
    own = PageReading(1, "供用电合同 原生文字", (), 1654, 2339, engine="pdf text (pdfium 1)")
    copy = make(original, "application/pdf", [own], tmp_path / "copy.pdf")
    assert comparison.texts_of(copy.path) == ["供用电合同原生文字"]


def test_an_older_worse_text_layer_is_replaced(tmp_path: Path) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    bad = replace(reading(), text="错误文字" + reading().text[4:])
    make(original, "image/png", [bad], tmp_path / "bad.pdf")
    copy = make(tmp_path / "bad.pdf", "application/pdf", [reading()], tmp_path / "copy.pdf")
    assert comparison.texts_of(copy.path) == ["".join("".join(LINES).split())]


def signed_form(path: Path) -> None:
    """Put a filled-in field and a signature's field on the first page."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0].obj
        widget = {"/Type": Name.Annot, "/Subtype": Name.Widget, "/P": page}
        filled = {"/FT": Name.Tx, "/T": String("a"), "/V": String("7"), "/Rect": [9, 9, 99, 30]}
        value = {"/Type": Name.Sig, "/Filter": Name("/Adobe.PPKLite"), "/Contents": String("x")}
        signed = {"/FT": Name.Sig, "/T": String("b"), "/Rect": [0, 0, 0, 0]}
        signed["/V"] = pdf.make_indirect(Dictionary(value))
        fields = Array([pdf.make_indirect(Dictionary(widget | one)) for one in (filled, signed)])
        page.Annots = pdf.make_indirect(fields)
        pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=fields, SigFlags=3))
        pdf.save(path)


def test_a_signed_scan_with_an_older_text_layer_gets_a_copy(tmp_path: Path) -> None:
    """It had none: OCRmyPDF takes no layer away from a file with a form, and a signature is one."""
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    bad = replace(reading(), text="错误文字" + reading().text[4:])
    make(original, "image/png", [bad], tmp_path / "bad.pdf")
    signed_form(tmp_path / "bad.pdf")
    copy = make(tmp_path / "bad.pdf", "application/pdf", [reading()], tmp_path / "copy.pdf")
    (text,) = comparison.texts_of(copy.path)
    assert "错误文字" not in text
    assert "".join("".join(LINES).split()) in text


def test_a_page_whose_font_does_not_tell_its_characters_gets_a_copy(tmp_path: Path) -> None:
    """It had none: PDFium finds no text there, so the page is read by OCR; OCRmyPDF finds some."""
    original = born_digital(tmp_path / "digital.pdf", with_scan=False)
    with pikepdf.open(original, allow_overwriting_input=True) as pdf:
        for one in pdf.objects:
            if isinstance(one, Dictionary) and Name.ToUnicode in one:
                del one[Name.ToUnicode]
        pdf.save(original)
    assert comparison.texts_of(original) == [""]
    read = reading(width=1654, height=2339)
    copy = make(original, "application/pdf", [read], tmp_path / "copy.pdf")
    assert comparison.texts_of(copy.path) == ["".join("".join(LINES).split())]
    assert drawn(copy.path) == drawn(original)


def drawn(path: Path) -> bytes:
    """The first page's picture."""
    return bytes(pdfium.PdfDocument(path)[0].render(scale=1).to_pil().tobytes())


def test_text_lies_right_where_the_crop_box_is_smaller_than_the_media_box(tmp_path: Path) -> None:
    source = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    no_text = PageReading(1, width=WIDTH, height=HEIGHT, blank=True)
    plain = make(source, "image/png", [no_text], tmp_path / "plain.pdf")
    with pikepdf.open(plain.path) as pdf:
        box = [float(v) for v in pdf.pages[0].mediabox]
        pdf.pages[0].mediabox = [box[0] - 72, box[1] - 36, box[2] + 18, box[3] + 54]
        pdf.pages[0].cropbox = box
        pdf.save(tmp_path / "wide.pdf")
    copy = make(tmp_path / "wide.pdf", "application/pdf", [reading()], tmp_path / "copy.pdf")
    page = pdfium.PdfDocument(copy.path)[0]
    left, bottom, right, top = page.get_cropbox()
    high = top - bottom
    strip = (left, top - 270 / HEIGHT * high, right, top - 210 / HEIGHT * high)
    assert page.get_textpage().get_text_bounded(*strip).strip() == "欧阳怡璟"


LONG_LINES = tuple(
    f"第{number}条用电人应当按照国家有关规定及时交纳电费并且妥善保管用电计量装置不得擅自移动"
    for number in "一二三四五六七八九十"
)


def leaning(slope: float, *, bend: float = 0.0) -> PageReading:
    """What is read on a page of close lines that fall by ``slope`` (and curl): pieces of six."""
    words, text, size, piece = [], "", 16.0, 6
    for row, line in enumerate(LONG_LINES):
        start = len(text) + bool(text)
        text += "\n" * bool(text) + line
        for at in range(0, len(line), piece):
            end = min(at + piece, len(line))
            ends = [60 + size * place for place in (at, end)]
            downs = [300 + 22 * row + slope * x + bend * ((x - 360) / 300) ** 2 for x in ends]
            box = (ends[0], min(downs) - size / 2, ends[1], max(downs) + size / 2)
            words.append(WordBox(start + at, start + end, box))
    skew = math.degrees(math.atan(slope))
    return PageReading(1, text, tuple(words), WIDTH, HEIGHT, skew=skew, engine="rapidocr 3.10.0")


@pytest.mark.parametrize(
    ("slope", "bend"),
    [(-0.07, 0.0), (0.0, 0.0), (2e-6, 0.0), (0.035, 0.0), (0.07, 0.0), (0.0, 40.0)],
)
def test_lines_of_a_skewed_or_curled_page_stay_whole_and_in_order(
    tmp_path: Path, slope: float, bend: float
) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    read = leaning(slope, bend=bend)
    copy = make(original, "image/png", [read], tmp_path / "copy.pdf")
    text = pdfium.PdfDocument(copy.path)[0].get_textpage().get_text_bounded()
    assert text.split() == list(LONG_LINES)


@pytest.mark.parametrize(("slope", "bend"), [(0.07, 0.0), (-0.035, 0.0), (0.0, 40.0)])
def test_leaning_and_curled_text_lies_under_its_picture(
    tmp_path: Path, slope: float, bend: float
) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    read = leaning(slope, bend=bend)
    copy = make(original, "image/png", [read], tmp_path / "copy.pdf")
    for word in read.words[::5]:
        x0, y0, x1, y1 = word.box
        inside = (x0 / WIDTH, (y0 - 4) / HEIGHT, x1 / WIDTH, (y1 + 4) / HEIGHT)
        found = "".join(text_at(copy.path, 0, inside).split())
        assert read.text[word.start + 1 : word.end - 1] in found


NOTE = "边注铁佛寺分支箱"


def beside_a_note(
    x: float, y: float, *, at: int, by_character: bool, lean: float = 0.0
) -> PageReading:
    """Lines at x 160, and a note that runs down the page from (x, y), read after ``at`` of them."""
    texts = [*LINES[:at], NOTE, *LINES[at:]]
    words, start, row = [], 0, 0
    for text in texts:
        if text is NOTE:
            step, size = 40.0, 28.0
            ends = range(len(NOTE) + 1) if by_character else (0, len(NOTE))
            for first, last in itertools.pairwise(ends):
                left, right = sorted((x - lean * step * first, x - lean * step * last))
                box = (left, y + step * first, right + size, y + step * last)
                words.append(WordBox(start + first, start + last, box, vertical=True))
        else:
            for part in text.split():
                first = start + text.index(part)
                left = 160 + 30.0 * text.index(part)
                box = (left, 200.0 + 60 * row, left + 28 * len(part), 232.0 + 60 * row)
                words.append(WordBox(first, first + len(part), box))
            row += 1
        start += len(text) + 1
    skew = math.degrees(math.atan(lean))
    return PageReading(
        1, "\n".join(texts), tuple(words), WIDTH, HEIGHT, skew=skew, engine="rapidocr 3.10.0"
    )


@pytest.mark.parametrize("by_character", [False, True])
@pytest.mark.parametrize(
    ("x", "y", "at"), [(60, 150, 0), (60, 210, 2), (110, 262, 1), (700, 210, 0), (700, 150, 4)]
)
def test_text_that_runs_down_the_page_beside_lines_is_found_whole(
    tmp_path: Path, x: float, y: float, at: int, *, by_character: bool
) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    read = beside_a_note(x, y, at=at, by_character=by_character)
    copy = make(original, "image/png", [read], tmp_path / "copy.pdf")
    (text,) = comparison.texts_of(copy.path)
    assert all(word in text for word in read.text.split())


def test_columns_keep_their_order_from_the_right(tmp_path: Path) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    columns = ("立租田契人欧阳怀瑾", "愿将自置水田三亩", "出租与电灯公司使用")
    words, start = [], 0
    for number, column in enumerate(columns):
        left = 600.0 - 90 * number
        box = (left, 200.0, left + 36, 200.0 + 44 * len(column))
        words.append(WordBox(start, start + len(column), box, vertical=True))
        start += len(column) + 1
    read = PageReading(1, "\n".join(columns), tuple(words), WIDTH, HEIGHT, engine="rapidocr")
    copy = make(original, "image/png", [read], tmp_path / "copy.pdf")
    assert comparison.texts_of(copy.path) == ["".join(columns)]


@pytest.mark.parametrize("lean", [0.0, 0.05, -0.05])
def test_text_that_runs_down_the_page_lies_under_its_picture(tmp_path: Path, lean: float) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    read = beside_a_note(60, 150, at=0, by_character=True, lean=lean)
    copy = make(original, "image/png", [read], tmp_path / "copy.pdf")
    for at in (0, 3, len(NOTE) - 1):
        x0, y0, x1, y1 = read.words[at].box
        inside = ((x0 + 6) / WIDTH, (y0 + 12) / HEIGHT, (x1 - 6) / WIDTH, (y1 - 12) / HEIGHT)
        assert text_at(copy.path, 0, inside).strip() == NOTE[at]


def test_a_copy_that_would_lose_text_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    half = replace(reading(), words=reading().words[:2])
    with pytest.raises(StepFailedError, match="less text"):
        make(original, "image/png", [half], tmp_path / "copy.pdf")
    assert not (tmp_path / "copy.pdf").exists()


def test_a_broken_original_fails_without_a_copy_and_without_a_path_in_the_message(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(StepFailedError) as caught:
        make(tmp_path / "broken.pdf", "application/pdf", [reading()], tmp_path / "copy.pdf")
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "copy.pdf").exists()


def test_no_log_line_holds_the_pages_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    original = saved(scan(), tmp_path, "scan.png", dpi=(100, 100))
    with caplog.at_level(logging.DEBUG):
        make(original, "image/png", [reading()], tmp_path / "copy.pdf")
    assert not any(word in caplog.text for word in ("欧阳", "4209097963", "建设街"))


def test_the_internals_that_the_plugin_relies_on_are_there() -> None:
    from ocrmypdf._graft import OcrGrafter
    from ocrmypdf.builtin_plugins import tesseract_ocr

    assert version("ocrmypdf").startswith("17.13.")
    assert tesseract_ocr.__name__ == plugin._TESSERACT_PLUGIN
    assert {"tesseract"} == set(tesseract_ocr.register_options())
    assert callable(OcrGrafter._graft_sandwich_text_layer)


def ocrmypdf(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing on the PATH."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PATH", "OMP_THREAD_LIMIT")}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "ocrmypdf",
            "--plugin",
            "dossier.adapters.ocrmypdf.plugin",
            "--rasterizer",
            "pypdfium",
            "--pdfa-backend",
            "internal",
            *map(str, arguments),
        ],
        env={**kept, "PATH": "", "PYTHONPATH": str(Path(plugin.__file__).parents[3])},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.slow
def test_ocrmypdf_itself_reads_pages_with_the_plugin_and_an_empty_path(tmp_path: Path) -> None:
    scans = [scan(), scan().rotate(90, expand=True)]
    saved(scans[0], tmp_path, "in.pdf", save_all=True, append_images=scans[1:], resolution=100)
    done = ocrmypdf("--sidecar", "text.txt", "--jobs", "2", "in.pdf", "out.pdf", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for text in comparison.texts_of(tmp_path / "out.pdf"):
        assert "欧阳怡璟" in text
        assert "4209097963" in text
    assert (tmp_path / "text.txt").read_text(encoding="utf-8").count("4209097963") == 2
    assert "4209097963" not in done.stderr


WITNESS = """
import os
from pathlib import Path
from ocrmypdf import hookimpl

@hookimpl
def filter_ocr_image(page, image):
    limit = os.environ.get("OMP_THREAD_LIMIT", "none")
    Path(f"witness-{page.pageno}.txt").write_text(f"{limit} {os.getpid()} {os.getppid()}")
"""


@pytest.mark.slow
def test_worker_processes_get_a_thread_limit_of_one(tmp_path: Path) -> None:
    (tmp_path / "witness.py").write_text(WITNESS, encoding="utf-8")
    saved(scan(), tmp_path, "in.pdf", save_all=True, append_images=[scan()], resolution=100)
    done = ocrmypdf("--plugin", "witness.py", "--jobs", "2", "in.pdf", "out.pdf", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    seen = [(tmp_path / f"witness-{n}.txt").read_text().split() for n in (0, 1)]
    assert [limit for limit, _, _ in seen] == ["1", "1"]
    assert all(pid != parent for _, pid, parent in seen)


def pictures_of(page: pikepdf.Page) -> dict[str, pikepdf.Stream]:
    return dict(page.obj.Resources.XObject.items())


def test_a_paper_of_a_stack_has_its_own_pages_and_not_a_byte_of_the_others(tmp_path: Path) -> None:
    """Some scanners list the pictures of all pages among the resources of each."""
    pages = []
    for at in range(3):
        page = scan()
        ImageDraw.Draw(page).rectangle((300 + 40 * at, 700, 500, 800), fill="black")
        pages.append(page)
    whole = tmp_path / "stack.pdf"
    pages[0].save(whole, "PDF", save_all=True, append_images=pages[1:], resolution=100)
    with pikepdf.open(whole, allow_overwriting_input=True) as pdf:
        firsts = [next(iter(pictures_of(page).values())) for page in pdf.pages]
        raw = [one.read_raw_bytes() for one in firsts]
        named = {f"/P{n}": one for n, one in enumerate(firsts)}
        shared = pdf.make_indirect(Dictionary(XObject=Dictionary(named)))
        for n, page in enumerate(pdf.pages):
            page.obj.Resources = shared
            box = [float(side) for side in page.mediabox]
            draw = f"q {box[2]} 0 0 {box[3]} 0 0 cm /P{n} Do Q"
            page.obj.Contents = pdf.make_stream(draw.encode())
        pdf.save(whole)
    out = tmp_path / "part.pdf"
    readings = [reading(number=1), reading(number=2)]
    OcrmypdfMaker().make(
        whole, media_type="application/pdf", readings=readings, out=out, pages=(3, 1)
    )
    with pikepdf.open(out) as part:
        assert len(part.pages) == 2
        streams = [one for one in part.objects if isinstance(one, pikepdf.Stream)]
        held = [one.read_raw_bytes() for one in streams]
        assert [picture in held for picture in raw] == [True, False, True]


def test_a_paper_of_a_stack_in_a_TIFF_has_its_own_frames(tmp_path: Path) -> None:
    frames = [scan(width=WIDTH + 10 * at) for at in range(3)]
    whole = tmp_path / "stack.tif"
    frames[0].save(whole, "TIFF", save_all=True, append_images=frames[1:], dpi=(100, 100))
    out = tmp_path / "part.pdf"
    readings = [reading(width=WIDTH + 10)]
    OcrmypdfMaker().make(whole, media_type="image/tiff", readings=readings, out=out, pages=(2,))
    with pikepdf.open(out) as part:
        assert len(part.pages) == 1
        streams = [one for one in part.objects if isinstance(one, pikepdf.Stream)]
        assert {int(one.get("/Width", WIDTH + 10)) for one in streams} == {WIDTH + 10}
