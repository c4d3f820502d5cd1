"""Plain bytes find their encoding, short ones too, and pages end at line ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.text_encoding import decode_name, decode_text, detect_encoding
from dossier.rules.text_pages import clean_text, text_pages

SIMPLIFIED = [
    "户号,姓名\n104,黄超\n",
    "供电营业厅",
    "黄超",
    "甲方：国家电网，乙方：李四（本人）。电压等级 10kV，容量 315kVA。",
    "欧阳修远 尉迟恭 龑 喆 垚",
]
TRADITIONAL = ["客戶編號與電費繳納證明", "供電營業廳的用戶：黃先生，電話號碼", "臺灣電力公司"]


@pytest.mark.parametrize("text", SIMPLIFIED)
@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_simplified_text_is_read_in_every_encoding_offices_use(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("text", TRADITIONAL)
def test_traditional_text_in_big5_is_read(text: str) -> None:
    assert decode_text(text.encode("big5")) == text


def test_ascii_in_utf16_without_a_mark_is_read() -> None:
    assert decode_text("customer 104".encode("utf-16-le")) == "customer 104"
    assert decode_text("customer 104".encode("utf-16-be")) == "customer 104"


def test_a_sample_that_ends_inside_a_character_is_no_damage() -> None:
    text = "供电营业厅" * 10_000
    for encoding in ("utf-8", "gb18030"):
        for shift in range(3):
            assert decode_text(b"x" * shift + text.encode(encoding)).endswith(text)


def test_one_broken_byte_does_not_change_the_encoding() -> None:
    content = ("供电营业厅" * 100).encode() + b"\xff" + ("客户" * 100).encode()
    assert detect_encoding(content) == "utf-8"
    assert "供电营业厅" in decode_text(content)


@given(st.binary(max_size=300))
def test_any_bytes_are_some_text(content: bytes) -> None:
    assert isinstance(decode_text(content), str)
    assert isinstance(decode_name(content), str)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\ufeff\0"), min_size=1))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode_text(text.encode("utf-8-sig")) == text


@given(st.text(alphabet="字a\n\t", max_size=400), st.integers(1, 50))
def test_pages_hold_the_whole_text_in_order(text: str, page_characters: int) -> None:
    pages, cut = text_pages(
        text, engine="t", pages=100, page_characters=page_characters, total_characters=1000
    )
    assert not cut
    assert all(len(page.text) <= page_characters for page in pages)
    wanted = clean_text(text).replace("\n", "")
    assert "".join(page.text for page in pages).replace("\n", "") == wanted


def test_form_feeds_begin_pages_unless_there_are_too_many() -> None:
    few, _ = text_pages("一\f二", engine="t", pages=5, page_characters=9, total_characters=99)
    many, _ = text_pages("一\f" * 9, engine="t", pages=5, page_characters=99, total_characters=99)
    assert [page.text for page in few] == ["一", "二"]
    assert len(many) == 1


def test_control_characters_are_no_text() -> None:
    assert clean_text("a\x00b\x07\r\nc  \n\n\n\n\nd") == "a b \nc\n\nd".replace(" \n", "\n")
