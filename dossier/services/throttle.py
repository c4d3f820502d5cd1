"""Wrong tries to log in: pauses that double, a lock at the end, and a limit for each address.

A try is counted before it is looked at and given back when it was right, so that a hundred at once
are a hundred. Names that do not exist are counted alike: a pause tells nothing. Names and addresses
are kept as keyed hashes.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from dossier.db.login_tables import LoginThrottle
from dossier.db.session import ScopedSession
from dossier.errors import TooManyRequestsError
from dossier.rules.login import login_rules, pause_seconds
from dossier.services.context import Context
from dossier.services.door import DOOR

IPV6_HOME_BITS = 64
"""One customer of a network has a whole /64 of addresses (RFC 6177)."""
RACE_ATTEMPTS = 5
"""Two first tries at once collide at the key; the second finds the first's row then."""


def begin(context: Context, *, name: str, remote: str) -> None:
    """Count a try of this name from this address, or refuse it.

    Raises:
        TooManyRequestsError: the account or the address is paused, or the account is locked.
    """
    for attempt in range(RACE_ATTEMPTS):
        try:
            with context.writing(DOOR, durable=False) as session:
                _begin(context, session, name, remote)
            return
        except IntegrityError:
            if attempt == RACE_ATTEMPTS - 1:
                raise


def _begin(context: Context, session: ScopedSession, name: str, remote: str) -> None:
    now = context.clock.now()
    account = _row(session, _account_key(context, name), now)
    address = _row(session, _address_key(context, remote), now) if remote else None
    if account.tries >= context.settings.login_lock_attempts:
        raise TooManyRequestsError(
            "The account is locked after too many wrong tries; the administrator unlocks it",
            detail_zh="错误次数过多，账号已锁定，请联系管理员解锁",
        )
    for row in (account, address):
        if row is not None and row.paused_until is not None and row.paused_until > now:
            raise _paused(row.paused_until - now)
    _count_account(context, account, now)
    if address is not None:
        _count_address(context, address, now)


def _paused(left: timedelta) -> TooManyRequestsError:
    minutes = max(1, math.ceil(left.total_seconds() / 60))
    return TooManyRequestsError(
        f"Too many wrong tries; wait {minutes} min",
        detail_zh=f"错误次数过多，请 {minutes} 分钟后再试",
    )


def _row(session: ScopedSession, key: str, now: datetime) -> LoginThrottle:
    row = session.get(LoginThrottle, key, with_for_update=True)
    if row is None:
        row = LoginThrottle(key=key, tries=0, since=now, changed_at=now)
        session.add(row)
        session.flush()
    return row


def _count_account(context: Context, row: LoginThrottle, now: datetime) -> None:
    settings = context.settings
    row.tries, row.changed_at = row.tries + 1, now
    if row.tries % settings.login_attempts == 0:
        seconds = pause_seconds(
            row.tries // settings.login_attempts,
            first=settings.login_pause_seconds,
            most=settings.login_pause_most_seconds,
        )
        row.paused_until = now + timedelta(seconds=seconds)


def _count_address(context: Context, row: LoginThrottle, now: datetime) -> None:
    settings = context.settings
    window = timedelta(seconds=settings.login_address_seconds)
    if row.since + window <= now:
        row.tries, row.since, row.paused_until = 0, now, None
    row.tries, row.changed_at = row.tries + 1, now
    if row.tries >= settings.login_address_attempts:
        row.paused_until = row.since + window


def forgive(context: Context, session: ScopedSession, *, name: str, remote: str) -> None:
    """The try was right: the account starts anew, the address gets this one try back.

    Only that one: who has an account of one's own must not wipe out tries at others'.
    """
    now = context.clock.now()
    session.execute(delete(LoginThrottle).where(LoginThrottle.key == _account_key(context, name)))
    give_back(context, session, remote=remote)
    session.execute(
        delete(LoginThrottle).where(
            LoginThrottle.changed_at < now - login_rules().forget,
            LoginThrottle.tries < context.settings.login_lock_attempts,
        )
    )


def give_back(context: Context, session: ScopedSession, *, remote: str) -> None:
    """The address gets back the one try that was right, also where a second factor is to follow.

    Else each login in two steps would count as a wrong one, and an office behind one address would
    be paused by its own right ones.
    """
    address = session.get(LoginThrottle, _address_key(context, remote)) if remote else None
    if address is not None and address.tries:
        address.tries, address.paused_until = address.tries - 1, None


def unlock(context: Context, session: ScopedSession, *, name: str) -> None:
    """Forget the account's wrong tries."""
    session.execute(delete(LoginThrottle).where(LoginThrottle.key == _account_key(context, name)))


def account_text(name: str) -> str:
    """What is hashed of an account's name."""
    return f"login account {name}"


def locked(context: Context, session: ScopedSession, names: Iterable[str]) -> set[str]:
    """Which of these accounts are locked until an administrator unlocks them."""
    keys = {_account_key(context, name): name for name in names}
    query = select(LoginThrottle.key).where(
        LoginThrottle.tries >= context.settings.login_lock_attempts
    )
    return {keys[key] for key in session.scalars(query) if key in keys}


def _account_key(context: Context, name: str) -> str:
    return context.keyring.hash(account_text(name))


def _address_key(context: Context, remote: str) -> str:
    return context.keyring.hash(f"login address {_home(remote)}")


def _home(remote: str) -> str:
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return remote  # a unix socket or a test's name for itself
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_HOME_BITS), strict=False))
    return str(address)
