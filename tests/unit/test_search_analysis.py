"""One normal form and one tokenizer: index and query agree, against a slow plain reference."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dossier.rules.identifiers import find_numbers
from dossier.rules.normal_form import HAN, fold, fold_with_origins
from dossier.search import analysis
from dossier.search.analysis import BREAK, analyse_page, index_tokens, query_tokens, tokens
from dossier.search.long_text import FoldedPage, analyse_pages, fold_pages


def number_hash(number: str) -> str:
    return "h" + str(sum(map(ord, number)))


LONG = 150
HAN_TEXT = st.text("供电合同张三丰王国家档案號戶𠮷㛃", max_size=12)
PIECES = st.lists(
    st.one_of(
        HAN_TEXT,
        st.from_regex(r"[0-9]{1,12}", fullmatch=True),
        st.sampled_from(
            [
                "10kV",
                " ",
                "\n",
                "\t",
                "：",
                "，",
                "（",
                "）",
                "·",
                "-",
                "ＡＢ",
                "１２",
                "é",
                "\u200b",
            ]
        ),
    ),
    max_size=12,
)
TEXTS = PIECES.map("".join)
ANY_TEXT = st.text(max_size=60)


def contains(tokens_of_text: list[str], phrase: list[tuple[int, str]]) -> bool:
    """What an engine's phrase query does, slowly."""
    return any(
        all(
            first + at < len(tokens_of_text) and tokens_of_text[first + at] == token
            for at, token in phrase
        )
        for first in range(len(tokens_of_text))
    )


@given(ANY_TEXT | TEXTS)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT | TEXTS)
def test_folding_with_origins_gives_the_same_text_and_ascending_origins(text):
    form = fold_with_origins(text)
    assert form.text == fold(text)
    assert len(form.origins) == len(form.text)
    assert list(form.origins) == sorted(form.origins)


@given(ANY_TEXT | TEXTS)
def test_tokens_with_places_are_the_index_tokens(text):
    placed = tokens(text, number_hash)
    assert [token.text for token in placed] == index_tokens(text, number_hash)
    assert [token.position for token in placed] == list(range(len(placed)))
    assert all(0 <= token.start < token.end <= len(text) for token in placed)


@given(ANY_TEXT | TEXTS)
@settings(max_examples=300)
def test_a_long_text_gives_the_tokens_and_numbers_that_its_parts_give(part):
    assert_same_analysis(part * (1 + LONG // max(1, len(part))))
    assert_same_analysis("供电合同" * LONG + part)


@pytest.mark.parametrize(
    "part",
    [
        "供\n电 · 营业\f厅\t甲，乙。 12 34 ab 5c",
        "電話 138-1234-5678，座機(0710)3234567、身份证11010519491231002X\n",
        "俓𠮷㛃\ue123 rare Ｎａｍｅ２㎡…①",
        "户号1040106028 编号" + "7" * 70 + " 1234 12345",
        "\u200b\x00\x01\x1f\ud800",
        " \n·_",
    ],
)
def test_a_long_text_of_signs_numbers_and_rare_characters_gives_the_same(part):
    assert_same_analysis(part * LONG)


@given(st.lists(st.tuples(ANY_TEXT | TEXTS, st.integers(0, 20), st.integers(1, 9)), max_size=4))
@settings(max_examples=300)
def test_pages_with_closed_spans_give_what_each_of_their_two_texts_gives(papers):
    spans = [[(start, start + length)] for _, start, length in papers]
    assert_same_pages([text for text, *_ in papers], spans)


def assert_same_analysis(text: str) -> None:
    assert_same_pages([text], [[]])


def assert_same_pages(texts: list[str], spans: list[list[tuple[int, int]]]) -> None:
    """``spans`` beyond a page's end are left out."""
    folded = fold_pages(texts)
    assert folded == [fold(text) for text in texts]
    pages = [
        FoldedPage(page, list(find_numbers(page)), [span for span in each if span[1] <= len(page)])
        for page, each in zip(folded, spans, strict=True)
    ]
    shown, clear = analyse_pages(pages, number_hash)
    assert_same_tokens(shown, pages, closed=True)
    assert_same_tokens(clear, [page for page in pages if page.closed], closed=False)


def assert_same_tokens(
    quick: analysis.PageTokens, pages: list[FoldedPage], *, closed: bool
) -> None:
    starts = [sum(len(page.text) + 1 for page in pages[:at]) for at in range(len(pages))]
    spans = [
        (start + begin, start + end)
        for start, page in zip(starts, pages, strict=True)
        for begin, end in page.closed
        if closed
    ]
    plain = analyse_page("\f".join(page.text for page in pages), number_hash, closed=spans)
    assert quick.words.split() == plain.words.split()
    assert (quick.numbers, quick.phones) == (plain.numbers, plain.phones)


@given(ANY_TEXT | TEXTS)
def test_tokens_hold_no_space_and_are_not_empty(text):
    assert all(token and not re.search(r"\s", token) for token in index_tokens(text, number_hash))


@given(TEXTS, st.data())
@settings(max_examples=300)
def test_any_two_or_more_neighbouring_han_characters_of_a_text_find_it(text, data):
    runs = [run for run in re.findall(rf"[{HAN}]+", fold(text)) if len(run) >= 2]
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 2))
    end = data.draw(st.integers(start + 2, len(run)))
    phrase = query_tokens(run[start:end], number_hash)
    assert contains(index_tokens(text, number_hash), phrase)


@given(TEXTS)
@settings(max_examples=300)
def test_the_words_of_a_text_between_signs_find_it(text):
    # Numbers as long as an ID or a bank card are kept as a hash of the whole, by design.
    assume(not re.search(r"\d[\d\s()-]{13,}\d", unicodedata.normalize("NFKC", text)))
    # So is a landline as one number, with its area code in brackets.
    assume(not re.search(r"0\d{2,3}[\s()-]+\d", unicodedata.normalize("NFKC", text)))
    for part in re.split(r"[\t：，（）()-]+", text):
        phrase = query_tokens(part, number_hash)
        assert contains(index_tokens(text, number_hash), phrase) or not phrase


@given(HAN_TEXT, HAN_TEXT)
@settings(max_examples=300)
def test_han_that_is_not_in_a_text_does_not_find_it(text, word):
    word = analysis.keyword(word)
    if len(word) < 2:
        return
    found = contains(index_tokens(text, number_hash), query_tokens(word, number_hash))
    assert found == (word in analysis.keyword(text))


@pytest.mark.parametrize(
    ("page", "query", "found"),
    [
        ("供电\n营业厅", "供电营业厅", True),
        ("黄 超", "黄超", True),
        ("戶檔 張三", "户档", True),
        ("航空路197号楼", "197号", True),
        ("航空路832号", "197号", False),
        ("客户1197号", "197号", False),
        ("10kV合同", "10KV 合同", True),
        ("10 kV", "10kv", True),
        ("电话 138-1234-5678", "13812345678", True),
        ("电话１３８ １２３４ ５６７８", "138-1234-5678", True),
        ("买买提•艾力", "买买提·艾力", True),
        ("买买提·艾力", "买买提艾力", True),
        ("𠮷祥电器", "𠮷祥", True),
        ("ＡＢ－１２", "ab-12", True),
        ("身份证11010519491231002X", "11010519491231002x", True),
        ("身份证 110105 19491231 002X", "11010519491231002X", True),
        ("身份证11010519491231002X", "110105194912", False),
        ("甲\t乙", "甲乙", False),
        ("⻓⻋", "长车", True),
        ("户\u200b号", "户号", True),
    ],
)
def test_what_a_clerk_types_finds_what_the_page_says(page, query, found):
    phrase = query_tokens(query, number_hash)
    assert contains(index_tokens(page, number_hash), phrase) is found


def test_a_cell_end_is_a_token_that_no_query_has():
    assert BREAK in index_tokens("甲\t乙", number_hash)
    assert all(token != BREAK for _, token in query_tokens("甲\t乙\t", number_hash))


def test_numbers_of_a_page_are_sorted_into_plain_and_phones_and_hashes():
    page = analysis.analyse_page(
        "户号1040106028 电话138 1234 5678 座机(0710)3234567 身份证11010519491231002X 年2026",
        number_hash,
    )
    assert page.numbers == {"1040106028"}
    assert page.phones == {"13812345678", "07103234567"}
    assert "110105" not in page.words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("①100kVA", "1 100 kva"),
        ("10kVⅡ段", "10 kv ii 段 段"),
        ("120㎡3间", "120 m 2 3 间 间"),
        ("㉑2026", "21 2026"),
        ("①13812345678", "1 13812345678"),
    ],
)
def test_a_sign_that_counts_never_runs_into_what_stands_beside_it(text, words):
    """domain.md 4.1: NFKC makes digits of ①, and a phone behind it was none."""
    assert " ".join(index_tokens(text, number_hash)) == words
    (page,) = fold_pages([text])
    shown, _ = analyse_pages([FoldedPage(page, list(find_numbers(page)), ())], number_hash)
    assert shown.words.split() == words.split()
