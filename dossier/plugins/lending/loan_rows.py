"""Loans as rows: what state one is in, how it takes a step, and what is written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from dossier import access
from dossier.db.loan_tables import Loan, LoanStep, LoanThing, PaperOriginal
from dossier.db.loans import Lent, number_of
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document
from dossier.errors import InvalidInputError, NotFoundError
from dossier.records import DocumentState
from dossier.rules.loan_states import Actor, LoanEvent, LoanKind, LoanState, after
from dossier.services import audit, custody
from dossier.services.context import Context
from dossier.viewer import Permission, Place, Reach, Viewer, system_viewer

SYSTEM = system_viewer("lending")
"""Looks up what is asked for, so that no answer tells what lies outside one's area; ends loans."""
TOGETHER = 100
"""Rows in one transaction."""
BY_CLOCK = {
    LoanState.REQUESTED: LoanEvent.LAPSE,
    LoanState.RUNNING: LoanEvent.EXPIRE,
    LoanState.PICKED: LoanEvent.WITHDRAW,
    LoanState.OUT: LoanEvent.FALL_DUE,
    LoanState.RECALLED: LoanEvent.FALL_DUE,
}
BY_ENDS_AT = (LoanState.RUNNING, LoanState.OUT, LoanState.RECALLED)
"""What the clock does at ``ends_at``; the rest of ``BY_CLOCK`` at ``lapses_at``."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that is asked for, as it is now."""

    id: str
    lent: Lent
    page_count: int
    hold: bool
    state: str


def state_of(row: Loan, at: datetime) -> LoanState:
    """What a loan has come to; what ends by the clock is over at its minute."""
    state = LoanState(row.state)
    if state in BY_CLOCK and end_of(row) <= at:
        return after(LoanKind(row.kind), state, BY_CLOCK[state], Actor.CLOCK)
    return state


def end_of(row: Loan) -> datetime:
    """When the clock does something with a loan in its state."""
    if row.state in BY_ENDS_AT and row.ends_at is not None:
        return row.ends_at
    return row.lapses_at


def open_now(at: datetime) -> Any:
    """Whether a loan waits or runs."""
    return or_(
        and_(Loan.state == LoanState.REQUESTED, Loan.lapses_at > at),
        and_(Loan.state == LoanState.RUNNING, Loan.ends_at > at),
    )


def over_now(at: datetime, kind: LoanKind) -> Any:
    """Whether a loan is over or overdue by the clock and nobody wrote it down."""
    lapsing = [one for one in BY_CLOCK if one not in BY_ENDS_AT]
    return and_(
        Loan.kind == kind,
        or_(
            and_(Loan.state.in_(lapsing), Loan.lapses_at <= at),
            and_(Loan.state.in_(BY_ENDS_AT), Loan.ends_at <= at),
        ),
    )


def take(
    session: ScopedSession,
    viewer: Viewer,
    row: Loan,
    event: LoanEvent,
    by: Actor,
    at: datetime,
    *,
    why: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Take a step: the state, the step's own row, and the audit, in the caller's transaction.

    Raises:
        ConflictError: the loan is in no state for it.
    """
    before = LoanState(row.state) if by is Actor.CLOCK else state_of(row, at)
    row.state = after(LoanKind(row.kind), before, event, by)
    note(session, viewer, row, event, at, why=why, told=facts)


def note(
    session: ScopedSession,
    viewer: Viewer,
    row: Loan,
    event: str,
    at: datetime,
    *,
    why: str = "",
    told: Mapping[str, Any] | None = None,
) -> None:
    """Write a step down, in the loan's own list and in the audit."""
    facts: dict[str, Any] = {"borrower": row.borrower_id}
    if row.ends_at is not None:
        facts["until"] = row.ends_at.isoformat()
    step = dict(told or {}) | ({"reason": why} if why else {})
    session.add(
        LoanStep(
            loan_number=row.number, at=at, by=viewer.id, event=event, state=row.state, facts=step
        )
    )
    audit.note(
        session,
        replace(viewer, purpose=why or row.purpose),
        f"loan.{event}",
        at=at,
        object_kind="loan",
        object_id=number_of(row.number),
        facts=facts,
    )


def locked(session: ScopedSession, loan_id: str) -> Loan:
    """The loan, for this transaction alone; of a paper's loan its original is locked first.

    Raises:
        NotFoundError: none of this id, or its original is not in the session's scope.
    """
    lent = select(PaperOriginal).join(Loan, Loan.original_id == PaperOriginal.id)
    original = session.scalar(lent.where(Loan.id == loan_id))
    if original is not None:
        custody.locked(session, original.id)
    row = session.scalars(
        select(Loan)
        .where(Loan.id == loan_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or (row.original_id and original is None):
        raise unknown()
    return row


def is_own(context: Context, viewer: Viewer, loan_id: str) -> bool:
    """Whether a loan is the viewer's.

    Raises:
        NotFoundError: none of this id.
    """
    with context.reading(SYSTEM) as session:
        found = session.scalar(select(Loan.borrower_id).where(Loan.id == loan_id))
    if found is None:
        raise unknown()
    return found == viewer.id


def is_paper(context: Context, loan_id: str) -> bool:
    """Whether it is a loan of a paper original."""
    with context.reading(SYSTEM) as session:
        kind = session.scalar(select(Loan.kind).where(Loan.id == loan_id))
    return kind == LoanKind.PAPER


def unknown() -> NotFoundError:
    """What somebody is told whom a loan does not concern, and of what is not there."""
    return NotFoundError("No such loan", detail_zh="没有此项借阅")


def things_of(session: ScopedSession, numbers: Iterable[int]) -> dict[int, list[LoanThing]]:
    """What loans are for, by the loan's number."""
    found: dict[int, list[LoanThing]] = {number: [] for number in numbers}
    query = select(LoanThing).where(LoanThing.loan_number.in_(found)).order_by(LoanThing.id)
    for thing in session.scalars(query):
        found[thing.loan_number].append(thing)
    return found


def papers_of(session: ScopedSession, things: Iterable[LoanThing]) -> dict[int, list[Paper]]:
    """The papers that each thing names (by its place in the list), as the session sees them."""
    listed = list(things)
    documents = {one.document_id for one in listed if one.document_id}
    dossiers = {one.customer_no for one in listed if not one.document_id}
    query = (
        select(Document, Customer.category)
        .join(Customer, Customer.customer_no == Document.customer_no)
        .where(or_(Document.id.in_(documents), Document.customer_no.in_(dossiers)))
        .order_by(Document.rowid)
    )
    papers = [
        Paper(row.id, Lent(Place.of_document(row), category), row.page_count, row.hold, row.state)
        for row, category in session.execute(query)
    ]
    return {at: [one for one in papers if _is_of(thing, one)] for at, thing in enumerate(listed)}


def _is_of(thing: LoanThing, paper: Paper) -> bool:
    if thing.document_id:
        return thing.document_id == paper.id
    return thing.customer_no == paper.lent.place.customer_no


def check_lendable(thing: LoanThing, papers: Iterable[Paper]) -> None:
    """Refuse what cannot be lent, with the reason and what to do.

    Raises:
        InvalidInputError: held, set aside, or no such page.
    """
    for paper in papers:
        if paper.hold and thing.document_id:
            raise InvalidInputError(
                "The paper is held; ask who set the hold to release it",
                detail_zh="该文件已被冻结，不能借阅；请联系设置冻结的部门",
            )
        if paper.state == DocumentState.QUARANTINED and thing.document_id:
            raise InvalidInputError(
                "The file is set aside; see the intake", detail_zh="该文件已被隔离，请查看收件情况"
            )
        if thing.page is not None and not 1 <= thing.page <= max(paper.page_count, 1):
            most = max(paper.page_count, 1)
            raise InvalidInputError(
                f"The paper has no page {thing.page}; choose from 1 to {most}",
                detail_zh=f"该文件没有第 {thing.page} 页；请填写 1 至 {most}",
            )


def own_reaches(viewer: Viewer) -> tuple[Reach, ...]:
    """What a viewer's own roles give, without loans and approvals."""
    return tuple(one for one in viewer.reaches if not (one.loan or one.approval_id))


def needs_approval(viewer: Viewer, row: Loan, papers: Mapping[int, list[Paper]]) -> bool:
    """Whether somebody must approve: it goes beyond what the borrower's own roles reach (§6.2)."""
    own = own_reaches(viewer)
    wanted = access.opened_by(row, approved=True) - access.READING
    return not all(
        found
        and all(
            access.in_ones_area(own, paper.lent) and wanted <= _held(own, paper) for paper in found
        )
        for found in papers.values()
    )


def _held(own: Iterable[Reach], paper: Paper) -> frozenset[Permission]:
    there = (one.permissions for one in own if one.covers(paper.lent.place))
    return frozenset[Permission]().union(*there)


def note_ended(context: Context) -> int:
    """Write down loans and requests whose time is over; returns how many."""
    now = context.clock.now()
    over = over_now(now, LoanKind.ELECTRONIC)
    query = select(Loan.number).where(over).order_by(Loan.number).limit(TOGETHER)
    with context.reading(SYSTEM) as session:
        seen = session.scalars(query).all()
    if not seen:
        return 0
    with context.writing(SYSTEM) as session:
        still = select(Loan).where(Loan.number.in_(seen), over).order_by(Loan.number)
        found = session.scalars(still.with_for_update()).all()
        for row in found:
            row.ended_at = end_of(row)
            take(session, SYSTEM, row, BY_CLOCK[LoanState(row.state)], Actor.CLOCK, now)
        return len(found)
