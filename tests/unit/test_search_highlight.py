"""Marks, snippets and boxes: exact places of the original, masked where it must be."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.records import WordBox
from dossier.rules.masking import mask_text
from dossier.rules.normal_form import fold
from dossier.search import analysis
from dossier.search.boxes import hit_boxes, scale_boxes
from dossier.search.highlight import LikeKind, find_marks, highlight
from dossier.search.parser import parse
from dossier.search.port import SearchRight
from dossier.search.snippets import lead, make_snippets

EVERY_RIGHT = frozenset(SearchRight)
AGENT = EVERY_RIGHT - {SearchRight.PHONE_PARTIAL, SearchRight.ID_LAST4}
PAGE = (
    "低压居民供用电合同\n户号：４２００000001\n用电人：張 三\n电话138-1234-5678 "
    "表号4230001000000000123456 供 电\n营业厅 航空路197号楼 身份证11010519491231002X"
)


def marked(query, text=PAGE, rights=EVERY_RIGHT):
    spans = highlight(text, parse(query), rights=rights, number_hash=str)
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("张三", ["張 三"]),
        ("户号：4200000001", ["４２００000001"]),
        ("户号4200000001", ["户号：４２００000001"]),
        ("4200", ["４２００"]),
        ("0001", ["0001"]),
        ("5678", ["5678"]),
        ("1381", ["138-1"]),
        ("138 1234 5678", ["138-1234-5678"]),
        ("123456", ["123456"]),
        ("供电营业厅", ["供 电\n营业厅"]),
        ("197号", ["197号"]),
        ("电", ["电", "电", "电", "电"]),
        ('"居民供用电"', ["居民供用电"]),
        ("-张三 合同", ["合同"]),
        ("name:张三", ["張 三"]),
        ("三", ["三"]),
        ("11010519491231002X", ["11010519491231002X"]),
        ("1101", []),
        ("李四", []),
        ("低压居民供申台同", []),
        ("低压局民供用电", ["低压居民供用电"]),
        ("抵压居民供用电", ["压居民供用电"]),
        ("供电营业斤", ["供 电\n营业"]),
        ("共电营业厅", ["电\n营业厅"]),
        ("供电曹业厅", ["供 电\n营业厅"]),
        ('"供电曹业厅"', []),
        ("客户编号", ["户号"]),
        ("营业厅 客户编号", ["户号", "营业厅"]),
        ("", []),
    ],
)
def test_the_words_of_a_query_are_marked_where_they_stand(query, expected):
    assert marked(query) == expected


def test_what_the_viewer_may_not_search_by_is_not_marked():
    assert marked("5678", rights=AGENT) == []
    assert marked("13812345678", rights=AGENT) == ["138-1234-5678"]
    assert marked("11010519491231002X", rights=AGENT - {SearchRight.ID_NO}) == []


HAN_TEXT = st.text("供电合同张三丰王国家 \n", min_size=1, max_size=40)


@given(HAN_TEXT, HAN_TEXT)
@settings(max_examples=300)
def test_every_mark_covers_an_occurrence_and_every_occurrence_is_marked(text, word):
    wanted = analysis.keyword(word)
    spans = highlight(text, parse(f'"{word}"'), rights=EVERY_RIGHT, number_hash=str)
    for start, end in spans:
        covered = analysis.keyword(text[start:end])
        assert wanted in covered
        assert set(covered) <= set(wanted)
    if len(wanted) >= 1:
        assert bool(spans) == (wanted in analysis.keyword(text))


@given(st.text(max_size=80), st.text(max_size=8))
def test_marks_are_ascending_disjoint_and_inside_the_text(text, query):
    spans = highlight(text, parse(query), rights=EVERY_RIGHT, number_hash=str)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


def test_a_snippet_is_masked_and_its_marks_fit():
    spans = highlight(PAGE, parse("张三 身份证"), rights=AGENT, number_hash=str)
    masked = mask_text(PAGE).text
    (snippet, *_) = make_snippets(1, masked, spans)
    start, end = snippet.highlights[0]
    assert snippet.text[start:end] == "張 *"
    assert "110105" not in "".join(each.text for each in make_snippets(1, masked, spans))


@given(st.text("甲乙丙 \n\t", max_size=400), st.lists(st.integers(0, 399), max_size=8))
def test_snippets_show_every_mark_they_have_with_the_characters_of_the_page(text, starts):
    spans = sorted({(at, at + 1) for at in starts if at < len(text) and not text[at].isspace()})
    for snippet in make_snippets(3, text, spans):
        assert snippet.highlights
        assert "\n" not in snippet.text
        for start, end in snippet.highlights:
            assert snippet.text[start:end] in text


def test_all_marks_are_shown_when_there_is_room():
    text = "甲" + "。" * 200 + "乙" + "。" * 200 + "丙"
    snippets = make_snippets(1, text, [(0, 1), (201, 202), (402, 403)])
    shown = [snippet.text[start:end] for snippet in snippets for start, end in snippet.highlights]
    assert shown == ["甲", "乙", "丙"]
    assert lead(1, "  \n 甲乙") is not None
    assert lead(1, " \n ") is None


def line(start, text, x, y, *, edges=()):
    return WordBox(start, start + len(text), (x, y, x + 20.0 * len(text), y + 20.0), edges=edges)


def test_boxes_are_cut_by_character_edges_and_joined_on_a_line():
    words = [line(0, "供电", 100, 10), line(2, "营业厅", 142, 11), line(6, "合同", 100, 60)]
    assert hit_boxes(words, [(1, 4)]) == [(120.0, 10, 182.0, 31.0)]
    assert hit_boxes(words, [(4, 7)]) == [(182.0, 11, 202.0, 31.0), (100.0, 60, 120.0, 80.0)]
    uneven = [line(0, "甲乙", 0, 0, edges=(0.0, 30.0, 40.0))]
    assert hit_boxes(uneven, [(0, 1)]) == [(0.0, 0, 30.0, 20.0)]
    assert scale_boxes([(10, 20, 30, 40)], page_width=1000, width=500) == [(5, 10, 15, 20)]


def test_vertical_text_is_cut_along_its_height():
    word = WordBox(0, 4, (10.0, 0.0, 30.0, 80.0), vertical=True)
    assert hit_boxes([word], [(1, 3)]) == [(10.0, 20.0, 30.0, 60.0)]


def test_a_span_without_words_has_no_box():
    assert hit_boxes([line(0, "甲", 0, 0)], [(5, 6)]) == []
    assert re.fullmatch(r"ab", fold("ＡＢ"))


def test_a_date_is_marked_however_the_page_writes_it():
    text = "签订日期：2026年3月1日 装表 2026.3.1"
    assert marked("2026-03-01", text) == ["2026年3月1日", "2026.3.1"]


def test_a_name_typed_in_letters_is_marked_where_the_pages_customer_is_known():
    spans = highlight(
        PAGE, parse("zs"), rights=EVERY_RIGHT, number_hash=str, names=("张三", "李四")
    )
    assert [PAGE[start:end] for start, end in spans] == ["張 三"]
    no_names = EVERY_RIGHT - {SearchRight.NAME}
    assert highlight(PAGE, parse("zs"), rights=no_names, number_hash=str, names=("张三",)) == []


@given(st.text("供用电合同居民，\n 1", max_size=30), st.integers(0, 4))
@settings(max_examples=300)
def test_a_misread_word_is_marked_where_its_other_characters_are(text, wrong):
    word = "供用电合同"
    read = word[:wrong] + "龟" + word[wrong + 1 :]
    page = f"{text}。{read}。"
    spans = highlight(page, parse(word), rights=EVERY_RIGHT, number_hash=str)
    assert spans
    if word not in analysis.keyword(text):
        at = page.rindex(read)
        assert any(at <= start < end <= at + len(word) for start, end in spans)


ADDRESSED = "用电地址:襄阳市襄州区航空路12号3幢2单元501室,电话"


@pytest.mark.parametrize(
    ("query", "page", "expected"),
    [
        ("3-2-501", ADDRESSED, ["3幢2单元501室"]),
        ("三号楼二单元501", ADDRESSED, ["3幢2单元501室"]),
        ("航空路十二号", ADDRESSED, ["航空路12号"]),
        ("襄州区航空路12-3-2-501", ADDRESSED, ["航空路12号3幢2单元501室"]),
        ("地址:3-2-501", ADDRESSED, ["3幢2单元501室"]),
        (
            "航空路12号3栋2单元501室",
            "航空路 十二号\n三栋二单元五〇一室",
            ["航空路 十二号\n三栋二单元五〇一室"],
        ),
        ("3-2-501", "坐落：３－２－５０１。", ["３－２－５０１"]),
        ("a座301", "长虹路8号甲座301", ["甲座301"]),
        ("3-2-50", ADDRESSED, []),
        ("13-2-501", ADDRESSED, []),
        ("2-501", ADDRESSED, ["2单元501室"]),
    ],
)
def test_an_address_is_marked_however_the_page_writes_it(query, page, expected):
    assert marked(query, page) == expected


def test_an_address_in_another_form_is_not_marked_for_who_may_not_search_by_it():
    rights = EVERY_RIGHT - {SearchRight.ADDRESS_DETAIL}
    assert marked("3-2-501", ADDRESSED, rights) == []


# -- what stands there instead ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "query", "like"),
    [
        ("现场发现偷电行为", "窃电", [(LikeKind.SYNONYM, "窃电", "偷电")]),
        ("现场发现窃电，又称偷电", "窃电", []),
        ("现场发现偷电行为", '"窃电"', []),
        ("居民供甩电合同", "供用电合同", [(LikeKind.ONE_DIFFERS, "供用电合同", "供甩电合同")]),
        ("居民供 用 电合问", "供用电合同", [(LikeKind.ONE_DIFFERS, "供用电合同", "供 用 电合问")]),
        ("经峻工检验过", "竣工检验过", [(LikeKind.ONE_DIFFERS, "竣工检验过", "峻工检验过")]),
        ("供用电合", "供用电合同", [(LikeKind.ONE_DIFFERS, "供用电合同", "供用电合")]),
    ],
)
def test_what_stands_there_instead_of_a_word_is_told_with_the_wrong_character(
    page: str, query: str, like: list[tuple[LikeKind, str, str]]
) -> None:
    found = find_marks(page, parse(query), rights=EVERY_RIGHT, number_hash=str)
    assert [(each.kind, each.asked, page[slice(*each.span)]) for each in found.like] == like
    assert not (found.exact and found.like)
