"""Bearer tokens: for programs, with an end, limited to a part of what their owner may do.

A token never allows more than its owner has at the moment of each request.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, select

from dossier import access
from dossier.access import Account
from dossier.clock import local_date
from dossier.db.leaving import shut_out
from dossier.db.login_tables import ApiToken
from dossier.db.prepared import Prepared
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.door import DOOR, by_name, digest, fresh_secret
from dossier.viewer import Permission, Viewer

ALWAYS = frozenset({Permission.SIGNED_IN})
SEEN_EVERY = timedelta(minutes=15)
"""A token's last use is written at most this often: programs ask many times a second."""
MOST_LISTED = 500
LEAST_PREFIX = 8
"""Beginning of an id that the command line takes: 32 bits are one of a few hundred tokens."""


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its owner or an administrator sees it; ``scope`` None means all of the role's."""

    id: str
    user: str
    name: str
    scope: tuple[str, ...] | None
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class FreshToken:
    """A token that was just made: the secret is told this once."""

    id: str
    secret: str
    expires_at: datetime


def make_own_token(
    context: Context,
    viewer: Viewer,
    *,
    name: str,
    scope: Iterable[str] | None = None,
    days: int | None = None,
) -> FreshToken:
    """A fresh token of the viewer's own.

    Args:
        context: the wired product.
        viewer: whose it is.
        name: what it is for.
        scope: permissions; None for all of the role's, also those that come later.
        days: until it ends; None for the longest that the settings allow.

    Raises:
        InvalidInputError: a permission that the viewer does not have, or a length out of range.
        NotPossibleError: more tokens than anybody can keep account of.
    """
    longest = context.settings.token_days
    if days is not None and days > longest:  # before it is a length: those end at 2.7 million years
        raise _too_long(longest)
    lifetime = timedelta(days=longest if days is None else days)
    limits = _limits(viewer, scope)
    with context.writing(viewer) as session:
        user = session.get_one(User, viewer.id)
        return _make(context, session, viewer, user, name=name, lifetime=lifetime, scope=limits)


def make_token(
    context: Context,
    viewer: Viewer,
    name: str,
    *,
    lifetime: timedelta | None = None,
    scope: Iterable[str] | None = None,
    purpose: str = "",
) -> str:
    """A fresh token of a user by name, for the command line; it is shown once.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
        InvalidInputError: a permission that the user does not have, or a lifetime out of range.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    now = context.clock.now()
    with context.writing(viewer) as session:
        user = by_name(session, name)
        owner = access.viewer_for(session, user, context.roles, at=now)
        length = timedelta(days=context.settings.token_days) if lifetime is None else lifetime
        limits = _limits(owner, scope)
        made = _make(context, session, viewer, user, name=purpose, lifetime=length, scope=limits)
        return made.secret


def _limits(owner: Viewer, scope: Iterable[str] | None) -> list[str] | None:
    if scope is None:
        return None
    wanted = sorted(set(scope))
    lacking = [one for one in wanted if one not in owner.permissions]
    if lacking or not wanted:
        raise InvalidInputError(
            f"A token is limited to what its owner may do; not: {', '.join(lacking) or 'nothing'}",
            detail_zh="令牌权限只能是本人已有权限的一部分，且至少一项",
        )
    return wanted


def _too_long(days: int) -> InvalidInputError:
    return InvalidInputError(
        f"A token ends after {days} days at most", detail_zh=f"令牌有效期最长 {days} 天"
    )


def _make(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    user: User,
    *,
    name: str,
    lifetime: timedelta,
    scope: list[str] | None,
) -> FreshToken:
    if lifetime > timedelta(days=context.settings.token_days):
        raise _too_long(context.settings.token_days)
    now = context.clock.now()
    alive = session.query(ApiToken.id).where(*_alive(now), ApiToken.user_id == user.id).count()
    if alive >= MOST_LISTED:
        raise NotPossibleError("Too many tokens; revoke some first", detail_zh="令牌过多，请先撤销")
    secret = fresh_secret()
    row = ApiToken(
        id=digest(secret),
        user_id=user.id,
        name=name.strip()[:80],
        scope=scope,
        created_at=now,
        expires_at=now + lifetime,
    )
    session.add(row)
    _note(context, session, viewer, "token.made", user.id, scope)
    return FreshToken(row.id, secret, now + lifetime)


def viewer_by_token(context: Context, token: str, *, remote: str) -> Viewer | None:
    """Who the token's owner is now; None when it is over or unknown, or the owner shut out."""
    now = context.clock.now()
    with context.reading(DOOR) as session:
        found = _BY_DIGEST.rows(session, id=digest(token), day=local_date(now))
        if not found:
            return None
        (row,) = found
        if row.revoked or row.shut_out or (row.expires_at and row.expires_at <= now):
            return None
        user = Account(row.user_id, row.user_name)
        viewer = access.viewer_for(session, user, context.roles, at=now, remote=remote)
    if row.seen_at is None or now - row.seen_at > SEEN_EVERY:
        with context.writing(DOOR, durable=False) as session:
            session.get_one(ApiToken, digest(token)).seen_at = now
    if row.scope is None:
        return viewer
    allowed = viewer.permissions & (ALWAYS | frozenset(row.scope))
    return replace(viewer, permissions=frozenset(allowed), asks=(), is_limited=True)


def list_tokens(
    context: Context, viewer: Viewer, *, everyone: bool = False
) -> tuple[TokenView, ...]:
    """Tokens that are in force, the newest first: one's own, or everyone's for administrators.

    Raises:
        ForbiddenError: everyone's, and the role does not manage users.
    """
    if everyone:
        access.demand(viewer, Permission.MANAGE_USERS)
    query = (
        select(ApiToken, User.name)
        .join(User, User.id == ApiToken.user_id)
        .where(*_alive(context.clock.now()))
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
        .limit(MOST_LISTED)
    )
    if not everyone:
        query = query.where(ApiToken.user_id == viewer.id)
    with context.reading(viewer) as session:
        return tuple(_shown(row, name) for row, name in session.execute(query))


def count_of(context: Context, session: ScopedSession, user_id: str) -> int:
    """How many tokens of a user are in force."""
    query = select(func.count(ApiToken.id)).where(ApiToken.user_id == user_id)
    return session.scalar(query.where(*_alive(context.clock.now()))) or 0


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    lasting = ApiToken.expires_at.is_(None) | (ApiToken.expires_at > now)
    return (ApiToken.revoked.is_(False), lasting)


def _shown(row: ApiToken, user: str) -> TokenView:
    scope = None if row.scope is None else tuple(str(one) for one in row.scope)
    return TokenView(
        id=row.id,
        user=user,
        name=row.name,
        scope=scope,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )


def revoke_token(context: Context, viewer: Viewer, token_id: str) -> None:
    """Revoke one's own token, or anybody's for administrators; it ends at its next request.

    Args:
        context: the wired product.
        viewer: who asks.
        token_id: the id, or its first characters if they are the only ones.

    Raises:
        NotFoundError: none in force, or another's and the role does not manage users.
    """
    with context.writing(viewer) as session:
        found = session.scalars(
            select(ApiToken).where(
                ApiToken.id.startswith(token_id, autoescape=True), ApiToken.revoked.is_(False)
            )
        ).all()
        row = found[0] if len(found) == 1 and len(token_id) >= LEAST_PREFIX else None
        if row is None or not (row.user_id == viewer.id or viewer.may(Permission.MANAGE_USERS)):
            raise NotFoundError("No such token", detail_zh="没有此令牌")
        row.revoked = True
        _note(context, session, viewer, "token.revoked", row.user_id, row.scope)


def _note(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    user_id: str,
    scope: list[str] | None,
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=context.clock.now(),
        object_kind="user",
        object_id=user_id,
        facts={"scope": scope} if scope is not None else {},
    )


_BY_DIGEST = Prepared(
    select(
        ApiToken.user_id,
        ApiToken.scope,
        ApiToken.seen_at,
        ApiToken.expires_at,
        ApiToken.revoked,
        User.name.label("user_name"),
        shut_out().label("shut_out"),
    )
    .join(User, User.id == ApiToken.user_id)
    .where(ApiToken.id == bindparam("id"))
)
