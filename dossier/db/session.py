"""The only session there is knows its viewer, and adds the viewer's scope to every query.

A ``do_orm_execute`` hook puts the scope on each scoped entity and raises without a viewer. It does
not hold for ``text()`` and Core selects, which are banned outside ``dossier/db`` (a test reads the
sources).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, event, false, not_, or_, select, true
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from dossier.db.batch_tables import ITEMS_OF_BATCHES
from dossier.db.case_tables import BusinessCase, CaseNode
from dossier.db.correction_tables import SCOPED_BY_CORRECTION
from dossier.db.custody_tables import SCOPED_BY_CUSTODY
from dossier.db.dossier_tables import DossierCount, DossierGap, DossierState, WaiverRow
from dossier.db.engines import DURABLE, Database
from dossier.db.late_tables import SCOPED_BY_LATE
from dossier.db.quality_tables import SCOPED_BY_QUALITY
from dossier.db.shelving_tables import ITEMS_OF_VOLUMES, SCOPED_BY_SHELVING
from dossier.db.stack_tables import SCOPED_BY_STACK
from dossier.db.tables import (
    SCOPED_BY_CUSTOMER,
    SCOPED_BY_DOCUMENT,
    Customer,
    Document,
    DocumentField,
    Page,
)
from dossier.db.turns import turn
from dossier.db.verification_tables import OF_VERIFICATION
from dossier.viewer import Scope, Sight, Viewer

VIEWER, WRITES = "viewer", "writes"
"""What a session's ``info`` says: on whose behalf it works, and whether it may write."""
BY_CUSTOMER = (
    *SCOPED_BY_CUSTOMER, DossierState, DossierGap, WaiverRow, BusinessCase, CaseNode,
    *OF_VERIFICATION, *SCOPED_BY_SHELVING,
)  # fmt: skip
BY_PLACE = (DossierCount,)
"""Figures of places; whose scope is some customers or cases sees none of them."""
BY_DOCUMENT = (
    *SCOPED_BY_DOCUMENT, *SCOPED_BY_STACK, *SCOPED_BY_LATE, *SCOPED_BY_CORRECTION,
    *SCOPED_BY_QUALITY, *ITEMS_OF_VOLUMES, *SCOPED_BY_CUSTODY,
    *ITEMS_OF_BATCHES,
)  # fmt: skip
OF_DOSSIERS = frozenset(
    {DossierState, DossierGap, WaiverRow, BusinessCase, CaseNode, *OF_VERIFICATION}
)
"""What is told of a whole dossier; a grant for one case of it opens that case's alone."""
FOREIGN_KEYS = {Customer: "customer_no", Document: "document_id"}
NUMBERED: Mapping[Any, Any] = {Page: Page.number, DocumentField: DocumentField.page}
"""What stands on one page of a paper, with the column that says on which."""
Sights = tuple[Sight, ...]
SIGHTS_KEPT = 256
"""Distinct scopes whose criteria are kept: units of a company, not its people."""


class ScopeError(RuntimeError):
    """A query without a viewer: a fault of the program, never shown as data."""


def scope_of(viewer: Viewer, entity: Any) -> ColumnElement[bool]:
    """The condition that keeps ``entity``'s rows (Customer or Document) to the viewer's scope."""
    return _conditions(viewer.sights, entity, entity)


def whole_dossiers(viewer: Viewer) -> ColumnElement[bool]:
    """The condition for customers of whom the viewer sees more than a case."""
    return and_(*(_customers(_whole(sight), Customer) for sight in viewer.sights))


def _whole(sight: Sight) -> Sight:
    return replace(sight, owned=replace(sight.owned, records=frozenset()))


def _conditions(sights: Sights, columns: Any, entity: Any) -> ColumnElement[bool]:
    """Rows within all sights: each permission that a use case needs has one."""
    if entity is Document:
        return and_(*(_documents(sight, columns) for sight in sights))
    return and_(*(_customers(sight, columns) for sight in sights))


def _customers(sight: Sight, columns: Any) -> ColumnElement[bool]:
    scope = sight.owned
    if scope.everything:
        return true()
    parts = _leaves(scope, columns)
    if scope.customers or scope.records:
        parts.append(columns.customer_no.in_(sorted(scope.customers | scope.records)))
    return or_(*parts) if parts else false()


def _places(sight: Sight, columns: Any) -> ColumnElement[bool]:
    scope = sight.owned
    return true() if scope.everything else or_(false(), *_leaves(scope, columns))


def _documents(sight: Sight, columns: Any) -> ColumnElement[bool]:
    if sight.owned.everything and sight.pool.everything:
        return true()
    reached = _owned_documents(sight.owned, columns)
    if sight.owned.pages:
        reached = or_(reached, columns.id.in_(sorted({one for one, _ in sight.owned.pages})))
    owned = and_(columns.customer_no.is_not(None), reached)
    if not sight.pool.has_area:
        return owned
    pool = and_(columns.customer_no.is_(None), _pool(sight.pool, columns))
    return or_(owned, and_(pool, _whole_stack(sight, columns)))


def _whole_stack(sight: Sight, columns: Any) -> ColumnElement[bool]:
    """A stack holds the papers of several customers: seen by who may see each of them."""
    part = Document.__table__.alias()  # a plain table: the criteria must not apply twice
    owned = and_(part.c.customer_no.is_not(None), _owned_documents(sight.owned, part.c))
    pool = and_(part.c.customer_no.is_(None), _pool(sight.pool, part.c))
    beyond = select(part.c.id).where(
        part.c.parent_id == columns.id, part.c.source_pages.is_not(None), not_(or_(owned, pool))
    )
    return not_(beyond.exists())


def _owned_documents(scope: Scope, columns: Any) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    parts = _leaves(scope, columns)
    if scope.cases:
        parts.append(columns.case_no.in_(sorted(scope.cases)))
    if scope.customers:
        parts.append(columns.customer_no.in_(sorted(scope.customers)))
    if scope.documents:
        parts.append(columns.id.in_(sorted(scope.documents)))
    return or_(*parts) if parts else false()


def _pool(scope: Scope, columns: Any) -> ColumnElement[bool]:
    """Papers of nobody: those of no unit, and those of the scope's units."""
    if scope.everything:
        return true()
    nowhere = columns.unit_id.is_(None)
    return or_(nowhere, columns.unit_id.in_(sorted(scope.units))) if scope.units else nowhere


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
    state.statement = with_scope(state.statement, viewer_of(state.session).sights)


def viewer_of(session: Session) -> Viewer:
    """On whose behalf a session works.

    Raises:
        ScopeError: on nobody's.
    """
    viewer: Viewer | None = session.info.get(VIEWER)
    if viewer is None:
        raise ScopeError("a session without a viewer; use dossier.db.session_for(viewer)")
    return viewer


def with_scope(statement: Any, sights: Sights) -> Any:
    """The statement, which gives and touches rows within all sights only."""
    options = _options(sights)
    return statement.options(*options) if options else statement


@lru_cache(maxsize=SIGHTS_KEPT)
def _options(sights: Sights) -> tuple[ExecutableOption, ...]:
    """The criteria of a viewer, built once: building them costs more than most queries."""
    sees_customers = all(sight.owned.everything for sight in sights)
    sees_documents = sees_customers and all(sight.pool.everything for sight in sights)
    limits = {
        Customer: () if sees_customers else (Customer, *BY_CUSTOMER),
        Document: () if sees_documents else (Document, *BY_DOCUMENT),
    }
    found: list[tuple[Any, ColumnElement[bool]]] = [
        (entity, _criteria(sights, entity, owner))
        for owner, entities in limits.items()
        for entity in entities
    ]
    if not sees_customers:
        found += [(entity, and_(*(_places(one, entity) for one in sights))) for entity in BY_PLACE]
    return tuple(
        with_loader_criteria(entity, limit, include_aliases=True) for entity, limit in found
    )


def _criteria(sights: Sights, entity: Any, owner: Any) -> ColumnElement[bool]:
    if entity is owner:
        return _conditions(sights, entity, entity)
    if entity in OF_DOSSIERS:
        return and_(*(_of_dossier(sight, entity) for sight in sights))
    if owner is Document and any(sight.owned.pages for sight in sights):
        return and_(*(_of_document(sight, entity) for sight in sights))
    return _is_owned(sights, entity, owner)


def _of_document(sight: Sight, entity: Any) -> ColumnElement[bool]:
    """Of a paper of which some pages were lent: what stands on those, and nothing else."""
    pages = sight.owned.pages
    whole = replace(sight, owned=replace(sight.owned, pages=frozenset()))
    seen = _is_owned((whole,), entity, Document)
    if not pages or entity not in NUMBERED:
        return seen
    lent = (
        and_(
            entity.document_id == document,
            NUMBERED[entity].in_(sorted(page for one, page in pages if one == document)),
        )
        for document in sorted({one for one, _ in pages})
    )
    return or_(seen, and_(or_(*lent), _is_owned((sight,), entity, Document)))


def _of_dossier(sight: Sight, entity: Any) -> ColumnElement[bool]:
    scope = sight.owned
    seen = _is_owned((_whole(sight),), entity, Customer)
    own_case = scope.cases and "case_no" in entity.__table__.columns
    return or_(seen, entity.case_no.in_(sorted(scope.cases))) if own_case else seen


def _is_owned(sights: Sights, entity: Any, owner: Any) -> ColumnElement[bool]:
    table = owner.__table__.alias()  # a plain table: the criteria above must not apply twice
    key = next(column for column in owner.__table__.primary_key)
    same = table.c[key.name] == getattr(entity, FOREIGN_KEYS[owner])
    return select(table.c.revision).where(same, _conditions(sights, table.c, owner)).exists()


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
