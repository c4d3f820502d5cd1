"""Each line of queries.csv is one test: asked through the API, as somebody, on every engine
(through the other doors in test_golden_doors.py).

Columns: ``rule`` (domain.md's section and what it is about), ``query``, ``as`` (whose rights),
``expect``, ``papers``, ``note`` (a code that explains the query), ``why``, ``like`` (left out on most
lines).

``expect`` names customers of archive.yaml (or papers of nobody):

* ``a b``: exactly these, in any order; ``nothing``: none at all;
* ``a > b``: exactly these in this order; ``a b > c d``: groups of equals;
* ``a > ...``: these come first, whatever follows.

``papers`` (may be empty: not looked at) are exactly the papers shown; ``none`` for none.

``like`` (may be empty: not looked at) is all that is told of words that do not stand there
themselves: paper and label, several with ``;`` between; ``none`` for none.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROWS = list(
    csv.DictReader((Path(__file__).parent / "queries.csv").open(encoding="utf-8"), restval="")
)
FEWEST = 250


def row_id(row: dict[str, str]) -> str:
    """A name for the test of a line."""
    return f"{row['rule']}: {row['query'][:40]} as {row['as']}"


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_a_golden_query_is_answered_as_the_table_says(golden: Any, row: dict[str, str]) -> None:
    check_answer(golden, golden.ask(row["query"], row["as"]), row)


def check_answer(golden: Any, answer: dict[str, Any], row: dict[str, str]) -> None:
    """Whether an answer in JSON is what a line tells: customers, papers, totals and note."""
    found = golden.hits(answer)
    check(found, row["expect"])
    assert answer["total"] == len(found)
    if row["papers"]:
        wanted = papers_of(row)
        assert golden.papers(answer) == wanted
        assert answer["total_documents"] == len(wanted)
    assert not row["note"] or row["note"] in answer["notes"]
    if row["like"]:
        assert golden.likenesses(answer) == likenesses_of(row)


def likenesses_of(row: dict[str, str]) -> set[str]:
    """What a line tells of words that are matched by what is like them."""
    return set() if row["like"] in {"", "none"} else set(row["like"].split("; "))


def papers_of(row: dict[str, str]) -> set[str]:
    """Names of the papers that a line tells."""
    return set() if row["papers"] == "none" else set(row["papers"].split())


def check(found: list[str], expect: str) -> None:
    """Whether an answer's customers are those that a line tells."""
    if expect == "nothing":
        assert found == []
        return
    groups = [part.split() for part in expect.split(">")]
    at = 0
    for group in groups:
        if group == ["..."]:
            return
        assert sorted(found[at : at + len(group)]) == sorted(group), found
        at += len(group)
    assert found[at:] == []


def test_the_table_is_large_and_says_nothing_twice() -> None:
    assert len(ROWS) >= FEWEST
    said = Counter((row["query"], row["as"]) for row in ROWS)
    assert [each for each, times in said.items() if times > 1] == []
    assert all(row["rule"] and row["expect"] for row in ROWS)


def test_a_company_with_one_character_otherwise_is_offered_by_its_own_name(golden: Any) -> None:
    """domain.md 4.5: no page where the parts of the word stand far apart, and no query of tries."""
    for who in ("archivist", "agent"):
        answer = golden.ask("华泰机器有限公司", who)
        assert golden.hits(answer) == []
        (near,) = answer["did_you_mean"]
        assert (near["q"], near["reason"], near["total"]) == (
            "襄阳华泰机械有限公司",
            "one_wrong",
            1,
        )
    assert golden.ask("低压居民供暖电合同", "archivist")["did_you_mean"] == []
