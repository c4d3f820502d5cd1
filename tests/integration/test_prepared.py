"""A prepared query gives what a session gives: the same rows, in the viewer's scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BindParameter, bindparam, event, func, select, union_all
from sqlalchemy.exc import OperationalError

from dossier.db import Database, ScopeError, create_database, migrate, session_for
from dossier.db.prepared import Prepared
from dossier.db.session import ScopedSession
from dossier.db.tables import Content, Customer, CustomerPast, Document, OrgUnit, Page
from dossier.viewer import EVERYTHING, Permission, Reach, Scope, Viewer, system_viewer
from tests.support_postgres import fresh_database

DATABASES = ("sqlite", "postgresql")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SEARCH, POOL = Permission.SEARCH, Permission.SEE_POOL
ONE, TWO = Scope(units=frozenset({1})), Scope(units=frozenset({2}), lines=frozenset({7}))
_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
DOCUMENTS = select(
    Document.id, Document.customer_no, Document.doc_date, Document.captured_at, Document.problem
).where(Document.id.in_(_IDS), Document.page_count >= bindparam("least"))
PAGES = select(Page.document_id, Page.text, Page.masks).where(Page.document_id.in_(_IDS))


@pytest.fixture(scope="module", params=DATABASES)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('prepared') / 'dossier.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        yield stack.enter_context(_filled(url))


@contextmanager
def _filled(url: str) -> Iterator[Database]:
    made = create_database(url)
    migrate.upgrade(made)
    with session_for(made, system_viewer("test"), write=True) as session:
        session.add_all([OrgUnit(id=unit, name=f"{unit}所") for unit in (1, 2, 3)])
        session.add(Content(sha256="0" * 64, size_bytes=1, stored_at=NOW))
        session.flush()
        for unit in (1, 2, 3):
            _add_customer(session, unit)
    yield made
    made.dispose()


def _add_customer(session: ScopedSession, unit: int) -> None:
    number = f"420000000{unit}"
    session.add(
        Customer(
            customer_no=number,
            rowid=unit,
            name="张%三",
            name_key="张三",
            unit_id=unit,
            updated_at=NOW,
        )
    )
    session.flush()
    session.add(
        CustomerPast(customer_no=number, record={"name": "旧名"}, valid_from=NOW, valid_to=NOW)
    )
    for half, owner in enumerate((number, None)):
        key = f"doc-{unit}-{half}"
        session.add(
            Document(
                id=key,
                rowid=10 * unit + half,
                customer_no=owner,
                unit_id=unit,
                state="filed",
                doc_date=date(2020, 2, 29),
                captured_at=NOW,
                page_count=unit,
                sha256="0" * 64,
            )
        )
        session.flush()
        session.add(Page(document_id=key, number=1, text="合同 100%", masks=b"\x00\x01"))


def viewer(*reaches: Reach) -> Viewer:
    permissions = frozenset[Permission]().union(*(one.permissions for one in reaches))
    scope = EVERYTHING if any(one.scope.everything for one in reaches) else Scope()
    return Viewer("u", "u", "agent", permissions, scope, reaches=reaches)


VIEWERS = {
    "everything": viewer(Reach(frozenset({SEARCH, POOL}), EVERYTHING)),
    "owned papers only": viewer(Reach(frozenset({SEARCH}), EVERYTHING)),
    "nothing": Viewer("u", "u", "agent", frozenset({SEARCH}), Scope()),
    "one unit": Viewer("u", "u", "agent", frozenset({SEARCH}), ONE),
    "one unit and its pool": Viewer("u", "u", "agent", frozenset({SEARCH, POOL}), ONE),
    "several grants": viewer(Reach(frozenset({SEARCH}), ONE), Reach(frozenset({SEARCH}), TWO)),
}
IDS = [f"doc-{unit}-{half}" for unit in (1, 2, 3) for half in (0, 1)]


@pytest.mark.parametrize("who", VIEWERS)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 6])
def test_it_gives_the_rows_that_the_session_gives(database: Database, who: str, count: int) -> None:
    documents, pages = Prepared(DOCUMENTS), Prepared(PAGES)
    with session_for(database, VIEWERS[who]) as session:
        for least in (1, 3):  # the second time from what was kept
            given: dict[str, Any] = {"ids": IDS[:count], "least": least}
            assert sorted(documents.rows(session, **given), key=str) == sorted(
                map(tuple, session.execute(DOCUMENTS, given)), key=str
            )
        given = {"ids": IDS[-count:]}
        assert sorted(pages.rows(session, **given)) == sorted(
            map(tuple, session.execute(PAGES, given))
        )


def test_two_scopes_never_share_a_form(database: Database) -> None:
    prepared = Prepared(DOCUMENTS)
    seen = []
    for who in ("everything", "one unit", "nothing", "everything"):
        with session_for(database, VIEWERS[who]) as session:
            seen.append(len(prepared.rows(session, ids=IDS, least=1)))
    assert seen == [6, 1, 0, 6]


def test_values_have_their_types_and_names(database: Database) -> None:
    past = Prepared(select(CustomerPast.record).where(CustomerPast.customer_no == bindparam("no")))
    with session_for(database, VIEWERS["everything"]) as session:
        (row,) = Prepared(DOCUMENTS).rows(session, ids=["doc-1-1"], least=1)
        assert (row.doc_date, row.captured_at) == (date(2020, 2, 29), NOW)
        assert row.customer_no is None
        assert past.rows(session, no="4200000001")[0].record == {"name": "旧名"}


def test_no_ids_give_no_rows_and_ask_nothing(database: Database) -> None:
    with session_for(database, VIEWERS["everything"]) as session:
        assert Prepared(DOCUMENTS).rows(session, ids=[], least=1) == []


def test_a_union_without_values_works_too(database: Database) -> None:
    both = Prepared(union_all(select(Document.id), select(Customer.customer_no)))
    counted = Prepared(select(func.count(Document.id).label("papers")))
    with session_for(database, VIEWERS["one unit"]) as session:
        assert {row.id for row in both.rows(session)} == {"doc-1-0", "4200000001"}
        assert counted.rows(session)[0].papers == 1


def test_it_sees_what_its_own_transaction_has_not_written_yet(database: Database) -> None:
    with session_for(database, system_viewer("test"), write=True) as session:
        session.get_one(Document, "doc-1-0").problem = "unwritten"
        (row,) = Prepared(DOCUMENTS).rows(session, ids=["doc-1-0"], least=1)
        assert row.problem == "unwritten"
        session.rollback()


def test_a_session_without_viewer_raises(database: Database) -> None:
    with ScopedSession(database.reader) as session, pytest.raises(ScopeError):
        Prepared(DOCUMENTS).rows(session, ids=IDS, least=1)


def test_it_goes_on_in_the_next_transaction_of_the_same_session(database: Database) -> None:
    prepared = Prepared(select(Document.problem).where(Document.id == bindparam("id")))
    with ScopedSession(database.writer) as session:
        session.info.update(viewer=system_viewer("test"), writes=True)
        for told in ("first", "second", ""):
            session.get_one(Document, "doc-2-0").problem = told
            assert prepared.rows(session, id="doc-2-0")[0].problem == told
            session.commit()
            assert prepared.rows(session, id="doc-2-0")[0].problem == told


def test_who_listens_to_statements_hears_of_it_and_gets_the_same_rows(database: Database) -> None:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    prepared = Prepared(PAGES)
    with session_for(database, VIEWERS["everything"]) as session:
        unheard = prepared.rows(session, ids=IDS)
    event.listen(database.reader, "before_cursor_execute", note)
    try:
        with session_for(database, VIEWERS["everything"]) as session:
            assert prepared.rows(session, ids=IDS) == unheard
    finally:
        event.remove(database.reader, "before_cursor_execute", note)
    assert [each for each in said if "page" in each and each.startswith("SELECT")]


def test_a_fault_of_the_database_is_told_as_a_session_tells_it(tmp_path: Path) -> None:
    """As "no such table": the doors turn SQLAlchemy's errors into answers, not the driver's."""
    empty = create_database(f"sqlite:///{tmp_path / 'empty.db'}")
    with session_for(empty, VIEWERS["everything"]) as session:
        with pytest.raises(OperationalError) as prepared:
            Prepared(DOCUMENTS).rows(session, ids=["a secret"], least=1)
        with pytest.raises(OperationalError) as asked:
            session.execute(DOCUMENTS, {"ids": ["a secret"], "least": 1})
    assert str(prepared.value.orig) == str(asked.value.orig)
    assert "a secret" not in str(prepared.value)
    empty.dispose()
