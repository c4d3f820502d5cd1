"""One act on a paper loan: the paper and the loan locked, the step and the custody together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dossier import access
from dossier.db import outbox
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.loans import number_of
from dossier.db.session import ScopedSession
from dossier.errors import ConflictError
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending import paper_queue as queue
from dossier.rules.loan_states import Actor, LoanEvent, LoanKind, LoanState
from dossier.services import custody
from dossier.services.context import Context
from dossier.services.custody import Holder
from dossier.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True)
class Act:
    """What an act works on, in its transaction."""

    session: ScopedSession
    viewer: Viewer
    row: Loan
    original: PaperOriginal
    now: datetime
    by: Actor

    def take(self, event: LoanEvent, facts: Mapping[str, Any] | None = None, why: str = "") -> None:
        """Take a step of the loan."""
        rows.take(
            self.session, self.viewer, self.row, event, self.by, self.now, why=why, facts=facts
        )
        self.session.flush()

    def hand(self, to: Holder) -> None:
        """Give the paper to somebody."""
        number = number_of(self.row.number)
        custody.hand(self.session, self.original, to, by=self.viewer.id, why=number, at=self.now)

    def has_become(self, state: custody.OriginalState) -> None:
        """Write down what became of the paper; the search counts papers by it."""
        self.original.state = state
        self.mark()

    def mark(self) -> None:
        """Have the paper's row in the index made anew."""
        outbox.mark_changed(
            self.session, outbox.DOCUMENTS, [self.original.document_id], at=self.now
        )

    def end(self) -> None:
        """The loan is over; the paper is the next one's."""
        self.row.ended_at, self.row.ended_by = self.now, self.viewer.id
        self.session.flush()
        queue.next_turn(self.session, self.original, self.now)


def own_or_at_desk(context: Context, viewer: Viewer, loan_id: str) -> AbstractContextManager[Act]:
    """An act of the borrower, or of who hands out originals."""
    return (
        own(context, viewer, loan_id)
        if rows.is_own(context, viewer, loan_id)
        else at_desk(context, viewer, loan_id)
    )


@contextmanager
def own(context: Context, viewer: Viewer, loan_id: str) -> Iterator[Act]:
    """An act of the borrower, wherever the paper's customer went meanwhile.

    Raises:
        NotFoundError: none of this id of the viewer's own.
    """
    access.demand_unlimited(viewer)
    with context.writing(rows.SYSTEM) as session:
        act = _locked(session, viewer, loan_id, context.clock.now(), Actor.BORROWER)
        if act.row.borrower_id != viewer.id:
            raise rows.unknown()
        yield act


@contextmanager
def at_desk(context: Context, viewer: Viewer, loan_id: str) -> Iterator[Act]:
    """An act of who hands out originals.

    Raises:
        ForbiddenError: the role hands out no originals.
        NotFoundError: none of this id in the viewer's area.
        ConflictError: it is an electronic loan.
    """
    access.demand_unlimited(viewer)
    viewer = access.demand(viewer, Permission.HAND_OUT)
    with context.writing(viewer) as session:
        yield _locked(session, viewer, loan_id, context.clock.now(), Actor.ARCHIVIST)


def _locked(session: ScopedSession, viewer: Viewer, loan_id: str, now: datetime, by: Actor) -> Act:
    row = rows.locked(session, loan_id)
    if row.original_id is None:
        raise ConflictError(
            "That is an electronic loan; it has no paper",
            detail_zh="这是电子借阅，没有纸质原件",
        )
    return Act(session, viewer, row, custody.locked(session, row.original_id), now, by)


def note_due(context: Context) -> int:
    """Write down what the clock did to papers: overdue, lapsed, not collected; how many."""
    now = context.clock.now()
    over = rows.over_now(now, LoanKind.PAPER)
    query = select(Loan.id).where(over).order_by(Loan.number).limit(rows.TOGETHER)
    with context.reading(rows.SYSTEM) as session:
        seen = session.scalars(query).all()
    return sum(_note_one(context, loan_id) for loan_id in seen)


def _note_one(context: Context, loan_id: str) -> bool:
    with context.writing(rows.SYSTEM) as session:
        row, now = rows.locked(session, loan_id), context.clock.now()
        event = rows.BY_CLOCK.get(LoanState(row.state))
        if event is None or rows.end_of(row) > now:
            return False
        original = custody.locked(session, row.original_id or "")
        act = Act(session, rows.SYSTEM, row, original, now, Actor.CLOCK)
        act.take(event)
        if event is not LoanEvent.FALL_DUE:
            act.end()
        return True
