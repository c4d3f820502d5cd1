"""Fixtures that all tests share: an archive of its own in a temporary folder."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from argon2 import PasswordHasher
from hypothesis import settings as hypothesis_settings
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from dossier.clock import FixedClock
from dossier.db import Database, migrate
from dossier.services import passwords
from dossier.services.context import Context
from dossier.settings import Settings
from tests.support_kept_routes import kept_routes
from tests.support_remembered import Remembered
from tests.support_straight_asking import straight_asking

BROWSER = "tests/e2e/"
LOOKED_AFTER = 20_000
"""New objects after which Python looks for rings among them: with its own 700 a tenth of the time
went there, most of it while applications are put together."""
Migrating = Callable[[Database], None]

# In CI the same examples each time: what a random one finds is mended at the desk, not at landing.
hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis_settings.register_profile("desk", deadline=None)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_collection_finish() -> None:
    """What stands for sixteen thousand tests stays to the end: no collection looks at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOKED_AFTER)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``: two more than processors, as a fifth of the run waits for other programs.

    Each grows to 2 GB, and the two Elasticsearch and the browser's house want 4 GB beside them.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(len(os.sched_getaffinity(0)) + 2, int(memory - 4) // 2))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run side by side (``-n auto``), each module stays whole, for its archive's sake.

    So do what asks Elasticsearch and what sits before a browser: every worker beyond one would
    start both servers, or the house with its readers, again. They come in the order of the folders,
    not the largest first: those that wait for others go beside those that count, to the end.
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False

    class ByArchive(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if "elasticsearch" in nodeid:
                return "elasticsearch"
            return "browser" if nodeid.startswith(BROWSER) else nodeid.partition("::")[0]

    return ByArchive(config, log)


@pytest.fixture(scope="session", autouse=True)
def kept_by() -> Iterator[PasswordHasher]:
    """The product's own argon2id; in this process passwords are kept by a cheaper one meanwhile.

    Archives are made by the hundred with seven people each: a fifth of the whole run went there.
    Programs that tests start keep the product's, and ``test_passwords.py`` looks at it.
    """
    own = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    yield own
    passwords._hasher = own


@pytest.fixture(scope="session", autouse=True)
def locked_by() -> Iterator[Callable[..., bytes]]:
    """What locks the product's workbooks; in this process their passwords are hashed less often.

    A hundred thousand rounds for making a file and twice that for opening it: more than all else
    of a saved list. ``test_list_export.py`` looks at the product's own.
    """
    own = ECMA376Agile.encrypt
    ECMA376Agile.encrypt = staticmethod(partial(own, spin_count=100))
    yield own
    ECMA376Agile.encrypt = staticmethod(own)


@pytest.fixture(scope="session", autouse=True)
def migrated_by() -> Iterator[Migrating]:
    """The product's own migrating; new databases are given what the first of their kind was given.

    Archives are made by the hundred, and Alembic runs all migrations for each: half of what making
    one takes. Programs that tests start migrate by themselves, and ``test_migrations.py`` looks at
    the product's own.
    """
    own = migrate._upgrade
    first_time = Remembered(own)

    def upgrade(database: Database) -> None:
        (own if migrate.revision(database) is not None else first_time)(database)

    migrate._upgrade = upgrade
    yield own
    migrate._upgrade = own


@pytest.fixture(scope="session", autouse=True)
def _commands_are_made_once() -> Iterator[None]:
    """Typer makes all commands anew at each ``invoke``, which takes longer than most of them run."""
    own = typer.testing._get_command
    typer.testing._get_command = cache(own)
    yield
    typer.testing._get_command = own


@pytest.fixture(scope="session", autouse=True)
def _routes_are_worked_out_once() -> Iterator[None]:
    """Of a second application's 0.9 s the signatures of its routes took eight tenths."""
    with kept_routes():
        yield


@pytest.fixture(scope="session", autouse=True)
def _asked_straight() -> Iterator[None]:
    """Applications answer in the test's own thread: half of what each request costs."""
    with straight_asking():
        yield


@pytest.fixture(autouse=True)
def _no_foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own DOSSIER_* variables must not steer the tests."""
    for name in list(os.environ):
        if name.startswith("DOSSIER_") and not name.startswith("DOSSIER_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty archive."""
    return Settings(home=tmp_path / "home", workers=1, settle_seconds=0.1, reconcile_seconds=0.3)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still until a test moves it."""
    return FixedClock(datetime(2026, 11, 22, 2, 0, tzinfo=UTC))


@pytest.fixture
def context(settings: Settings) -> Iterator[Context]:
    """A wired empty archive on the real clock."""
    from dossier.bootstrap import build

    made = build(settings)
    yield made
    made.readers.close()
    made.index.close()
    made.database.dispose()
