"""Tokens are limited and end; sessions are listed and ended by their owner or an administrator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dossier import access
from dossier.bootstrap import build
from dossier.clock import FixedClock
from dossier.db.tables import RoleGrant
from dossier.errors import (
    ForbiddenError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
)
from dossier.services import accounts, sessions, tokens
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Permission, Viewer, system_viewer

ADMIN = system_viewer("test")
PASSWORD = "correct horse"


@pytest.fixture
def house(database_url: str, tmp_path, clock: FixedClock) -> Iterator[Context]:
    made = build(Settings(home=tmp_path / "home", database_url=database_url), clock=clock)
    for name, role in (("wang", "archivist"), ("li", "agent"), ("root", "administrator")):
        accounts.add_user(made, ADMIN, name=name, role=role, password=PASSWORD)
    yield made
    made.index.close()
    made.database.dispose()


def viewer(house: Context, name: str) -> Viewer:
    return accounts.viewer_by_name(house, name)


def log_in(house: Context, name: str) -> sessions.Login:
    login = accounts.log_in(
        house, name=name, password=PASSWORD, remote="192.0.2.1", device="Firefox"
    )
    assert isinstance(login, sessions.Login)
    return login


def by_token(house: Context, secret: str) -> Viewer | None:
    return tokens.viewer_by_token(house, secret, remote="")


# -- tokens -------------------------------------------------------------------------------------


def test_a_token_allows_its_scope_and_no_more(house: Context) -> None:
    wang = viewer(house, "wang")
    made = tokens.make_own_token(house, wang, name="报表", scope=["search"], days=30)
    seen = by_token(house, made.secret)
    assert seen is not None
    assert seen.permissions == {Permission.SEARCH, Permission.SIGNED_IN}
    assert seen.scope == wang.scope
    with pytest.raises(ForbiddenError, match="this token is limited") as refused:
        access.demand(seen, Permission.READ_CUSTOMER)
    assert "令牌" in refused.value.detail_zh
    whole = tokens.make_own_token(house, wang, name="")
    assert by_token(house, whole.secret).permissions == wang.permissions  # type: ignore[union-attr]


@pytest.mark.parametrize("scope", [["see_clear"], ["search", "manage_users"], ["nonsense"], []])
def test_a_scope_beyond_the_own_rights_is_refused(house: Context, scope: list[str]) -> None:
    with pytest.raises(InvalidInputError):
        tokens.make_own_token(house, viewer(house, "li"), name="", scope=scope)
    with pytest.raises(InvalidInputError):
        tokens.make_token(house, ADMIN, "li", scope=scope)


def test_a_right_that_its_owner_loses_is_lost_to_the_token_at_once(house: Context) -> None:
    wang = viewer(house, "wang")
    made = tokens.make_own_token(house, wang, name="", scope=["search", "see_clear"])
    with house.writing(ADMIN) as session:
        session.query(RoleGrant).filter_by(user_id=wang.id).update({"role": "agent"})
    seen = by_token(house, made.secret)
    assert seen is not None
    assert seen.permissions == {Permission.SEARCH, Permission.SIGNED_IN}


def test_a_token_ends_on_its_day_and_no_later_than_the_settings_allow(
    house: Context, clock: FixedClock
) -> None:
    wang = viewer(house, "wang")
    short = tokens.make_own_token(house, wang, name="", days=1)
    longest = tokens.make_own_token(house, wang, name="")
    with pytest.raises(InvalidInputError):
        tokens.make_own_token(house, wang, name="", days=house.settings.token_days + 1)
    clock.advance(timedelta(days=1))
    assert by_token(house, short.secret) is None
    assert by_token(house, longest.secret) is not None
    clock.advance(timedelta(days=house.settings.token_days))
    assert by_token(house, longest.secret) is None
    assert tokens.list_tokens(house, wang) == ()


def test_tokens_are_listed_and_revoked_by_their_owner_and_by_administrators(
    house: Context, clock: FixedClock
) -> None:
    wang, li, root = (viewer(house, name) for name in ("wang", "li", "root"))
    made = tokens.make_own_token(house, wang, name="报表", scope=["search"])
    other = tokens.make_own_token(house, wang, name="导入")
    assert by_token(house, made.secret)
    (shown,) = [one for one in tokens.list_tokens(house, wang) if one.id == made.id]
    assert (shown.name, shown.scope, shown.user) == ("报表", ("search",), "wang")
    assert shown.seen_at == clock.now()
    assert tokens.list_tokens(house, li) == ()
    assert len(tokens.list_tokens(house, root, everyone=True)) == 2
    with pytest.raises(ForbiddenError):
        tokens.list_tokens(house, li, everyone=True)
    with pytest.raises(NotFoundError):
        tokens.revoke_token(house, li, made.id)
    for bad in ("", "%", made.id[:7], "f" * 64):
        with pytest.raises(NotFoundError):
            tokens.revoke_token(house, root, bad)
    tokens.revoke_token(house, wang, made.id)
    assert by_token(house, made.secret) is None
    tokens.revoke_token(house, root, other.id[:12])
    assert by_token(house, other.secret) is None


def test_a_disabled_user_s_tokens_do_not_come_back_with_the_user(house: Context) -> None:
    made = tokens.make_own_token(house, viewer(house, "li"), name="")
    accounts.disable_user(house, ADMIN, "li")
    accounts.enable_user(house, ADMIN, "li")
    assert by_token(house, made.secret) is None
    assert log_in(house, "li")


# -- sessions -----------------------------------------------------------------------------------


def test_sessions_are_listed_with_their_origin_and_ended_by_owner_and_administrator(
    house: Context,
) -> None:
    one, two, lis = log_in(house, "wang"), log_in(house, "wang"), log_in(house, "li")
    wang, li, root = (viewer(house, name) for name in ("wang", "li", "root"))
    own = sessions.list_sessions(house, wang, current=one.secret)
    assert [each.is_this for each in own].count(True) == 1
    assert {(each.remote, each.device, each.means) for each in own} == {
        ("192.0.2.1", "Firefox", "password")
    }
    assert len(sessions.list_sessions(house, root, everyone=True)) == 3
    with pytest.raises(ForbiddenError):
        sessions.list_sessions(house, wang, everyone=True)
    (of_li,) = sessions.list_sessions(house, li)
    with pytest.raises(NotFoundError):
        sessions.end_session(house, wang, of_li.id)
    sessions.end_session(house, root, of_li.id)
    assert sessions.viewer_by_cookie(house, lis.secret, remote="") is None
    assert sessions.end_others(house, wang, keep=one.secret) == 1
    assert sessions.viewer_by_cookie(house, two.secret, remote="") is None
    assert sessions.viewer_by_cookie(house, one.secret, remote="") is not None


def test_sessions_that_are_over_are_not_listed(house: Context, clock: FixedClock) -> None:
    log_in(house, "wang")
    clock.advance(timedelta(minutes=house.settings.session_idle_minutes + 1))
    assert sessions.list_sessions(house, viewer(house, "wang")) == ()


def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(house: Context) -> None:
    here, there = log_in(house, "wang"), log_in(house, "wang")
    wang = viewer(house, "wang")
    with pytest.raises(NotAuthenticatedError):
        accounts.set_own_password(house, wang, old="wrong", new="battery staple")
    for bad in ("short", "12345678", "PassWord1", "Wang"):
        with pytest.raises(InvalidInputError):
            accounts.set_own_password(house, wang, old=PASSWORD, new=bad)
    accounts.set_own_password(house, wang, old=PASSWORD, new="battery staple", keep=here.secret)
    assert sessions.viewer_by_cookie(house, here.secret, remote="") is not None
    assert sessions.viewer_by_cookie(house, there.secret, remote="") is None
    with pytest.raises(NotAuthenticatedError):
        log_in(house, "wang")
    accounts.set_password(house, ADMIN, "wang", PASSWORD)
    assert sessions.viewer_by_cookie(house, here.secret, remote="") is None
    assert log_in(house, "wang")


def test_nobody_disables_the_own_account(house: Context) -> None:
    with pytest.raises(ForbiddenError):
        accounts.disable_user(house, viewer(house, "root"), "root")


def test_a_request_costs_no_more_reads_than_rows_it_needs(house: Context) -> None:
    """Who a cookie is: session with user, grants. The hook counts what reaches the database."""
    from sqlalchemy import event

    login = log_in(house, "wang")
    said: list[str] = []
    event.listen(
        house.database.reader,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: said.append(statement),
    )
    sessions.viewer_by_cookie(house, login.secret, remote="")
    assert len([one for one in said if one.lstrip().upper().startswith("SELECT")]) == 2
