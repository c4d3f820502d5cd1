"""Names of files, whatever their bytes, are stored and shown as text, and found again."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.file_names import (
    base_name,
    coded,
    decoded,
    fitting,
    kind_ending,
    readable,
    shortened,
)


@given(st.binary(min_size=1, max_size=80))
def test_any_name_comes_back_byte_for_byte(raw: bytes) -> None:
    name = os.fsdecode(raw)
    assert os.fsencode(decoded(coded(name))) == raw


@given(st.binary(min_size=1, max_size=80))
def test_a_coded_name_is_printable_unicode(raw: bytes) -> None:
    stored = coded(os.fsdecode(raw))
    stored.encode("utf-8")
    assert not any(sign < " " or sign == "\x7f" for sign in stored)


@given(st.binary(min_size=1, max_size=255))
def test_a_readable_name_can_be_stored(raw: bytes) -> None:
    assert len(readable(os.fsdecode(raw)).encode("utf-8")) > 0


def test_names_in_gbk_are_read_as_such() -> None:
    assert readable(os.fsdecode("供用电合同.pdf".encode("gbk"))) == "供用电合同.pdf"


def test_a_name_in_no_known_encoding_keeps_its_readable_part() -> None:
    assert readable(os.fsdecode(b"scan\xff\xff.pdf")) == "scan%FF%FF.pdf"


def test_marks_that_turn_the_reading_order_round_are_shown_as_codes() -> None:
    assert coded("invoice\u202efdp.exe") == "invoice%E2%80%AEfdp.exe"


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\wang\\合同.docx", "合同.docx"),
        ("a\0b.pdf", "ab.pdf"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("合同😀.pdf", "合同😀.pdf"),
    ],
)
def test_only_the_last_part_of_a_sent_name_counts(given_name: str, expected: str) -> None:
    assert base_name(given_name) == expected


@given(st.text(min_size=1, max_size=300).filter(lambda name: "/" not in name and "\0" not in name))
def test_a_fitted_name_fits_a_file_system_and_keeps_its_suffix(name: str) -> None:
    encodable = name.encode("utf-8", "replace").decode("utf-8")
    fitted = fitting(encodable, ".reason.txt")
    assert len(os.fsencode(fitted)) <= 255
    assert fitted.endswith(".reason.txt")
    os.fsencode(fitted).decode("utf-8")


def test_a_long_name_keeps_its_ending() -> None:
    short = shortened("长" * 2000 + ".pdf")
    assert len(short) <= 1000
    assert short.endswith("….pdf")


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("张三合同.docx", ".docx"),
        ("scan.0042.PDF", ".PDF"),
        ("公告.7z", ".7z"),
        ("合同.张三", ""),
        ("张三.13812345678", ""),
        ("合同.zhangsan", ""),
        ("第2.1", ""),
        (".pdf", ""),
        ("合同", ""),
        ("", ""),
    ],
)
def test_an_ending_that_is_no_kind_of_file_is_part_of_the_name(name: str, ending: str) -> None:
    assert kind_ending(name) == ending
