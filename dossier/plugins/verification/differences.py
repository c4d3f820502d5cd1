"""Differences as one viewer may see them: listed, and settled with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, select

from dossier import access
from dossier.db.session import ScopedSession, whole_dossiers
from dossier.db.tables import Customer
from dossier.db.verification_tables import ComparisonRun, Difference
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.verification import facts, reached, register_facts
from dossier.plugins.verification.comparison import OPEN, SETTLED
from dossier.plugins.verification.facts import Fact
from dossier.plugins.verification.standing import NOWHERE, PLACES
from dossier.rules.customer_file import CustomerRecord
from dossier.services import audit, cursors, labels, personal
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.customer_upsert import Upsert
from dossier.services.heads import head_of, known_values, register_rows
from dossier.services.places import Places
from dossier.services.views import CustomerHead, Shown
from dossier.viewer import Field, Permission, Viewer

LISTING = "differences"
LISTED, SETTLED_ACTION = "differences.listed", "difference.settled"
MOST_RUNS = 20


class Decision(StrEnum):
    """How a person answers a difference."""

    TAKE_THEIRS = "take_theirs"
    KEEP_OURS = "keep_ours"
    CLERICAL = "clerical"


@dataclass(frozen=True, slots=True)
class DifferenceWish:
    """What is asked for; empty: all."""

    state: str = OPEN
    fact: str = ""
    places: Mapping[str, int] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, str]:
        """The choices by their names, as they stand in an address."""
        chosen = {"state": self.state, "fact": self.fact}
        return chosen | {name: str(self.places.get(name, "")) for name in PLACES}


@dataclass(frozen=True, slots=True)
class FoundDifference:
    """A difference, masked for its viewer."""

    id: str
    head: CustomerHead
    fact: str
    ours: tuple[Shown, ...]
    theirs: tuple[Shown, ...]
    state: str
    decision: str
    reason: str
    settled_by: str
    settled_at: datetime | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list, and how many there are of each fact, whichever was chosen."""

    items: tuple[FoundDifference, ...]
    total: int
    by_fact: Mapping[str, int]
    next_cursor: str | None


def get(
    context: Context,
    viewer: Viewer,
    wish: DifferenceWish,
    *,
    cursor: str | None = None,
    size: int = 50,
) -> Found:
    """A page by customer number.

    Raises:
        ForbiddenError: the role may not settle differences.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.SETTLE)
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else ""
    with context.reading(viewer) as session:
        query = (
            select(Difference)
            .join(Customer, Customer.customer_no == Difference.customer_no)
            .where(*_conditions(viewer, wish))
            .order_by(Difference.id)
        )
        rows = session.scalars(query.where(Difference.id > after).limit(size + 1)).all()
        shown = rows[:size]
        used = [name for name, value in wish.values.items() if value]
        noted = audit.begin_read(
            context,
            viewer,
            LISTED,
            object_kind="",
            object_id="",
            facts={"filtered_by": used, "rows": len(shown)},
        )
        by_fact = _by_fact(session, viewer, wish)
        total = by_fact.get(wish.fact, 0) if wish.fact else sum(by_fact.values())
        more = len(rows) > size
        found = Found(
            items=_found(context, session, viewer, shown),
            total=total,
            by_fact=by_fact,
            next_cursor=cursors.pack(context.keyring, LISTING, shown[-1].id) if more else None,
        )
    noted.wait()
    return found


def runs(context: Context, viewer: Viewer) -> Sequence[ComparisonRun]:
    """The last comparisons, the newest first; they tell of the whole company.

    Raises:
        ForbiddenError: the role may not, or is held for a part of the company only.
    """
    viewer = access.demand_whole(viewer, Permission.SETTLE)
    query = select(ComparisonRun).order_by(ComparisonRun.started_at.desc(), ComparisonRun.id.desc())
    with context.reading(viewer) as session:
        return session.scalars(query.limit(MOST_RUNS)).all()


def settle(
    context: Context, viewer: Viewer, difference_id: str, decision: str, reason: str
) -> None:
    """Answer a difference; what is taken over goes into the register in the same transaction.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such difference in the viewer's scope.
        InvalidInputError: no such decision, nobody says why, or there is nothing to take.
        NotPossibleError: it is settled, or the register says something else by now.
    """
    viewer = access.demand(viewer, Permission.SETTLE)
    now = context.clock.now()
    with context.writing(viewer) as session:
        one = session.scalars(select(Difference).where(Difference.id == difference_id)).first()
        if one is None:
            raise NotFoundError("No such difference", detail_zh="没有此差异")
        customer = reached.customer_reached(session, viewer, one.customer_no, lock=True)
        session.refresh(one)
        if decision not in tuple(Decision):
            raise InvalidInputError(
                f"Choose a decision: {', '.join(Decision)}", detail_zh="请选择处理方式"
            )
        said = reached.short_text(reason)
        if not said:
            raise InvalidInputError("Say why", detail_zh="请填写处理原因")
        if one.state != OPEN:
            raise NotPossibleError("It is settled already", detail_zh="该差异已处理")
        if decision == Decision.TAKE_THEIRS:
            _take(context, session, customer, one, now)
        one.state, one.decision, one.reason = SETTLED, decision, said
        one.settled_by, one.settled_at = viewer.id, now
        audit.note(
            session,
            viewer,
            SETTLED_ACTION,
            at=now,
            object_kind="customer",
            object_id=one.customer_no,
            facts={"fields": [one.fact], "result": decision},
        )


def _take(
    context: Context,
    session: ScopedSession,
    customer: Customer,
    one: Difference,
    now: datetime,
) -> None:
    number, fact, ours, theirs = orjson.loads(context.keyring.decrypt(one.body))
    if fact == Fact.CUSTOMER or theirs in (None, "", [], ["", ""]):
        raise InvalidInputError(
            "The other system has nothing to take over", detail_zh="对方没有可采用的内容"
        )
    present = register_facts.read(context, session, [number])[number]
    if present[Fact(fact)] != ours:
        raise NotPossibleError(
            "The register says something else by now; compare again",
            detail_zh="台账内容已变化，请重新比对",
        )
    base = CustomerRecord(row=0, customer_no=number, name=customer.name)
    record = facts.taken(base, Fact(fact), theirs)
    upsert = Upsert(context.keyring, Places(may_create=False))
    upsert.write(session, [record], at=now, dry=False)


def _conditions(
    viewer: Viewer, wish: DifferenceWish, *, any_fact: bool = False
) -> list[ColumnElement[bool]]:
    found = [whole_dossiers(viewer)]
    if wish.state:
        found.append(Difference.state == wish.state)
    if wish.fact and not any_fact:
        found.append(Difference.fact == wish.fact)
    for name, place in wish.places.items():
        column = PLACES[name][1]
        found.append(column.is_(None) if place == NOWHERE else column == place)
    return found


def _by_fact(session: ScopedSession, viewer: Viewer, wish: DifferenceWish) -> Mapping[str, int]:
    query = (
        select(Difference.fact, func.count(Difference.id).label("count"))
        .join(Customer, Customer.customer_no == Difference.customer_no)
        .where(*_conditions(viewer, wish, any_fact=True))
        .group_by(Difference.fact)
    )
    return {row.fact: row.count for row in session.execute(query)}


def _found(
    context: Context, session: ScopedSession, viewer: Viewer, rows: Sequence[Difference]
) -> tuple[FoundDifference, ...]:
    register = register_rows(session, [row.customer_no for row in rows])
    names = account_names(session, [row.settled_by for row in rows if row.settled_by])
    hidden = known_values(context, session, viewer, list(register), rows=register)
    found = []
    for row in rows:
        of = register[row.customer_no]
        here = viewer.at_customer(of)
        _, fact, ours, theirs = orjson.loads(context.keyring.decrypt(row.body))
        found.append(
            FoundDifference(
                id=row.id,
                head=head_of(viewer, of),
                fact=row.fact,
                ours=_values(here, fact, ours),
                theirs=_values(here, fact, theirs),
                state=row.state,
                decision=row.decision,
                reason=reached.noted(here, row.reason, hidden.get(row.customer_no)),
                settled_by=names.get(row.settled_by or "", ""),
                settled_at=row.settled_at,
                opened_at=row.opened_at,
            )
        )
    return tuple(found)


def _values(viewer: Viewer, fact: str, value: Any) -> tuple[Shown, ...]:
    """What one side says, masked as such a value is everywhere; nothing where it says nothing."""
    if value in (None, "", []):
        return ()
    if fact == Fact.NAME:
        return (personal.name(viewer, value),)
    if fact == Fact.ADDRESS:
        return (personal.address(viewer, value),)
    if fact == Fact.ID_NO:
        if not value[0]:
            return ()
        is_open = viewer.sees(Field.ID_NO)
        return (Shown(value[0]) if is_open else personal.last_four(value[0][-4:]),)
    if fact == Fact.METER:
        return tuple(Shown(number) for number, _ in value)
    if fact == Fact.CATEGORY:
        return (Shown(labels.code_label("category", value, viewer.language)),)
    return (Shown(f"{value:g}" if isinstance(value, float) else str(value)),)
