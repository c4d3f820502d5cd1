"""Dossiers that lack something, as one viewer may see them: counts, and a list to work off.

Counts are of dossiers, never of papers, and of those in the viewer's scope only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, distinct, func, select

from dossier import access
from dossier.db.dossier_tables import DossierGap, DossierState
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, District, Line, OrgUnit
from dossier.plugins.completeness import recount
from dossier.services import audit, cursors
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import CustomerHead
from dossier.viewer import Permission, Viewer

LISTING = "incomplete"
LARGEST_PAGE = 100
PLACES: Mapping[str, tuple[Any, Any]] = {
    "station": (OrgUnit, Customer.unit_id),
    "line": (Line, Customer.line_id),
    "district": (District, Customer.district_id),
}
"""Places by the name of their filter, each below the one before it, and where customers say it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; empty: all.

    Attributes:
        missing: code of a type that lacks.
        state: ``missing``, ``expired``, ``unsigned`` or ``unsealed``.
        places: ids by the names of :data:`PLACES`.
    """

    missing: str = ""
    state: str = ""
    category: str = ""
    places: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """A paper that lacks."""

    type_code: str
    state: str
    since: date | None


@dataclass(frozen=True, slots=True)
class IncompleteDossier:
    """A dossier with what lacks in it."""

    head: CustomerHead
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """A value of a facet with the number of dossiers."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The list.

    Attributes:
        total: dossiers that lack something of what is asked for.
        dossiers: all dossiers in scope that were assessed.
        complete: those of them in which nothing lacks.
        by_type: how many lack each type, whatever type was chosen.
        by_place: the same by the next place below the chosen one; its name first.
        going_on: how far a recount of those in scope is, None where none is under way.
    """

    items: tuple[IncompleteDossier, ...]
    total: int
    dossiers: int
    complete: int
    by_type: tuple[Count, ...]
    by_place: tuple[str, tuple[Count, ...]]
    next_cursor: str | None
    going_on: recount.Progress | None


def get(
    context: Context, viewer: Viewer, wish: Wish, *, cursor: str | None = None, size: int = 50
) -> Incomplete:
    """A page of the list by customer number, with counts.

    Raises:
        ForbiddenError: the role may not read customers.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else ""
    with context.reading(viewer) as session:
        going_on = recount.progress(context, session)
        lacking = _numbers(wish).order_by(Customer.customer_no)
        numbers = list(session.scalars(lacking.where(Customer.customer_no > after).limit(size + 1)))
        shown = numbers[:size]
        more = len(numbers) > size
        facts = {"filtered_by": _used(wish), "rows": len(shown)}
        noted = audit.begin_read(
            context, viewer, "incomplete.listed", object_kind="", object_id="", facts=facts
        )
        found = Incomplete(
            items=_dossiers(session, viewer, shown),
            total=_count(session, _numbers(wish)),
            dossiers=session.scalar(_assessed()) or 0,
            complete=session.scalar(
                _assessed().where(DossierState.present == DossierState.required)
            )
            or 0,
            by_type=_by_type(session, wish),
            by_place=_by_place(session, wish),
            next_cursor=cursors.pack(context.keyring, LISTING, shown[-1]) if more else None,
            going_on=going_on if going_on.done < going_on.total else None,
        )
    noted.wait()
    return found


def _used(wish: Wish) -> list[str]:
    """Names of the filters that were used."""
    named = {"missing": wish.missing, "state": wish.state, "category": wish.category}
    return [name for name, value in (named | dict(wish.places)).items() if value]


def _conditions(wish: Wish, *, typed: bool = True) -> list[ColumnElement[bool]]:
    found = [DossierGap.customer_no == Customer.customer_no]
    if wish.missing and typed:
        found.append(DossierGap.type_code == wish.missing)
    if wish.state:
        found.append(DossierGap.state == wish.state)
    if wish.category:
        found.append(Customer.category == wish.category)
    for name, place in wish.places.items():
        found.append(PLACES[name][1] == place)
    return found


def _numbers(wish: Wish) -> Any:
    """Customers in scope that lack something of what is asked for."""
    lacking = select(DossierGap.id).where(*_conditions(wish)).correlate(Customer)
    return select(Customer.customer_no).where(lacking.exists())


def _count(session: ScopedSession, query: Any) -> int:
    return session.scalar(query.with_only_columns(func.count(Customer.customer_no))) or 0


def _assessed() -> Any:
    return select(func.count(DossierState.customer_no)).join(
        Customer, Customer.customer_no == DossierState.customer_no
    )


def _by_type(session: ScopedSession, wish: Wish) -> tuple[Count, ...]:
    dossiers = func.count(distinct(DossierGap.customer_no))
    query = (
        select(DossierGap.type_code, dossiers)
        .select_from(DossierGap)
        .join(Customer, Customer.customer_no == DossierGap.customer_no)
        .where(*_conditions(wish, typed=False))
        .group_by(DossierGap.type_code)
    )
    rows = sorted(session.execute(query), key=lambda row: (-row[1], row[0]))
    return tuple(Count(code, "", count) for code, count in rows)


def _by_place(session: ScopedSession, wish: Wish) -> tuple[str, tuple[Count, ...]]:
    """By the first kind of place that is not chosen; all chosen: by district."""
    name = next((one for one in PLACES if one not in wish.places), "district")
    table, column = PLACES[name]
    query = (
        select(table.id, table.name, func.count(Customer.customer_no))
        .select_from(Customer)
        .join(table, table.id == column)
        .where(_numbers(wish).whereclause)
        .group_by(table.id, table.name)
    )
    rows = sorted(session.execute(query), key=lambda row: (-row[2], row[1]))
    return name, tuple(Count(str(key), label, count) for key, label, count in rows)


def _dossiers(
    session: ScopedSession, viewer: Viewer, numbers: Sequence[str]
) -> tuple[IncompleteDossier, ...]:
    gaps: dict[str, list[Gap]] = defaultdict(list)
    query = select(DossierGap).where(DossierGap.customer_no.in_(numbers)).order_by(DossierGap.id)
    for row in session.scalars(query):
        gaps[row.customer_no].append(Gap(row.type_code, row.state, row.since))
    named = heads(session, viewer, numbers)
    return tuple(IncompleteDossier(named[number], tuple(gaps[number])) for number in numbers)
