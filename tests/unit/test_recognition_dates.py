"""Dates as papers write them (peers.md §8, failure 6)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.dates import find_dates, parse_date

HAN = "〇一二三四五六七八九"
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))


def han_year(day: date) -> str:
    return "".join(HAN[int(digit)] for digit in str(day.year))


def han_number(number: int) -> str:
    tens, ones = divmod(number, 10)
    return (("" if tens == 1 else HAN[tens]) + "十" if tens else "") + (HAN[ones] if ones else "")


SPELLINGS = (
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d.year} 年 {d.month:02d} 月 {d.day:02d} 日",
    lambda d: f"{han_year(d)}年{han_number(d.month)}月{han_number(d.day)}日",
    lambda d: d.isoformat(),
    lambda d: f"{d.year}.{d.month}.{d.day}",
    lambda d: f"{d.year}/{d.month:02d}/{d.day:02d}",
    lambda d: f"{d.year}年{d.month}月{d.day}日".translate(
        str.maketrans("0123456789", "０１２３４５６７８９")
    ),
)


@given(DAYS, st.sampled_from(SPELLINGS))
def test_every_usual_spelling_of_every_day_is_read(day, spell) -> None:
    assert parse_date(spell(day)) == day


@given(DAYS, st.sampled_from(SPELLINGS), st.text("签订日期：，。 \n户名张", max_size=12))
def test_a_date_inside_a_text_is_found_where_it_stands(day, spell, before) -> None:
    text = f"{before}{spell(day)}，特此通知"
    (found,) = find_dates(text)
    assert found.value == day
    assert parse_date(text[found.start : found.end]) == day


@given(st.text(max_size=60))
def test_no_text_upsets_the_search(text) -> None:
    for found in find_dates(text):
        assert 0 <= found.start < found.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026年2月30日",
        "2026年13月1日",
        "户号4200000012",
        "10.2026.8.11.3",
        "2026年8月",
        "26年8月11日",
        "",
    ],
)
def test_what_is_no_date_is_not_taken_for_one(text) -> None:
    assert list(find_dates(text)) == []
    assert parse_date(text) is None


def test_both_ends_of_a_span_are_found() -> None:
    ends = [found.value for found in find_dates("有效期限 2022.03.12-2042.03.12")]
    assert ends == [date(2022, 3, 12), date(2042, 3, 12)]


def test_a_compact_date_counts_only_where_a_date_is_wanted() -> None:
    assert parse_date("20260811") == date(2026, 8, 11)
    assert list(find_dates("编号20260811")) == []


def test_a_time_of_day_behind_a_date_does_no_harm() -> None:
    assert parse_date("2026-08-11 00:00:00") == date(2026, 8, 11)
