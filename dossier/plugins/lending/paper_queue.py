"""Whose turn it is with a paper original: in the order of the requests, one at a time (§6.2).

Who calls holds the original's lock (:func:`dossier.services.custody.locked`), so that two at once
come one after the other.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.session import ScopedSession
from dossier.errors import ConflictError
from dossier.plugins.lending import loan_rows as rows
from dossier.rules.loan_states import HOLDS_ORIGINAL, Actor, LoanEvent, LoanState
from dossier.services.custody import OriginalState

IN_LINE = (LoanState.REQUESTED, LoanState.WAITING)


def is_free(session: ScopedSession, original_id: str) -> bool:
    """Whether a paper that can be lent is nobody's turn now.

    Raises:
        ConflictError: it is lost or destroyed.
    """
    original = session.get_one(PaperOriginal, original_id)
    if original.state != OriginalState.WHOLE:
        raise ConflictError(
            "The paper is lost or destroyed; refuse it", detail_zh="该原件已遗失或销毁，请驳回"
        )
    states = (*HOLDS_ORIGINAL, LoanState.WAITING)
    query = select(Loan.number).where(Loan.original_id == original_id, Loan.state.in_(states))
    return session.scalar(query.limit(1)) is None


def is_waited_for(session: ScopedSession, original_id: str) -> bool:
    """Whether somebody waits whose request was approved."""
    query = select(Loan.number).where(
        Loan.original_id == original_id, Loan.state == LoanState.WAITING
    )
    return session.scalar(query.limit(1)) is not None


def positions(session: ScopedSession, loans: Collection[Loan], *, at: datetime) -> dict[int, int]:
    """How many are before each of these loans, by the loan's number; 0 for what is one's turn."""
    originals = {one.original_id for one in loans if one.original_id}
    if not originals:
        return {}
    query = select(Loan.original_id, Loan.number, Loan.state, Loan.lapses_at).where(
        Loan.original_id.in_(originals), Loan.state.in_((*HOLDS_ORIGINAL, *IN_LINE))
    )
    lines: dict[str, list[int]] = {one: [] for one in originals}
    held: dict[str, int] = dict.fromkeys(originals, 0)
    for original_id, number, state, lapses in session.execute(query):
        if state in HOLDS_ORIGINAL:
            held[original_id] += 1
        elif state == LoanState.WAITING or lapses > at:
            lines[original_id].append(number)
    return {
        one.number: held[original] + sum(number < one.number for number in lines[original])
        for one in loans
        if (original := one.original_id) and one.state in IN_LINE
    }


def open_loans(session: ScopedSession, user_id: str, at: datetime) -> list[Loan]:
    """Paper requests and loans of a person that are not at their end."""
    states = (*HOLDS_ORIGINAL, *IN_LINE)
    query = select(Loan).where(
        Loan.borrower_id == user_id, Loan.original_id.is_not(None), Loan.state.in_(states)
    )
    return [one for one in session.scalars(query) if rows.state_of(one, at) in states]


def is_blocked(session: ScopedSession, user_id: str, at: datetime) -> bool:
    """Whether a person has something overdue or lost, and so borrows nothing more (§6.2)."""
    late = (LoanState.OVERDUE, LoanState.LOST)
    return any(rows.state_of(one, at) in late for one in open_loans(session, user_id, at))


def next_turn(session: ScopedSession, original: PaperOriginal, at: datetime) -> None:
    """Give a free original to the first who waits."""
    if original.state != OriginalState.WHOLE:
        return
    held = select(func.count()).where(
        Loan.original_id == original.id, Loan.state.in_(HOLDS_ORIGINAL)
    )
    if session.scalar(held):
        return
    waiting = select(Loan).where(Loan.original_id == original.id, Loan.state == LoanState.WAITING)
    first = session.scalars(waiting.order_by(Loan.number).limit(1).with_for_update()).first()
    if first is not None:
        rows.take(session, rows.SYSTEM, first, LoanEvent.TURN, Actor.CLOCK, at)
        session.flush()
