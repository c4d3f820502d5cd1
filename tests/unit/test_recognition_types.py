"""The catalogue of document types: complete, labelled, recognised by title and by body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.document_types import catalogue, exists, label

KNOWN = catalogue()
TITLES = [(t, code) for code, entry in KNOWN.types.items() for t in entry.titles]


def test_the_whole_catalogue_of_the_domain_book_is_there() -> None:
    sizes = {"A": 12, "B": 12, "C": 6, "D": 4, "E": 4, "F": 6, "G": 7, "H": 10, "J": 3, "K": 2}
    sizes |= {"L": 6, "M": 3}
    expected = {
        f"{group}{number:02d}" for group, size in sizes.items() for number in range(1, size + 1)
    }
    assert set(KNOWN.types) == expected


def test_every_type_has_labels_retention_and_sensitivity() -> None:
    for entry in KNOWN.types.values():
        assert entry.label_zh
        assert entry.label_en.isascii()
        assert entry.retention in {"Y", "D30", "D10"}
        assert entry.sensitivity in {"P", "B", "N"}
        assert entry.titles


@pytest.mark.parametrize(("title", "code"), TITLES)
def test_every_known_title_names_its_type(title, code) -> None:
    match = KNOWN.match_title(title)
    assert match is not None
    assert match.code == code
    assert match.confidence >= KNOWN.threshold


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("低压居民供用电合同", "C01"),
        ("委 托 书", "A06"),
        ("營業執照（副本）", "A03"),
        ("低压居民供甩电合同", "C01"),  # one character misread
        ("用电申靖书", "A01"),
        ("高压客户用电登记表", "A01"),
        ("供用电合同变更协议", "C06"),
        ("停（限）电通知书", "H03"),
        ("客户用电缺陷整改告知单", "G02"),
        ("湖北省增值税开票信息登记表", "E03"),
    ],
)
def test_other_wordings_and_misread_titles_are_known_too(title, code) -> None:
    match = KNOWN.match_title(title)
    assert match is not None
    assert (match.code, match.confidence >= KNOWN.threshold) == (code, True)


@pytest.mark.parametrize(
    "line",
    [
        "国网襄阳市襄州区供电公司古驿供电所",
        "户号",
        "用电人应当按照供用电合同约定交纳电费，逾期不交的承担违约责任。",
        "",
        "2026年8月11日",
    ],
)
def test_what_is_no_title_names_no_type(line) -> None:
    match = KNOWN.match_title(line)
    assert match is None or match.confidence < KNOWN.threshold


def test_the_words_of_the_body_help_where_the_title_is_gone() -> None:
    card = "姓名 张三 性别 男 民族 汉\n出生 1990年1月1日\n住址 某处\n公民身份号码 999999199001010016\n签发机关 某公安局"
    match = KNOWN.match_body(card)
    assert match is not None
    assert match.code == "A02"


def test_a_word_of_a_query_names_its_types() -> None:
    assert KNOWN.codes_named("身份证") == ("A02",)
    assert KNOWN.codes_named("c01") == ("C01",)
    assert KNOWN.codes_named("张三") == ()


def test_labels_come_in_both_languages_and_unknown_codes_stay() -> None:
    assert label("C01", "zh_CN") == "供用电合同"
    assert label("C01", "en") == "Supply contract"
    assert label("Z99") == "Z99"
    assert not exists("Z99")


@given(st.text(max_size=80))
def test_no_line_upsets_the_recognition(line) -> None:
    KNOWN.match_title(line)
    KNOWN.match_body(line)
