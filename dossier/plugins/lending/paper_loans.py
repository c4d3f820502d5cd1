"""A paper loan outside the desk: withdrawn, extended, confirmed; lost, found again, replaced."""

from __future__ import annotations

from dossier.db.loans import number_of
from dossier.errors import ConflictError
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending import paper_queue as queue
from dossier.plugins.lending.paper_acts import at_desk, own, own_or_at_desk
from dossier.plugins.lending.paper_asking import due_at
from dossier.rules import lending
from dossier.rules.loan_states import Actor, LoanEvent, LoanKind, after
from dossier.services import custody
from dossier.services.approval_rows import checked_text
from dossier.services.context import Context
from dossier.services.custody import Holder
from dossier.services.working_calendar import calendar_of
from dossier.viewer import Viewer


def withdraw(context: Context, viewer: Viewer, loan_id: str) -> None:
    """Take back a paper request that was not handed out yet: one's own, or at the desk anybody's.

    Raises:
        NotFoundError: neither the viewer's own nor in the area of a desk of the viewer's.
        ConflictError: the paper is out already, or it is over.
    """
    with own_or_at_desk(context, viewer, loan_id) as act:
        act.take(LoanEvent.WITHDRAW)
        act.end()


def extend(context: Context, viewer: Viewer, loan_id: str) -> None:
    """Once more the same term, by the borrower, unless somebody waits or it is overdue (§6.2).

    Raises:
        NotFoundError: none of this id of the viewer's own.
        ConflictError: somebody waits, it is overdue, recalled or was extended.
    """
    calendar = calendar_of(context)
    with own(context, viewer, loan_id) as act:
        row = act.row
        after(LoanKind.PAPER, rows.state_of(row, act.now), LoanEvent.EXTEND, Actor.BORROWER)
        if queue.is_waited_for(act.session, act.original.id):
            raise ConflictError(
                "Somebody waits for the paper; give it back in time",
                detail_zh="有人正在排队等候该原件，不能续借，请按期归还",
            )
        if row.renewals >= lending.load().paper.renewals:
            raise ConflictError(
                "It was extended already; give it back in time",
                detail_zh="已续借，不能再次续借，请按期归还",
            )
        row.renewals += 1
        row.ends_at = due_at(row.ends_at or act.now, row.minutes, calendar)
        act.take(LoanEvent.EXTEND)


def confirm(context: Context, viewer: Viewer, loan_id: str) -> None:
    """The borrower's word that the paper was received as it was written down.

    Raises:
        NotFoundError: none of this id of the viewer's own.
        ConflictError: it is not out.
    """
    with own(context, viewer, loan_id) as act:
        after(
            LoanKind.PAPER, rows.state_of(act.row, act.now), LoanEvent.REPORT_LOST, Actor.BORROWER
        )
        rows.note(act.session, viewer, act.row, "confirm", act.now)


def report_lost(context: Context, viewer: Viewer, loan_id: str, *, note: str) -> None:
    """Report the paper lost; the borrower answers for it, and its row stays for good.

    Raises:
        NotFoundError: neither the viewer's own nor in the area of a desk of the viewer's.
        InvalidInputError: no word on how.
        ConflictError: it is not out.
    """
    said = checked_text(note, missing_en="Say how it was lost", missing_zh="请填写遗失经过")
    with own_or_at_desk(context, viewer, loan_id) as act:
        act.take(LoanEvent.REPORT_LOST, why=said)
        act.has_become(custody.OriginalState.LOST)


def find_again(context: Context, viewer: Viewer, loan_id: str) -> None:
    """A lost paper came to light before a copy took its place; it is checked like any other.

    Raises:
        ForbiddenError: the role takes back no originals.
        NotFoundError: none of this id in the viewer's area.
        ConflictError: it is not lost.
    """
    with at_desk(context, viewer, loan_id) as act:
        act.take(LoanEvent.FIND_AGAIN)
        act.has_become(custody.OriginalState.WHOLE)
        act.hand(Holder.place(lending.load().desk))


def replace_lost(context: Context, viewer: Viewer, loan_id: str, *, note: str) -> str:
    """Put a certified copy (替代件) in the place of a lost paper; who waited, waits for the copy.

    Returns:
        The copy's id.

    Raises:
        ForbiddenError: the role takes back no originals.
        NotFoundError: none of this id in the viewer's area.
        InvalidInputError: no word on who answers for it.
        ConflictError: it is not lost.
    """
    said = checked_text(
        note,
        missing_en="Say who certified the copy and who answers for the loss",
        missing_zh="请填写替代件的核证人及责任、赔偿认定",
    )
    with at_desk(context, viewer, loan_id) as act:
        lost, session = act.original, act.session
        act.take(LoanEvent.REPLACE, why=said)
        copy = custody.replace_lost(
            session,
            lost,
            Holder.place(lending.load().desk),
            by=viewer.id,
            why=f"替代件 {number_of(act.row.number)}",
            at=act.now,
        )
        act.mark()
        act.row.ended_at, act.row.ended_by = act.now, viewer.id
        session.flush()
        queue.next_turn(session, copy, act.now)
        return copy.id
