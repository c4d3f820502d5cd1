"""Key fields on a page: behind labels, in the next cell, below, misread, and alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.records import PageReading, WordBox
from dossier.rules import identifiers
from dossier.rules.page_fields import box_of, read_fields
from dossier.rules.paper import linking_rules

LABELS = linking_rules().labels


def fields(text: str, *, labelled: bool = True) -> list[tuple[str, str]]:
    found = read_fields(PageReading(1, text), LABELS)
    return [(one.kind, one.value) for one in found if one.labelled == labelled]


@pytest.mark.parametrize(
    "text",
    [
        "户号：4200000012",
        "户 号 : 4200000012",
        "戶號：４２００００００１２",
        "用电户号\t4200000012",
        "户号\t户名\n4200000012\t张三",
        "供电人对户号4200000012采用远程费控",
        "客户编号 4200 0000 12",
        "户号为4200000012",
    ],
)
def test_a_customer_number_is_found_in_every_usual_place(text) -> None:
    assert ("customer_no", "4200000012") in fields(text)


def test_letters_that_look_like_digits_are_read_as_digits_and_marked() -> None:
    (found,) = read_fields(PageReading(1, "户号：42OO0O00l2"), LABELS)
    assert (found.value, found.corrected) == ("4200000012", True)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("户名：张三", "张三"),
        ("户名\t欧阳娜娜\t户号\t4200000012", "欧阳娜娜"),
        ("客户名称：黄 超", "黄超"),
        ("用电人\t地址\t核查方式\n夏梓东\t峪山镇东山村6组42号\t电话核实", "夏梓东"),
        ("户名：买买提·艾力", "买买提·艾力"),
        ("用电人：王𠮷芳", "王𠮷芳"),
    ],
)
def test_a_name_is_read_whole_and_without_its_neighbours(text, name) -> None:
    assert ("name", name) in fields(text)


def test_the_subject_of_a_sentence_is_no_label() -> None:
    assert fields("用电人应当按期交纳电费。供电人应当连续供电。") == []


def test_an_address_that_is_broken_over_two_lines_is_put_together() -> None:
    text = "住址\t襄阳市襄州区民发世纪\n11-2-1802\n公民身份号码\t999999199001010016"
    assert ("address", "襄阳市襄州区民发世纪11-2-1802") in fields(text)


def test_a_bank_account_is_no_customer_or_meter_number() -> None:
    text = "银行账号：6222000000000000012"
    assert ("other", "6222000000000000012") in fields(text)
    assert fields(text, labelled=False) == []


def test_an_identity_number_counts_only_with_the_right_check_digit_and_date() -> None:
    assert ("id_no", "11010519491231002x") in fields("证件号码：11010519491231002X")
    assert fields("证件号码：110105194912310021") == []
    # 30 February (domain.md §9, case 3): no number of anybody's, and a doubt of its own
    assert fields("证件号码：999999198502301239") == [("impossible_id", "999999198502301239")]


def test_numbers_without_a_label_are_kept_as_such() -> None:
    assert ("number", "4200000012") in fields("2026 4200000012 其他", labelled=False)


@given(st.integers(0, 10**9 - 1), st.text("张三李四，。 ：abc", max_size=10))
def test_a_labelled_number_is_found_behind_any_words(number, before) -> None:
    digits = f"4{number:09d}"
    assert ("customer_no", digits) in fields(f"{before}\n户号：{digits}\n")


@given(st.integers(0, 36_000), st.integers(0, 999), st.sampled_from(["身份证号：", "", "复印件 "]))
def test_every_true_identity_number_on_a_page_is_found(days, order, before) -> None:
    from datetime import date, timedelta

    first = f"999999{date(1920, 1, 1) + timedelta(days=days):%Y%m%d}{order:03d}"
    number = first + identifiers.id_check_character(first)
    found = read_fields(PageReading(1, f"{before}{number.upper()}。"), LABELS)
    assert [one.value for one in found if one.kind == "id_no"] == [number]


@given(st.text(max_size=120))
def test_no_text_upsets_the_reader_and_all_offsets_lie_in_it(text) -> None:
    for found in read_fields(PageReading(1, text), LABELS):
        assert 0 <= found.start <= found.end <= len(text)
        assert found.shown == text[found.start : found.end]


def test_a_field_knows_its_place_on_the_picture() -> None:
    text = "户号：4200000012"
    edges = tuple(100.0 + 10 * at for at in range(len(text) + 1))
    word = WordBox(0, len(text), (100, 50, edges[-1], 70), 0.9, edges)
    page = PageReading(1, text, (word,), width=1000, height=500)
    (found,) = read_fields(page, LABELS)
    assert box_of(page, found.start, found.end) == (130.0, 50, 230.0, 70)
    assert found.confidence == pytest.approx(0.9)
