"""What happens to a loan: approved, refused, extended, given back, ended early (domain.md §6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from dossier import access
from dossier.clock import local_date
from dossier.db.leaving import is_shut_out
from dossier.db.loan_tables import Loan, LoanThing
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import ConflictError, ForbiddenError
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending import paper_queue
from dossier.plugins.lending.asking import end_of
from dossier.plugins.lending.loan_rows import Paper
from dossier.rules import lending
from dossier.rules.loan_states import Actor, LoanEvent, LoanKind, LoanState, after
from dossier.services.approval_rows import checked_text
from dossier.services.context import Context
from dossier.viewer import Permission, Reach, Viewer


def approve(context: Context, viewer: Viewer, loan_id: str) -> None:
    """Open what was asked for: from now, for the term that was asked for; a paper is to be picked.

    A paper that another loan has is waited for, in the order of the requests.

    Raises:
        ForbiddenError: the role approves no loans, or it is the own request.
        NotFoundError: none of this id that this viewer decides on.
        InvalidInputError: what was asked for cannot be lent; refuse it.
        ConflictError: it does not wait any more, or there is no such thing.
    """
    viewer, now = _approver(viewer), context.clock.now()
    with context.writing(viewer) as session:
        row = rows.locked(session, loan_id)
        things = rows.things_of(session, [row.number])[row.number]
        papers = rows.papers_of(session, things)
        by = _deciding(viewer, row, things, papers)
        _check_waits(session, row, now)
        for at, thing in enumerate(things):
            if not papers[at]:
                raise ConflictError(
                    "There is no such paper; refuse it", detail_zh="申请借阅的文件不存在，请驳回"
                )
            rows.check_lendable(thing, papers[at])
            thing.customer_no = papers[at][0].lent.place.customer_no
        row.decided_at, row.decided_by, row.decided_as = now, viewer.id, by.grant_id or None
        event = LoanEvent.APPROVE
        if row.original_id is None:
            row.begins_at, row.ends_at = now, end_of(row, now)
        elif not paper_queue.is_free(session, row.original_id):
            event = LoanEvent.QUEUE
        rows.take(session, viewer, row, event, Actor.APPROVER, now)


def refuse(context: Context, viewer: Viewer, loan_id: str, *, reason: str) -> None:
    """Turn a request down, with the reason.

    Raises:
        ForbiddenError: the role approves no loans, or it is the own request.
        NotFoundError: none of this id that this viewer decides on.
        InvalidInputError: no reason.
        ConflictError: it does not wait any more.
    """
    _decide(context, viewer, loan_id, LoanEvent.REFUSE, reason)


def end(context: Context, viewer: Viewer, loan_id: str, *, reason: str) -> None:
    """End a running loan before its end; it counts from the next request.

    Raises:
        ForbiddenError: the role approves no loans, or it is the own loan.
        NotFoundError: none of this id that this viewer decides on.
        InvalidInputError: no reason.
        ConflictError: it does not run any more.
    """
    _decide(context, viewer, loan_id, LoanEvent.END, reason)


def give_back(context: Context, viewer: Viewer, loan_id: str) -> None:
    """Give a loan back before its end, or take a request back.

    Raises:
        NotFoundError: none of this id of the viewer's own.
        ConflictError: it neither waits nor runs any more.
    """
    access.demand_unlimited(viewer)
    now = context.clock.now()
    with context.writing(rows.SYSTEM) as session:
        row = rows.locked(session, loan_id)
        if row.borrower_id != viewer.id:
            raise rows.unknown()
        waits = rows.state_of(row, now) is LoanState.REQUESTED
        event = LoanEvent.WITHDRAW if waits else LoanEvent.GIVE_BACK
        rows.take(session, viewer, row, event, Actor.BORROWER, now)
        row.ended_at, row.ended_by = now, viewer.id


def extend(context: Context, viewer: Viewer, loan_id: str) -> None:
    """Once more the same term: what nobody had to approve by its borrower, else by an approver.

    Raises:
        ForbiddenError: it was approved, and the viewer is its borrower.
        NotFoundError: none of this id that is the viewer's or that the viewer decides on.
        ConflictError: it does not run any more, or was extended already.
    """
    access.demand_unlimited(viewer)
    now = context.clock.now()
    is_own = rows.is_own(context, viewer, loan_id)
    viewer = viewer if is_own else _approver(viewer)
    with context.writing(viewer) as session:
        row = rows.locked(session, loan_id)
        actor = Actor.BORROWER if is_own else Actor.APPROVER
        if not is_own:
            _checked(session, viewer, row)
        elif row.decided_by:
            raise ForbiddenError(
                "An approved loan is extended by who approves; or ask anew when it is over",
                detail_zh="经审批的借阅由审批人续期，或到期后重新申请",
            )
        after(LoanKind(row.kind), rows.state_of(row, now), LoanEvent.EXTEND, actor)
        if row.renewals >= lending.load().renewals:
            raise ConflictError(
                "It was extended already; ask anew when it is over",
                detail_zh="已续期，不能再次续期；请到期后重新申请",
            )
        row.renewals += 1
        row.ends_at = (row.ends_at or now) + timedelta(minutes=row.minutes)
        rows.take(session, viewer, row, LoanEvent.EXTEND, actor, now)


def decides(viewer: Viewer, row: Loan, papers: Iterable[list[Paper]]) -> Reach | None:
    """The grant by which a viewer may decide on a loan; None: it is none of their business.

    Args:
        viewer: as :func:`dossier.access.demand` gives one for approving loans.
        row: the loan.
        papers: what each of its things names, as a session of this viewer's sees them. What it
            sees nothing of comes before who approves for the whole company, to be refused.
    """
    found = list(papers)
    categories = {one.lent.category for paper in found for one in paper} or lending.CATEGORIES
    roles = lending.load().by(categories, LoanKind(row.kind))
    for one in access.deciders(viewer, roles, parties={row.borrower_id}, by=Permission.LEND):
        if one.scope.everything:
            return one
        if all(paper and all(one.covers(each.lent.place) for each in paper) for paper in found):
            return one
    return None


# -- parts --------------------------------------------------------------------------------------


def _approver(viewer: Viewer) -> Viewer:
    access.demand_unlimited(viewer)
    return access.demand(viewer, Permission.LEND)


def _decide(context: Context, viewer: Viewer, loan_id: str, event: LoanEvent, reason: str) -> None:
    why = checked_text(reason, missing_en="Say why", missing_zh="请填写理由")
    viewer, now = _approver(viewer), context.clock.now()
    with context.writing(viewer) as session:
        row = rows.locked(session, loan_id)
        _checked(session, viewer, row)
        rows.take(session, viewer, row, event, Actor.APPROVER, now, why=why)
        row.reason, row.ended_at, row.ended_by = why, now, viewer.id
        if event is LoanEvent.REFUSE:
            row.decided_at, row.decided_by = now, viewer.id


def _checked(session: ScopedSession, viewer: Viewer, row: Loan) -> Reach:
    things = rows.things_of(session, [row.number])[row.number]
    return _deciding(viewer, row, things, rows.papers_of(session, things))


def _deciding(
    viewer: Viewer, row: Loan, things: list[LoanThing], papers: dict[int, list[Paper]]
) -> Reach:
    if row.borrower_id == viewer.id:
        raise ForbiddenError(
            "Nobody decides on the own loan; somebody else must",
            detail_zh="不能审批本人的借阅，须由他人审批",
        )
    by = decides(viewer, row, (papers[at] for at in range(len(things))))
    if by is None:
        raise rows.unknown()
    return by


def _check_waits(session: ScopedSession, row: Loan, now: datetime) -> None:
    borrower = session.get(User, row.borrower_id)
    gone = borrower is None or is_shut_out(session, borrower, local_date(now))
    if gone or rows.state_of(row, now) is not LoanState.REQUESTED:
        raise ConflictError("It does not wait any more", detail_zh="该申请已办结或已失效")
