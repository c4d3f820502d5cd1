"""Index gone, database locked, disk full while the whole product runs: said, waited out, mended."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import func, select

from dossier.db.tables import WorkItem
from dossier.records import DocumentState
from dossier.settings import Settings
from indexer.supervisor import Supervisor
from tests.faults.archive_samples import (
    VIEWER,
    delete_folder,
    documents,
    inbox_files,
    letter,
    wait_until,
)
from tests.faults.whole_house import (
    House,
    opened_house,
    small_disk,
    standing_still,
    worker_processes,
)

pytestmark = pytest.mark.slow
LOCKED_SECONDS = 20.0
READER_TRUSTS_SECONDS = 0.15
"""An open reader trusts what it saw for a tenth of a second."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An archive that nobody works for yet; see ``workers``."""
    with opened_house(Settings(home=tmp_path / "home")) as made:
        yield made


@pytest.fixture
def workers(house: House) -> Iterator[Supervisor]:
    """One worker process, and one paper that is found."""
    with worker_processes(house.context.settings.home, 1) as processes:
        house.drop("before.pdf", letter(1))
        wait_until(lambda: found(house, 1), what="the first find")
        yield processes


def found(house: House, number: int) -> bool:
    """Whether the paper of this number is found; False also while search does not answer."""
    answer = house.get("/api/v1/search", q=f"contract {number:06d}")
    return answer.status_code == 200 and answer.json()["total"] == 1


def ask(house: House) -> Any:
    return house.get("/api/v1/search", q="contract")


# the index ------------------------------------------------------------------------------------------


def test_a_deleted_index_is_said_and_comes_back_by_itself_while_intake_goes_on(
    house: House, workers: Supervisor
) -> None:
    with standing_still(house, workers):  # else the worker might have mended it before we ask
        delete_folder(house.context.settings.index_path)
        time.sleep(READER_TRUSTS_SECONDS)
        answer, page = ask(house), house.get("/search", q="contract")
        house.drop("meanwhile.pdf", letter(2))
        assert house.get("/intake").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert "dossier reindex" in answer.json()["detail"]
    assert answer.json()["detail_zh"]
    assert page.status_code == 503
    assert "检索索引暂不可用" in page.text
    wait_until(lambda: found(house, 1) and found(house, 2), what="the index's return")
    assert inbox_files(house.context) == []


def test_a_damaged_index_gives_no_wrong_answer_and_comes_back_by_itself(
    house: House, workers: Supervisor
) -> None:
    with standing_still(house, workers):
        index = house.context.settings.index_path
        live = index / (index / "live").read_text().strip()
        (live / "meta.json").write_text("{ not what was written")
        time.sleep(READER_TRUSTS_SECONDS)
        assert ask(house).status_code == 503
    house.drop("after.pdf", letter(7))
    wait_until(lambda: found(house, 1) and found(house, 7), what="the index's return")


# the database ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("workers")
def test_a_database_that_another_program_locks_for_20_seconds_delays_and_loses_nothing(
    house: House,
) -> None:
    foreign = sqlite3.connect(
        house.context.settings.home / "dossier.db", isolation_level=None, timeout=30
    )
    answers: list[Any] = []

    def upload() -> None:
        files = {"file": ("sent.pdf", letter(4))}
        answers.append(house.client.post("/api/v1/documents", files=files))

    foreign.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    house.drop("dropped.pdf", letter(3))
    sender = threading.Thread(target=upload)
    sender.start()
    while time.monotonic() - began < LOCKED_SECONDS:
        assert house.get("/healthz").status_code == 200
        assert [one.file_name for one in documents(house.context)] == ["before.pdf"]
        time.sleep(0.5)
    assert (house.context.settings.inbox_path / "dropped.pdf").exists()
    foreign.execute("ROLLBACK")
    foreign.close()
    sender.join(timeout=40)
    assert [answer.status_code for answer in answers] == [202]
    wait_until(lambda: found(house, 3) and found(house, 4), what="both papers")
    assert inbox_files(house.context) == []
    with house.context.reading(VIEWER) as session:
        assert session.scalar(select(func.max(WorkItem.attempt))) == 1
        assert session.scalar(select(func.count()).where(WorkItem.error != "")) == 0


# the disk -------------------------------------------------------------------------------------------


@contextmanager
def filled(place: Path) -> Iterator[None]:
    """Nothing fits meanwhile, also when somebody's tidying frees some room."""
    filler, over = place / "filler", threading.Event()
    with filler.open("wb", buffering=0) as file:

        def fill() -> None:
            for size in (1 << 20, 1 << 12, 1):
                while _has_room(file, size):
                    pass

        def keep_full() -> None:
            while not over.wait(0.002):
                fill()

        fill()
        keeper = threading.Thread(target=keep_full)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
    filler.unlink()


def _has_room(file: BinaryIO, size: int) -> bool:
    try:
        return file.write(b"x" * size) == size
    except OSError:
        return False


def test_a_full_disk_keeps_every_file_in_the_inbox_and_all_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with (
        small_disk(tmp_path / "disk", mebibytes=48) as disk,
        opened_house(Settings(home=disk / "home")) as house,
        worker_processes(disk / "home", 1),
    ):
        house.drop("before.pdf", letter(1))
        wait_until(lambda: found(house, 1), what="the first find")
        house.wait_until_read()
        for number in range(2, 5):
            (disk / f"{number}.pdf").write_bytes(letter(number))
        with filled(disk):
            for number in range(2, 5):
                (disk / f"{number}.pdf").rename(house.context.settings.inbox_path / f"{number}.pdf")
            answer = house.client.post("/api/v1/documents", files={"file": ("5.pdf", letter(5))})
            assert answer.status_code == 507, answer.text
            assert "磁盘已满" in answer.json()["title_zh"]
            time.sleep(8)
            assert len(inbox_files(house.context)) == 3
            assert [one.file_name for one in documents(house.context)] == ["before.pdf"]
            assert house.get("/healthz").status_code == 200
        wait_until(lambda: all(found(house, number) for number in range(1, 5)), what="all papers")
        assert inbox_files(house.context) == []
        assert {one.state for one in documents(house.context)} == {DocumentState.TO_ASSIGN}
