"""The second factor: codes of an authenticator (TOTP), each taken once, and recovery codes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, func, select, update

from dossier import access
from dossier.db.login_tables import RecoveryCode, SecondFactor
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import InvalidInputError, NotPossibleError
from dossier.rules.login import login_rules
from dossier.services import audit, passwords
from dossier.services.context import Context
from dossier.services.door import DOOR, by_name
from dossier.viewer import Permission, Viewer

ISSUER = "Dossier"
"""What authenticators show above the account's name."""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of recovery codes: 32 that are not mistaken for each other on paper (no I, O, 0, 1)."""
GROUP = 4
"""Letters between two dashes of a recovery code."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator must be told, as text and as the address of the QR code."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class FactorState:
    """Whether a user has a second factor, since when, and how many recovery codes are left."""

    since: datetime | None
    codes_left: int

    @property
    def is_on(self) -> bool:
        """Whether it is asked for."""
        return self.since is not None


def state(context: Context, viewer: Viewer) -> FactorState:
    """The viewer's own."""
    with context.reading(viewer) as session:
        row = session.get(SecondFactor, viewer.id)
        left = session.scalar(
            select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == viewer.id)
        )
        return FactorState(row.confirmed_at if row else None, left or 0)


def begin(context: Context, viewer: Viewer, *, password: str) -> Enrolment:
    """A fresh secret for an authenticator; it counts once a first code has proved it.

    Raises:
        NotAuthenticatedError: the password is wrong.
        NotPossibleError: there is a second factor; turn it off first.
    """
    passwords.demand(context, viewer, password)
    secret = pyotp.random_base32()
    with context.writing(viewer) as session:
        row = session.get(SecondFactor, viewer.id)
        if row is not None and row.confirmed_at is not None:
            raise NotPossibleError("The second factor is on already", detail_zh="两步验证已开启")
        if row is None:
            row = SecondFactor(user_id=viewer.id)
            session.add(row)
        row.secret, row.last_step = context.keyring.encrypt(secret), 0
    return _enrolment(viewer, secret)


def begun(context: Context, viewer: Viewer) -> Enrolment:
    """The secret that waits for its first code, to be shown again.

    Raises:
        NotPossibleError: nothing was begun, or it is on already.
    """
    with context.reading(viewer) as session:
        row = session.get(SecondFactor, viewer.id)
        if row is None or row.confirmed_at is not None:
            raise NotPossibleError("Begin anew", detail_zh="请重新开始")
        return _enrolment(viewer, context.keyring.decrypt(row.secret))


def _enrolment(viewer: Viewer, secret: str) -> Enrolment:
    return Enrolment(secret, _totp(secret).provisioning_uri(name=viewer.name, issuer_name=ISSUER))


def confirm(context: Context, viewer: Viewer, code: str) -> tuple[str, ...]:
    """Turn it on by a first code; returns the recovery codes, which are told this once.

    Raises:
        InvalidInputError: the code is wrong.
        NotPossibleError: nothing was begun, or it is on already.
    """
    with context.writing(viewer) as session:
        row = session.get(SecondFactor, viewer.id, with_for_update=True)
        if row is None or row.confirmed_at is not None:
            raise NotPossibleError("Begin anew", detail_zh="请重新开始")
        step = _step(context, row, code)
        if step is None:
            raise InvalidInputError(
                "The code is wrong; check the clock of your telephone and type the next one",
                detail_zh="验证码不正确，请检查手机时间后输入新的验证码",
            )
        row.confirmed_at, row.last_step = context.clock.now(), step
        codes = _fresh_codes(context, session, viewer.id)
        _note(context, session, viewer, "second_factor.on", viewer.id)
    return codes


def new_codes(context: Context, viewer: Viewer, *, password: str) -> tuple[str, ...]:
    """Fresh recovery codes; the old ones end.

    Raises:
        NotAuthenticatedError: the password is wrong.
        NotPossibleError: there is no second factor.
    """
    passwords.demand(context, viewer, password)
    with context.writing(viewer) as session:
        if not is_on(session, viewer.id):
            raise NotPossibleError("There is no second factor", detail_zh="未开启两步验证")
        codes = _fresh_codes(context, session, viewer.id)
        _note(context, session, viewer, "second_factor.codes", viewer.id)
    return codes


def turn_off(context: Context, viewer: Viewer, *, password: str) -> None:
    """Turn one's own off.

    Raises:
        NotAuthenticatedError: the password is wrong.
    """
    passwords.demand(context, viewer, password)
    with context.writing(viewer) as session:
        _forget(context, session, viewer, viewer.id)


def reset(context: Context, viewer: Viewer, name: str) -> None:
    """Turn somebody's off, who lost authenticator and codes; their identity is checked by people.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    with context.writing(viewer) as session:
        _forget(context, session, viewer, by_name(session, name).id)


def is_on(session: ScopedSession, user_id: str) -> bool:
    """Whether the user must show a second factor."""
    row = session.get(SecondFactor, user_id)
    return row is not None and row.confirmed_at is not None


def take(context: Context, user: User, code: str) -> bool:
    """Whether the code is right; a right one is used up at once, also under two requests."""
    typed = code.replace(" ", "").replace("-", "").upper()
    with context.writing(DOOR) as session:
        if len(typed) == login_rules().recovery_characters:
            gone = delete(RecoveryCode).where(
                RecoveryCode.id.in_(_code_hashes(context, user.id, typed))
            )
            return bool(session.execute(gone).rowcount)  # type: ignore[attr-defined]
        row = session.get(SecondFactor, user.id)
        step = _step(context, row, typed) if row is not None else None
        if step is None:
            return False
        used = (
            update(SecondFactor)
            .where(SecondFactor.user_id == user.id, SecondFactor.last_step < step)
            .values(last_step=step)
            .execution_options(synchronize_session=False)
        )
        return bool(session.execute(used).rowcount)  # type: ignore[attr-defined]


def _totp(secret: str) -> pyotp.TOTP:
    rules = login_rules()
    return pyotp.TOTP(secret, digits=rules.code_digits, interval=rules.code_step_seconds)


def _step(context: Context, row: SecondFactor, code: str) -> int | None:
    """The time step that the code belongs to, if it is right and later than the last one."""
    try:
        step = _totp(context.keyring.decrypt(row.secret)).verify_and_get_timecode(
            code, for_time=context.clock.now(), valid_window=login_rules().code_drift_steps
        )
    except OTPVerificationError:
        return None
    return step if step > row.last_step else None


def _fresh_codes(context: Context, session: ScopedSession, user_id: str) -> tuple[str, ...]:
    rules = login_rules()
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [
        "".join(secrets.choice(LETTERS) for _ in range(rules.recovery_characters))
        for _ in range(rules.recovery_codes)
    ]
    session.add_all(
        RecoveryCode(
            id=_code_hashes(context, user_id, code)[0],
            user_id=user_id,
            key_id=context.keyring.keys[0].id,
        )
        for code in codes
    )
    return tuple(_grouped(code) for code in codes)


def _grouped(code: str) -> str:
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def _code_hashes(context: Context, user_id: str, code: str) -> tuple[str, ...]:
    return context.keyring.hashes(f"recovery code {user_id} {code}")


def _forget(context: Context, session: ScopedSession, viewer: Viewer, user_id: str) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    row = session.get(SecondFactor, user_id)
    if row is not None:
        session.delete(row)
        _note(context, session, viewer, "second_factor.off", user_id)


def _note(
    context: Context, session: ScopedSession, viewer: Viewer, action: str, user_id: str
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=context.clock.now(),
        object_kind="user",
        object_id=user_id,
    )
