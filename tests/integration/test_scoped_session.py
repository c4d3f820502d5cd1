"""The only session there is adds the viewer's scope to every query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import exists, func, select, union_all
from sqlalchemy.orm import aliased

from dossier.db import Database, ScopeError, create_database, migrate, session_for
from dossier.db.session import ScopedSession
from dossier.db.tables import (
    Content,
    Customer,
    CustomerNumber,
    Document,
    OrgUnit,
    Page,
)
from dossier.viewer import EVERYTHING, Permission, Scope, Viewer, system_viewer

NOW = datetime(2026, 1, 2, tzinfo=UTC)
OWN, FOREIGN = "4200000001", "4200000002"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = create_database(database_url)
    migrate.upgrade(made)
    with session_for(made, system_viewer("test"), write=True) as session:
        session.add_all([OrgUnit(id=1, name="一所"), OrgUnit(id=2, name="二所")])
        session.add(Content(sha256="0" * 64, size_bytes=1, stored_at=NOW))
        session.flush()
        for rowid, (number, unit) in enumerate([(OWN, 1), (FOREIGN, 2)], start=1):
            session.add(
                Customer(
                    customer_no=number,
                    rowid=rowid,
                    name="张三",
                    name_key="张三",
                    unit_id=unit,
                    updated_at=NOW,
                )
            )
            session.flush()
            session.add(CustomerNumber(customer_no=number, kind="meter", value="1", key=number))
            session.add(_document(f"doc-{unit}", rowid, number, unit))
            session.flush()
            session.add(Page(document_id=f"doc-{unit}", number=1, text="合同"))
        session.add(_document("pool", 9, None, None))
    yield made
    made.dispose()


def _document(key: str, rowid: int, customer_no: str | None, unit: int | None) -> Document:
    return Document(
        id=key,
        rowid=rowid,
        customer_no=customer_no,
        unit_id=unit,
        state="filed",
        captured_at=NOW,
        sha256="0" * 64,
    )


def viewer(*permissions: Permission, scope: Scope) -> Viewer:
    return Viewer("u", "u", "agent", frozenset(permissions), scope)


UNIT_ONE = viewer(Permission.SEARCH, scope=Scope(units=frozenset({1})))

SHAPES: dict[str, Callable[[ScopedSession], Any]] = {
    "select entity": lambda s: [d.id for d in s.scalars(select(Document))],
    "select column": lambda s: list(s.scalars(select(Document.id))),
    "get": lambda s: [d.id for d in [s.get(Document, "doc-1"), s.get(Document, "doc-2")] if d],
    "legacy query": lambda s: [d.id for d in s.query(Document).all()],
    "where in": lambda s: list(
        s.scalars(select(Document.id).where(Document.id.in_(["doc-1", "doc-2"])))
    ),
    "alias": lambda s: [d.id for d in s.scalars(select(aliased(Document)))],
    "join from page": lambda s: list(
        s.scalars(select(Document.id).join(Page, Page.document_id == Document.id))
    ),
    "page alone": lambda s: list(s.scalars(select(Page.document_id))),
    "subquery": lambda s: list(
        s.scalars(select(Document.id).where(Document.customer_no.in_(select(Customer.customer_no))))
    ),
    "exists": lambda s: list(
        s.scalars(
            select(Document.id).where(exists().where(Customer.customer_no == Document.customer_no))
        )
    ),
    "union": lambda s: sorted(set(s.scalars(union_all(select(Document.id), select(Document.id))))),
    "group by": lambda s: [
        row[0] for row in s.execute(select(Document.id, func.count()).group_by(Document.id))
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_query_stays_in_the_viewers_scope(database: Database, shape: str) -> None:
    with session_for(database, UNIT_ONE) as session:
        assert SHAPES[shape](session) == ["doc-1"]


def test_counts_obey_the_scope(database: Database) -> None:
    with session_for(database, UNIT_ONE) as session:
        assert session.scalar(select(func.count()).select_from(Document)) == 1
        assert session.scalar(select(func.count()).select_from(Customer)) == 1
        assert list(session.scalars(select(CustomerNumber.customer_no))) == [OWN]


def test_an_unassigned_document_is_for_those_who_may_see_the_pool(database: Database) -> None:
    company = viewer(Permission.SEARCH, scope=EVERYTHING)
    assigner = viewer(Permission.SEARCH, Permission.SEE_POOL, scope=EVERYTHING)
    with session_for(database, company) as session:
        assert sorted(session.scalars(select(Document.id))) == ["doc-1", "doc-2"]
    with session_for(database, assigner) as session:
        assert sorted(session.scalars(select(Document.id))) == ["doc-1", "doc-2", "pool"]


def test_no_scope_at_all_sees_nothing(database: Database) -> None:
    with session_for(database, viewer(Permission.SEARCH, scope=Scope())) as session:
        assert list(session.scalars(select(Document.id))) == []
        assert list(session.scalars(select(Page.document_id))) == []


def test_a_session_without_viewer_raises(database: Database) -> None:
    with ScopedSession(database.reader) as session, pytest.raises(ScopeError):
        session.scalars(select(Document.id))


def test_a_reader_cannot_write(database: Database) -> None:
    with session_for(database, system_viewer("test")) as session:
        session.add(OrgUnit(id=3, name="三所"))
        with pytest.raises(Exception, match=r"read-?only"):
            session.flush()


def test_a_commit_waits_for_the_disk_unless_it_may_be_lost_in_a_power_cut(
    database: Database,
) -> None:
    """Whatever the connection, taken from the pool, was used for before."""
    ask = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
    waits, does_not = (2, 1) if database.is_sqlite else ("on", "off")
    seen = []
    for durable in (True, False, True):
        with session_for(database, system_viewer("test"), write=True, durable=durable) as session:
            seen.append(session.connection().exec_driver_sql(ask).scalar())
    assert seen == [waits, does_not, waits]
