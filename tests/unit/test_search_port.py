"""Only access makes a scoped query; rows refuse orders that would collide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dossier.search.parser import parse
from dossier.search.port import CustomerRow, Scope, ScopedQuery, scoped
from dossier.search.rows import RowEncoder

ROOT = Path(__file__).parents[2]
MAKER = re.compile(r"\bport\.scoped\b|import [^\n]*\bscoped\b|\bScopedQuery\(")


def test_a_scoped_query_made_by_hand_is_refused():
    with pytest.raises(TypeError, match="access"):
        ScopedQuery(parse(""), Scope(unlimited=True), frozenset(), {}, frozenset(), object())


def test_no_part_but_access_makes_scoped_queries():
    allowed = {ROOT / "dossier" / "access.py", ROOT / "dossier" / "search" / "port.py"}
    folders = [ROOT / name for name in ("dossier", "indexer", "searchapi", "ui")]
    makers = [
        path
        for folder in folders
        for path in folder.rglob("*.py")
        if path not in allowed and MAKER.search(path.read_text(encoding="utf-8"))
    ]
    assert makers == []


def test_the_default_scope_is_nothing():
    assert Scope() == Scope(unlimited=False, tokens=frozenset(), secrecy=frozenset())


def test_filters_of_a_scoped_query_cannot_be_changed():
    query = scoped(parse("张三"), scope=Scope(), rights=frozenset(), filters={"type": ("A01",)})
    with pytest.raises(TypeError):
        query.filters["type"] = ()  # type: ignore[index]


def test_an_order_out_of_range_is_refused():
    with pytest.raises(ValueError, match="order"):
        RowEncoder(str).encode(CustomerRow("1", 1, 1 << 60, "张三"))
