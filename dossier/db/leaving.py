"""Who comes in no more: a disabled account, or one whose planned last day is over.

A worker carries a planned change out on its day; nobody's access waits for that.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, bindparam, or_, select

from dossier.db.organisation_tables import StaffChange
from dossier.db.session import ScopedSession
from dossier.db.tables import User

LEAVE, PLANNED = "leave", "planned"
"""Kind and state of a staff change that ends an account on its day."""
_DAY: BindParameter[Any] = bindparam("day", type_=Date())


def shut_out() -> ColumnElement[bool]:
    """Whether the user of the row is shut out on the day that is bound as ``day`` (Shanghai)."""
    due = (
        select(StaffChange.id)
        .where(
            StaffChange.user_id == User.id,
            StaffChange.kind == LEAVE,
            StaffChange.state == PLANNED,
            StaffChange.on <= _DAY,
        )
        .correlate(User)
        .exists()
    )
    return or_(User.disabled, due)


def is_shut_out(session: ScopedSession, user: User, day: date) -> bool:
    """The same of one user."""
    query = select(User.id).where(User.id == user.id, shut_out())
    return session.scalar(query, {"day": day}) is not None
