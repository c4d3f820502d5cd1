"""The fast look for snippets finds every place that the exact highlighter would mark."""

from __future__ import annotations

import random

import pytest

from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.texts import invent_texts
from dossier.search.highlight import highlight
from dossier.search.parser import parse
from dossier.search.port import SearchRight
from dossier.search.query import FieldValue, positive_leaves
from dossier.search.windows import places_of_character, windows

RIGHTS = frozenset(SearchRight)
PEOPLE = list(invent_customers(3, 40))
TEXTS = [made.text for made in invent_texts(3, 60, PEOPLE)]
MANY = 1000


def marked(text: str, query: str) -> list[tuple[int, int]]:
    return highlight(text, parse(query), rights=RIGHTS, number_hash=lambda number: number)


def words(query: str) -> list[str]:
    """What the query looks for, as the snippets' maker takes it."""
    leaves = positive_leaves(parse(query).node)
    return [leaf.value if isinstance(leaf, FieldValue) else leaf.text for leaf in leaves]


def queries(rng: random.Random, text: str) -> list[str]:
    """Pieces of the page itself, of all lengths, and words that may be anywhere."""
    pieces = []
    for length in (1, 2, 3, 4, 6, 9, 14):
        at = rng.randrange(max(1, len(text) - length))
        pieces.append(text[at : at + length].strip())
    pieces += [piece[:at] + "龟" + piece[at + 1 :] for piece in pieces for at in range(len(piece))]
    pieces += ["客户编号", "用电合同", "偷电"]
    return [piece for piece in pieces if piece and not set(piece) & set('\n\t"()|:：-')]


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_every_highlight_lies_in_a_window_and_is_found_there_again(number: int) -> None:
    text, rng = TEXTS[number], random.Random(number)
    for query in queries(rng, text):
        around = windows(text, words(query), limit=MANY)
        if around is None:
            continue
        for start, end in marked(text, query):
            inside = [w for w in around if w[0] <= start and end <= w[1]]
            assert inside, (query, text[start:end])
            begin, until = inside[0]
            again = [(begin + s, begin + e) for s, e in marked(text[begin:until], query)]
            assert (start, end) in again, (query, text[start:end])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("用 电 申\n请 书", "用电申请书"),
        ("用電申請書", "用电申请书"),
        ("１０４０ １０６０", "1040"),
        ("买买提·艾力", "买买提艾力"),
    ],
)
def test_spaces_line_ends_scripts_and_widths_do_not_hide_a_place(text: str, word: str) -> None:
    assert windows(text, [word], limit=3) == [(0, len(text))]


@pytest.mark.parametrize("word", ["999999198808152483", "07101234567", "1234567", "·", ""])
def test_numbers_that_may_be_written_otherwise_need_the_whole_page(word: str) -> None:
    assert windows("随便什么", [word], limit=3) is None


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_the_places_of_one_character_are_those_that_are_highlighted(number: int) -> None:
    text = TEXTS[number]
    for character in sorted({each for each in text if "\u4e00" <= each <= "\u9fff"})[::7]:
        found = places_of_character(text, character, limit=MANY)
        assert found == marked(text, character), character


@pytest.mark.parametrize("word", ["用电", "a", "7", "·", ""])
def test_other_words_than_one_han_character_have_no_places_by_a_look(word: str) -> None:
    assert places_of_character("用电 a 7 · 电", word, limit=3) is None


def test_a_page_without_the_word_needs_no_look() -> None:
    assert windows("供用电合同", ["身份证"], limit=3) == []


def test_a_page_without_line_ends_gives_windows_of_bounded_length() -> None:
    text = "甲乙丙丁" * 500 + "身份证" + "甲乙丙丁" * 500
    [(start, end)] = windows(text, ["身份证"], limit=3) or []
    assert end - start < 300
