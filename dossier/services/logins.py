"""Coming in: by password, by a proxy's or a provider's word, and the second factor after it."""

from __future__ import annotations

from sqlalchemy import select

from dossier.clock import local_date
from dossier.db.leaving import is_shut_out
from dossier.db.login_tables import ExternalIdentity
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import ForbiddenError, NotAuthenticatedError
from dossier.rules.login import login_rules
from dossier.services import audit, login_steps, passwords, second_factor, sessions, throttle
from dossier.services.context import Context
from dossier.services.door import DOOR, Arrival
from dossier.services.login_steps import Step
from dossier.services.sessions import Login


def log_in(
    context: Context, *, name: str, password: str, remote: str, device: str = ""
) -> Login | Step:
    """Check a password; open a session, or begin the step that asks for the second factor.

    Raises:
        NotAuthenticatedError: name or password is wrong (which one is not told), or disabled.
        TooManyRequestsError: too many wrong tries by this name or from this address.
        ForbiddenError: people do not come in by password here.
    """
    if not context.settings.password_login:
        raise ForbiddenError("Passwords are turned off here", detail_zh="未开放密码登录")
    arrival = Arrival(remote, device)
    name = name.replace("\x00", "")  # PostgreSQL is asked without: it must not count as another
    throttle.begin(context, name=name, remote=remote)
    with context.reading(DOOR) as session:
        user = session.scalar(select(User).where(User.name == name))
        is_in = _comes_in(context, session, user)
    right = passwords.is_right(user, password)
    if user is None or not right or not is_in:
        note_failure(context, user, arrival)
        raise NotAuthenticatedError("Wrong name or password", detail_zh="用户名或密码不正确")
    return _admit(context, user, arrival)


def show_code(context: Context, secret: str, code: str, *, remote: str, device: str = "") -> Login:
    """End the step that asks for the second factor.

    Raises:
        NotAuthenticatedError: the step is over, the code is wrong or was used before.
        TooManyRequestsError: too many wrong tries.
    """
    with context.reading(DOOR) as session:
        body = login_steps.look(context, session, login_steps.SECOND_FACTOR, secret)
        user = session.get(User, body["user"]) if body else None
        is_in = _comes_in(context, session, user)
    if body is None or user is None or not is_in:
        raise NotAuthenticatedError(
            "The login took too long; begin anew", detail_zh="登录超时，请重新登录"
        )
    arrival = Arrival(remote, device, body["means"])
    throttle.begin(context, name=user.name, remote=remote)
    if not second_factor.take(context, user, code):
        note_failure(context, user, arrival)
        raise NotAuthenticatedError("The code is wrong", detail_zh="验证码不正确")
    with context.writing(DOOR) as session:
        login_steps.end(session, secret)
        return _open(context, session, user, arrival)


def by_proxy(context: Context, name: str, *, remote: str, device: str = "") -> Login:
    """Open a session on the word of a proxy that the settings trust; the proxy asked for all.

    Raises:
        ForbiddenError: no account of this name, or it is disabled.
    """
    with context.writing(DOOR) as session:
        user = session.scalar(select(User).where(User.name == name))
        if user is None or not _comes_in(context, session, user):
            raise _stranger()
        return _open(context, session, user, Arrival(remote, device, "header"))


def by_provider(
    context: Context, *, issuer: str, subject: str, name: str, arrival: Arrival, shown_code: bool
) -> Login | Step:
    """Open a session on the word of an OpenID provider whose token was checked.

    Who has no account is not let in. The first login binds the provider's subject to the account of
    the same name; from then on only the subject counts, because names at providers change hands.

    Args:
        context: the wired product.
        issuer: the provider.
        subject: who it is there, for ever.
        name: the claim that is an account's name here, for the first login.
        arrival: how the browser came.
        shown_code: whether the provider itself asked for a second factor.

    Raises:
        ForbiddenError: no account, a disabled one, or one that is bound to another subject.
    """
    with context.writing(DOOR) as session:
        user = _known_there(context, session, issuer, subject, name)
        is_in = _comes_in(context, session, user)
    if user is None or not is_in:
        note_failure(context, user, arrival)
        raise _stranger()
    return _admit(context, user, arrival, shown_code=shown_code)


def _known_there(
    context: Context, session: ScopedSession, issuer: str, subject: str, name: str
) -> User | None:
    bound = session.scalar(
        select(ExternalIdentity).where(
            ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject
        )
    )
    if bound is not None:
        return session.get(User, bound.user_id)
    user = session.scalar(select(User).where(User.name == name)) if name else None
    if user is None or not _comes_in(context, session, user):
        return user
    taken = select(ExternalIdentity.id).where(
        ExternalIdentity.user_id == user.id, ExternalIdentity.issuer == issuer
    )
    if session.scalar(taken) is not None:
        return None
    now = context.clock.now()
    session.add(ExternalIdentity(user_id=user.id, issuer=issuer, subject=subject, bound_at=now))
    audit.note(session, DOOR, "identity.bound", at=now, object_kind="user", object_id=user.id)
    return user


def _comes_in(context: Context, session: ScopedSession, user: User | None) -> bool:
    """Whether there is such an account, neither disabled nor its planned leave's day come."""
    day = local_date(context.clock.now())
    return user is not None and not is_shut_out(session, user, day)


def _stranger() -> ForbiddenError:
    return ForbiddenError(
        "You have no account here; the administrator makes one",
        detail_zh="您在本系统没有账号，请联系管理员开通",
    )


def _admit(
    context: Context, user: User, arrival: Arrival, *, shown_code: bool = False
) -> Login | Step:
    with context.writing(DOOR) as session:
        if shown_code or not second_factor.is_on(session, user.id):
            return _open(context, session, user, arrival)
        if arrival.means == "password":
            throttle.give_back(context, session, remote=arrival.remote)
        return login_steps.begin(
            context,
            session,
            login_steps.SECOND_FACTOR,
            {"user": user.id, "means": arrival.means},
            within=login_rules().second_factor_within,
        )


def _open(context: Context, session: ScopedSession, user: User, arrival: Arrival) -> Login:
    throttle.forgive(context, session, name=user.name, remote=arrival.remote)
    login = sessions.open_session(context, session, user, arrival)
    audit.note(
        session,
        DOOR,
        "login",
        at=context.clock.now(),
        object_kind="user",
        object_id=user.id,
        facts={"remote": arrival.remote, "means": arrival.means},
    )
    return login


def note_failure(context: Context, user: User | None, arrival: Arrival) -> None:
    """Put a refused login on record."""
    with context.writing(DOOR) as session:
        audit.note(
            session,
            DOOR,
            "login.failed",
            at=context.clock.now(),
            object_kind="user",
            object_id=user.id if user else "",
            outcome="refused",
            facts={"remote": arrival.remote, "means": arrival.means},
        )
