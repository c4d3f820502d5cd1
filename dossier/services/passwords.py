"""Passwords: argon2id, so many at once, and none that everybody tries first."""

from __future__ import annotations

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dossier.db.tables import User
from dossier.errors import InvalidInputError, NotAuthenticatedError, TooManyRequestsError
from dossier.rules.login import login_rules
from dossier.services import throttle
from dossier.services.context import Context
from dossier.services.door import DOOR
from dossier.viewer import Viewer

_hasher = PasswordHasher()
_gate = threading.BoundedSemaphore(login_rules().passwords_at_once)


def hashed(password: str) -> str:
    """The form in which it is kept."""
    return _hasher.hash(password)


def is_right(user: User | None, password: str) -> bool:
    """Whether it is the user's; nobody's and a missing one take as long, and are wrong.

    Raises:
        TooManyRequestsError: so many are being checked that this one waited too long.
    """
    if not _gate.acquire(timeout=login_rules().password_wait_seconds):
        raise TooManyRequestsError("Too many people log in at once; try again")
    nobodys = _nobodys_hash()  # also for a known name: the first answer must not tell by its time
    try:
        return _hasher.verify(user.password_hash if _has_one(user) else nobodys, password)
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _gate.release()


@cache
def _nobodys_hash() -> str:
    """Checked for unknown names, so that they take as long as known ones.

    Made when it is needed: it takes a fifth of a second, and most commands check no password.
    """
    return _hasher.hash(secrets.token_hex())


def _has_one(user: User | None) -> bool:
    return user is not None and bool(user.password_hash)


def check(context: Context, password: str, *, name: str) -> None:
    """Refuse a new password that is short, among the most common ones, or the account's name.

    Raises:
        InvalidInputError: says which.
    """
    least = context.settings.password_min_length
    if len(password) < least:
        raise InvalidInputError(
            f"The password needs at least {least} characters", detail_zh=f"密码至少 {least} 位"
        )
    folded = password.casefold()
    if folded in _common() or folded == name.casefold():
        raise InvalidInputError(
            "Everybody would try this password first; choose another",
            detail_zh="密码过于常见，请另选一个",
        )


@cache
def _common() -> frozenset[str]:
    """Read when the first password is set: the package's lists are ten times as long."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"][: login_rules().common_passwords])


def demand(context: Context, viewer: Viewer, password: str) -> None:
    """Make sure that it is still the account's owner who asks (ASVS 5.0 7.5.1).

    Wrong ones count as wrong tries to log in. An account without a password (its owner comes by a
    provider or a proxy) has nothing to be asked for.

    Raises:
        NotAuthenticatedError: the password is wrong.
        TooManyRequestsError: too many wrong ones.
    """
    with context.reading(DOOR) as session:
        user = session.get_one(User, viewer.id)
    if not user.password_hash:
        return
    throttle.begin(context, name=user.name, remote=viewer.remote)
    if not is_right(user, password):
        raise NotAuthenticatedError("The password is wrong", detail_zh="密码不正确")
    with context.writing(DOOR) as session:
        throttle.forgive(context, session, name=user.name, remote=viewer.remote)
