"""Logging in, and who one is at the next request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dossier.clock import FixedClock
from dossier.db.tables import OrgUnit, RoleGrant, User
from dossier.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotAuthenticatedError,
    TooManyRequestsError,
)
from dossier.services import accounts
from dossier.services.context import Context
from dossier.viewer import Permission, system_viewer

ADMIN = system_viewer("test")
PASSWORD = "correct horse"


@pytest.fixture
def at_fixed_time(context: Context, clock: FixedClock) -> Context:
    object.__setattr__(context, "clock", clock)
    return context


def test_a_right_password_opens_a_session_and_a_wrong_one_tells_nothing(context: Context) -> None:
    accounts.add_user(context, ADMIN, name="wang", role="archivist", password=PASSWORD)
    login = accounts.log_in(context, name="wang", password=PASSWORD, remote="")
    signed_in = accounts.viewer_by_cookie(context, login.secret, remote="::1")
    assert signed_in is not None
    assert signed_in.viewer.may(Permission.SEE_CLEAR)
    said = []
    for name in ("wang", "nobody"):
        with pytest.raises(NotAuthenticatedError) as refused:
            accounts.log_in(context, name=name, password="wrong", remote="")
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_too_many_wrong_passwords_make_a_pause(at_fixed_time: Context, clock: FixedClock) -> None:
    context = at_fixed_time
    accounts.add_user(context, ADMIN, name="wang", role="agent", password=PASSWORD)
    for _ in range(context.settings.login_attempts):
        with pytest.raises(NotAuthenticatedError):
            accounts.log_in(context, name="wang", password="wrong", remote="")
    with pytest.raises(TooManyRequestsError):
        accounts.log_in(context, name="wang", password=PASSWORD, remote="")
    clock.advance(timedelta(seconds=context.settings.login_pause_seconds + 1))
    assert accounts.log_in(context, name="wang", password=PASSWORD, remote="").secret


def test_a_disabled_user_is_out_at_the_next_request(context: Context) -> None:
    accounts.add_user(context, ADMIN, name="li", role="agent", password=PASSWORD)
    token = accounts.make_token(context, ADMIN, "li")
    login = accounts.log_in(context, name="li", password=PASSWORD, remote="")
    assert accounts.viewer_by_token(context, token, remote="") is not None
    accounts.disable_user(context, ADMIN, "li")
    assert accounts.viewer_by_token(context, token, remote="") is None
    assert accounts.viewer_by_cookie(context, login.secret, remote="") is None


def test_a_role_taken_away_counts_at_the_next_request(context: Context) -> None:
    user_id = accounts.add_user(context, ADMIN, name="li", role="archivist", password=PASSWORD)
    token = accounts.make_token(context, ADMIN, "li")
    with context.writing(ADMIN) as session:
        session.query(RoleGrant).filter_by(user_id=user_id).delete()
    viewer = accounts.viewer_by_token(context, token, remote="")
    assert viewer is not None
    assert not viewer.may(Permission.SEARCH)


def test_an_expired_token_and_an_idle_session_end(
    at_fixed_time: Context, clock: FixedClock
) -> None:
    context = at_fixed_time
    accounts.add_user(context, ADMIN, name="li", role="agent", password=PASSWORD)
    token = accounts.make_token(context, ADMIN, "li", lifetime=timedelta(hours=1))
    login = accounts.log_in(context, name="li", password=PASSWORD, remote="")
    clock.advance(timedelta(minutes=context.settings.session_idle_minutes + 1))
    assert accounts.viewer_by_token(context, token, remote="") is None
    assert accounts.viewer_by_cookie(context, login.secret, remote="") is None


def test_a_unit_means_the_unit_and_all_below_it(context: Context) -> None:
    with context.writing(ADMIN) as session:
        session.add(OrgUnit(id=1, name="公司"))
        session.flush()
        session.add(OrgUnit(id=2, name="一所", parent_id=1))
        session.add(OrgUnit(id=3, name="二所", parent_id=1))
        session.flush()
        session.add(OrgUnit(id=4, name="一班", parent_id=2))
    accounts.add_user(context, ADMIN, name="a", role="agent", unit="一所", password=PASSWORD)
    accounts.add_user(context, ADMIN, name="b", role="agent", password=PASSWORD)
    assert accounts.viewer_by_name(context, "a").scope.units == {2, 4}
    assert accounts.viewer_by_name(context, "b").scope.everything


def test_cookies_tokens_and_passwords_are_not_kept_in_clear(context: Context) -> None:
    accounts.add_user(context, ADMIN, name="li", role="agent", password=PASSWORD)
    token = accounts.make_token(context, ADMIN, "li")
    login = accounts.log_in(context, name="li", password=PASSWORD, remote="")
    context.database.dispose()
    kept = b"".join(p.read_bytes() for p in context.settings.home.glob("dossier.db*"))
    for secret in (PASSWORD, token, login.secret):
        assert secret.encode() not in kept


def test_bad_accounts_are_refused_with_a_remedy(context: Context) -> None:
    with pytest.raises(InvalidInputError, match="archivist"):
        accounts.add_user(context, ADMIN, name="x", role="boss")
    with pytest.raises(InvalidInputError, match="characters"):
        accounts.add_user(context, ADMIN, name="x", role="agent", password="short")
    accounts.add_user(context, ADMIN, name="x", role="agent")
    with pytest.raises(ConflictError):
        accounts.add_user(context, ADMIN, name="x", role="agent")
    with pytest.raises(ForbiddenError):
        accounts.list_users(context, accounts.viewer_by_name(context, "x"))


def test_a_user_without_password_cannot_log_in(context: Context) -> None:
    accounts.add_user(context, ADMIN, name="x", role="agent")
    for password in ("", "x"):
        with pytest.raises(NotAuthenticatedError):
            accounts.log_in(context, name="x", password=password, remote="")
    with context.reading(ADMIN) as session:
        assert session.query(User).filter_by(name="x").one().password_hash == ""
