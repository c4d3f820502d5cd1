"""People, their roles, logins and tokens.

Passwords by argon2id; of cookies and tokens only SHA-256 hashes are kept (they are 256 random bits,
so a plain hash is enough). Who a viewer is gets read at each request: a role taken away, a token
revoked or a user disabled counts from the next one.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import ApiToken, Customer, LoginSession, OrgUnit, RoleGrant, User
from dossier.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    TooManyRequestsError,
)
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer, system_viewer

DOOR = system_viewer("login")
"""Reads accounts before anybody is logged in."""
TOKEN_BYTES = 32
MIN_PASSWORD_LENGTH = 8
"""Shortest password that NIST SP 800-63B allows."""
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often, not at every request."""

_hasher = PasswordHasher()
_nobody_hash = _hasher.hash(secrets.token_hex())
"""Checked for unknown names, so that they take as long as known ones."""


@dataclass(frozen=True, slots=True)
class Login:
    """What the browser gets: the cookie's secret, and the token for its forms."""

    secret: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """A user as an administrator sees it."""

    id: str
    name: str
    role: str
    unit: str
    disabled: bool


def digest(secret: str) -> str:
    """The form in which a cookie or token is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_user(
    context: Context,
    viewer: Viewer,
    *,
    name: str,
    role: str,
    password: str | None = None,
    unit: str | None = None,
) -> str:
    """Create a user; returns the id.

    Raises:
        InvalidInputError: unknown role or unit, or a password that is too short.
        ConflictError: the name is taken.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    if role not in context.roles:
        raise InvalidInputError(f"Unknown role; choose one of {', '.join(sorted(context.roles))}")
    if password is not None and len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInputError(
            f"The password needs at least {MIN_PASSWORD_LENGTH} characters",
            detail_zh=f"密码至少 {MIN_PASSWORD_LENGTH} 位",
        )
    with context.writing(viewer) as session:
        if session.scalar(select(User).where(User.name == name)) is not None:
            raise ConflictError("A user of this name exists", detail_zh="用户名已存在")
        user = User(
            name=name,
            password_hash=_hasher.hash(password) if password else "",
            created_at=context.clock.now(),
        )
        session.add(user)
        session.flush()
        session.add(RoleGrant(user_id=user.id, role=role, unit_id=_unit_id(session, unit)))
        audit.note(
            session,
            viewer,
            "user.added",
            at=context.clock.now(),
            object_kind="user",
            object_id=user.id,
            facts={"role": role},
        )
        return user.id


def _unit_id(session: ScopedSession, unit: str | None) -> int | None:
    if unit is None:
        return None
    found = session.scalar(select(OrgUnit.id).where(OrgUnit.name == unit))
    if found is None:
        raise InvalidInputError("No unit of this name; import the customers first, or check it")
    return found


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
    """All users with their first role."""
    access.demand(viewer, Permission.MANAGE_USERS)
    with context.reading(viewer) as session:
        rows = session.execute(
            select(User, RoleGrant, OrgUnit)
            .outerjoin(RoleGrant, RoleGrant.user_id == User.id)
            .outerjoin(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
            .order_by(User.name)
        )
        return [
            Account(
                user.id,
                user.name,
                grant.role if grant else "",
                unit.name if unit else "",
                user.disabled,
            )
            for user, grant, unit in rows
        ]


def disable_user(context: Context, viewer: Viewer, name: str) -> None:
    """Disable a user: sessions and tokens stop at the next request."""
    access.demand(viewer, Permission.MANAGE_USERS)
    with context.writing(viewer) as session:
        user = _by_name(session, name)
        user.disabled = True
        session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
        audit.note(
            session,
            viewer,
            "user.disabled",
            at=context.clock.now(),
            object_kind="user",
            object_id=user.id,
        )


def make_token(
    context: Context, viewer: Viewer, name: str, *, lifetime: timedelta | None = None
) -> str:
    """A fresh bearer token of a user; it is shown once and kept as a hash."""
    access.demand(viewer, Permission.MANAGE_USERS)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = context.clock.now()
    with context.writing(viewer) as session:
        user = _by_name(session, name)
        session.add(
            ApiToken(
                id=digest(token),
                user_id=user.id,
                created_at=now,
                expires_at=now + lifetime if lifetime else None,
            )
        )
        audit.note(session, viewer, "token.made", at=now, object_kind="user", object_id=user.id)
    return token


def _by_name(session: ScopedSession, name: str) -> User:
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        raise NotFoundError("No user of this name; see: dossier user list")
    return user


def has_users(context: Context) -> bool:
    """Whether anybody can log in yet."""
    with context.reading(DOOR) as session:
        return bool(session.scalar(select(func.count()).select_from(User)))


def log_in(context: Context, *, name: str, password: str, remote: str) -> Login:
    """Check a password and open a session.

    Raises:
        NotAuthenticatedError: name or password is wrong (which one is not told), or disabled.
        TooManyRequestsError: too many wrong passwords in a row.
    """
    now = context.clock.now()
    with context.reading(DOOR) as session:
        user = session.scalar(select(User).where(User.name == name))
    if user is not None and user.paused_until and user.paused_until > now:
        raise TooManyRequestsError("Too many wrong passwords; wait a minute")
    right = _password_is(user, password)
    if user is None or not right or user.disabled:
        _note_failure(context, user, remote, now)
        raise NotAuthenticatedError("Wrong name or password", detail_zh="用户名或密码不正确")
    return _open_session(context, user, remote, now)


def _password_is(user: User | None, password: str) -> bool:
    kept = user.password_hash if user and user.password_hash else _nobody_hash
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _note_failure(context: Context, user: User | None, remote: str, now: datetime) -> None:
    with context.writing(DOOR) as session:
        if user is not None:
            row = session.get_one(User, user.id)
            row.failed_logins += 1
            if row.failed_logins % context.settings.login_attempts == 0:
                row.paused_until = now + timedelta(seconds=context.settings.login_pause_seconds)
        audit.note(
            session,
            DOOR,
            "login.failed",
            at=now,
            object_kind="user",
            object_id=user.id if user else "",
            outcome="refused",
            facts={"remote": remote},
        )


def _open_session(context: Context, user: User, remote: str, now: datetime) -> Login:
    login = Login(
        secrets.token_urlsafe(TOKEN_BYTES),
        secrets.token_urlsafe(TOKEN_BYTES),
        now + timedelta(hours=context.settings.session_hours),
    )
    with context.writing(DOOR) as session:
        row = session.get_one(User, user.id)
        row.failed_logins, row.paused_until = 0, None
        session.add(
            LoginSession(
                id=digest(login.secret),
                user_id=user.id,
                csrf=login.csrf,
                created_at=now,
                seen_at=now,
                expires_at=login.expires_at,
            )
        )
        session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
        audit.note(
            session,
            DOOR,
            "login",
            at=now,
            object_kind="user",
            object_id=user.id,
            facts={"remote": remote},
        )
    return login


def log_out(context: Context, secret: str) -> None:
    """End a session; ending one that is gone is no error."""
    with context.writing(DOOR) as session:
        session.execute(delete(LoginSession).where(LoginSession.id == digest(secret)))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A viewer by cookie, with the token that its forms must carry."""

    viewer: Viewer
    csrf: str


def viewer_by_cookie(context: Context, secret: str, *, remote: str) -> SignedIn | None:
    """Who the cookie's owner is now; None when the session is over or the user disabled."""
    now = context.clock.now()
    idle = timedelta(minutes=context.settings.session_idle_minutes)
    with context.reading(DOOR) as session:
        row = session.get(LoginSession, digest(secret))
        if row is None or row.expires_at <= now or row.seen_at + idle <= now:
            return None
        user = session.get(User, row.user_id)
        if user is None or user.disabled:
            return None
        viewer = access.viewer_for(session, user, context.roles, at=now, remote=remote)
    if now - row.seen_at > SEEN_EVERY:
        with context.writing(DOOR) as session:
            fresh = session.get(LoginSession, row.id)
            if fresh is not None:
                fresh.seen_at = now
    return SignedIn(viewer, row.csrf)


def viewer_by_token(context: Context, token: str, *, remote: str) -> Viewer | None:
    """Who the token's owner is now; None when it is unknown, revoked, expired or disabled."""
    now = context.clock.now()
    with context.reading(DOOR) as session:
        row = session.get(ApiToken, digest(token))
        if row is None or row.revoked or (row.expires_at and row.expires_at <= now):
            return None
        user = session.get(User, row.user_id)
        if user is None or user.disabled:
            return None
        return access.viewer_for(session, user, context.roles, at=now, remote=remote)


def viewer_by_name(context: Context, name: str) -> Viewer:
    """The viewer that a user would be: for the command line's ``--as``.

    Raises:
        NotFoundError: no such user, or disabled.
    """
    with context.reading(DOOR) as session:
        user = _by_name(session, name)
        if user.disabled:
            raise NotFoundError("The user is disabled")
        return access.viewer_for(session, user, context.roles, at=context.clock.now())
