"""Requests as they are listed: one's own, and those that wait for this viewer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import not_, or_, select

from dossier import access
from dossier.clock import local_date
from dossier.db import approvals as held
from dossier.db import grants
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.leaving import shut_out
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, RoleGrant, User
from dossier.rules.approvals import Thing
from dossier.services import approval_rows as rows
from dossier.services import remarks, role_grants
from dossier.services.approvals import deciding
from dossier.services.context import Context
from dossier.services.labels import type_label
from dossier.services.role_grants import Names
from dossier.viewer import Permission, Viewer

MOST_LISTED = 200
"""Requests on a page; those that wait longest come first."""


@dataclass(frozen=True, slots=True)
class AskedList:
    """A list of hits that somebody wants as a file."""

    q: str
    filters: dict[str, list[str]]
    clear: bool


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A request as it is listed.

    Attributes:
        thing: customer number or document id; the role's code for a role; empty for a list.
        about: what the thing is called, as far as who reads this may know.
        href: where the thing is shown; empty where it cannot be opened now.
        user: account of who may do it then.
        revoked_by: who ended it early; empty where nobody did, or the program when a post ended.
        revoked_why: the reason that was given.
        state: ``waiting approved resting over refused withdrawn revoked lapsed``; ``resting``: who
            approved it is disabled, has lost the role or reaches the thing no more, or the paper is
            another customer's now.
    """

    id: str
    kind: str
    action: str
    thing: str
    about: str
    href: str
    asked_by: str
    user: str
    purpose: str
    hours: int
    state: str
    asked_at: datetime
    lapses_at: datetime
    begins_at: datetime | None
    ends_at: datetime | None
    decided_by: str
    reason: str
    revoked_by: str
    revoked_why: str
    asked_list: AskedList | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """What an approver has before them: what waits, and what was approved and still holds."""

    waiting: tuple[ApprovalView, ...]
    in_force: tuple[ApprovalView, ...]


def mine(context: Context, viewer: Viewer) -> tuple[ApprovalView, ...]:
    """What a viewer asked for, the newest first.

    Raises:
        ForbiddenError: by a limited token.
    """
    access.demand_unlimited(viewer)
    query = (
        select(ApprovalRequest)
        .where(or_(ApprovalRequest.user_id == viewer.id, ApprovalRequest.asked_by == viewer.id))
        .order_by(ApprovalRequest.asked_at.desc(), ApprovalRequest.id)
        .limit(MOST_LISTED)
    )
    with context.reading(viewer) as session:
        return _views(context, session, viewer, session.scalars(query).all())


def to_decide(context: Context, viewer: Viewer) -> Work:
    """What waits for this viewer's decision, and what can be revoked.

    Raises:
        ForbiddenError: the role approves nothing.
    """
    viewer = access.demand(viewer, Permission.APPROVE)
    now = context.clock.now()
    row, today = ApprovalRequest, {"day": local_date(now)}
    live = (row.decision == held.APPROVED) & (row.ends_at > now) & row.revoked_at.is_(None)
    query = (
        select(row)
        .join(User, User.id == row.asked_by)
        .where(not_(shut_out()), or_(held.waiting(now), live))
        .order_by(row.asked_at, row.id)
    )
    with context.reading(viewer) as session:
        asked = session.scalars(query, today)
        found = [
            one
            for one in asked
            if one.decided_by == viewer.id or deciding(context, session, viewer, one, now)
        ]
        shown = _views(context, session, viewer, found[:MOST_LISTED])
    waiting = tuple(one for one in shown if one.state == rows.WAITING)
    return Work(waiting, tuple(one for one in shown if one.state != rows.WAITING))


# -- parts --------------------------------------------------------------------------------------


def _views(
    context: Context, session: ScopedSession, viewer: Viewer, found: Iterable[ApprovalRequest]
) -> tuple[ApprovalView, ...]:
    listed, now = list(found), context.clock.now()
    ids = {one for row in listed for one in _people_of(row) if one}
    people = role_grants.account_names(session, ids)
    live = _opening(context, {row.user_id for row in listed}, now)
    teller = _Teller(context, session, viewer)
    return tuple(
        _as_told(viewer, _view(row, people, teller, _state(row, now, live))) for row in listed
    )


def _as_told(viewer: Viewer, one: ApprovalView) -> ApprovalView:
    """What another typed of a customer may name somebody; of a role it names colleagues."""
    if one.asked_by == viewer.name or one.kind == Thing.ROLE:
        return one
    said = (remarks.line(viewer, text) for text in (one.purpose, one.reason, one.revoked_why))
    purpose, reason, why = said
    return replace(one, purpose=purpose, reason=reason, revoked_why=why)


def _opening(context: Context, users: Iterable[str], now: datetime) -> set[str]:
    """Approvals that open something now; looked up for all, since it tells only that it rests."""
    kinds = (Thing.CUSTOMER, Thing.DOCUMENT, Thing.LIST)
    with context.reading(rows.SYSTEM) as session:
        return {
            one.id
            for user in users
            for one in access.approved_now(session, user, at=now, kinds=kinds)
        }


def _state(row: ApprovalRequest, now: datetime, live: set[str]) -> str:
    state = rows.state_of(row, now)
    lasting = row.kind == Thing.ROLE or row.id in live
    return "resting" if state == rows.APPROVED and not lasting else state


def _view(
    row: ApprovalRequest, people: dict[str, str], teller: _Teller, state: str
) -> ApprovalView:
    thing, about, href = teller.tell(row)
    return ApprovalView(
        id=row.id,
        kind=row.kind,
        action=row.action,
        thing=thing,
        about=about,
        href=href,
        asked_by=people.get(row.asked_by, ""),
        user=people.get(row.user_id, ""),
        purpose=row.purpose,
        hours=row.hours,
        state=state,
        asked_at=row.asked_at,
        lapses_at=row.lapses_at,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        decided_by=people.get(row.decided_by or "", ""),
        reason=row.reason,
        revoked_by=people.get(row.revoked_by, ""),
        revoked_why=row.revoked_why,
        asked_list=teller.list_of(row),
        facts=dict(row.facts),
    )


def _people_of(row: ApprovalRequest) -> tuple[str | None, ...]:
    return row.asked_by, row.user_id, row.decided_by, row.revoked_by


class _Teller:
    """Says what a request is about, as far as who reads it may know."""

    def __init__(self, context: Context, session: ScopedSession, viewer: Viewer) -> None:
        self._context = context
        self._session = session
        self._viewer = viewer

    def tell(self, row: ApprovalRequest) -> tuple[str, str, str]:
        """Thing, what it is called, and its address."""
        if row.kind == Thing.ROLE:
            return self._role(row)
        if row.kind == Thing.LIST:
            return "", "", ""
        seen = held.place_of(self._session, row.kind, row.thing) is not None
        if row.kind == Thing.CUSTOMER:
            return row.thing, row.thing, f"/customers/{row.thing}" if seen else ""
        return row.thing, self._paper(row.thing), f"/documents/{row.thing}" if seen else ""

    def list_of(self, row: ApprovalRequest) -> AskedList | None:
        """The words and filters of a list: an approver must know what leaves."""
        if row.body is None:
            return None
        q, filters, clear = orjson.loads(self._context.keyring.decrypt(row.body))
        return AskedList(q, filters, clear)

    def _paper(self, document_id: str) -> str:
        query = select(Document.type_code, Document.customer_no).where(Document.id == document_id)
        found = self._session.execute(query).one_or_none()
        if found is None:
            return document_id
        return f"{type_label(found.type_code, self._viewer.language)} {found.customer_no or ''}"

    def _role(self, row: ApprovalRequest) -> tuple[str, str, str]:
        grant = self._session.get(RoleGrant, int(row.thing))
        if grant is None:
            return "", "", ""
        kind, key = grants.place_of(grant)
        return grant.role, Names(self._session, [(kind, key)]).of(kind, key), ""
