"""What becomes of a person's loans with the post: they end; a paper that is out is still owed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dossier.db.loan_tables import Loan
from dossier.db.session import ScopedSession
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending import paper_queue as queue
from dossier.rules.loan_states import Actor, LoanEvent, LoanState
from dossier.services import custody

ENDED = {
    LoanState.REQUESTED: LoanEvent.WITHDRAW,
    LoanState.WAITING: LoanEvent.WITHDRAW,
    LoanState.TO_PICK: LoanEvent.WITHDRAW,
    LoanState.PICKED: LoanEvent.WITHDRAW,
    LoanState.RUNNING: LoanEvent.GIVE_BACK,
}


def count_own(session: ScopedSession, user_id: str) -> int:
    """Requests and running loans of a user that nobody wrote down as over."""
    query = select(Loan.number).where(Loan.borrower_id == user_id, Loan.state.in_(ENDED))
    return len(session.scalars(query).all())


def end_own(session: ScopedSession, user_id: str, successor: str | None, at: datetime) -> int:  # noqa: ARG001 - a loan is a person's own and goes to nobody
    """End them with the person's post; how many. Who waits for a paper gets its turn."""
    query = select(Loan.id).where(Loan.borrower_id == user_id, Loan.state.in_(ENDED))
    ended = 0
    for loan_id in session.scalars(query.order_by(Loan.original_id, Loan.number)).all():
        row = rows.locked(session, loan_id)
        if rows.state_of(row, at) not in ENDED:
            continue
        row.ended_at, row.ended_by = at, rows.SYSTEM.id
        rows.take(session, rows.SYSTEM, row, ENDED[LoanState(row.state)], Actor.BORROWER, at)
        session.flush()
        if row.original_id is not None:
            queue.next_turn(session, custody.locked(session, row.original_id), at)
        ended += 1
    return ended
