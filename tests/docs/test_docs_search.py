"""The search page's examples mean what it says: each parses without a remark and finds by a way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dossier.search.compile import FEW_GROUPS, compile_query
from dossier.search.expression import Nothing
from dossier.search.parser import MAX_CHARACTERS, MAX_WORDS, parse
from dossier.search.port import SearchRight
from dossier.search.vocabulary import field_of

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "search.md").read_text(encoding="utf-8")
EXAMPLES = [
    example.replace("\\|", "|")
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for example in re.findall(r"`([^`]+)`", re.split(r"(?<!\\)\|", line)[1])
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_understood_without_a_remark(example: str) -> None:
    query = parse(example)
    assert query.remarks == ()
    compiled = compile_query(query, rights=frozenset(SearchRight), number_hash=str)
    assert not isinstance(compiled.match, Nothing)


def test_the_page_has_examples_and_names_the_bounds() -> None:
    assert len(EXAMPLES) > 50
    for bound in (MAX_CHARACTERS, MAX_WORDS, FEW_GROUPS):
        assert str(bound) in PAGE
    labels = {example.split(":")[0] for example in EXAMPLES if ":" in example}
    assert all(field_of(label) for label in labels)
