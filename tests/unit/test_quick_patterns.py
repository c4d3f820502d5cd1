"""The patterns of the masks find, where they look, all that they would find everywhere."""

from __future__ import annotations

import random
import re

import pytest

from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.texts import invent_texts
from dossier.rules import masking, pattern_windows, quick_patterns, rulebook
from dossier.rules.normal_form import fold
from dossier.rules.quick_patterns import QuickPattern

assert masking  # its rules are the patterns
RULES = list(quick_patterns._patterns)
WORDS = [
    word
    for entry in (*rulebook.load("masking").values(), *rulebook.load("names").values())
    if isinstance(entry, str)
    for word in entry.split()
    if len(word) < 9
]
MARKS = [*" \t\n\f:,.;、()[]|/_*-@#<>年月日号", "", "\n\n", "  ", "为", "之", "由"]
NUMBERS = ["1", "12", "138", "0013", "8000", "19900101", "999999", "001x", "13800138000", "3-2-501"]


def spans(matches):
    return [match.span() for match in matches]


def agree(text, rules=RULES):
    for rule in rules:
        assert spans(rule.finditer(text)) == spans(rule.pattern.finditer(text)), rule.pattern


def pieces(rng, count):
    for _ in range(count):
        yield rng.choice(rng.choice((WORDS, MARKS, NUMBERS)))


def test_random_mixtures_of_the_rules_own_words():
    rng = random.Random(2)
    for _ in range(80):
        agree("".join(pieces(rng, rng.choice((2, 8, 40)))))


def test_papers_of_an_invented_archive():
    for text in invent_texts(4, 15, list(invent_customers(4, 20))):
        agree(fold(text.text))


LETTERS = sorted({each for word in (*WORDS, *MARKS, *NUMBERS) for each in word})


def could_match(rule, rng):
    """A text that the pattern matches, but for what it asks of the text around."""
    parts, nodes = [], pattern_windows.nodes_of(rule.pattern)
    while True:
        steps = list(pattern_windows.steps(nodes))
        if not steps or (step := rng.choice(steps)) is None:
            return "".join(parts)
        character, nodes = step
        letters = [each for each in character if len(each) == 1] or LETTERS
        fitting = [
            letter
            for letter in rng.sample(letters, min(len(letters), 200))
            if all(pattern_windows.is_one(each, letter) for each in character)
        ]
        parts.append(rng.choice(fitting) if fitting else "")


def test_what_a_rule_can_match_is_found_wherever_it_stands():
    rng = random.Random(5)
    met = set()
    for rule in RULES:
        for _ in range(12):
            text = could_match(rule, rng)
            before, behind = "".join(pieces(rng, 3)), "".join(pieces(rng, 3))
            whole = rng.choice((text, before + text, text + behind, before + text + behind))
            agree(whole, [rule])
            if rule.search(whole):
                met.add(rule)
    assert len(met) > 0.75 * len(RULES)


def test_a_text_looked_at_in_pieces_gives_the_same(monkeypatch):
    monkeypatch.setattr(quick_patterns, "AT_ONCE", 5)
    rng = random.Random(9)
    for _ in range(12):
        agree("".join(pieces(rng, 30)))


def test_texts_of_any_characters():
    for text in (
        "",
        "\n",
        "\ud800姓名:王小明",
        "𠮷𠮷\U0010ffff",
        "\x00户名\x00",
        "姓名:王小明" * 3,
    ):
        agree(text)


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [
        ("ab|b?c", 0),
        ("(?<![a-c])[a-c]{2}", 0),
        ("(?i:AB)c", 0),
        ("AB", re.IGNORECASE),
        ("(?P<one>a|b)(?P=one)c", 0),
        ("a(?>b|bc)c", 0),
        ("a(?:b?c?)*d", 0),
        ("^a$", re.MULTILINE),
        ("a.c", re.DOTALL),
        ("a.c", 0),
        ("(?=[a-c])(?=b|c)[^b]", 0),
        ("[^abc]{2,}?c", 0),
        (r"\w\W\s\S\d\D|b{3}", 0),
        ("(?:a|[b-c]{1,30})c(?=\n|\\Z)", 0),
    ],
)
def test_kinds_of_patterns(monkeypatch, pattern, flags):
    monkeypatch.setattr(quick_patterns, "_patterns", [])
    monkeypatch.setattr(quick_patterns, "_table", None)
    try:
        rule, rng = QuickPattern(pattern, flags), random.Random(3)
        for _ in range(400):
            agree("".join(rng.choices("aabbccdB 1\n", k=rng.randrange(12))), [rule])
    finally:
        quick_patterns._starts.cache_clear()


def test_a_rule_that_hardly_any_page_has_is_hardly_tried():
    text = fold("用电人应当按照国家有关规定和合同的约定及时交付电费，供电人应当保证电能质量。" * 20)
    tried = sum(map(len, quick_patterns._starts(text).values()))
    assert tried < len(text) / 4
