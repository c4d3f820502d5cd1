"""Another program locks the database: who asks is told soon and what to do, and nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from dossier.asgi import serving_app
from dossier.bootstrap import build
from dossier.cli.commands import app as command_line
from dossier.db import create_database
from dossier.db.engines import BUSY_SECONDS
from dossier.errors import DatabaseLockedError
from dossier.services import doctor, recorder
from dossier.settings import Settings
from indexer import rebuild
from tests.faults.whole_house import House, opened_house

WAIT = 0.4
CLOSE_IT = "let it finish or close it"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("locked") / "home"


@pytest.fixture(scope="module")
def house(home: Path) -> Iterator[House]:
    """Served as ``dossier serve`` does it."""
    with opened_house(Settings(home=home)) as house:
        rebuild.make_first(house.context)
        served = serving_app(Settings(home=home, database_wait_seconds=WAIT))
        house.client = TestClient(served, headers=house.client.headers)
        house.search("合同")  # writes the token's first use, which is no part of what is tried
        yield house
        served.state.context.database.dispose()


@contextmanager
def locked(home: Path) -> Iterator[None]:
    foreign = sqlite3.connect(home / "dossier.db", isolation_level=None)
    foreign.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        foreign.execute("ROLLBACK")
        foreign.close()


@pytest.mark.parametrize("path", ["/api/v1/search", "/search"])
def test_a_search_is_refused_with_the_remedy_and_answered_once_the_lock_is_gone(
    house: House, home: Path, path: str
) -> None:
    with locked(home):
        refused = house.get(path, q="合同")
    assert refused.status_code == 503
    assert ("数据库被其他程序占用" in refused.text) or "database_locked" in refused.text
    assert "请等其结束或关闭后重试" in refused.text
    assert house.get(path, q="合同").status_code == 200


def test_a_program_reads_the_code_the_remedy_and_when_to_come_again(
    house: House, home: Path
) -> None:
    with locked(home):
        refused = house.get("/api/v1/search", q="合同")
    assert refused.json()["code"] == "database_locked"
    assert CLOSE_IT in refused.json()["detail"]
    assert refused.headers["Retry-After"]


def test_what_needs_no_record_is_answered_meanwhile(house: House, home: Path) -> None:
    with locked(home):
        assert house.get("/readyz").json()["database"] is True


@pytest.mark.parametrize("seconds", [0.4, 4.0, BUSY_SECONDS])
def test_turn_and_lock_together_last_no_longer_than_was_asked_for(
    tmp_path: Path, seconds: float
) -> None:
    database = create_database(f"sqlite:///{tmp_path / 'x.db'}", busy_seconds=seconds)
    for engine in (database.reader, database.writer):
        with engine.connect() as connection:
            waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() / 1000
        assert waits + database.turn_seconds == pytest.approx(seconds)
    database.dispose()


def test_who_asked_while_others_waited_shares_their_refusal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other would wait as long each: forty readers of a page for minutes."""
    began, all_asked, tries = threading.Event(), threading.Event(), []

    def refuse(*_: object) -> list[int]:
        tries.append(1)
        began.set()
        all_asked.wait()
        raise OperationalError("insert", {}, _busy())

    monkeypatch.setattr(recorder, "append_events", refuse)
    reads = recorder.ReadRecorder(house.context.database)
    rows = [reads.begin({})]
    began.wait()
    rows += [reads.begin({}), reads.begin({})]
    all_asked.set()
    for row in rows:
        with pytest.raises(DatabaseLockedError):
            row.wait()
    assert len(tries) == 1


def _busy() -> sqlite3.OperationalError:
    err = sqlite3.OperationalError("database is locked")
    err.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return err


def test_an_archive_is_opened_while_another_program_locks_it(house: House, home: Path) -> None:
    """A start reads whether there is something to write: a web process that dies is no answer."""
    with locked(home):
        again = build(Settings(home=home), busy_seconds=WAIT)
    again.database.dispose()


def test_commands_name_the_lock_and_the_remedy(
    house: House, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(home))
    monkeypatch.setenv("DOSSIER_DATABASE_WAIT_SECONDS", str(WAIT))
    with locked(home):
        asked = CliRunner().invoke(command_line, ["search", "合同"])
        examined = CliRunner().invoke(command_line, ["doctor", "--json"])
    assert isinstance(asked.exception, DatabaseLockedError)
    assert CLOSE_IT in asked.exception.detail
    assert CLOSE_IT in examined.stdout
    found = {each.name: each for each in doctor.examine(house.context)}
    assert found["database"].ok
