"""Names of two characters in sentences, told by a word on either side (domain.md 4.7)."""

from __future__ import annotations

import pytest

from dossier.rules.masking import mask_text

FRAMES = [
    "已通知{}前来缴费。",
    "经与{}协商一致。",
    "我单位派{}到现场检查。",
    "联系{}确认用电地址。",
    "{}购买了房屋。",
    "电工告诉{}不同意迁表。",
    "{}昨天来营业厅。",
]
NAMES = ["张强", "李明", "王启", "赵行", "陈建", "冯震", "何娜", "周琳"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frame", FRAMES)
def test_a_name_between_two_words_is_masked(frame: str, name: str) -> None:
    assert mask_text(frame.format(name)).text == frame.format(name[0] + "*")


@pytest.mark.parametrize(
    "text",
    [
        "经顾客同意",
        "严格要求",
        "已通知高压客户",
        "向阳光小区供电",
        "杜绝不规范操作",
        "与黄金平价",
        "经江南来电",
        "据苏州来函",
        "谢绝来访",
        "毛利不变",
        "雷电当天上午",
        "罗列没有依据",
        "庞大没有必要",
        "尤其不同意",
        "黎明前来到",
    ],
)
def test_ordinary_words_between_the_same_words_stay(text: str) -> None:
    assert mask_text(text).text == text
