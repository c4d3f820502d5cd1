"""tantivy's shortcuts change no answer: the order of looking up, and marks asked in turn."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dossier.adapters.tantivy import TantivyIndex, marked
from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.plan import alternatives, most_rows, planned, rarest
from dossier.adapters.tantivy.reader import Reader, View
from dossier.search.expression import AllOf, AnyOf, Expression, Term, TokenPhrase, Without, any_of
from dossier.search.fields import load_fields
from dossier.search.parser import parse
from dossier.search.port import DocumentRow, Scope, SearchRight, document_order, scoped

LETTERS = "甲乙丙丁戊己"
PAIRS = [first + second for first in LETTERS[:3] for second in LETTERS[:3]]
COMMON, RARE = "申请", "罕见"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Three hundred papers: one word on nearly all of them, one on two."""
    made = TantivyIndex(
        tmp_path_factory.mktemp("plan") / "index", fields=load_fields(), number_hash=str
    )
    rows = [
        DocumentRow(
            document_id=f"doc-{number}",
            revision=1,
            order=document_order(20260101, number),
            title=f"{PAIRS[number % 9]}{RARE if number in (7, 201) else COMMON}",
            page_texts=(f"{PAIRS[number % 7]} {PAIRS[number % 5]} {COMMON} {PAIRS[number % 9]}",),
            scope=("unit:1",),
        )
        for number in range(300)
    ]
    with made.writer() as writer:
        writer.apply(upserts=rows)
        writer.commit()
    yield made
    made.close()


@pytest.fixture(scope="module")
def view(index) -> View:
    reader: Reader = index._reader
    return reader.view()


def rows_of(view: View, expression: Expression) -> set[tuple[int, int]]:
    hits = view.searcher.search(make_query(view.schema, expression), 1000, count=False).hits
    return {(address.segment_ord, address.doc) for _, address in hits}


TERMS = st.sampled_from([*PAIRS, COMMON, RARE]).map(lambda token: Term("text", (token,)))
TITLES = st.sampled_from([*PAIRS, COMMON, RARE]).map(lambda token: Term("title_words", (token,)))
PHRASES = st.sampled_from(PAIRS).map(lambda pair: TokenPhrase("text", ((0, pair), (2, COMMON))))


def _combined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        several.map(AllOf), several.map(AnyOf), st.builds(Without, part=inner, unwanted=inner)
    )


EXPRESSIONS = st.recursive(st.one_of(TERMS, TITLES, PHRASES), _combined, max_leaves=12)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expression=EXPRESSIONS)
def test_a_planned_expression_matches_the_same_rows(view, expression):
    found = rows_of(view, expression)
    assert rows_of(view, planned(expression, view.dictionary)) == found
    assert rows_of(view, any_of(*alternatives(expression, view.dictionary))) == found
    assert rows_of(view, rarest(expression, view.dictionary)) >= found
    assert most_rows(expression, view.dictionary) >= len(found)


def test_a_rare_part_is_asked_beside_each_alternative_of_a_common_one(view):
    common = AnyOf((Term("text", (COMMON,)), Term("title_words", (COMMON,))))
    plan = planned(AllOf((common, Term("title_words", (RARE,)))), view.dictionary)
    assert isinstance(plan, AnyOf)
    assert all(Term("title_words", (RARE,)) in part.parts for part in plan.parts)


@pytest.mark.parametrize("q", [COMMON, RARE, f"{PAIRS[0]} {RARE}", f"{PAIRS[1]} OR {PAIRS[2]}"])
def test_marks_that_one_score_cannot_tell_apart_are_asked_in_turn(index, monkeypatch, q):
    asked = scoped(
        parse(q), scope=Scope(unlimited=True, secrecy=None), rights=frozenset(SearchRight)
    )
    at_once = index.search(asked, size=50)
    index.release()
    monkeypatch.setattr(marked, "_MARKS_AT_ONCE", 2)
    assert index.search(asked, size=50) == at_once
    index.release()
