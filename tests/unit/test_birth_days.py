"""Days of birth that no label tells are masked, and found by nobody who sees masked (domain.md 4.7)."""

from __future__ import annotations

import re

import pytest

from dossier.rules.identifiers import id_check_character
from dossier.rules.masking import KnownValues, closed_spans, mask_text
from dossier.rules.normal_form import fold

PLACES = "42060619870312451"
KNOWN = KnownValues(names=("陈建国",), numbers=(PLACES + id_check_character(PLACES),))
OLD = KnownValues(numbers=("420606870312451",))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("张三丰，男，1975.03.12，汉族", "1975.03.12"),
        ("李娜 女 1990年5月6日 汉族", "1990年5月6日"),
        ("1990-05-06 女", "1990-05-06"),
        ("性别：女 1990-05-06", "1990-05-06"),
        ("回族，1966/7/8，住襄州区", "1966/7/8"),
        ("客户李娜 1990-05-06\n办理日期 2026年3月1日", "1990-05-06"),
        ("李娜（1988/11/02）", "1988/11/02"),
        ("王小明（1990年5月）", "1990年5月"),
        ("李娜 1990-05-06 13871234567", "1990-05-06"),
        ("联系人：李娜，1966年7月8日，电话13871234567", "1966年7月8日"),
        ("姓名\t李娜\t1990.5.6\n2026年3月1日", "1990.5.6"),
    ],
)
def test_a_day_of_birth_beside_sex_or_name_is_masked_and_no_guess_finds_it(
    text: str, day: str
) -> None:
    assert mask_text(text).text.count("*") >= len(day)
    assert day not in mask_text(text).text
    folded = fold(text)
    closed = "".join(folded[start:end] for start, end in closed_spans(folded))
    assert fold(day).replace(" ", "") in closed


@pytest.mark.parametrize(
    "text",
    [
        "客户签名：李娜 2012-03-04\n合同有效期至2036-05-06",
        "经办人：张伟 2005年3月1日 打印 2026-01-02",
        "李娜 2019-05-06",
        "李娜 2024-05-06 13871234567",
        "李娜于2001年3月5日立户，2026年3月1日销户",
        "电表 1998-05-06 安装 2026-01-01",
        "张伟（2024-05-06）",
        "男洗手间 2019-01-01 检修",
        "安装日期 2003-05-06 换表日期 2026-01-01",
    ],
)
def test_a_day_on_which_somebody_signed_or_something_was_done_stays(text: str) -> None:
    days = re.findall(r"(?:19|20)[0-9]{2}(?:-[0-9]+-[0-9]+|年[0-9]+月[0-9]+日)", text)
    assert days
    assert all(day in mask_text(text).text for day in days)


@pytest.mark.parametrize(
    "written",
    [
        "1987-3-12",
        "1987.03.12",
        "1987.3.12",
        "1987年03月12日",
        "1987/3/12",
        "19870312",
        "1987年 3月 12日",
    ],
)
@pytest.mark.parametrize("known", [KNOWN, OLD], ids=["18 places", "15 places"])
def test_the_customer_s_day_of_birth_is_masked_however_it_is_written(
    written: str, known: KnownValues
) -> None:
    masked = mask_text(f"办理 {written}，其他 2019-01-01", known).text
    assert "87" not in masked
    assert "2019-01-01" in masked
    folded = fold(f"办理 {written}，其他")
    assert closed_spans(folded, known)
