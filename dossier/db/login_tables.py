"""Tables of the ways in: sessions, tokens, wrong tries, the second factor, half-done logins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table


class LoginSession(Table):
    """A browser's login; the cookie holds a secret of which only the hash is kept."""

    __tablename__ = "login_session"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the cookie's secret."""
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    means: Mapped[str] = mapped_column(String(10), default="password")
    """How it was opened: ``password``, ``oidc`` or ``header``."""
    remote: Mapped[str] = mapped_column(String(64), default="")
    """Address that it was opened from."""
    device: Mapped[str] = mapped_column(String(200), default="")
    """What the browser called itself then."""


class ApiToken(Table):
    """A bearer token; only its hash is kept."""

    __tablename__ = "api_token"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the token."""
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    """What it is for, in its owner's words."""
    scope: Mapped[list[Any] | None]
    """Permissions that it is limited to; none: all that its owner has at the time."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked: Mapped[bool] = mapped_column(default=False)


class LoginThrottle(Table):
    """Wrong tries to log in, by account name or by address; the key is a keyed hash."""

    __tablename__ = "login_throttle"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    since: Mapped[datetime]
    """When the count began."""
    changed_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactor(Table):
    """A user's authenticator (TOTP, RFC 6238); the secret is encrypted."""

    __tablename__ = "second_factor"
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[datetime | None]
    """When a first code proved that the authenticator works; before that it is not asked for."""
    last_step: Mapped[int] = mapped_column(default=0)
    """Time step of the last code that was taken: none is taken twice."""


class RecoveryCode(Table):
    """A code for once, for who lost the authenticator; only its keyed hash is kept."""

    __tablename__ = "recovery_code"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    key_id: Mapped[str] = mapped_column(String(16), default="")
    """Key that it is hashed with; empty: the archive's first one."""


class LoginStep(Table):
    """A login that is half done: the second factor, or a provider's answer, is still to come."""

    __tablename__ = "login_step"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the cookie's secret."""
    kind: Mapped[str] = mapped_column(String(16))
    """``second_factor`` or ``oidc``."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """What the next step must know, encrypted."""
    expires_at: Mapped[datetime]


class ExternalIdentity(Table):
    """Who a user is at an OpenID provider; bound at the first login, the subject never changes."""

    __tablename__ = "external_identity"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(400))
    subject: Mapped[str] = mapped_column(String(255))
    bound_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))
