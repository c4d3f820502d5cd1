"""Requests for approval as rows: how one begins, what state it is in, and what is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select

from dossier.db import approvals as held
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.session import ScopedSession
from dossier.db.tables import RoleGrant
from dossier.errors import InvalidInputError
from dossier.rules.approvals import Thing, load
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Viewer, system_viewer

APPROVED, REFUSED, WITHDRAWN = held.APPROVED, "refused", "withdrawn"
WAITING, LAPSED, OVER, REVOKED = "waiting", "lapsed", "over", "revoked"
SYSTEM = system_viewer("approvals")
"""Ends what is over."""
TOGETHER = 100
"""Rows in one transaction."""
LONGEST_TEXT = 200
"""Characters of a purpose or reason, as in the record."""
OBJECT_KINDS = {Thing.LIST: "query", Thing.ROLE: "user"}
"""What the audit calls these things; a customer and a document are called so."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What is asked for.

    Attributes:
        user_id: who may do it then.
        hours: the term; 0 for what does not end by itself.
        body: encrypted, where it holds personal data.
    """

    kind: Thing
    action: str
    thing: str
    user_id: str
    purpose: str
    hours: int = 0
    body: bytes | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def add(
    context: Context, session: ScopedSession, viewer: Viewer, new: NewRequest
) -> ApprovalRequest:
    """Put a request down, in the caller's transaction."""
    now = context.clock.now()
    row = ApprovalRequest(
        kind=new.kind,
        action=new.action,
        thing=new.thing,
        body=new.body,
        facts=dict(new.facts),
        asked_by=viewer.id,
        user_id=new.user_id,
        purpose=new.purpose,
        hours=new.hours,
        asked_at=now,
        lapses_at=now + timedelta(days=load().lapses_after_days),
    )
    session.add(row)
    session.flush()
    note(session, viewer, "approval.asked", row, now, why=new.purpose)
    return row


def note(
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    row: ApprovalRequest,
    at: datetime,
    *,
    why: str = "",
) -> None:
    """Write a step down, under the thing that it is about."""
    kind = Thing(row.kind)
    facts: dict[str, Any] = {"approval": row.id, "action": row.action, "user": row.user_id}
    if row.ends_at is not None:
        facts["until"] = row.ends_at.isoformat()
    audit.note(
        session,
        replace(viewer, purpose=why or row.reason or row.purpose),
        action,
        at=at,
        object_kind=OBJECT_KINDS.get(kind, kind.value),
        object_id=row.user_id if kind is Thing.ROLE else row.thing,
        facts=facts,
    )


def state_of(row: ApprovalRequest, at: datetime) -> str:
    """What a request has come to; an approval is over at its minute, without anybody's doing."""
    if not row.decision:
        return WAITING if row.lapses_at > at else LAPSED
    if row.decision != APPROVED:
        return row.decision
    if row.revoked_at is not None:
        return REVOKED
    return OVER if row.ends_at is not None and row.ends_at <= at else APPROVED


def withdraw_role(session: ScopedSession, viewer: Viewer, grant_id: int, *, at: datetime) -> None:
    """A role that waited was taken away: nobody need decide on it any more."""
    query = select(ApprovalRequest).where(
        ApprovalRequest.kind == Thing.ROLE,
        ApprovalRequest.thing == str(grant_id),
        ApprovalRequest.decision == "",
    )
    for row in session.scalars(query):
        end(session, viewer, row, at)


def end(
    session: ScopedSession, viewer: Viewer, row: ApprovalRequest, at: datetime, *, why: str = ""
) -> None:
    """End a request before somebody decides on it, or an approval before its end."""
    if row.decision == APPROVED:
        row.revoked_at, row.revoked_by, row.noted_at = at, viewer.id, at
        row.revoked_why = why
        note(session, viewer, "approval.revoked", row, at, why=why)
    else:
        row.decision, row.decided_at = WITHDRAWN, at
        note(session, viewer, "approval.withdrawn", row, at, why=why)


def end_grant(grant: RoleGrant, *, by: str, at: datetime) -> None:
    """A role ends now; one that was to come comes to nothing."""
    if grant.valid_to is None or grant.valid_to > at:
        grant.valid_to, grant.revoked_by = at, by
    if grant.valid_from is not None and grant.valid_from > at:
        grant.valid_from = at


def checked_text(text: str, *, missing_en: str, missing_zh: str) -> str:
    """A purpose or reason without needless space.

    Raises:
        InvalidInputError: there is none, or it is too long.
    """
    said = " ".join(text.split())
    if not said or len(said) > LONGEST_TEXT:
        raise InvalidInputError(
            missing_en if not said else f"It has more than {LONGEST_TEXT} characters",
            detail_zh=missing_zh if not said else f"不超过 {LONGEST_TEXT} 个字",
        )
    return said


def check_term(hours: int) -> None:
    """Refuse a term that the rules do not offer.

    Raises:
        InvalidInputError: names those that they offer, in hours.
    """
    terms = load().terms_hours
    if hours not in terms:
        offered = ", ".join(map(str, terms))
        raise InvalidInputError(
            f"Choose a term of {offered} hours", detail_zh=f"请选择期限（小时）：{offered}"
        )


def note_ended(context: Context) -> int:
    """Write down approvals and requests whose time is over; returns how many.

    A role whose request lapsed comes to nothing then, so that it can be given anew.
    """
    now, row = context.clock.now(), ApprovalRequest
    ended = (row.decision == APPROVED) & (row.ends_at <= now) & row.revoked_at.is_(None)
    lapsed = (row.decision == "") & (row.lapses_at <= now)
    over = row.noted_at.is_(None) & or_(ended, lapsed)
    query = select(row.id, row.kind, row.thing).where(over).order_by(row.id).limit(TOGETHER)
    with context.reading(SYSTEM) as session:
        seen = session.execute(query).all()
    if not seen:
        return 0
    with context.writing(SYSTEM) as session:
        grants = _locked_grants(session, [one.thing for one in seen if one.kind == Thing.ROLE])
        still = select(row).where(row.id.in_([one.id for one in seen]), over)
        found = session.scalars(still.order_by(row.id).with_for_update()).all()
        for one in found:
            _note_over(session, one, grants, now)
        return len(found)


def _note_over(
    session: ScopedSession, row: ApprovalRequest, grants: Mapping[str, RoleGrant], at: datetime
) -> None:
    row.noted_at = at
    note(session, SYSTEM, "approval.ended" if row.decision else "approval.lapsed", row, at)
    if row.kind == Thing.ROLE and not row.decision and row.thing in grants:
        end_grant(grants[row.thing], by=SYSTEM.id, at=at)


def _locked_grants(session: ScopedSession, ids: list[str]) -> dict[str, RoleGrant]:
    """Grants by id, before the requests about them: everybody locks in this order."""
    query = select(RoleGrant).where(RoleGrant.id.in_([int(one) for one in ids]))
    found = session.scalars(query.order_by(RoleGrant.id).with_for_update(key_share=True))
    return {str(one.id): one for one in found}


def count_own(session: ScopedSession, user_id: str) -> int:
    """Requests of a user that nobody decided yet, and approvals that nobody saw end."""
    return len(session.scalars(_open_own(user_id)).all())


def end_own(session: ScopedSession, user_id: str, successor: str | None, at: datetime) -> int:  # noqa: ARG001 - a request is a person's own and goes to nobody
    """End them with the person's post; how many."""
    lasting, mine = (WAITING, APPROVED), _open_own(user_id).with_for_update()
    found = [row for row in session.scalars(mine) if state_of(row, at) in lasting]
    for row in found:
        end(session, SYSTEM, row, at)
    return len(found)


def _open_own(user_id: str) -> Select[tuple[ApprovalRequest]]:
    return select(ApprovalRequest).where(
        ApprovalRequest.user_id == user_id,
        ApprovalRequest.kind != Thing.ROLE,
        ApprovalRequest.decision.in_(["", APPROVED]),
        ApprovalRequest.revoked_at.is_(None),
        ApprovalRequest.noted_at.is_(None),
    )
