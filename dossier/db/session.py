"""The only session there is knows its viewer, and adds the viewer's scope to every query.

A ``do_orm_execute`` hook puts the scope on each scoped entity and raises without a viewer. It does
not hold for ``text()`` and Core selects, which are banned outside ``dossier/db`` (a test reads the
sources).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, event, false, or_, select, true
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria

from dossier.db.engines import Database
from dossier.db.tables import (
    SCOPED_BY_CUSTOMER,
    SCOPED_BY_DOCUMENT,
    Customer,
    Document,
)
from dossier.viewer import Permission, Scope, Viewer

VIEWER = "viewer"


class ScopeError(RuntimeError):
    """A query without a viewer: a fault of the program, never shown as data."""


def scope_of(viewer: Viewer, entity: Any) -> ColumnElement[bool]:
    """The condition that keeps ``entity``'s rows (Customer or Document) to the viewer's scope."""
    return _conditions(viewer, entity, entity)


def _conditions(viewer: Viewer, columns: Any, entity: Any) -> ColumnElement[bool]:
    sees_pool = entity is not Document or viewer.may(Permission.SEE_POOL)
    owned: ColumnElement[bool] = true() if sees_pool else columns.customer_no.is_not(None)
    if viewer.scope.everything:
        return owned
    parts = _leaves(viewer.scope, columns)
    if entity is Document and sees_pool and parts:
        parts.append(and_(columns.customer_no.is_(None), columns.unit_id.is_(None)))
    return and_(owned, or_(*parts)) if parts else false()


def _leaves(scope: Scope, columns: Any) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = []
    if scope.units:
        parts.append(columns.unit_id.in_(scope.units))
    if scope.lines:
        parts.append(columns.line_id.in_(scope.lines))
    if scope.districts:
        parts.append(columns.district_id.in_(scope.districts))
    return parts


def _add_scope(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    viewer = state.session.info.get(VIEWER)
    if viewer is None:
        raise ScopeError("a session without a viewer; use dossier.db.session_for(viewer)")
    if viewer.scope.everything and viewer.may(Permission.SEE_POOL):
        return
    options = [
        with_loader_criteria(Customer, scope_of(viewer, Customer), include_aliases=True),
        with_loader_criteria(Document, scope_of(viewer, Document), include_aliases=True),
    ]
    for entity in SCOPED_BY_DOCUMENT:
        options.append(
            with_loader_criteria(entity, _of_document(entity, viewer), include_aliases=True)
        )
    for entity in SCOPED_BY_CUSTOMER:
        options.append(
            with_loader_criteria(entity, _of_customer(entity, viewer), include_aliases=True)
        )
    state.statement = state.statement.options(*options)


def _of_document(entity: Any, viewer: Viewer) -> ColumnElement[bool]:
    owner = Document.__table__.alias()  # a plain table: the criteria above must not apply twice
    return _owner_in_scope(owner, owner.c.id == entity.document_id, viewer, Document)


def _of_customer(entity: Any, viewer: Viewer) -> ColumnElement[bool]:
    owner = Customer.__table__.alias()
    return _owner_in_scope(owner, owner.c.customer_no == entity.customer_no, viewer, Customer)


def _owner_in_scope(
    owner: Any, same: ColumnElement[bool], viewer: Viewer, entity: Any
) -> ColumnElement[bool]:
    return select(owner.c.revision).where(same, _conditions(viewer, owner.c, entity)).exists()


class ScopedSession(Session):
    """A session that refuses to work without a viewer."""


event.listen(ScopedSession, "do_orm_execute", _add_scope)


def _maker(engine: Engine) -> sessionmaker[ScopedSession]:
    return sessionmaker(engine, class_=ScopedSession, expire_on_commit=False)


@contextmanager
def session_for(
    database: Database, viewer: Viewer, *, write: bool = False
) -> Iterator[ScopedSession]:
    """A session in one transaction, on the reader or the writer, within the viewer's scope.

    A writing session commits at the end of the block and rolls back on an exception.
    """
    engine = database.writer if write else database.reader
    with _maker(engine)() as session:
        session.info[VIEWER] = viewer
        if write:
            with session.begin():
                yield session
        else:
            yield session
