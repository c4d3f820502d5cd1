"""All roles of a person given or ended with a post; what a grant is, ``role_grants`` knows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select

from dossier.db.role_tables import Delegation
from dossier.db.session import ScopedSession
from dossier.db.tables import OrgUnit, RoleGrant, User
from dossier.services import approval_rows, disclosure, role_grants
from dossier.services.context import Context
from dossier.services.role_grants import Days, Part
from dossier.viewer import Viewer


def give(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    user: User,
    *,
    role: str,
    unit_id: int | None,
    days: Days,
    reason: str = "",
) -> bool:
    """Give a role at a unit or for the whole company; False when it is so already.

    Raises:
        InvalidInputError: no such role, or days that are reversed or over.
        NotPossibleError: held there at other days, or separated from another role.
    """
    begins = role_grants.midnight(days.first) if days.first else None
    ends = role_grants.midnight(days.last + timedelta(days=1)) if days.last else None
    same = select(RoleGrant.id).where(
        RoleGrant.user_id == user.id,
        RoleGrant.role == role,
        RoleGrant.unit_id.is_not_distinct_from(unit_id),
        *(one.is_(None) for one in (RoleGrant.line_id, RoleGrant.district_id)),
        *(one.is_(None) for one in (RoleGrant.case_no, RoleGrant.customer_no)),
        RoleGrant.valid_from.is_not_distinct_from(begins),
        RoleGrant.valid_to.is_not_distinct_from(ends),
    )
    if session.scalar(same.limit(1)) is not None:
        return False
    unit = session.get_one(OrgUnit, unit_id).name if unit_id is not None else None
    role_grants.add_grant(
        context,
        session,
        viewer,
        user,
        role=role,
        part=Part(unit=unit),
        days=days,
        reason=reason,
    )
    return True


def count(session: ScopedSession, user_id: str, *, at: datetime) -> int:
    """Roles that a user holds or is to hold, those that others lent too."""
    return len(_own(session, user_id, at)) + len(_lent(session, user_id, at))


def end_all(
    context: Context, session: ScopedSession, viewer: Viewer, user: User, *, reason: str
) -> None:
    """End all roles of a user, own and lent ones, those to come too."""
    now = context.clock.now()
    for row in _own(session, user.id, now):
        approval_rows.end_grant(row, by=viewer.id, at=now)
        approval_rows.withdraw_role(session, viewer, row.id, at=now)
        role_grants.note_role(context, session, viewer, "role.revoked", user.id, row, reason=reason)
    for lent in _lent(session, user.id, now):
        lent.ended_at, lent.ended_by = now, viewer.id
    disclosure.end_of_user(context, session, viewer, user.id)
    session.flush()


def _own(session: ScopedSession, user_id: str, at: datetime) -> list[RoleGrant]:
    lasting = or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at)
    query = select(RoleGrant).where(RoleGrant.user_id == user_id, lasting)
    return list(session.scalars(query.order_by(RoleGrant.id)))


def _lent(session: ScopedSession, user_id: str, at: datetime) -> list[Delegation]:
    query = select(Delegation).where(
        Delegation.delegate_id == user_id, Delegation.ended_at.is_(None), Delegation.valid_to > at
    )
    return list(session.scalars(query.order_by(Delegation.id)))
