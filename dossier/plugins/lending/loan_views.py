"""Loans as they are listed: one's own, and those that this viewer decides on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import or_, select

from dossier import access
from dossier.db.loan_tables import Loan, LoanThing, PaperOriginal
from dossier.db.loans import number_of
from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.plugins.lending import deciding, paper_queue
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending.asking import Made
from dossier.rules import lending
from dossier.rules.loan_states import (
    STATES,
    Actor,
    LoanEvent,
    LoanKind,
    LoanState,
    possible,
)
from dossier.services import remarks, role_grants
from dossier.services.context import Context
from dossier.services.labels import type_label
from dossier.services.papers import summary_query
from dossier.viewer import Permission, Viewer

MOST_LISTED = 200
"""Loans on a page."""
MOST_PAPERS = 2000
"""Papers named on a page."""


@dataclass(frozen=True, slots=True)
class ThingView:
    """Something that is lent.

    Attributes:
        about: what it is called, as far as who reads this may know.
        href: where it is shown; empty where it cannot be opened now.
        pages: the pages that are lent; empty: all.
        papers: of a dossier, those that who reads this sees of it.
    """

    customer_no: str
    document_id: str
    about: str
    href: str
    pages: tuple[int, ...] = ()
    papers: tuple[ThingView, ...] = ()


@dataclass(frozen=True, slots=True)
class LoanView:
    """A loan as it is listed.

    Attributes:
        state: as it is now; what ends by the clock is over at its minute.
        can: what the one who reads may do: ``withdraw return renew`` of one's own, ``approve
            reject recall renew`` of others'; of papers also ``confirm lost`` of one's own.
        queue_position: of a paper, how many are before it; 0: it is its turn.
    """

    id: str
    number: str
    kind: LoanKind
    state: LoanState
    state_zh: str
    state_en: str
    borrower: str
    purpose: str
    minutes: int
    clear: bool
    may_print: bool
    may_download: bool
    asked_at: datetime
    lapses_at: datetime
    begins_at: datetime | None
    ends_at: datetime | None
    decided_by: str
    reason: str
    things: tuple[ThingView, ...]
    can: tuple[str, ...]
    queue_position: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What an approver has before them."""

    waiting: tuple[LoanView, ...]
    running: tuple[LoanView, ...]


def mine(context: Context, viewer: Viewer) -> tuple[LoanView, ...]:
    """A viewer's own loans and requests, the newest first.

    Raises:
        ForbiddenError: the role may not borrow, or by a limited token.
    """
    access.demand_unlimited(viewer)
    access.demand(viewer, Permission.BORROW)
    query = (
        select(Loan)
        .where(Loan.borrower_id == viewer.id)
        .order_by(Loan.number.desc())
        .limit(MOST_LISTED)
    )
    viewer = replace(viewer, asked=frozenset())  # papers are named that a loan opens, too
    with context.reading(viewer) as session:
        found = session.scalars(query).all()
        return _views(context, session, viewer, found, own=True)


def to_decide(context: Context, viewer: Viewer) -> Work:
    """Requests that wait for this viewer, the oldest first, and running loans that can be ended.

    Raises:
        ForbiddenError: the role approves no loans.
    """
    viewer, now = access.demand(viewer, Permission.LEND), context.clock.now()
    with context.reading(viewer) as session:
        query = (
            select(Loan)
            .where(Loan.borrower_id != viewer.id, rows.open_now(now))
            .where(or_(Loan.state == LoanState.REQUESTED, Loan.decided_by.is_not(None)))
            .order_by(Loan.number)
        )
        found = session.scalars(query).all()
        things = rows.things_of(session, [row.number for row in found])
        concerning = [row for row in found if _decides(session, viewer, row, things[row.number])]
        listed = _views(context, session, viewer, concerning[:MOST_LISTED], own=False)
    return Work(
        tuple(one for one in listed if one.state is LoanState.REQUESTED),
        tuple(one for one in listed if one.state is LoanState.RUNNING),
    )


def one(context: Context, viewer: Viewer, loan_id: str) -> LoanView:
    """A loan as its borrower, who decides on it or who hands out papers sees it.

    Raises:
        NotFoundError: none of this id that concerns the viewer.
    """
    access.demand_unlimited(viewer)
    if rows.is_own(context, viewer, loan_id):
        with context.reading(replace(viewer, asked=frozenset())) as session:
            return _views(context, session, viewer, [_row(session, loan_id)], own=True)[0]
    for permission in (Permission.LEND, Permission.HAND_OUT):
        if not viewer.may(permission):
            continue
        placed = viewer.under(permission)
        with context.reading(placed) as session:
            row = _row(session, loan_id)
            things = rows.things_of(session, [row.number])[row.number]
            at_desk = row.original_id and session.get(PaperOriginal, row.original_id)
            if permission is Permission.HAND_OUT:
                concerns = bool(at_desk)
            else:
                concerns = _decides(session, placed, row, things)
            if concerns:
                return _views(context, session, placed, [row], own=False)[0]
    raise rows.unknown()


def standing(context: Context, loan_id: str) -> Made:
    """How a loan stands after an act that the caller was allowed: no more than the act tells."""
    with context.reading(rows.SYSTEM) as session:
        row, now = _row(session, loan_id), context.clock.now()
        before = paper_queue.positions(session, [row], at=now).get(row.number, 0)
        state, kind = rows.state_of(row, now), LoanKind(row.kind)
        return Made(row.id, number_of(row.number), state, kind, row.ends_at, before)


def _row(session: ScopedSession, loan_id: str) -> Loan:
    return session.scalars(select(Loan).where(Loan.id == loan_id)).one()


def _decides(session: ScopedSession, viewer: Viewer, row: Loan, things: list[LoanThing]) -> bool:
    papers = rows.papers_of(session, things)
    return deciding.decides(viewer, row, papers.values()) is not None


def listed(
    context: Context, session: ScopedSession, viewer: Viewer, found: Sequence[Loan]
) -> tuple[LoanView, ...]:
    """Others' loans as they are listed, as far as who reads this may know."""
    return _views(context, session, viewer, found, own=False)


def _views(
    context: Context, session: ScopedSession, viewer: Viewer, found: Sequence[Loan], *, own: bool
) -> tuple[LoanView, ...]:
    now = context.clock.now()
    things = rows.things_of(session, [row.number for row in found])
    ids = {one for row in found for one in (row.borrower_id, row.decided_by) if one}
    people = role_grants.account_names(session, ids)
    teller = _Teller(session, viewer, [one for each in things.values() for one in each])
    line = paper_queue.positions(session, found, at=now)
    listed = (_view(row, people, teller.tell(things[row.number]), now, own=own) for row in found)
    shown = (
        replace(one, queue_position=line.get(row.number, 0))
        for row, one in zip(found, listed, strict=True)
    )
    return tuple(shown) if own else tuple(_as_told(viewer, one) for one in shown)


def _as_told(viewer: Viewer, one: LoanView) -> LoanView:
    """Another's loan: who typed what it is for may have named somebody."""
    return replace(
        one,
        purpose=remarks.line(viewer, one.purpose),
        reason=remarks.line(viewer, one.reason),
    )


def _view(
    row: Loan, people: dict[str, str], things: tuple[ThingView, ...], now: datetime, *, own: bool
) -> LoanView:
    state = rows.state_of(row, now)
    return LoanView(
        id=row.id,
        number=number_of(row.number),
        kind=LoanKind(row.kind),
        state=state,
        state_zh=STATES[state].zh,
        state_en=STATES[state].en,
        borrower=people.get(row.borrower_id, ""),
        purpose=row.purpose,
        minutes=row.minutes,
        clear=row.clear,
        may_print=row.may_print,
        may_download=row.may_download,
        asked_at=row.asked_at,
        lapses_at=row.lapses_at,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        decided_by=people.get(row.decided_by or "", ""),
        reason=row.reason,
        things=things,
        can=tuple(_can(row, state, own=own)),
    )


def _can(row: Loan, state: LoanState, *, own: bool) -> Iterable[str]:
    if row.original_id is not None:
        yield from _can_paper(row, state, own=own)
    elif state is LoanState.REQUESTED:
        yield from ("withdraw",) if own else ("approve", "reject")
    elif state is LoanState.RUNNING:
        if row.renewals < lending.load().renewals and (not own or row.decided_by is None):
            yield "renew"
        yield "return" if own else "recall"


def _can_paper(row: Loan, state: LoanState, *, own: bool) -> Iterable[str]:
    if not own:
        if state is LoanState.REQUESTED:
            yield from ("approve", "reject")
        return
    events = {step.event for step in possible(LoanKind.PAPER, state) if Actor.BORROWER in step.by}
    if LoanEvent.WITHDRAW in events:
        yield "withdraw"
    if LoanEvent.EXTEND in events and row.renewals < lending.load().paper.renewals:
        yield "renew"
    if LoanEvent.REPORT_LOST in events:
        yield from ("confirm", "lost")


class _Teller:
    """Says what is lent, as far as who reads it may know."""

    def __init__(self, session: ScopedSession, viewer: Viewer, things: list[LoanThing]) -> None:
        ids = {one.document_id for one in things if one.document_id}
        dossiers = {one.customer_no for one in things if not one.document_id}
        named = or_(Document.id.in_(ids), Document.customer_no.in_(dossiers))
        query = summary_query().where(named).order_by(Document.rowid).limit(MOST_PAPERS)
        self._seen = {row.id: row for row in session.execute(query)} if things else {}
        self._viewer = viewer

    def tell(self, things: list[LoanThing]) -> tuple[ThingView, ...]:
        """The things of one loan; pages of one paper together."""
        pages: dict[tuple[str, str], list[int]] = defaultdict(list)
        for thing in things:
            key = (thing.document_id or "", thing.customer_no or "")
            pages[key] += [thing.page] if thing.page is not None else []
        return tuple(self._thing(*key, tuple(found)) for key, found in pages.items())

    def _thing(self, document_id: str, customer_no: str, pages: tuple[int, ...]) -> ThingView:
        if not document_id:
            found = (row for row in self._seen.values() if row.customer_no == customer_no)
            papers = tuple(self._thing(row.id, "", ()) for row in found)
            return ThingView(customer_no, "", customer_no, "", papers=papers)
        row = self._seen.get(document_id)
        if row is None:
            return ThingView("", document_id, document_id, "", pages)
        label = type_label(row.type_code, self._viewer.language)
        first = f"?page={pages[0]}" if pages else ""
        about = f"{label} {row.customer_no or ''}".strip()
        return ThingView(
            row.customer_no or "", document_id, about, f"/documents/{document_id}{first}", pages
        )
