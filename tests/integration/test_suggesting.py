"""What the box offers while a second word is being typed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support_seeded import EAST, Seeded


def offered(seeded: Seeded, typed: str, user: str = "archivist") -> list[dict[str, Any]]:
    answer = seeded.get("/api/v1/suggest", user, params={"q": typed})
    assert answer.status_code == 200
    return list(answer.json()["items"])


@pytest.mark.parametrize("last", ["合", "供用", "合同", "供用電"])
def test_beside_a_name_the_types_of_its_papers_are_offered_and_the_name_stays(
    seeded: Seeded, last: str
) -> None:
    items = offered(seeded, f"{EAST.name} {last}")
    assert [(each["kind"], each["value"]) for each in items][:1] == [("customer", EAST.customer_no)]
    (one,) = [each for each in items if each["kind"] == "type"]
    assert one["label"] == "供用电合同"
    assert (one["value"], one["q"]) == ("C01", EAST.name)


@pytest.mark.parametrize("code", ["C01", "c01"])
def test_a_type_is_offered_by_its_code_too(seeded: Seeded, code: str) -> None:
    kinds = {each["kind"]: each["value"] for each in offered(seeded, f"{EAST.name} {code}")}
    assert kinds["type"] == "C01"


def test_a_type_that_the_customer_has_no_paper_of_is_not_offered(seeded: Seeded) -> None:
    assert offered(seeded, f"{EAST.name} 产权") == []


def test_of_a_foreign_station_neither_customer_nor_type_is_offered(seeded: Seeded) -> None:
    assert offered(seeded, f"{EAST.name} 合", "agent_west") == []


def test_excluded_words_alone_offer_nothing_more(seeded: Seeded) -> None:
    assert offered(seeded, "-欧阳 合") == offered(seeded, "-欧阳 合 ")
    assert all(not each["q"] for each in offered(seeded, "-欧阳 合"))


def test_a_chosen_type_keeps_the_words_before_it(seeded: Seeded, door: Any) -> None:
    one = door("archivist")
    rows = one.get("/suggest", params={"q": f"{EAST.name} 合"}).text
    (href,) = re.findall(r'data-href="([^"]+type[^"]+)"', rows)
    page = one.get(href.replace("&amp;", "&")).text
    assert EAST.customer_no[:4] in page
    assert f'value="{EAST.name}"' in page


# -- a kind of papers by the little that was typed ----------------------------------------------


@pytest.mark.parametrize("typed", ["合", "g", "ht", "gydht", "HT"])
def test_one_character_or_initials_offer_the_types_that_one_may_see_a_paper_of(
    seeded: Seeded, typed: str
) -> None:
    types = [each for each in offered(seeded, typed) if each["kind"] == "type"]
    assert ("C01", "供用电合同", "") in [
        (each["value"], each["label"], each["q"]) for each in types
    ]


def test_a_type_of_which_one_sees_no_paper_is_not_offered_by_a_character(seeded: Seeded) -> None:
    assert not [each for each in offered(seeded, "窃") if each["kind"] == "type"]


@pytest.mark.parametrize(("typed", "kind"), [(EAST.name[0], "customer"), ("合", "type")])
def test_in_a_list_of_one_line_a_type_goes_before_customers_of_one_character_only(
    seeded: Seeded, typed: str, kind: str
) -> None:
    answer = seeded.get("/api/v1/suggest", "archivist", params={"q": typed, "size": 1})
    kinds = [each["kind"] for each in answer.json()["items"]]
    assert [each for each in kinds if each in {"customer", "type"}] == [kind]
