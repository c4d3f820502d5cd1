"""The only session there is knows its viewer, and adds the viewer's scope to every query.

A ``do_orm_execute`` hook puts the scope on each scoped entity and raises without a viewer. It does
not hold for ``text()`` and Core selects, which are banned outside ``dossier/db`` (a test reads the
sources).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, event, false, or_, select, true
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from dossier.db.engines import DURABLE, Database
from dossier.db.tables import (
    SCOPED_BY_CUSTOMER,
    SCOPED_BY_DOCUMENT,
    Customer,
    Document,
)
from dossier.db.turns import turn
from dossier.viewer import Permission, Scope, Viewer

VIEWER, WRITES = "viewer", "writes"
"""What a session's ``info`` says: on whose behalf it works, and whether it may write."""
FOREIGN_KEYS = {Customer: "customer_no", Document: "document_id"}
SIGHTS_KEPT = 256
"""Distinct scopes whose criteria are kept: units of a company, not its people."""


class ScopeError(RuntimeError):
    """A query without a viewer: a fault of the program, never shown as data."""


def scope_of(viewer: Viewer, entity: Any) -> ColumnElement[bool]:
    """The condition that keeps ``entity``'s rows (Customer or Document) to the viewer's scope."""
    return _conditions(_Sight.of(viewer), entity, entity)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What of a viewer decides which rows are seen; the key under which conditions are kept."""

    scope: Scope
    sees_pool: bool

    @classmethod
    def of(cls, viewer: Viewer) -> _Sight:
        return cls(viewer.scope, viewer.may(Permission.SEE_POOL))


def _conditions(sight: _Sight, columns: Any, entity: Any) -> ColumnElement[bool]:
    sees_pool = entity is not Document or sight.sees_pool
    owned: ColumnElement[bool] = true() if sees_pool else columns.customer_no.is_not(None)
    if sight.scope.everything:
        return owned
    parts = _leaves(sight.scope, columns)
    if entity is Document and sees_pool and parts:
        parts.append(and_(columns.customer_no.is_(None), columns.unit_id.is_(None)))
    return and_(owned, or_(*parts)) if parts else false()


def _leaves(scope: Scope, columns: Any) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = []
    if scope.units:
        parts.append(columns.unit_id.in_(sorted(scope.units)))
    if scope.lines:
        parts.append(columns.line_id.in_(sorted(scope.lines)))
    if scope.districts:
        parts.append(columns.district_id.in_(sorted(scope.districts)))
    return parts


def _add_scope(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    viewer = state.session.info.get(VIEWER)
    if viewer is None:
        raise ScopeError("a session without a viewer; use dossier.db.session_for(viewer)")
    options = _options(_Sight.of(viewer))
    if options:
        state.statement = state.statement.options(*options)


@lru_cache(maxsize=SIGHTS_KEPT)
def _options(sight: _Sight) -> tuple[ExecutableOption, ...]:
    """The criteria of a sight, built once: building them costs more than most queries."""
    limits = {
        Customer: () if sight.scope.everything else (Customer, *SCOPED_BY_CUSTOMER),
        Document: ()
        if sight.scope.everything and sight.sees_pool
        else (Document, *SCOPED_BY_DOCUMENT),
    }
    return tuple(
        with_loader_criteria(entity, _criteria(sight, entity, owner), include_aliases=True)
        for owner, entities in limits.items()
        for entity in entities
    )


def _criteria(sight: _Sight, entity: Any, owner: Any) -> ColumnElement[bool]:
    if entity is owner:
        return _conditions(sight, entity, entity)
    table = owner.__table__.alias()  # a plain table: the criteria above must not apply twice
    key = next(column for column in owner.__table__.primary_key)
    same = table.c[key.name] == getattr(entity, FOREIGN_KEYS[owner])
    return select(table.c.revision).where(same, _conditions(sight, table.c, owner)).exists()


class ScopedSession(Session):
    """A session that refuses to work without a viewer."""


event.listen(ScopedSession, "do_orm_execute", _add_scope)


@contextmanager
def session_for(
    database: Database, viewer: Viewer, *, write: bool = False, durable: bool = True
) -> Iterator[ScopedSession]:
    """A session in one transaction, on the reader or the writer, within the viewer's scope.

    A writing session commits at the end of the block and rolls back on an exception.

    Args:
        database: the engines.
        viewer: whose scope it is.
        write: on the writer, in one transaction.
        durable: False commits without waiting for the disk: a crash of the process loses nothing, a
            power cut at most the last such commits, and never an earlier one alone. For what is
            done again then, such as a claim.
    """
    engine = database.writer if write else database.reader
    # Not by a sessionmaker: each of those makes a class, which cost as much as a small query.
    with ScopedSession(engine, expire_on_commit=False) as session:
        session.info[VIEWER] = viewer
        session.info[WRITES] = write
        if not write:
            yield session
            return
        with turn(database), session.begin():
            session.connection(execution_options={DURABLE: durable})
            yield session
