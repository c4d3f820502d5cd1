"""How customers stand by one state each: counts by place, and the list behind a count.

Filters and scope are part of the queries, so counts are of customers that the viewer sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import ColumnElement, func, select

from dossier import access
from dossier.db.session import ScopedSession, whole_dossiers
from dossier.db.tables import Customer, District, Line, OrgUnit
from dossier.db.verification_tables import VerifiedFacts
from dossier.plugins.verification import rules
from dossier.rules.limits import LARGEST_INTEGER
from dossier.services import audit, cursors
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import CustomerHead
from dossier.viewer import Permission, Viewer

PLACES: Mapping[str, tuple[Any, Any]] = {
    "station": (OrgUnit, Customer.unit_id),
    "line": (Line, Customer.line_id),
    "district": (District, Customer.district_id),
}
"""Places by the name of their filter, each below the one before it, and where customers say it."""
NOWHERE = 0
"""In place of an id: customers of no such place."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; empty: all."""

    state: str = ""
    category: str = ""
    places: Mapping[str, int] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, str]:
        """The choices by their names, as they stand in an address."""
        chosen = {"state": self.state, "category": self.category}
        return chosen | {name: str(self.places.get(name, "")) for name in PLACES}

    @property
    def used(self) -> list[str]:
        """Names of the filters that were used."""
        return [name for name, value in self.values.items() if value]


Place = Annotated[int | None, Query(ge=NOWHERE, le=LARGEST_INTEGER)]
Code = Annotated[str, Query(max_length=12)]


def wished(
    state: Code = "",
    category: Code = "",
    station: Place = None,
    line: Place = None,
    district: Place = None,
) -> Wish:
    """What is asked for in an address; a code that there is not finds nothing."""
    given = zip(PLACES, (station, line, district), strict=True)
    return Wish(state, category, {name: one for name, one in given if one is not None})


@dataclass(frozen=True, slots=True)
class Group:
    """Customers of one place (0: of none), by state."""

    value: int
    label: str
    total: int
    counts: Mapping[str, int]

    def share(self, state: str) -> float:
        """Of the customers those in a state, in per cent."""
        return round(100 * self.counts.get(state, 0) / self.total, 1) if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """The list with its counts.

    Attributes:
        whole: all that is asked for, whatever state was chosen.
        by: the name of the place by which ``groups`` are.
        items: a page of the chosen state, by customer number, each with its state.
    """

    whole: Group
    by: str
    groups: tuple[Group, ...]
    items: tuple[tuple[CustomerHead, str], ...]
    total: int
    next_cursor: str | None


def listed(
    context: Context,
    viewer: Viewer,
    wish: Wish,
    *,
    listing: str,
    event: str,
    state: ColumnElement[str],
    cursor: str | None,
    size: int,
) -> Standing:
    """Count and list, as the audit notes under ``event``; the rest as :func:`_read` takes it.

    Raises:
        ForbiddenError: the role may not read customers.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        found = _read(
            context,
            session,
            viewer,
            wish,
            listing=listing,
            state=state,
            cursor=cursor,
            size=size,
        )
        facts = {"filtered_by": wish.used, "rows": len(found.items)}
        noted = audit.begin_read(context, viewer, event, object_kind="", object_id="", facts=facts)
    noted.wait()
    return found


def _read(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    wish: Wish,
    *,
    listing: str,
    state: ColumnElement[str],
    cursor: str | None,
    size: int,
) -> Standing:
    """Count and list.

    Args:
        context: the wired product.
        session: the viewer's own.
        viewer: who looks, as the permission reaches.
        wish: what is asked for.
        listing: the list's name, for cursors.
        state: of a customer, over :class:`Customer` and :class:`VerifiedFacts`.
        cursor: of the page before.
        size: of a page.

    Raises:
        QueryError: the cursor is broken.
    """
    after = cursors.unpack(context.keyring, listing, cursor) if cursor else ""
    asked = [*conditions(viewer, wish), *([state == wish.state] if wish.state else [])]
    query = _customers(Customer.customer_no, state.label("state")).where(*asked)
    page = query.where(Customer.customer_no > after).order_by(Customer.customer_no)
    rows = session.execute(page.limit(size + 1)).all()
    shown = rows[:size]
    named = heads(session, viewer, [row.customer_no for row in shown])
    by, groups = _by_place(session, viewer, wish, state)
    whole = _sum(groups)
    return Standing(
        whole=whole,
        by=by,
        groups=groups,
        items=tuple((named[row.customer_no], row.state) for row in shown),
        total=whole.counts.get(wish.state, 0) if wish.state else whole.total,
        next_cursor=cursors.pack(context.keyring, listing, shown[-1].customer_no)
        if len(rows) > size
        else None,
    )


def conditions(viewer: Viewer, wish: Wish) -> list[ColumnElement[bool]]:
    """Customers that count, of the chosen category and places."""
    found = [whole_dossiers(viewer), Customer.status.in_(rules.load().statuses)]
    if wish.category:
        found.append(Customer.category == wish.category)
    for name, place in wish.places.items():
        column = PLACES[name][1]
        found.append(column.is_(None) if place == NOWHERE else column == place)
    return found


def _customers(*columns: Any) -> Any:
    facts = VerifiedFacts.customer_no == Customer.customer_no
    return select(*columns).select_from(Customer).outerjoin(VerifiedFacts, facts)


def _by_place(
    session: ScopedSession, viewer: Viewer, wish: Wish, state: ColumnElement[str]
) -> tuple[str, tuple[Group, ...]]:
    """By the first kind of place that is not chosen; all chosen: by district."""
    by = next((one for one in PLACES if one not in wish.places), "district")
    table, column = PLACES[by]
    stands = state.label("state")
    query = (
        _customers(column.label("place"), stands, func.count(Customer.customer_no).label("count"))
        .where(*conditions(viewer, wish))
        .group_by(column, stands)
    )
    counts: dict[int, dict[str, int]] = {}
    for place, code, count in session.execute(query):
        counts.setdefault(place or NOWHERE, {})[code] = count
    names = _names(session, table, counts)
    groups = [
        Group(place, names.get(place, ""), sum(found.values()), found)
        for place, found in counts.items()
    ]
    return by, tuple(sorted(groups, key=lambda one: (not one.label, one.label, one.value)))


def _names(session: ScopedSession, table: Any, ids: Iterable[int]) -> Mapping[int, str]:
    wanted = sorted(one for one in ids if one != NOWHERE)
    rows = session.execute(select(table.id, table.name).where(table.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def _sum(groups: Sequence[Group]) -> Group:
    counts: dict[str, int] = {}
    for group in groups:
        for state, count in group.counts.items():
            counts[state] = counts.get(state, 0) + count
    return Group(NOWHERE, "", sum(counts.values()), counts)
