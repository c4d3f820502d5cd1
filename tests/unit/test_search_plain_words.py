"""Words of Han alone are marked without tokens, and just where the tokens would mark them."""

from __future__ import annotations

import random

import pytest

from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.texts import invent_texts
from dossier.rules.normal_form import fold_with_origins
from dossier.search import analysis, highlight
from dossier.search.highlight import Marks, find_marks
from dossier.search.parser import parse
from dossier.search.plain_words import LONGEST, may_stand_alike, plain_pattern
from dossier.search.port import SearchRight
from dossier.search.query import Query

RIGHTS = frozenset(SearchRight)
AGENT = RIGHTS - {SearchRight.ADDRESS_DETAIL, SearchRight.PHONE_PARTIAL, SearchRight.ID_LAST4}
PEOPLE = list(invent_customers(5, 40))
PAGES = [made.text for made in invent_texts(5, 40, PEOPLE)]
BETWEEN = " \n·-。、\t１a國" + "\u200b"


def by_tokens(text: str, query: Query, rights: frozenset[SearchRight]) -> Marks:
    form = fold_with_origins(text)
    page = highlight._Page(form, analysis.tokens_of(form, str), rights, str)
    return highlight._marks_by_tokens(text, page, query, ())


def by_a_look(text: str, query: Query, rights: frozenset[SearchRight]) -> Marks:
    return find_marks(text, query, rights=rights, number_hash=str)


def noisy(rng: random.Random, text: str) -> str:
    """The page as readers of pictures give it: with signs and spaces between, and wrong ones."""
    return "".join(
        each + rng.choice(BETWEEN) if rng.random() < 0.15 else rng.choice(BETWEEN) if rng.random() < 0.03 else each
        for each in text
    )  # fmt: skip


def asked(rng: random.Random, text: str) -> list[str]:
    """Pieces of the page of every length, some with a wrong character, in every kind of leaf."""
    found = []
    for length in (2, 3, 4, 5, 6, 9, 13, 33):
        at = rng.randrange(max(1, len(text) - length))
        piece = "".join(each for each in text[at : at + length] if "\u4e00" <= each <= "\u9fff")
        wrong = piece[: length // 2] + "龟" + piece[length // 2 + 1 :]
        found += [piece, wrong, f'"{piece}"', f"姓名:{piece}", f"{piece} {wrong}", f"{piece}1"]
    found += [
        "偷电",
        "用电合同 供用电合同",
        "电电",
        "人人",
        "供电 -合同",
        "二〇二六年三月",
        "航空路十二号",
    ]
    return [each for each in found if each.strip('" ')]


@pytest.mark.parametrize("number", range(len(PAGES)))
@pytest.mark.parametrize("rights", [RIGHTS, AGENT], ids=["all", "agent"])
def test_a_look_marks_what_the_tokens_mark(number: int, rights: frozenset[SearchRight]) -> None:
    rng = random.Random(number)
    for text in (PAGES[number], noisy(rng, PAGES[number])):
        for words in asked(rng, text):
            query = parse(words)
            assert by_a_look(text, query, rights) == by_tokens(text, query, rights), words


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("电电电 电\n电", "电电"),
        ("人人人人", "人人人"),
        ("供 用·电\n合同", "供用电合同"),
        ("供-用电", "供用电"),
        ("供用１电", "供用电"),
        ("國網公司", "国网公司"),
        ("供用\u200b电", "供用电"),
        ("㍿合同", "株式会社合同"),
        ("供用10电合同", "供用发电合同"),
        ("供用电合同", "供用电合司"),
    ],
)
def test_odd_places_are_marked_alike(text: str, word: str) -> None:
    query = parse(word)
    assert by_a_look(text, query, RIGHTS) == by_tokens(text, query, RIGHTS)


@pytest.mark.parametrize(
    "word", ["电", "电1", "a电", "电 合", "买买提·艾力", "二〇二六年三月", "", "电" * (LONGEST + 1)]
)
def test_other_words_are_left_to_the_tokens(word: str) -> None:
    assert plain_pattern(word) is None


def test_what_cannot_stand_there_is_told_without_tokens() -> None:
    assert not may_stand_alike("供用电合同", "低压居民用户的身份证")
    assert may_stand_alike("供用电合同", "供用电台同")


def test_a_count_is_marked_on_a_page_that_writes_it_otherwise() -> None:
    rights = frozenset(SearchRight)
    page, query = "接于10kVⅡ段母线", parse("二段母线")
    assert find_marks(page, query, rights=rights, number_hash=str).spans == ((6, 10),)
