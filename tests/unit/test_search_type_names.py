"""Kinds of papers by one character of their name, or by initials."""

from __future__ import annotations

import pytest

from dossier.search.type_names import types_by_little


@pytest.mark.parametrize(
    ("typed", "code"),
    [("合", "C01"), ("同", "C01"), ("證", "A02"), ("g", "C01"), ("ht", "C01"), ("GYDHT", "C01"),
     ("sfz", "A02"), ("yyzz", "A03")],
)  # fmt: skip
def test_a_kind_is_found_by_a_character_or_by_initials(typed: str, code: str) -> None:
    assert code in types_by_little(typed)


@pytest.mark.parametrize("typed", ["", " ", "-", "7", "C01", "合同", "abcdefghi", "t", "gy d!x"])
def test_anything_else_names_no_kind(typed: str) -> None:
    assert "C01" not in types_by_little(typed)


def test_what_a_kind_is_called_comes_before_what_its_papers_may_be_titled() -> None:
    found = types_by_little("ht")
    assert found.index("C01") < found.index("A05")
