"""The second factor: enrolled by a first code, asked for at each login, each code once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from dossier.bootstrap import build
from dossier.clock import FixedClock
from dossier.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotAuthenticatedError,
    TooManyRequestsError,
)
from dossier.services import accounts, logins, second_factor, throttle
from dossier.services.context import Context
from dossier.services.login_steps import Step
from dossier.settings import Settings
from dossier.viewer import Viewer, system_viewer

ADMIN = system_viewer("test")
PASSWORD = "correct horse"


@pytest.fixture
def house(database_url: str, tmp_path, clock: FixedClock) -> Iterator[Context]:
    made = build(Settings(home=tmp_path / "home", database_url=database_url), clock=clock)
    accounts.add_user(made, ADMIN, name="wang", role="agent", password=PASSWORD)
    yield made
    made.index.close()
    made.database.dispose()


@pytest.fixture
def wang(house: Context) -> Viewer:
    return accounts.viewer_by_name(house, "wang")


def enrol(house: Context, viewer: Viewer, clock: FixedClock) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    begun = second_factor.begin(house, viewer, password=PASSWORD)
    telephone = pyotp.parse_uri(begun.uri)
    assert isinstance(telephone, pyotp.TOTP)
    codes = second_factor.confirm(house, viewer, telephone.at(clock.now()))
    clock.advance(timedelta(seconds=30))
    return telephone, codes


def half_in(house: Context) -> Step:
    step = accounts.log_in(house, name="wang", password=PASSWORD, remote="")
    assert isinstance(step, Step)
    return step


def show(house: Context, step: Step, code: str) -> Any:
    return logins.show_code(house, step.secret, code, remote="")


def test_it_is_off_until_a_first_code_proved_the_authenticator(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    begun = second_factor.begin(house, wang, password=PASSWORD)
    assert not isinstance(accounts.log_in(house, name="wang", password=PASSWORD, remote=""), Step)
    with pytest.raises(InvalidInputError):
        second_factor.confirm(house, wang, "000000")
    second_factor.confirm(house, wang, pyotp.TOTP(begun.secret).at(clock.now()))
    assert second_factor.state(house, wang).is_on
    half_in(house)
    with pytest.raises(ConflictError):
        second_factor.begin(house, wang, password=PASSWORD)


def test_a_password_alone_opens_nothing_and_the_code_opens_a_session(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    telephone, _ = enrol(house, wang, clock)
    step = half_in(house)
    assert accounts.viewer_by_cookie(house, step.secret, remote="") is None
    with pytest.raises(NotAuthenticatedError):
        show(house, step, "123456")
    login = show(house, step, telephone.at(clock.now()))
    assert accounts.viewer_by_cookie(house, login.secret, remote="") is not None
    with pytest.raises(NotAuthenticatedError):  # the step is used up
        show(house, step, telephone.at(clock.now() + timedelta(seconds=30)))


def test_a_code_is_taken_once_and_only_around_its_time(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    telephone, _ = enrol(house, wang, clock)
    code = telephone.at(clock.now())
    show(house, half_in(house), code)
    for stale in (code, telephone.at(clock.now() - timedelta(seconds=90))):
        with pytest.raises(NotAuthenticatedError):
            show(house, half_in(house), stale)
    show(house, half_in(house), telephone.at(clock.now() + timedelta(seconds=30)))


def test_a_recovery_code_works_once_however_it_is_typed(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    _, codes = enrol(house, wang, clock)
    assert len(set(codes)) == 10
    show(house, half_in(house), codes[0].lower().replace("-", " "))
    with pytest.raises(NotAuthenticatedError):
        show(house, half_in(house), codes[0])
    assert second_factor.state(house, wang).codes_left == 9
    fresh = second_factor.new_codes(house, wang, password=PASSWORD)
    with pytest.raises(NotAuthenticatedError):
        show(house, half_in(house), codes[1])
    show(house, half_in(house), fresh[1])


def test_codes_cannot_be_guessed_by_beginning_again_and_again(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    enrol(house, wang, clock)
    said = []
    for number in range(house.settings.login_attempts):
        try:
            step = accounts.log_in(house, name="wang", password=PASSWORD, remote="")
            show(house, step, f"{number:06d}")  # type: ignore[arg-type]
        except NotAuthenticatedError:
            said.append("wrong")
        except TooManyRequestsError:
            said.append("paused")
    assert "paused" in said


def test_an_office_behind_one_address_is_not_paused_by_its_own_right_logins(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    telephone, _ = enrol(house, wang, clock)
    at = {"remote": "192.0.2.7"}
    for number in range(house.settings.login_address_attempts - 1):
        throttle.begin(house, name=f"name{number}", **at)
    for _ in range(3):
        step = accounts.log_in(house, name="wang", password=PASSWORD, **at)
        assert isinstance(step, Step)
        logins.show_code(house, step.secret, telephone.at(clock.now()), **at)
        clock.advance(timedelta(seconds=30))


def test_a_right_password_gives_no_try_of_a_code_back(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    enrol(house, wang, clock)
    at = {"remote": "192.0.2.7"}
    for number in range(house.settings.login_address_attempts - 1):
        throttle.begin(house, name=f"name{number}", **at)
    step = accounts.log_in(house, name="wang", password=PASSWORD, **at)
    assert isinstance(step, Step)
    with pytest.raises(NotAuthenticatedError):
        logins.show_code(house, step.secret, "000000", **at)
    with pytest.raises(TooManyRequestsError):
        logins.show_code(house, step.secret, "000001", **at)


def test_a_half_done_login_ends_after_minutes(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    telephone, _ = enrol(house, wang, clock)
    step = half_in(house)
    clock.advance(timedelta(minutes=6))
    with pytest.raises(NotAuthenticatedError):
        show(house, step, telephone.at(clock.now()))


def test_turning_it_off_needs_the_password_and_the_administrator_can_for_who_lost_all(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    enrol(house, wang, clock)
    with pytest.raises(NotAuthenticatedError):
        second_factor.turn_off(house, wang, password="wrong")
    with pytest.raises(ForbiddenError):
        second_factor.reset(house, wang, "wang")
    second_factor.reset(house, ADMIN, "wang")
    assert not second_factor.state(house, wang).is_on
    enrol(house, wang, clock)
    second_factor.turn_off(house, wang, password=PASSWORD)
    assert second_factor.state(house, wang).codes_left == 0
    assert not isinstance(accounts.log_in(house, name="wang", password=PASSWORD, remote=""), Step)


def test_a_user_disabled_between_the_two_steps_does_not_come_in(
    house: Context, wang: Viewer, clock: FixedClock
) -> None:
    telephone, _ = enrol(house, wang, clock)
    step = half_in(house)
    accounts.disable_user(house, ADMIN, "wang")
    with pytest.raises(NotAuthenticatedError):
        show(house, step, telephone.at(clock.now()))


def test_secrets_and_recovery_codes_are_not_kept_in_clear(
    context: Context, clock: FixedClock
) -> None:
    object.__setattr__(context, "clock", clock)
    accounts.add_user(context, ADMIN, name="wang", role="agent", password=PASSWORD)
    viewer = accounts.viewer_by_name(context, "wang")
    telephone, codes = enrol(context, viewer, clock)
    context.database.dispose()
    kept = b"".join(p.read_bytes() for p in context.settings.home.glob("dossier.db*"))
    for secret in (telephone.secret, codes[0], codes[0].replace("-", "")):
        assert secret.encode() not in kept
