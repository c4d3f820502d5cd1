"""The parser takes everything a person types; the compiler obeys what the viewer may search by."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.search.compile import compile_query
from dossier.search.expression import All, AnyOf, Expression, Prefix, Term, Without
from dossier.search.parser import MAX_WORDS, parse
from dossier.search.periods import month_of
from dossier.search.places import PLACE_FIELDS
from dossier.search.port import SearchRight
from dossier.search.query import (
    And,
    Everything,
    FieldValue,
    Not,
    Nowhere,
    Or,
    Phrase,
    Word,
)
from dossier.search.vocabulary import LABELS
from dossier.search.wordings import date_wordings

EVERY_RIGHT = frozenset(SearchRight)


def words(*texts):
    return And(tuple(Word(text) for text in texts))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", Everything()),
        ("   ", Everything()),
        ("张三", Word("张三")),
        ("张三 合同", words("张三", "合同")),
        ("张三　合同", words("张三", "合同")),
        ("户号：1040106028", FieldValue("customer_no", "1040106028", "户号")),
        ("戶號:1040106028", FieldValue("customer_no", "1040106028", "戶號")),
        ("姓名: 黄超", FieldValue("name", "黄超", "姓名")),
        ("黄超（本人）", words("黄超", "本人")),
        ("张三、李四", words("张三", "李四")),
        ('"供电 合同"', Phrase("供电 合同")),
        ("“供电合同”", Phrase("供电合同")),
        ('"open 张三', words("open", "张三")),
        ("((张三", Word("张三")),
        ("张三]", Word("张三")),
        ("-合同 张三", And((Not(Word("合同")), Word("张三")))),
        ("张三 OR 李四", Or((Word("张三"), Word("李四")))),
        ("(张三 | 李四) 合同", And((Or((Word("张三"), Word("李四"))), Word("合同")))),
        ("OR OR", Nowhere()),
        ("。", Nowhere()),
        ("OR", Nowhere()),
        ("- （ ）", Nowhere()),
        ("张三 OR", Word("张三")),
        ("张三 AND 合同", words("张三", "合同")),
        ("张三 NOT 合同", And((Word("张三"), Not(Word("合同"))))),
        ("供 电 合 同", Word("供电合同")),
        ("张 三", words("张", "三")),
        ("date:2026-03..2026-05", FieldValue("date", "2026-03..2026-05", "date")),
        ("日期：2026年3月1日", FieldValue("date", "2026年3月1日", "日期")),
        (
            "zhang san",
            Or((words("zhang", "san"), Word("zhangsan"))),
        ),
        ("138 1234 5678", Word("138 1234 5678")),
        ("5200 0000 17", Word("5200 0000 17")),
        ("4200 0011 1122 2233 3344 41", Word("4200 0011 1122 2233 3344 41")),
        ("2019 2020", And((Word("2019"), Word("2020")))),
        ("5200 17", And((Word("5200"), Word("17")))),
        ("户号:5200 0000 17", FieldValue("customer_no", "5200 0000 17", "户号")),
        ("0710-1234567", Word("0710-1234567")),
        ("买买提·艾力", Word("买买提·艾力")),
        ("户号：", Word("户号")),
        ("foo:bar", Word("foo:bar")),
        ('name:"张 三"', FieldValue("name", "张 三", "name")),
    ],
)
def test_what_is_typed_means_what_a_clerk_means(text, node):
    assert parse(text).node == node


@given(st.text(max_size=80) | st.text('"“”()（）-:：|OR 张三1x', max_size=60))
@settings(max_examples=500)
def test_nothing_that_is_typed_raises(text):
    query = parse(text)
    assert query.text == text
    compile_query(query, rights=EVERY_RIGHT, number_hash=str)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        '"' * 5001,
        "张 " * 5000,
        "1" * 10_000,
        "- " * 4000,
        "' OR 1=1; DROP TABLE customer; --",
        '{"query": {"match_all": {}}}',
        "name:* AND _exists_:id",
        "\x00\x01\ud800",
        "*",
        "?",
        "％",
    ],
)
def test_hostile_queries_are_bounded_work(text):
    started = time.process_time()  # not the clock: others may keep the machine busy
    query = parse(text)
    compile_query(query, rights=EVERY_RIGHT, number_hash=str)
    assert time.process_time() - started < 0.5


def test_more_words_than_the_limit_are_left_out_and_noted():
    query = parse("字甲 " * 100)
    assert isinstance(query.node, And)
    assert len(query.node.nodes) == MAX_WORDS
    assert query.notes == ("too_many_words",)
    assert "too_long" in parse("字" * 2000).notes
    assert parse("，，").notes == ("nothing_to_find",)


def fields_of(expression: Expression) -> set[str]:
    match expression:
        case Term(field) | Prefix(field):
            return {field}
        case AnyOf(parts):
            return set().union(*map(fields_of, parts))
        case Without(part, unwanted):
            return fields_of(part) | fields_of(unwanted)
        case _:
            return {getattr(expression, "field", "")}


def compiled(text, rights):
    return compile_query(parse(text), rights=rights, number_hash=str)


def test_what_one_may_not_search_by_is_in_no_clause_not_even_an_excluding_one():
    agent = EVERY_RIGHT - {SearchRight.PHONE_PARTIAL, SearchRight.ID_LAST4}
    for text in ("1381", "-1381", "户号：1381"):
        used = fields_of(compiled(text, agent).match)
        assert not used & {"phone", "phone_reversed", "text_phone", "id_last4"} - {"phone"}
    assert "text_phone" in fields_of(compiled("1381", EVERY_RIGHT).match)
    nobody = compiled("张三", frozenset({SearchRight.CUSTOMER_NO}))
    assert fields_of(nobody.match) <= {"type_words"}


@pytest.mark.parametrize(
    ("field", "label"),
    [(field, label) for field, names in LABELS.items() for label in (field, *names)],
)
def test_a_field_s_value_is_looked_for_in_that_field_and_on_no_page(field, label):
    """Of every way in which people name a field; accounts stand on pages only.

    Numbers and names stand on forms behind their labels, and so they may be pasted.
    """
    on_forms = {"customer_no", "meter_no", "phone", "id_no", "uscc", "case_no", "reference_code"}
    on_forms |= {"number"}
    is_pasted = field in on_forms | {"name"} and label != field
    on_pages = {"text", "account", *([field] if is_pasted else ())}
    for value in ("12345678", "2026-03", "合同"):
        query = compiled(f"{label}:{value}", EVERY_RIGHT)
        reasons = {str(reason) for reason, _ in query.reasons}
        others = {"id_no": {"uscc"}, "year": {"date"}, "month": {"date"}}
        others |= {"number": {"customer_no", "meter_no", "phone"}}
        others |= {place: {"place"} for place in PLACE_FIELDS}
        pasted = {"text"} if field in on_pages else set()
        assert reasons <= {field, *others.get(field, ()), *pasted}
        used = fields_of(query.match)
        assert field in on_pages or not used & {"text", "text_number", "text_phone"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("颜色:红", "unknown_field"),
        ("单位：古驿", "unknown_field"),
        ("foo:bar", "unknown_field"),
        ("类型:无此", "unknown_type"),
        ("类别:XX", "unknown_value"),
        ("状态:无此", "unknown_value"),
        ("姓名:", "empty_field"),
        ("张伟)", "unbalanced_bracket"),
        ("(张伟", "unbalanced_bracket"),
        ("月份:2026-13", "bad_date"),
    ],
)
def test_what_is_not_taken_as_written_is_said_in_both_languages(text, code):
    query = parse(text)
    assert query.notes == (code,)
    remark = query.remarks[0]
    assert remark.zh
    assert remark.en
    assert "{" not in remark.zh + remark.en


@pytest.mark.parametrize(
    "text",
    ["类型:合同", "type:a02", "状态:已销户", "类别:高压", "黄超（本 人）", '"供电（合同"', "10:30"],
)
def test_what_is_taken_as_written_gets_no_remark(text):
    assert parse(text).notes == ()


@pytest.mark.parametrize(
    ("text", "field"),
    [("状态:已销户", "status"), ("状态:待归户", "state"), ("用电状态:在用", "status")],
)
def test_a_state_is_the_account_s_or_the_paper_s_by_its_value(text, field):
    assert parse(text).node.field == field


@pytest.mark.parametrize("typed", ["2026-03", "2026年3月", "2026/3", "2026年03月"])
def test_a_month_is_looked_for_in_every_way_in_which_papers_write_it(typed):
    assert set(date_wordings(typed)) == {
        "2026-03",
        "2026-3",
        "2026年03月",
        "2026年3月",
        "二〇二六年三月",
        "二零二六年三月",
    }


def test_who_sees_addresses_masked_searches_them_down_to_the_street_only():
    masked = fields_of(compiled("航空路1号", EVERY_RIGHT - {SearchRight.ADDRESS_DETAIL}).match)
    assert "address_open_words" in masked
    assert "address_words" not in masked
    assert "address_words" in fields_of(compiled("航空路1号", EVERY_RIGHT).match)


@pytest.mark.parametrize(
    "text",
    ["光明巷225号", "光明巷 225", '"12栋2单元"', "正文:422室", "题名:225号", "9199", "室", "偷电",
     "-422室", "低压居民供用电", "2026年3月1日", "合同 OR 422"],
)  # fmt: skip
def test_no_clause_of_who_sees_pages_masked_reaches_what_is_masked(text):
    masked = compiled(text, EVERY_RIGHT - {SearchRight.ADDRESS_DETAIL})
    everywhere = (masked, masked.wider or masked)
    assert not [each for one in everywhere for each in all_fields(one.match) if "closed" in each]
    assert [each for each in all_fields(compiled(text, EVERY_RIGHT).match) if "closed" in each]


def all_fields(expression: Expression) -> set[str]:
    return set(re.findall(r"field='(\w+)'", repr(expression)))


def test_an_empty_query_matches_everything_and_a_lone_exclusion_all_but_that():
    assert compiled("", EVERY_RIGHT).match == All()
    assert compiled("", EVERY_RIGHT).everything
    assert isinstance(compiled("-合同", EVERY_RIGHT).match, Without)


def test_a_misread_character_is_looked_for_in_a_wider_query_only():
    found = compiled("供用电合同", EVERY_RIGHT)
    assert found.wider is not None
    assert found.wider.match != found.match
    assert found.wider.wider is None
    for text in ("合同", '"供用电合同"', "4200000001", "zhangsan", ""):
        assert compiled(text, EVERY_RIGHT).wider is None
    assert compiled("供用电合同", EVERY_RIGHT - {SearchRight.TEXT}).wider is None


@pytest.mark.parametrize(
    ("typed", "month"),
    [("2026-03", "2026-03"), ("2026年3月", "2026-03"), ("2026-02-01..2026-02-28", "2026-02"),
     ("2026", ""), ("2026-03-01", ""), ("2026-02..2026-03", ""), ("3月", ""), ("", "")],
)  # fmt: skip
def test_a_whole_month_is_the_value_of_its_facet(typed: str, month: str) -> None:
    assert month_of(typed) == month
