"""What all ways in share: secrets of which only hashes are kept, and finding whose they are."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import NotFoundError
from dossier.viewer import system_viewer

DOOR = system_viewer("login")
"""Reads accounts before anybody is logged in."""
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Arrival:
    """How somebody came to the door.

    Attributes:
        remote: address that the request came from.
        device: what the browser calls itself.
        means: ``password``, ``oidc`` or ``header``.
    """

    remote: str = ""
    device: str = ""
    means: str = "password"


def fresh_secret() -> str:
    """256 random bits for a cookie or token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(secret: str) -> str:
    """The form in which a cookie or token is kept; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def by_name(session: ScopedSession, name: str) -> User:
    """The account of this name.

    Raises:
        NotFoundError: there is none.
    """
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        raise NotFoundError("No user of this name; see: dossier user list")
    return user
