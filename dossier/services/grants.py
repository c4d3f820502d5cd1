"""Roles given and ended by date, in the caller's transaction; access says what they allow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import or_, select

from dossier.db.session import ScopedSession
from dossier.db.tables import RoleGrant
from dossier.errors import InvalidInputError
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Viewer

GIVEN, ENDED = "role.given", "role.ended"


def give(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    *,
    user_id: str,
    role: str,
    unit_id: int | None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> bool:
    """Give a role, or set the end of one that began at the same time; False when it is so already.

    Raises:
        InvalidInputError: no such role, or it would end before it begins.
    """
    if role not in context.roles:
        known = ", ".join(sorted(context.roles))
        raise InvalidInputError(
            f"Unknown role; choose one of {known}", detail_zh=f"没有此岗位角色，可选：{known}"
        )
    if valid_from is not None and valid_to is not None and valid_to <= valid_from:
        raise InvalidInputError(
            "The role would end before it begins", detail_zh="角色的截止日期早于起始日期"
        )
    same = select(RoleGrant).where(
        RoleGrant.user_id == user_id,
        RoleGrant.role == role,
        RoleGrant.unit_id.is_not_distinct_from(unit_id),
        RoleGrant.valid_from.is_not_distinct_from(valid_from),
    )
    row = session.scalar(same.limit(1))
    if row is not None and row.valid_to == valid_to:
        return False
    if row is None:
        row = RoleGrant(user_id=user_id, role=role, unit_id=unit_id, valid_from=valid_from)
        session.add(row)
    row.valid_to = valid_to
    session.flush()
    facts = {"role": role, "unit": unit_id}
    _note(context, session, viewer, GIVEN, user_id, facts)
    return True


def in_force(session: ScopedSession, user_id: str, *, at: datetime) -> list[RoleGrant]:
    """Roles that a user holds at this moment or is to hold later."""
    lasting = or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at)
    query = select(RoleGrant).where(RoleGrant.user_id == user_id, lasting)
    return list(session.scalars(query.order_by(RoleGrant.id)))


def end_all(
    context: Context, session: ScopedSession, viewer: Viewer, *, user_id: str, at: datetime
) -> int:
    """End all roles of a user, those to come too; how many there were."""
    rows = in_force(session, user_id, at=at)
    for row in rows:
        if row.valid_from is not None and row.valid_from >= at:
            session.delete(row)  # has never begun
        else:
            row.valid_to = at
    if rows:
        _note(context, session, viewer, ENDED, user_id, {"roles": len(rows)})
    return len(rows)


def _note(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    user_id: str,
    facts: Mapping[str, object],
) -> None:
    now = context.clock.now()
    audit.note(session, viewer, action, at=now, object_kind="user", object_id=user_id, facts=facts)
