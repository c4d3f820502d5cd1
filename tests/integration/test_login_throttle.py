"""Wrong tries: pauses that double, a lock, and a limit for each address; on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from dossier.bootstrap import build
from dossier.clock import FixedClock
from dossier.db.login_tables import LoginThrottle
from dossier.errors import NotAuthenticatedError, TooManyRequestsError
from dossier.rules.login import pause_seconds
from dossier.services import accounts, throttle
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer

ADMIN = system_viewer("test")
PASSWORD = "correct horse"


@pytest.fixture
def house(database_url: str, tmp_path, clock: FixedClock) -> Iterator[Context]:
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    made = build(settings, clock=clock)
    accounts.add_user(made, ADMIN, name="wang", role="agent", password=PASSWORD)
    yield made
    made.index.close()
    made.database.dispose()


def attempt(context: Context, name: str = "wang", password: str = "wrong", remote: str = "") -> str:
    try:
        accounts.log_in(context, name=name, password=password, remote=remote)
    except NotAuthenticatedError:
        return "wrong"
    except TooManyRequestsError as err:
        return "locked" if "locked" in err.detail else "paused"
    return "in"


def guess(context: Context, name: str) -> str:
    """A try that is counted as wrong, without the cost of checking a password."""
    try:
        throttle.begin(context, name=name, remote="")
    except TooManyRequestsError as err:
        return "locked" if "locked" in err.detail else "paused"
    return "wrong"


def test_no_account_is_tried_more_than_a_hundred_times_an_hour_nor_in_a_row(
    house: Context, clock: FixedClock
) -> None:
    tries: list[datetime] = []
    locked = False
    for _minute in range(40 * 60):
        while (said := guess(house, "wang")) == "wrong":
            tries.append(clock.now())
        locked = locked or said == "locked"
        clock.advance(timedelta(minutes=1))
    hour = timedelta(hours=1)
    assert max(sum(start <= at < start + hour for at in tries) for start in set(tries)) <= 100
    assert len(tries) == house.settings.login_lock_attempts
    assert locked
    assert attempt(house, password=PASSWORD) == "locked"
    accounts.unlock(house, ADMIN, "wang")
    assert attempt(house, password=PASSWORD) == "in"


def test_a_pause_ends_and_a_right_password_starts_anew(house: Context, clock: FixedClock) -> None:
    for _ in range(house.settings.login_attempts):
        guess(house, "wang")
    assert attempt(house, password=PASSWORD) == "paused"
    clock.advance(timedelta(seconds=house.settings.login_pause_seconds + 1))
    assert attempt(house, password=PASSWORD) == "in"
    for _ in range(house.settings.login_attempts - 1):
        assert guess(house, "wang") == "wrong"
    assert attempt(house, password=PASSWORD) == "in"


def test_a_name_that_does_not_exist_is_paused_alike_and_told_alike(house: Context) -> None:
    said = {}
    for name in ("wang", "nobody"):
        for _ in range(house.settings.login_attempts):
            guess(house, name)
        with pytest.raises(TooManyRequestsError) as refused:
            accounts.log_in(house, name=name, password="wrong", remote="")
        said[name] = (str(refused.value), refused.value.detail_zh)
    assert said["wang"] == said["nobody"]


def test_no_way_to_write_a_name_makes_its_tries_count_as_another_s(house: Context) -> None:
    for number in range(house.settings.login_attempts):
        name = "wang"[: number % 5] + "\x00" * (number + 1) + "wang"[number % 5 :]
        assert attempt(house, name) == "wrong"
    assert attempt(house, "wa\x00ng", password=PASSWORD) == "paused"
    assert attempt(house, password=PASSWORD) == "paused"


def test_one_address_may_not_try_one_password_on_many_names(
    house: Context, clock: FixedClock
) -> None:
    settings = house.settings
    for number in range(settings.login_address_attempts):
        throttle.begin(house, name=f"name{number}", remote="192.0.2.7")
    assert attempt(house, password=PASSWORD, remote="192.0.2.7") == "paused"
    assert attempt(house, password=PASSWORD, remote="192.0.2.8") == "in"
    clock.advance(timedelta(seconds=settings.login_address_seconds + 1))
    assert attempt(house, password=PASSWORD, remote="192.0.2.7") == "in"


def test_an_own_account_wipes_out_no_tries_at_others(house: Context) -> None:
    for number in range(house.settings.login_address_attempts - 1):
        throttle.begin(house, name=f"name{number}", remote="192.0.2.7")
    assert attempt(house, password=PASSWORD, remote="192.0.2.7") == "in"
    throttle.begin(house, name="last", remote="192.0.2.7")
    assert attempt(house, password=PASSWORD, remote="192.0.2.7") == "paused"


def test_a_network_s_own_v6_addresses_count_as_one(house: Context) -> None:
    for number in range(house.settings.login_address_attempts):
        throttle.begin(house, name=f"name{number}", remote=f"2001:db8:1:2::{number:x}")
    assert attempt(house, password=PASSWORD, remote="2001:db8:1:2:ffff::1") == "paused"
    assert attempt(house, password=PASSWORD, remote="2001:db8:1:3::1") == "in"


def test_tries_at_once_are_each_counted(house: Context) -> None:
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda: said.append(guess(house, "wang"))) for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("wrong") == house.settings.login_attempts
    assert said.count("paused") == 24 - house.settings.login_attempts


def test_names_and_addresses_are_not_kept_and_old_counts_are_forgotten(
    house: Context, clock: FixedClock
) -> None:
    throttle.begin(house, name="zhang wei", remote="192.0.2.7")
    with house.reading(ADMIN) as session:
        keys = list(session.scalars(select(LoginThrottle.key)))
    assert len(keys) == 2
    assert not any("zhang" in key or "192.0.2" in key for key in keys)
    clock.advance(timedelta(hours=25))
    assert attempt(house, password=PASSWORD) == "in"
    with house.reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(LoginThrottle)) == 0


def test_pauses_double_up_to_the_longest() -> None:
    lengths = [pause_seconds(number, first=60, most=3600) for number in range(1, 200)]
    assert lengths[:7] == [60, 120, 240, 480, 960, 1920, 3600]
    assert set(lengths[6:]) == {3600}
