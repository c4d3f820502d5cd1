"""The contract of :class:`dossier.ports.OcrEngine`, held by the engine that ships."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from dossier.adapters.rapidocr import RapidOcrEngine
from dossier.errors import UnreadableFileError
from dossier.ports import OcrEngine
from dossier.records import PageReading

FONT = str(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf")
ROWS = (
    ("低压居民用电申请表",),
    ("客户名称", "欧阳怡璟"),
    ("客户编号", "4209097963"),
    ("用电地址", "襄阳市襄州区建设街306号"),
    ("本合同一式两份，供用电双方各执一份，自双方签字盖章之日起生效。",),
)


def form(mode: str = "L") -> Image.Image:
    """A small invented form: two columns, 30 pixel print, on 1000 x 700."""
    page = Image.new(mode, (1000, 700), "white")
    pen = ImageDraw.Draw(page)
    face = ImageFont.truetype(FONT, 30)
    for number, row in enumerate(ROWS):
        for column, text in enumerate(row):
            pen.text((60 + 260 * column, 60 + 110 * number), text, font=face, fill="black")
    return page


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    return RapidOcrEngine()


def read(engine: OcrEngine, page: Image.Image, folder: Path) -> PageReading:
    path = folder / "page.png"
    page.save(path)
    return engine.read(path, page_number=1)


def flat(text: str) -> str:
    return "".join(text.split()).replace(",", "，")


def test_rows_are_lines_and_cells_are_parted_by_tabs(engine: OcrEngine, tmp_path: Path) -> None:
    reading = read(engine, form(), tmp_path)
    assert reading.text.replace(",", "，").split("\n") == ["\t".join(row) for row in ROWS]
    assert (reading.width, reading.height, reading.rotation) == (1000, 700, 0)
    assert reading.confidence > 0.95
    assert not reading.blank


def test_the_same_picture_is_read_the_same_way_twice_and_after_release(
    engine: OcrEngine, tmp_path: Path
) -> None:
    first = read(engine, form(), tmp_path)
    engine.release()
    assert read(engine, form(), tmp_path) == first


@pytest.mark.parametrize("turned", (90, 180, 270))
def test_a_page_that_lies_on_its_side_is_turned_upright(
    engine: OcrEngine, tmp_path: Path, turned: int
) -> None:
    lying = form().rotate(turned, expand=True)  # counter-clockwise, so clockwise puts it right
    reading = read(engine, lying, tmp_path)
    assert reading.rotation == turned
    assert (reading.width, reading.height) == (1000, 700)
    assert flat(reading.text) == flat("".join("".join(row) for row in ROWS))


COLUMNS = ("立租田契人欧阳怀瑾今因正用", "愿将自置水田三亩坐落白河口", "出租与电灯公司安设电杆使用")


def columns(*, title: str = "") -> Image.Image:
    """An invented deed in the old manner: columns of 36 pixel print, read from the right."""
    page = Image.new("L", (700, 1000), "white")
    pen = ImageDraw.Draw(page)
    face = ImageFont.truetype(FONT, 36)
    pen.text((260, 60), title, font=face, fill="black")
    for number, text in enumerate(COLUMNS):
        for place, character in enumerate(text):
            pen.text((500 - 90 * number, 160 + 44 * place), character, font=face, fill="black")
    return page


@pytest.mark.parametrize("turned", (0, 90, 180, 270))
def test_upright_columns_stay_upright_and_are_read_from_the_right(
    engine: OcrEngine, tmp_path: Path, turned: int
) -> None:
    reading = read(engine, columns().rotate(turned, expand=True), tmp_path)
    assert reading.rotation == turned
    assert (reading.width, reading.height) == (700, 1000)
    assert reading.text.split("\n") == list(COLUMNS)
    assert all(word.vertical for word in reading.words)


def test_what_stands_over_columns_is_read_before_them(engine: OcrEngine, tmp_path: Path) -> None:
    reading = read(engine, columns(title="租田契约"), tmp_path)
    assert reading.text.split("\n") == ["租田契约", *COLUMNS]


def test_leaning_columns_keep_their_order_and_the_skew_is_measured(
    engine: OcrEngine, tmp_path: Path
) -> None:
    leaning = columns().rotate(-2.5, fillcolor="white", resample=Image.Resampling.BICUBIC)
    reading = read(engine, leaning, tmp_path)
    assert reading.rotation == 0
    assert reading.skew == pytest.approx(2.5, abs=0.4)
    assert reading.text.split("\n") == list(COLUMNS)


def test_a_note_printed_sideways_is_one_piece_that_runs_down(
    engine: OcrEngine, tmp_path: Path
) -> None:
    page = form()
    note = Image.new("L", (320, 40), "white")
    face = ImageFont.truetype(FONT, 28)
    ImageDraw.Draw(note).text((4, 0), "边注铁佛寺分支箱", font=face, fill="black")
    page.paste(note.rotate(-90, expand=True), (4, 200))
    reading = read(engine, page, tmp_path)
    assert reading.rotation == 0
    (word,) = [word for word in reading.words if word.vertical]
    assert reading.text[word.start : word.end] == "边注铁佛寺分支箱"
    assert word.edges[3] == pytest.approx(200 + 4 + 3 * 28, abs=9)


def test_any_part_of_a_line_has_its_box(engine: OcrEngine, tmp_path: Path) -> None:
    reading = read(engine, form(), tmp_path)
    start = reading.text.index("建设街")
    word = next(w for w in reading.words if w.start <= start < w.end)
    left, right = word.edges[start - word.start], word.edges[start + 3 - word.start]
    face = ImageFont.truetype(FONT, 30)
    line = "襄阳市襄州区建设街306号"
    before = 320 + face.getlength(line[: line.index("建")])
    assert left == pytest.approx(before, abs=8)
    assert right == pytest.approx(before + face.getlength("建设街"), abs=8)
    assert word.box[1] < 60 + 330 + 20 < word.box[3]


def test_words_cover_the_text_without_its_separators(engine: OcrEngine, tmp_path: Path) -> None:
    reading = read(engine, form(), tmp_path)
    covered = {i for word in reading.words for i in range(word.start, word.end)}
    left_out = [c for i, c in enumerate(reading.text) if i not in covered]
    assert all(c.isspace() for c in left_out)
    for word in reading.words:
        assert len(word.edges) == word.end - word.start + 1
        assert list(word.edges) == sorted(word.edges)
        assert 0 <= word.confidence <= 1


def test_skew_is_measured_clockwise_and_the_text_is_read_all_the_same(
    engine: OcrEngine, tmp_path: Path
) -> None:
    leaning = form().rotate(-3, fillcolor="white", resample=Image.Resampling.BICUBIC)
    reading = read(engine, leaning, tmp_path)
    assert reading.skew == pytest.approx(3, abs=0.4)
    assert "4209097963" in reading.text


@pytest.mark.parametrize(("apart", "dot"), ((4, 2), (6, 4)))
def test_what_a_needle_printer_printed_in_dots_is_read(
    engine: OcrEngine, tmp_path: Path, apart: int, dot: int
) -> None:
    printed = Image.new("L", (1000, 260), "white")
    pen = ImageDraw.Draw(printed)
    for at, text in enumerate(("客户编号 4269200944", "实用电量 315 千瓦时 金额 176.40")):
        pen.text((60, 40 + 110 * at), text, font=ImageFont.truetype(FONT, 52), fill="black")
    pixels = np.array(printed)
    down, across = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    pixels[(down % apart >= dot) | (across % apart >= dot)] = 255
    pixels[pixels < 128] = 90  # worn ribbon
    reading = read(engine, Image.fromarray(pixels), tmp_path)
    assert flat(reading.text) == "客户编号4269200944实用电量315千瓦时金额176.40"


def test_a_white_page_is_blank_and_loads_no_model(tmp_path: Path) -> None:
    engine = RapidOcrEngine()
    reading = read(engine, Image.new("L", (1654, 2339), 255), tmp_path)
    assert reading.blank
    assert (reading.number, reading.text, reading.width, reading.height) == (1, "", 1654, 2339)
    assert engine._models is None


@pytest.mark.parametrize("mode", ("1", "P", "RGBA", "LA", "CMYK", "I;16"))
def test_every_pixel_format_is_read(engine: OcrEngine, tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        page = Image.fromarray((np.asarray(form()).astype(np.uint16)) * 257)
    else:
        page = form("RGB").convert("RGBA" if mode == "LA" else "RGB").convert(mode)
    path = tmp_path / ("page.tif" if mode == "CMYK" else "page.png")
    page.save(path)
    assert "4209097963" in engine.read(path, page_number=1).text


def test_a_red_seal_is_read_after_the_text_and_hides_none_of_it(
    engine: OcrEngine, tmp_path: Path
) -> None:
    page = form("RGB")
    plain = read(engine, page, tmp_path)
    stamp_seal(page, (700, 380), 105, "襄州供电公司业务专用章")
    reading = read(engine, page, tmp_path)
    assert reading.text.startswith(plain.text)
    assert reading.text.splitlines()[-1] == "襄州供电公司业务专用章"


def stamp_seal(page: Image.Image, middle: tuple[int, int], radius: int, text: str) -> None:
    red = (205, 35, 40)
    pen = ImageDraw.Draw(page)
    x, y = middle
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=red, width=5)
    face = ImageFont.truetype(FONT, 26)
    for number, character in enumerate(text):
        turn = -120 + 240 * number / (len(text) - 1)
        tile = Image.new("L", (60, 60))
        ImageDraw.Draw(tile).text((30, 30), character, font=face, fill=255, anchor="mm")
        tile = tile.rotate(-turn, resample=Image.Resampling.BICUBIC)
        at_x = x + radius * 0.75 * np.sin(np.radians(turn)) - 30
        at_y = y - radius * 0.75 * np.cos(np.radians(turn)) - 30
        page.paste(red, (round(at_x), round(at_y)), tile)


def test_a_bar_code_is_read_with_its_place(engine: OcrEngine, tmp_path: Path) -> None:
    page = form()
    code = zxingcpp.create_barcode("4209097963", zxingcpp.BarcodeFormat.Code128)
    picture = Image.fromarray(np.array(code.to_image(scale=3))).resize((360, 70))
    page.paste(picture, (600, 20))
    (found,) = read(engine, page, tmp_path).barcodes
    assert (found.text, found.format) == ("4209097963", "Code128")
    assert 560 < found.box[0] < found.box[2] < 1000


def test_ticked_and_empty_boxes_are_told_apart(engine: OcrEngine, tmp_path: Path) -> None:
    page = form()
    face = ImageFont.truetype(FONT, 30)
    ImageDraw.Draw(page).text((60, 620), "业务类型：□新装 ■增容 □过户", font=face, fill="black")
    last = read(engine, page, tmp_path).text.splitlines()[-1]
    assert flat(last).replace(":", "：") == "业务类型：□新装■增容□过户"


def test_a_file_that_is_no_picture_is_named_unreadable(engine: OcrEngine, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"not a picture")
    with pytest.raises(UnreadableFileError) as caught:
        engine.read(tmp_path / "no.png", page_number=1)
    assert caught.value.reason == "corrupt"


@pytest.mark.parametrize("size", ((1, 1), (3, 900), (900, 3), (40, 40)))
@pytest.mark.parametrize("mode", ("L", "RGB"))
def test_the_smallest_pictures_are_read_without_a_fault(
    engine: OcrEngine, tmp_path: Path, size: tuple[int, int], mode: str
) -> None:
    for ink in ("white", "black", "red" if mode == "RGB" else "gray"):
        reading = read(engine, Image.new(mode, size, ink), tmp_path)
        assert (reading.width, reading.height) in (size, size[::-1])


def test_a_picture_of_too_many_pixels_is_refused(
    engine: OcrEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form().save(tmp_path / "page.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(UnreadableFileError) as caught:
        engine.read(tmp_path / "page.png", page_number=1)
    assert caught.value.reason == "too_many_pixels"


def test_reading_neither_logs_nor_prints_nor_writes_nor_calls_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("the engine opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG):
        reading = read(RapidOcrEngine(), form(), tmp_path)
    assert "4209097963" in reading.text
    out, err = capfd.readouterr()
    assert out == err == ""
    assert "4209097963" not in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["page.png"]


def test_the_page_number_is_the_callers(engine: OcrEngine, tmp_path: Path) -> None:
    form().save(tmp_path / "page.png")
    first = engine.read(tmp_path / "page.png", page_number=1)
    assert engine.read(tmp_path / "page.png", page_number=7) == replace(first, number=7)


def test_a_page_number_between_dashes_is_read_where_it_stands(
    engine: OcrEngine, tmp_path: Path
) -> None:
    page = Image.new("L", (1000, 1400), "white")
    page.paste(form(), (0, 0))
    face = ImageFont.truetype(FONT, 20)
    ImageDraw.Draw(page).text((480, 1330), "- 3 -", font=face, fill="black")
    reading = read(engine, page, tmp_path)
    assert "".join(reading.text.split("\n")[-1].split()) == "-3-"
    (number,) = [word for word in reading.words if "3" in reading.text[word.start : word.end]][-1:]
    assert 1320 < number.box[1] < number.box[3] < 1370
    assert 470 < number.box[0] < number.box[2] < 540
