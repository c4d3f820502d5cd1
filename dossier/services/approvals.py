"""Asking for what one's role may only after an approval, and approving it for somebody else.

An approval is for one person, one action and one thing, with a begin and an end (domain.md §5,
§6.1). What it opens, :func:`dossier.access.viewer_for` says anew at each request.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from dossier import access
from dossier.clock import local_date
from dossier.db import approvals as held
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.leaving import is_shut_out
from dossier.db.session import ScopedSession
from dossier.db.tables import RoleGrant, User
from dossier.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from dossier.rules.approvals import Thing, load
from dossier.services import approval_rows as rows
from dossier.services import role_grants
from dossier.services.approval_rows import NewRequest, checked_text, note
from dossier.services.context import Context
from dossier.services.posts import lock
from dossier.viewer import NOTHING, Permission, Reach, Scope, Viewer, system_viewer

SYSTEM = system_viewer("approvals")
"""Looks up what somebody who asks may see, so that no approver gives more than the own area."""
NUMBER, DOCUMENT_ID = re.compile(r"[0-9]{1,16}"), re.compile(r"[0-9a-f-]{36}")
SHAPES = {Thing.CUSTOMER: NUMBER, Thing.DOCUMENT: DOCUMENT_ID}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: ``thing`` is a customer number or a document's id."""

    action: str
    kind: str
    thing: str
    purpose: str
    hours: int


def ask(context: Context, viewer: Viewer, wish: Wish) -> str:
    """Put a request down; returns its id.

    Whether the thing exists is not told: what lies outside one's own area looks like what does not.

    Raises:
        ForbiddenError: no role of the viewer's may do it after an approval.
        InvalidInputError: no purpose, a term that is not offered, or not such a thing.
        ConflictError: it is asked for or approved already, or too much waits.
    """
    kind = _checked_kind(viewer, wish)
    purpose = checked_text(wish.purpose, missing_en="Say what for", missing_zh="请填写用途")
    rows.check_term(wish.hours)
    new = NewRequest(kind, wish.action, wish.thing, viewer.id, purpose, wish.hours)
    return add_request(context, viewer, new)


def add_request(context: Context, viewer: Viewer, new: NewRequest) -> str:
    """The same for a feature that checked what is asked for.

    Raises:
        ForbiddenError: by a limited token.
        ConflictError: it is asked for or approved already, or too much waits.
    """
    access.demand_unlimited(viewer)
    now = context.clock.now()
    with context.writing(viewer) as session:
        lock(session, session.get_one(User, viewer.id))  # else two at once would both be the first
        _check_new(session, new, now)
        return rows.add(context, session, viewer, new).id


def approve(context: Context, viewer: Viewer, request_id: str, *, reason: str = "") -> None:
    """Let it be done: from now for the term that was asked for.

    Raises:
        ForbiddenError: the role approves nothing.
        NotFoundError: nothing of this id that this viewer decides on.
        ConflictError: it is decided already, or there is no such thing any more.
    """

    def decide(session: ScopedSession, row: ApprovalRequest, by: Reach, now: datetime) -> None:
        if row.kind == Thing.ROLE:
            _let_in(context, session, row, now)
        elif row.kind != Thing.LIST:
            _keep_owner(session, row)
        row.begins_at = now
        row.ends_at = now + timedelta(hours=row.hours) if row.hours else None
        row.decided_as = by.grant_id or None

    _decide(context, viewer, request_id, rows.APPROVED, reason, decide)


def refuse(context: Context, viewer: Viewer, request_id: str, *, reason: str) -> None:
    """Turn a request down, with the reason.

    Raises:
        ForbiddenError: the role approves nothing.
        NotFoundError: nothing of this id that this viewer decides on.
        InvalidInputError: no reason.
        ConflictError: it is decided already.
    """
    why = checked_text(reason, missing_en="Say why", missing_zh="请填写理由")

    def decide(session: ScopedSession, row: ApprovalRequest, by: Reach, now: datetime) -> None:  # noqa: ARG001 - one shape for both decisions
        if row.kind == Thing.ROLE and (grant := session.get(RoleGrant, int(row.thing))):
            rows.end_grant(grant, by=viewer.id, at=now)

    _decide(context, viewer, request_id, rows.REFUSED, why, decide)


def revoke(context: Context, viewer: Viewer, request_id: str, *, reason: str) -> None:
    """End an approval before its end; it counts from the next request.

    Raises:
        ForbiddenError: the role approves nothing.
        NotFoundError: nothing of this id in force that this viewer approved or decides on.
        InvalidInputError: no reason.
    """
    why = checked_text(reason, missing_en="Say why", missing_zh="请填写理由")
    access.demand_unlimited(viewer)
    viewer = access.demand(viewer, Permission.APPROVE)
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = _locked(session, request_id)
        if row.kind == Thing.ROLE or rows.state_of(row, now) != rows.APPROVED:
            raise _unknown()
        is_own = row.decided_by == viewer.id  # also where the thing is out of one's area by now
        if not is_own and not deciding(context, session, viewer, row, now):
            raise _unknown()
        rows.end(session, viewer, row, now, why=why)


def withdraw(context: Context, viewer: Viewer, request_id: str) -> None:
    """Take back what one asked for, or give up what was approved.

    Raises:
        ForbiddenError: by a limited token.
        NotFoundError: nothing of this id of the viewer's that waits or is in force.
    """
    access.demand_unlimited(viewer)
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = _locked(session, request_id)
        state = rows.state_of(row, now)
        if viewer.id != row.user_id or row.kind == Thing.ROLE:
            raise _unknown()
        if state not in (rows.APPROVED, rows.WAITING):
            raise _unknown()
        rows.end(session, viewer, row, now)


def deciding(
    context: Context, session: ScopedSession, viewer: Viewer, row: ApprovalRequest, at: datetime
) -> Reach | None:
    """The grant by which a viewer may decide on a request; None: it is none of their business.

    ``session`` is of the viewer's, so that it sees things within the viewer's area only. What does
    not exist comes before who approves for the whole company, to be refused.
    """
    rule = load().of(row.kind, row.action)
    found = access.deciders(viewer, rule.by if rule else (), parties={row.asked_by, row.user_id})
    if not found:
        return None
    if row.kind == Thing.LIST:
        asked = _scope_of_list(context, row, at)
        return next((one for one in found if asked and asked <= one.scope), None)
    place = held.place_of(session, row.kind, row.thing)
    for one in found:
        if one.scope.everything or (place is not None and one.scope.covers(place)):
            return one
    return None


# -- parts --------------------------------------------------------------------------------------


def _checked_kind(viewer: Viewer, wish: Wish) -> Thing:
    rule = load().actions.get(wish.action)
    if rule is None:
        raise InvalidInputError("No such action to ask for", detail_zh="没有此项可申请的操作")
    if all(one.action != wish.action for one in viewer.asks):
        raise ForbiddenError(
            "No role of yours may ask for this", detail_zh="您的岗位不能申请此项操作"
        )
    kind = next((one for one in rule.things if one == wish.kind), None)
    if kind is None or kind not in SHAPES:
        raise InvalidInputError(
            "It cannot be asked for such a thing", detail_zh="此项操作不能针对该类对象申请"
        )
    if not SHAPES[kind].fullmatch(wish.thing):
        raise InvalidInputError(
            "Give a customer number or a document's id", detail_zh="请填写正确的户号或文件编号"
        )
    return kind


def _check_new(session: ScopedSession, new: NewRequest, now: datetime) -> None:
    same = select(ApprovalRequest).where(
        ApprovalRequest.user_id == new.user_id,
        ApprovalRequest.action == new.action,
        ApprovalRequest.thing == new.thing,
    )
    if any(
        rows.state_of(row, now) in (rows.WAITING, rows.APPROVED) for row in session.scalars(same)
    ):
        raise ConflictError(
            "It is asked for or approved already; see your requests",
            detail_zh="已提出申请或已获批准，请查看我的申请",
        )
    mine = select(func.count()).where(ApprovalRequest.asked_by == new.user_id, held.waiting(now))
    if (session.scalar(mine) or 0) >= load().most_waiting:
        raise ConflictError("Too many requests wait; withdraw some", detail_zh="待审批的申请过多")


def _decide(
    context: Context,
    viewer: Viewer,
    request_id: str,
    decision: str,
    reason: str,
    act: Callable[[ScopedSession, ApprovalRequest, Reach, datetime], None],
) -> None:
    access.demand_unlimited(viewer)
    viewer = access.demand(viewer, Permission.APPROVE)
    why, now = " ".join(reason.split())[: rows.LONGEST_TEXT], context.clock.now()
    with context.writing(viewer) as session:
        row = _locked(session, request_id)
        by = deciding(context, session, viewer, row, now)
        if by is None:
            raise _unknown()
        asker = session.get(User, row.asked_by)
        gone = asker is None or is_shut_out(session, asker, local_date(now))
        if rows.state_of(row, now) != rows.WAITING or gone:
            raise ConflictError("It does not wait any more", detail_zh="该申请已办结或已失效")
        act(session, row, by, now)
        row.decision, row.decided_at, row.decided_by, row.reason = decision, now, viewer.id, why
        note(session, viewer, f"approval.{decision}", row, now, why=why)


def _let_in(context: Context, session: ScopedSession, row: ApprovalRequest, now: datetime) -> None:
    """A role that waited takes effect: from now, not from before it was approved."""
    grant = session.get(RoleGrant, int(row.thing))
    if grant is None or (grant.valid_to is not None and grant.valid_to <= now):
        raise ConflictError("The role was taken away meanwhile", detail_zh="该岗位授权已被收回")
    begins, ends = grant.valid_from, grant.valid_to
    role_grants.check_separated(
        context.roles.words, session, grant.user_id, grant.role, begins, ends, at=now
    )
    grant.pending = False
    if grant.valid_from is None or grant.valid_from < now:
        grant.valid_from = now


def _keep_owner(session: ScopedSession, row: ApprovalRequest) -> None:
    """An approval of a paper is for it as this customer's, wherever it goes afterwards."""
    place = held.place_of(session, row.kind, row.thing)
    if place is None:
        raise ConflictError("There is no such thing; refuse it", detail_zh="申请对象不存在，请驳回")
    if row.kind == Thing.DOCUMENT:
        row.facts = {**row.facts, "customer_no": place.customer_no}


def _locked(session: ScopedSession, request_id: str) -> ApprovalRequest:
    """The request, for this transaction alone.

    Whoever changes roles locks the person, the grant, then the request: in another order two at
    once would wait for each other for ever.
    """
    row = ApprovalRequest
    query = select(row.kind, row.thing, row.user_id).where(row.id == request_id)
    found = session.execute(query).one_or_none()
    if found is None:
        raise _unknown()
    if found.kind == Thing.ROLE:
        lock(session, session.get_one(User, found.user_id))
        session.get(RoleGrant, int(found.thing), with_for_update={"key_share": True})
    return session.scalars(select(row).where(row.id == request_id).with_for_update()).one()


def _scope_of_list(context: Context, row: ApprovalRequest, at: datetime) -> Scope | None:
    """How far the export reached when it was asked for, and reaches now; None: nowhere any more."""
    with context.reading(SYSTEM) as session:
        asker = access.viewer_for(session, session.get_one(User, row.user_id), context.roles, at=at)
    reach = asker.extent(Permission.EXPORT)
    return None if reach == NOTHING else reach | Scope.of_plain(row.facts["scope"])


def _unknown() -> NotFoundError:
    return NotFoundError("No such request", detail_zh="没有此项申请")
