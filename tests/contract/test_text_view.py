"""The text view: its boxes are where its letters are, and nothing of the text is lost."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dossier.adapters.pages import PageFiles
from dossier.adapters.textview import TextView
from dossier.adapters.textview.view import FOOT
from dossier.records import Extraction, PageReading, WordBox
from dossier.rules.limits import ReadingLimits

PARAGRAPH = "为明确供电企业和用电客户的权利和义务，安全、经济、合理、有序地供电和用电，" * 12
TABLE = "户号\t姓名\t地址\n1040106028\t黄超\t" + "某市某区某路197号" * 9 + "\n\t空\t1,200.00"
TEXT = f"供用电合同\n\n{PARAGRAPH}\n{TABLE}\nsee https://example.com/{'x' * 150}\n𠮷😀 end"


def typeset(
    tmp_path: Path, *texts: str, limits: ReadingLimits | None = None
) -> tuple[Path, tuple[PageReading, ...]]:
    pages = tuple(PageReading(number, text=text) for number, text in enumerate(texts, start=1))
    out = tmp_path / "view.pdf"
    readings = TextView(limits).typeset(Extraction(pages=pages), out=out)
    return out, readings


def picture(path: Path, page_number: int = 1) -> np.ndarray:
    png = PageFiles().render(path, page_number=page_number)
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def test_the_text_is_unchanged_and_every_letter_has_a_place(tmp_path: Path) -> None:
    _, (reading,) = typeset(tmp_path, TEXT)
    assert reading.text == TEXT
    covered = {index for word in reading.words for index in range(word.start, word.end)}
    assert {index for index, letter in enumerate(TEXT) if letter not in "\n\t"} <= covered
    for word in reading.words:
        assert len(word.edges) == word.end - word.start + 1
        assert list(word.edges) == sorted(word.edges)


def test_ink_is_in_the_boxes_and_nowhere_else_but_head_foot_and_rules(tmp_path: Path) -> None:
    path, (reading,) = typeset(tmp_path, TEXT)
    page = picture(path)
    assert page.shape == (reading.height, reading.width)
    black = page < 100  # head, foot and rules are grey
    for word in reading.words:
        x0, y0, x1, y1 = (round(value) for value in word.box)
        assert black[y0:y1, x0:x1].any()
        black[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2] = False
    assert not black.any()


def test_a_ticked_box_and_a_missing_letter_do_not_look_like_an_empty_box(tmp_path: Path) -> None:
    path, (reading,) = typeset(tmp_path, "□\n☐\n☑\n☒\n😀")
    black = picture(path) < 100
    ink = []
    for word in reading.words:
        x0, y0, x1, y1 = (round(value) for value in word.box)
        ink.append(black[y0:y1, x0:x1].mean())
    empty, also_empty, ticked, crossed, missing = ink
    assert also_empty == pytest.approx(empty, rel=0.05)
    for other in (ticked, crossed, missing):
        assert other > 1.3 * empty


def test_the_edges_of_a_number_are_those_of_its_digits_as_drawn(tmp_path: Path) -> None:
    path, (reading,) = typeset(tmp_path, "户号 1040106028 姓名")
    (word,) = reading.words
    page = picture(path)
    start = reading.text.index("1040106028")
    box = (slice(round(word.box[1]), round(word.box[3])),)
    first, last = word.edges[start], word.edges[start + 10]
    inside = (page[box[0], round(first) : round(last)] < 128).any(axis=0)
    before = (page[box[0], round(first) - 4 : round(first) - 1] < 128).any()
    after = (page[box[0], round(last) + 1 : round(last) + 4] < 128).any()
    assert inside[:8].any()
    assert inside[-8:].any()
    assert not before
    assert not after


def test_the_text_layer_of_the_view_agrees_with_the_reading(tmp_path: Path) -> None:
    path, _ = typeset(tmp_path, "甲方：黄超（本人）供电营业厅")
    own = PageFiles().read_digital(path, page_number=1)
    assert "甲方：黄超（本人）供电营业厅" in own.text
    assert FOOT.split(" ", maxsplit=1)[0] in own.text


def test_every_page_says_that_it_is_not_the_original(tmp_path: Path) -> None:
    path, readings = typeset(tmp_path, "行\n" * 120)
    assert len(readings) > 1
    for reading in readings:
        assert "文本视图" in PageFiles().read_digital(path, page_number=reading.number).text
        assert "文本视图" not in reading.text


def test_a_long_text_is_cut_at_the_limit_said_and_still_searchable(tmp_path: Path) -> None:
    lines = [f"{number}\t1040{number:06d}\t黄超" for number in range(10_000)]
    path, readings = typeset(tmp_path, "\n".join(lines), limits=ReadingLimits(view_pages=5))
    assert len(readings) == 5
    assert PageFiles().probe(path, file_name="v.pdf").page_count == 5
    assert readings[-1].truncated
    assert [line for reading in readings for line in reading.text.split("\n")] == lines
    own = PageFiles().read_digital(path, page_number=5)
    assert "后文未显示" in own.text


def test_above_the_text_nothing_is_drawn_that_no_reading_knows_of(tmp_path: Path) -> None:
    path, (reading,) = typeset(tmp_path, TEXT)
    first = min(word.box[1] for word in reading.words)
    assert picture(path)[: int(first) - 4].min() > 250


def test_words_with_places_are_set_where_the_source_has_them(tmp_path: Path) -> None:
    word = WordBox(0, 4, (400.0, 600.0, 640.0, 660.0), edges=(400.0, 460.0, 520.0, 580.0, 640.0))
    page = PageReading(1, text="电子发票", words=(word,), width=1654, height=1000)
    out = tmp_path / "view.pdf"
    (reading,) = TextView().typeset(Extraction(pages=(page,)), out=out)
    assert reading.words[0].box[0] == pytest.approx(400, abs=0.1)
    assert reading.words[0].box[2] == pytest.approx(640, abs=0.1)
    black = picture(out) < 100
    assert black.shape == (1000, 1654)
    rows, columns = np.nonzero(black[:900])
    assert 595 <= rows.min() <= 620
    assert 640 <= rows.max() <= 665
    assert 398 <= columns.min() <= 412
    assert 625 <= columns.max() <= 642


def test_an_empty_extraction_is_one_empty_page(tmp_path: Path) -> None:
    _, (reading,) = typeset(tmp_path, "")
    assert reading.blank
    assert reading.words == ()


def test_the_same_text_gives_the_same_bytes(tmp_path: Path) -> None:
    first = typeset(tmp_path, TEXT)[0].read_bytes()
    second = typeset(tmp_path, TEXT)[0].read_bytes()
    assert first == second
