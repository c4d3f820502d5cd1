"""People and their roles. How they come in: ``logins``, ``sessions``, ``tokens``.

Passwords by argon2id; of cookies and tokens only hashes are kept. Who a viewer is gets read at each
request: a role taken away, a token revoked or a user disabled counts from the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update

from dossier import access
from dossier.clock import local_date
from dossier.db.grants import in_force
from dossier.db.leaving import is_shut_out
from dossier.db.login_tables import ApiToken, ExternalIdentity
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, OrgUnit, RoleGrant, User
from dossier.errors import ForbiddenError, NotFoundError, NotPossibleError
from dossier.services import (
    approval_rows,
    audit,
    disclosure,
    passwords,
    role_grants,
    sessions,
    throttle,
    tokens,
)
from dossier.services.context import Context
from dossier.services.door import DOOR, by_name
from dossier.services.logins import log_in
from dossier.services.sessions import log_out, viewer_by_cookie
from dossier.services.tokens import make_token, viewer_by_token
from dossier.viewer import Permission, Viewer

__all__ = [
    "Account",
    "add_user",
    "count_keys",
    "disable_user",
    "enable_user",
    "end_all_keys",
    "end_keys",
    "first_station",
    "has_users",
    "list_users",
    "log_in",
    "log_out",
    "make_token",
    "put_account",
    "set_own_password",
    "set_password",
    "unbind",
    "unlock",
    "viewer_by_cookie",
    "viewer_by_name",
    "viewer_by_token",
]

PASSWORD_SET = "password.set"  # noqa: S105 - the audit's word for it


@dataclass(frozen=True, slots=True)
class Account:
    """A user as an administrator sees it."""

    id: str
    name: str
    role: str
    unit: str
    disabled: bool


def add_user(
    context: Context,
    viewer: Viewer,
    *,
    name: str,
    role: str,
    password: str | None = None,
    unit: str | None = None,
    part: role_grants.Part | None = None,
    days: role_grants.Days = role_grants.ALWAYS,
) -> str:
    """Create a user with a first role; returns the id.

    Args:
        context: the archive.
        viewer: who adds.
        name: the account's.
        role: code of the role.
        password: None for an account that uses tokens only.
        unit: short for a ``part`` that is a unit.
        part: what the role is given for; None with no unit: the whole company.
        days: on which the role holds.

    Raises:
        InvalidInputError: an unknown role, unit, line, district or customer, dates that are
            reversed or over, or a password that is too short.
        NotPossibleError: the name is taken.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    role_grants.check_role(context.roles.words, role)
    if password is not None:
        passwords.check(context, password, name=name)
    with context.writing(viewer) as session:
        if session.scalar(select(User).where(User.name == name)) is not None:
            raise NotPossibleError(
                "A user of this name exists; choose another name",
                detail_zh="用户名已存在，请换一个",
            )
        made = passwords.hashed(password) if password else ""
        user = put_account(context, session, viewer, name, password_hash=made, role=role)
        given = part or role_grants.Part(unit=unit)
        role_grants.add_grant(context, session, viewer, user, role=role, part=given, days=days)
        return user.id


def put_account(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    name: str,
    *,
    password_hash: str = "",
    role: str = "",
) -> User:
    """A fresh account in the caller's transaction; ``role`` is for the audit only."""
    now = context.clock.now()
    user = User(name=name, password_hash=password_hash, created_at=now)
    session.add(user)
    session.flush()
    facts = {"role": role}
    audit.note(
        session, viewer, "user.added", at=now, object_kind="user", object_id=user.id, facts=facts
    )
    return user


def first_station(context: Context) -> str | None:
    """The first unit that has customers of its own, by name; for the demonstration's agent."""
    with context.reading(DOOR) as session:
        return session.scalar(
            select(OrgUnit.name)
            .where(OrgUnit.id.in_(select(Customer.unit_id)))
            .order_by(OrgUnit.id)
            .limit(1)
        )


def list_users(context: Context, viewer: Viewer) -> list[Account]:
    """All users with their first role in force; all of them: ``role_grants.list_grants``."""
    access.demand(viewer, Permission.MANAGE_USERS)
    now = context.clock.now()
    with context.reading(viewer) as session:
        rows = session.execute(
            select(RoleGrant, OrgUnit.name)
            .outerjoin(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
            .order_by(RoleGrant.id.desc())
        )
        first = {grant.user_id: (grant.role, unit) for grant, unit in rows if in_force(grant, now)}
        return [
            Account(user.id, user.name, role, unit or "", user.disabled)
            for user in session.scalars(select(User).order_by(User.name))
            for role, unit in [first.get(user.id, ("", ""))]
        ]


@contextmanager
def _changing(
    context: Context, viewer: Viewer, name: str, action: str
) -> Iterator[tuple[ScopedSession, User]]:
    """The account to change in one transaction with its audit row, for who manages users.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    with context.writing(viewer) as session:
        user = by_name(session, name)
        yield session, user
        _note(context, session, viewer, action, user)


def disable_user(context: Context, viewer: Viewer, name: str) -> None:
    """Disable a user: sessions and tokens stop at the next request.

    Raises:
        ForbiddenError: the role does not manage users, or it is oneself.
        NotFoundError: no such user.
    """
    with _changing(context, viewer, name, "user.disabled") as (session, user):
        if user.id == viewer.id:
            raise ForbiddenError("Nobody disables the own account", detail_zh="不能停用本人账号")
        user.disabled = True
        end_keys(context, session, viewer, user)
        approval_rows.end_own(session, user.id, None, context.clock.now())


def end_keys(
    context: Context, session: ScopedSession, viewer: Viewer, user: User
) -> tuple[int, int]:
    """End a user's sessions, tokens and open disclosures in the caller's transaction.

    Returns:
        How many sessions and tokens there were.
    """
    disclosure.end_of_user(context, session, viewer, user.id)
    ended = sessions.end_all(context, session, viewer, user_id=user.id)
    revoked: Any = session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user.id, ApiToken.revoked.is_(False))
        .values(revoked=True)
        .execution_options(synchronize_session=False)
    )
    return ended, revoked.rowcount


def count_keys(context: Context, session: ScopedSession, user_id: str) -> tuple[int, int]:
    """How many sessions and tokens of a user are in force."""
    return (
        sessions.count_of(context, session, user_id),
        tokens.count_of(context, session, user_id),
    )


def end_all_keys(context: Context, viewer: Viewer, name: str) -> None:
    """End all sessions and tokens of a user, who may log in again.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    with _changing(context, viewer, name, "user.keys_ended") as (session, user):
        end_keys(context, session, viewer, user)


def enable_user(context: Context, viewer: Viewer, name: str) -> None:
    """Let a disabled user in again; the tokens of before stay revoked.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    with _changing(context, viewer, name, "user.enabled") as (_, user):
        user.disabled = False


def unlock(context: Context, viewer: Viewer, name: str) -> None:
    """Forget wrong tries, so that a locked or paused account may try again.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    with _changing(context, viewer, name, "user.unlocked") as (session, user):
        throttle.unlock(context, session, name=user.name)


def unbind(context: Context, viewer: Viewer, name: str) -> None:
    """Forget who a user is at OpenID providers; the next login by one binds anew.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    with _changing(context, viewer, name, "identity.unbound") as (session, user):
        session.execute(delete(ExternalIdentity).where(ExternalIdentity.user_id == user.id))


def set_password(context: Context, viewer: Viewer, name: str, password: str) -> None:
    """Set somebody's password; the sessions of before end.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
        InvalidInputError: the password is short or common.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    passwords.check(context, password, name=name)
    with _changing(context, viewer, name, PASSWORD_SET) as (session, user):
        _set_password(context, session, viewer, user, password)


def set_own_password(
    context: Context, viewer: Viewer, *, old: str, new: str, keep: str = ""
) -> None:
    """Change one's own password; all other sessions end.

    Args:
        context: the wired product.
        viewer: whose it is.
        old: the present one.
        new: the next one.
        keep: secret of the cookie whose session goes on.

    Raises:
        NotAuthenticatedError: the present password is wrong.
        InvalidInputError: the new one is short or common.
    """
    passwords.demand(context, viewer, old)
    passwords.check(context, new, name=viewer.name)
    with context.writing(viewer) as session:
        user = session.get_one(User, viewer.id)
        _set_password(context, session, viewer, user, new, keep=keep)
        _note(context, session, viewer, PASSWORD_SET, user)


def _set_password(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    user: User,
    password: str,
    *,
    keep: str = "",
) -> None:
    user.password_hash = passwords.hashed(password)
    sessions.end_all(context, session, viewer, user_id=user.id, keep=keep)


def _note(
    context: Context, session: ScopedSession, viewer: Viewer, action: str, user: User
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=context.clock.now(),
        object_kind="user",
        object_id=user.id,
    )


def has_users(context: Context) -> bool:
    """Whether anybody can log in yet."""
    with context.reading(DOOR) as session:
        return bool(session.scalar(select(func.count()).select_from(User)))


def viewer_by_name(context: Context, name: str) -> Viewer:
    """The viewer that a user would be: for the command line's ``--as``.

    Raises:
        NotFoundError: no such user, disabled, or gone.
    """
    now = context.clock.now()
    with context.reading(DOOR) as session:
        user = by_name(session, name)
        if is_shut_out(session, user, local_date(now)):
            raise NotFoundError("The user is disabled")
        return access.viewer_for(session, user, context.roles, at=now)
