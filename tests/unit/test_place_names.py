"""A place's name in other spellings is the same name; words that may name one are found."""

from __future__ import annotations

import pytest

from dossier.rules.place_names import beginning_key, begins, place_key, place_name
from dossier.search.compile import compile_query
from dossier.search.expression import Term
from dossier.search.parser import parse
from dossier.search.places import AskedPlace, NamedPlace, asked_places
from dossier.search.port import MatchReason, SearchRight


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("城东供电所", "城東供電所"),
        ("城东供电所", "城东所"),
        ("10kV东风线", "10千伏 东风线路"),
        ("10kV东风线", "１０ＫＶ东风线"),
        ("张湾2组1#变", "张湾2组1号变台区"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert place_name(one) == place_name(other)


def test_lines_of_two_voltages_are_two_and_a_name_without_one_may_be_either() -> None:
    ten, thirty_five, bare = map(place_name, ("10kV东风线", "35kV东风线", "东风线"))
    assert not ten.agrees(thirty_five)
    assert ten.agrees(bare)
    assert bare.agrees(thirty_five)
    assert place_key("0.4kV东风线") == bare.key


NAMES = ("东山供电所", "10kV东山线", "张湾2组1#变台区", "示例供电公司")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_offered_at_each_character_that_is_typed(name: str) -> None:
    for length in range(2, len(name) + 1):
        typed = name[:length]
        if not typed.isascii():
            assert begins(name, typed)
            assert place_key(name).startswith(beginning_key(typed)), typed
            assert not begins("西河供电所", typed)


def test_an_ending_alone_stays_a_name() -> None:
    assert place_key("供电所") == "供电所"
    assert place_key("台区") == "台区"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("城东供电所", [AskedPlace("城东供电所")]),
        ("zs 4200000001 10kV", []),
        ('"城东供电所"', []),
        ("10kV 东风线", [AskedPlace("10kV东风线"), AskedPlace("东风线")]),
        ("-东风线", [AskedPlace("东风线")]),
        ("线路：东风", [AskedPlace("东风", "line")]),
        ("station:7", []),
        ("城东所 OR zs", [AskedPlace("城东所")]),
    ],
)
def test_pieces_that_may_name_a_place(typed: str, asked: list[AskedPlace]) -> None:
    assert list(asked_places(parse(typed))) == asked


def test_the_compiler_takes_ids_for_names_and_knows_nothing_else() -> None:
    place = NamedPlace(AskedPlace("东风线"), "line", ("7", "9"))
    compiled = compile_query(
        parse("东风线"), rights=frozenset(SearchRight), number_hash=str, places=[place]
    )
    assert dict(compiled.reasons)[MatchReason.PLACE] == Term("line", ("7", "9"))
    without = compile_query(parse("东风线"), rights=frozenset(SearchRight), number_hash=str)
    assert MatchReason.PLACE not in dict(without.reasons)
