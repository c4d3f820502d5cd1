"""Queries of columns that every request asks: compiled once for each scope, then only run.

A session compiles nothing twice either, but finding what it compiled before costs several times
what SQLite takes for a small query (docs/performance.md, "One box"). The scope is put on by the
very code that puts it on a session's queries.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError

from dossier.db.session import WRITES, ScopedSession, Sights, viewer_of, with_scope
from dossier.kept import Kept

PLANS_KEPT = 64
"""Compiled forms of one query: scopes in use at once, times lengths of lists."""
CONNECTION = "connection"
"""Under which a session's ``info`` keeps its connection."""
Query = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Bind:
    """Where a bound value comes from: a value that is given, one of its items, or the query."""

    name: str
    source: str = ""
    item: int | None = None
    value: Any = None
    convert: Convert | None = None

    def of(self, given: Mapping[str, Any]) -> Any:
        if not self.source:
            return self.value
        found = given[self.source]
        value = found if self.item is None else found[self.item]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query as the driver takes it, and what makes values of the driver's results."""

    sql: str
    binds: tuple[_Bind, ...]
    by_position: bool
    results: tuple[tuple[int, Convert], ...]

    def parameters(self, given: Mapping[str, Any]) -> Any:
        if self.by_position:
            return tuple(bind.of(given) for bind in self.binds)
        return {bind.name: bind.of(given) for bind in self.binds}

    def converted(self, row: Any) -> Any:
        if not self.results:
            return row
        values = list(row)
        for at, convert in self.results:
            if values[at] is not None:
                values[at] = convert(values[at])
        return values


class Prepared:
    """A SELECT of columns with bound values; lists are bound by ``bindparam(expanding=True)``."""

    def __init__(self, query: Query) -> None:
        """Prepare ``query``; each of its columns needs a name of its own."""
        self._query = query
        names = [column.name for column in query.selected_columns]
        self._row = namedtuple("Row", names)  # type: ignore[misc]
        self._plans: Kept[_Plan] = Kept(PLANS_KEPT)

    def rows(self, session: ScopedSession, **values: Any) -> list[Any]:
        """The rows within the session's scope, with their columns by name.

        Args:
            session: whose viewer's scope and transaction it is.
            values: of all bound parameters; an empty list gives no rows.

        Raises:
            ScopeError: the session has no viewer.
        """
        sights = viewer_of(session).sights
        if any(isinstance(value, list) and not value for value in values.values()):
            return []
        given = {name: _filled_up(value) for name, value in values.items()}
        lengths = tuple(len(value) for value in given.values() if isinstance(value, list))
        if session.info[WRITES]:
            session.flush()  # as a session does before its own queries
        connection = _connection_of(session)
        make = partial(self._plan, connection.dialect, sights, given)
        plan = self._plans.get((connection.dialect.name, sights, lengths), make)
        found = _rows(connection, plan.sql, plan.parameters(given))
        if not plan.results:
            return list(map(self._row._make, found))
        return [self._row(*plan.converted(row)) for row in found]

    def _plan(self, dialect: Dialect, sights: Sights, given: Mapping[str, Any]) -> _Plan:
        compiled: Any = with_scope(self._query, sights).compile(dialect=dialect)
        state = compiled.construct_expanded_state(dict(given))
        items = {
            name: (source, item)
            for source, names in (state.parameter_expansion or {}).items()
            for item, name in enumerate(names)
        }
        names = state.positiontup if compiled.positional else list(state.parameters)
        return _Plan(
            sql=state.statement,
            binds=tuple(_bind(name, state, items, given) for name in names),
            by_position=compiled.positional,
            results=_results(self._query, dialect),
        )


def _connection_of(session: ScopedSession) -> Connection:
    """The session's connection; finding it costs as much as a small query, so it is kept."""
    kept: Connection | None = session.info.get(CONNECTION)
    if kept is None or kept.closed or not kept.in_transaction():
        kept = session.info[CONNECTION] = session.connection()
    return kept


def _rows(connection: Connection, sql: str, parameters: Any) -> Sequence[Any]:
    """The driver's rows.

    SQLite is asked by its driver alone: making SQLAlchemy's result takes longer than the query.

    Raises:
        DBAPIError: as SQLAlchemy tells the driver's errors.
    """
    dialect = connection.dialect
    if dialect.name != "sqlite" or connection.dispatch.before_cursor_execute:  # somebody listens
        return connection.exec_driver_sql(sql, parameters).all()
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
    except sqlite3.Error as err:
        raise DBAPIError.instance(
            sql, None, err, sqlite3.Error, hide_parameters=True, dialect=dialect
        ) from err
    finally:
        cursor.close()


def _filled_up(value: Any) -> Any:
    """A list with its last item repeated up to a power of two: few lengths, few compiled forms."""
    if not isinstance(value, list):
        return value
    length = 1 << (len(value) - 1).bit_length()
    return value + value[-1:] * (length - len(value))


def _bind(
    name: str, state: Any, items: Mapping[str, tuple[str, int]], given: Mapping[str, Any]
) -> _Bind:
    convert = state.processors.get(name)
    source, item = items.get(name, (name, None))
    if source in given:
        return _Bind(name, source, item, convert=convert)
    value = state.parameters[name]
    return _Bind(name, value=value if convert is None else convert(value))


def _results(query: Query, dialect: Dialect) -> tuple[tuple[int, Convert], ...]:
    processors = (
        column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in query.selected_columns
    )
    return tuple((at, found) for at, found in enumerate(processors) if found is not None)
