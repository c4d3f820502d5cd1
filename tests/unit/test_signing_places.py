"""Where a page asks for a signature or a seal (S2-04: signed by the customer)."""

from __future__ import annotations

import pytest

from dossier.rules.signing_places import find_places, has_places


def places(text: str) -> list[tuple[str, str, str]]:
    return [
        (one.kind.value, text[slice(*one.label)], text[slice(*one.value)])
        for one in find_places(text)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("客户签名：张三\t检查人员：李四", [("sign", "客户签名：", "张三"), ("open", "检查人员：", "李四")]),
        ("供电人（盖章）\t用电人（签章）", [("seal", "供电人（盖章）", ""), ("either", "用电人（签章）", "")]),
        ("申请人签名（盖章）：", [("either", "申请人签名（盖章）：", "")]),
        ("委托人（签字或盖章）：王五", [("either", "委托人（签字或盖章）：", "王五")]),
        ("甲方（公章）：", [("seal", "甲方（公章）：", "")]),
        ("客户签收\n2021年3月8日", [("sign", "客户签收", "")]),
    ],
)  # fmt: skip
def test_s2_04_labels_that_ask_for_a_signature_or_a_seal(text, found) -> None:
    assert places(text) == found
    assert has_places(text)


@pytest.mark.parametrize(
    "text",
    [
        "本合同自双方签字盖章之日起生效。",
        "客户确认\n客户已核对表底示数、封印完好，现场装接无误。",  # a heading
        "用户应当在签名后三日内缴费，逾期不予受理",
        "户名：张三",
    ],
)
def test_a_sentence_that_speaks_of_signing_asks_nobody(text) -> None:
    assert not has_places(text)


def test_a_label_that_may_be_a_fields_is_told_apart() -> None:
    (place,) = find_places("用电人：张三")
    assert place.is_filled_in
    assert not has_places("用电人：张三")
