"""What is tried for a query that found nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.search.near import LONGEST_NUMBER, Near, NearReason, near_queries
from dossier.search.parser import parse


def test_a_name_is_tried_by_its_sound_with_the_surnames_own_reading() -> None:
    assert near_queries("单伟")[0].q == "shanwei"
    assert near_queries("章偉")[0].q == "zhangwei"
    assert near_queries("张伟明")[0].reason is NearReason.SOUNDS_ALIKE
    assert {near.q for near in near_queries("张伟明")} >= {"张伟", "伟明"}


def test_a_number_is_tried_with_two_digits_swapped_and_with_one_wrong() -> None:
    found = near_queries("1042130012")
    swapped = found[0].q.replace("number:", "").split(" OR ")
    assert "0142130012" in swapped
    assert "1402130012" in swapped
    assert "1042130012" not in swapped
    assert "number:1042 number:30012" in [near.q for near in found]


@pytest.mark.parametrize("number", ["12345", "1" * (LONGEST_NUMBER + 1), "110101199003070011"])
def test_short_numbers_and_identity_numbers_are_not_guessed(number: str) -> None:
    assert near_queries(number) == ()


def test_of_several_words_one_is_left_out() -> None:
    assert [near.q for near in near_queries("张三 合同 2019")] == [
        "张三 合同",
        "张三 2019",
        "合同 2019",
        "张三",
        "合同",
        "2019",
    ]


@pytest.mark.parametrize(
    ("typed", "tried"),
    [
        ('"供电 营业厅" 张三', ['"供电 营业厅"', "张三"]),
        ("张三 -合同", ["张三"]),
        ("(王伟 OR 汪薇) 户号:4200000001", ["(王伟 OR 汪薇)", "户号:4200000001"]),
        ("张三 OR 李四", []),
    ],
)
def test_what_is_left_keeps_its_meaning(typed: str, tried: list[str]) -> None:
    found = [near.q for near in near_queries(typed)]
    assert found == tried
    for each in tried:
        assert parse(each).remarks == ()


def test_a_long_name_is_tried_with_one_character_wrong() -> None:
    near, apart = near_queries("宏泰机器有限公司")
    assert near.reason is NearReason.ONE_WRONG
    assert "(户名:宏泰机 户名:有限公司)" in near.q
    assert "(户名:宏泰机器 户名:有限公司)" in apart.q


def test_a_name_in_which_something_is_left_out_is_tried_in_two_parts() -> None:
    assert near_queries("湖北移动")[-1] == Near("(户名:湖北 户名:移动)", NearReason.ONE_WRONG)


def test_two_words_written_together_are_tried_as_two() -> None:
    assert near_queries("高压合同")[-1] == Near("高压 合同", NearReason.APART)


def test_letters_are_tried_in_another_order_and_grouped_digits_as_one_number() -> None:
    (near,) = near_queries("zhagnsan")
    assert "zhangsan" in near.q.split(" OR ")
    assert near_queries("1042 130012") == near_queries("1042130012")


@given(st.text(max_size=60))
def test_whatever_is_typed_the_work_is_bounded_and_can_be_parsed(text: str) -> None:
    found = near_queries(text)
    assert len(found) <= 12
    for near in found:
        parse(near.q)


def test_an_address_without_its_last_numbers_is_the_building_then_the_street():
    found = near_queries("航空路12号3栋2单元502室")
    assert [near.q for near in found] == ["航空路12号3栋2单元", "航空路12号3栋", "航空路12号"]
    assert {near.reason for near in found} == {NearReason.NEXT_DOOR}
    assert [near.q for near in near_queries("航空路十二号三栋")] == ["航空路十二号"]
    assert near_queries("3-2-502") == ()
    assert near_queries("航空路12号") == ()


def test_a_name_with_its_numbers_written_otherwise_is_near():
    assert near_queries("第2中学")[0].q == "户名:第ii中学 OR 户名:第二中学"
    assert "户名:地质二〇八队" in near_queries("地质208队")[0].q
    assert [near.q for near in near_queries("章伟")] == ["zhangwei"]
