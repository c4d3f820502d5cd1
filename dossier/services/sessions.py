"""Logins of browsers: opened, found again at each request, listed, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, delete, func, select

from dossier import access
from dossier.access import Account
from dossier.clock import local_date
from dossier.db.leaving import shut_out
from dossier.db.login_tables import LoginSession
from dossier.db.prepared import Prepared
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import NotFoundError
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.door import DOOR, Arrival, digest, fresh_secret
from dossier.viewer import Permission, Viewer

SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often, not at every request."""
MOST_LISTED = 500
"""Sessions end after hours; more than this are never open in one office."""


@dataclass(frozen=True, slots=True)
class Login:
    """What the browser gets: the cookie's secret, and the token for its forms."""

    secret: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A viewer by cookie, with the token that its forms must carry and how it came in."""

    viewer: Viewer
    csrf: str
    means: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A login as its owner or an administrator sees it; ``is_this`` is the one that asks."""

    id: str
    user: str
    means: str
    remote: str
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    is_this: bool


def open_session(context: Context, session: ScopedSession, user: User, arrival: Arrival) -> Login:
    """A fresh session in the caller's transaction; those that are over are cleared away."""
    now = context.clock.now()
    login = Login(
        fresh_secret(), fresh_secret(), now + timedelta(hours=context.settings.session_hours)
    )
    session.add(
        LoginSession(
            id=digest(login.secret),
            user_id=user.id,
            csrf=login.csrf,
            created_at=now,
            seen_at=now,
            expires_at=login.expires_at,
            means=arrival.means,
            remote=arrival.remote[:64],
            device=arrival.device[:200],
        )
    )
    session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
    return login


def viewer_by_cookie(context: Context, secret: str, *, remote: str) -> SignedIn | None:
    """Who the cookie's owner is now; None when the session is over, the user disabled or gone."""
    now = context.clock.now()
    idle = timedelta(minutes=context.settings.session_idle_minutes)
    with context.reading(DOOR) as session:
        found = _BY_DIGEST.rows(session, id=digest(secret), day=local_date(now))
        if not found:
            return None
        (row,) = found
        if row.shut_out or row.expires_at <= now or row.seen_at + idle <= now:
            return None
        user = Account(row.user_id, row.user_name)
        viewer = access.viewer_for(session, user, context.roles, at=now, remote=remote)
    if now - row.seen_at > SEEN_EVERY:
        with context.writing(DOOR, durable=False) as session:
            fresh = session.get(LoginSession, digest(secret))
            if fresh is not None:
                fresh.seen_at = now
    return SignedIn(viewer, row.csrf, row.means)


def list_sessions(
    context: Context, viewer: Viewer, *, everyone: bool = False, current: str = ""
) -> tuple[OpenSession, ...]:
    """Open sessions, the last used first: one's own, or everyone's for administrators.

    Args:
        context: the wired product.
        viewer: who asks.
        everyone: those of all users.
        current: secret of the cookie that asks, to mark its session.

    Raises:
        ForbiddenError: everyone's, and the role does not manage users.
    """
    if everyone:
        access.demand(viewer, Permission.MANAGE_USERS)
    query = (
        select(LoginSession, User.name)
        .join(User, User.id == LoginSession.user_id)
        .where(*_open(context))
        .order_by(LoginSession.seen_at.desc(), LoginSession.id)
        .limit(MOST_LISTED)
    )
    if not everyone:
        query = query.where(LoginSession.user_id == viewer.id)
    own = digest(current) if current else ""
    with context.reading(viewer) as session:
        return tuple(_shown(row, name, own) for row, name in session.execute(query))


def count_of(context: Context, session: ScopedSession, user_id: str) -> int:
    """How many logins of a user are open."""
    query = select(func.count(LoginSession.id)).where(LoginSession.user_id == user_id)
    return session.scalar(query.where(*_open(context))) or 0


def _open(context: Context) -> tuple[ColumnElement[bool], ...]:
    now = context.clock.now()
    idle = timedelta(minutes=context.settings.session_idle_minutes)
    return (LoginSession.expires_at > now, LoginSession.seen_at > now - idle)


def _shown(row: LoginSession, name: str, own: str) -> OpenSession:
    return OpenSession(
        id=row.id,
        user=name,
        means=row.means,
        remote=row.remote,
        device=row.device,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        is_this=row.id == own,
    )


def end_session(context: Context, viewer: Viewer, session_id: str) -> None:
    """End one's own session, or anybody's for administrators; it is over at its next request.

    Raises:
        NotFoundError: none of this id, or another's and the role does not manage users.
    """
    with context.writing(viewer) as session:
        row = session.get(LoginSession, session_id)
        if row is None or not (row.user_id == viewer.id or viewer.may(Permission.MANAGE_USERS)):
            raise NotFoundError("No such session", detail_zh="没有此登录会话")
        session.delete(row)
        _note_end(context, session, viewer, row.user_id, 1)


def end_others(context: Context, viewer: Viewer, *, keep: str = "") -> int:
    """End all own sessions but the one whose cookie's secret is ``keep``; how many there were."""
    with context.writing(viewer) as session:
        return end_all(context, session, viewer, user_id=viewer.id, keep=keep)


def end_all(
    context: Context, session: ScopedSession, viewer: Viewer, *, user_id: str, keep: str = ""
) -> int:
    """End a user's sessions in the caller's transaction; how many there were."""
    kept = digest(keep) if keep else ""
    rows = session.scalars(
        select(LoginSession).where(LoginSession.user_id == user_id, LoginSession.id != kept)
    ).all()
    for row in rows:
        session.delete(row)
    if rows:
        _note_end(context, session, viewer, user_id, len(rows))
    return len(rows)


def _note_end(
    context: Context, session: ScopedSession, viewer: Viewer, user_id: str, count: int
) -> None:
    audit.note(
        session,
        viewer,
        "session.ended",
        at=context.clock.now(),
        object_kind="user",
        object_id=user_id,
        facts={"sessions": count},
    )


def log_out(context: Context, secret: str) -> None:
    """End the session of this cookie; ending one that is gone is no error."""
    with context.writing(DOOR) as session:
        row = session.get(LoginSession, digest(secret))
        if row is None:
            return
        session.delete(row)
        audit.note(
            session,
            DOOR,
            "logout",
            at=context.clock.now(),
            object_kind="user",
            object_id=row.user_id,
        )


_BY_DIGEST = Prepared(
    select(
        LoginSession.user_id,
        LoginSession.csrf,
        LoginSession.means,
        LoginSession.seen_at,
        LoginSession.expires_at,
        User.name.label("user_name"),
        shut_out().label("shut_out"),
    )
    .join(User, User.id == LoginSession.user_id)
    .where(LoginSession.id == bindparam("id"))
)
