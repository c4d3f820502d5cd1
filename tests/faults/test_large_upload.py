"""Uploads of hundreds of megabytes: streamed, bounded, answered; a second copy is known."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import psutil
import pytest

from dossier.bootstrap import build
from dossier.services import accounts
from dossier.settings import Settings
from tests.faults.archive_samples import VIEWER, letter, wait_until
from tests.faults.whole_house import DOSSIER

pytestmark = pytest.mark.slow

MIB = 1024**2
LARGE = 300 * MIB
LARGEST = 310 * MIB
MOST_GROWTH = 64 * MIB
"""By which the web process may grow while 300 MiB pass through it."""
PIECE = bytes(range(256)) * 4096
BOUNDARY = "----invented"


@dataclass
class Served:
    """``dossier serve --no-workers``: its address, the web process, a client with a token."""

    home: Path
    web: psutil.Process
    client: httpx.Client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("uploads") / "home"
    context = build(Settings(home=home))
    accounts.add_user(context, VIEWER, name="wang", role="archivist", password="correct horse 1")
    token = accounts.make_token(context, VIEWER, "wang")
    context.database.dispose()
    log = home.with_suffix(".log").open("wb")
    process = subprocess.Popen(
        [*DOSSIER, "serve", "--port", "0", "--no-workers"],
        env={
            **os.environ,
            "DOSSIER_HOME": str(home),
            "DOSSIER_MAX_FILE_BYTES": str(LARGEST),
            "DOSSIER_UPLOAD_MAX_FILES": "4",
        },
        stdout=log,
        stderr=log,
    )
    try:
        wait_until((home / "web.json").exists, what="the start")
        told = json.loads((home / "web.json").read_text())
        address, web = f"http://127.0.0.1:{told['port']}", psutil.Process(told["pid"])
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            yield Served(home, web, client)
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def body(size: int) -> Iterator[bytes]:
    """A form with one file of ``size`` bytes, made while it is sent."""
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
    ).encode()
    yield from pieces(size)
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, len(PIECE)):
        yield PIECE[: size - start]


def send(served: Served, size: int) -> httpx.Response:
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return served.client.post("/api/v1/documents", content=body(size), headers=kind)


class Watch:
    """The largest size of a process, and the slowest answer of the server, while a block runs."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._over = threading.Event()
        self.largest = 0
        self.slowest = 0.0
        self.answers: set[int] = set()

    def __enter__(self) -> Watch:
        self._threads = [threading.Thread(target=self._measure), threading.Thread(target=self._ask)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _measure(self) -> None:
        while not self._over.wait(0.05):
            self.largest = max(self.largest, self._served.web.memory_info().rss)

    def _ask(self) -> None:
        with httpx.Client(base_url=self._served.client.base_url, timeout=60) as other:
            while not self._over.wait(0.3):
                began = time.monotonic()
                self.answers.add(other.get("/healthz").status_code)
                self.slowest = max(self.slowest, time.monotonic() - began)


def test_300_megabytes_are_streamed_and_the_web_process_stays_small(served: Served) -> None:
    send(served, 1 * MIB)  # what is imported at the first upload does not count
    before = served.web.memory_info().rss
    with Watch(served) as watch:
        answer = send(served, LARGE)
    assert answer.status_code == 202, answer.text
    assert watch.largest - before < MOST_GROWTH
    assert watch.answers == {200}
    assert watch.slowest < 20.0  # a form that was held in memory took as long as itself
    digest = sha256()
    for piece in pieces(LARGE):
        digest.update(piece)
    name = digest.hexdigest()
    stored = served.home / "files" / name[:2] / name[2:4] / name
    assert stored.stat().st_size == LARGE


def test_a_second_copy_is_answered_with_the_firsts_id_and_stored_once(served: Served) -> None:
    first = send(served, 2 * MIB)
    again = send(served, 2 * MIB)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["outcome"] == "duplicate"
    assert again.json()["id"] == first.json()["id"]


def test_what_is_too_large_is_refused_and_leaves_nothing_behind(served: Served) -> None:
    stored = sum(path.stat().st_size for path in (served.home / "files").rglob("*"))
    before = served.web.memory_info().rss
    with Watch(served) as watch:
        answer = send(served, LARGEST + 5 * MIB)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert "max_file_bytes" in answer.json()["detail"]
    assert watch.largest - before < MOST_GROWTH
    assert list((served.home / "uploads").iterdir()) == []
    assert sum(path.stat().st_size for path in (served.home / "files").rglob("*")) == stored


def test_several_files_of_one_form_are_each_answered(served: Served) -> None:
    files = [("file", (f"{number}.pdf", letter(number))) for number in range(3)]
    answer = served.client.post("/api/v1/documents", files=files)
    assert answer.status_code == 202
    items = answer.json()["items"]
    assert [item["file_name"] for item in items] == ["0.pdf", "1.pdf", "2.pdf"]
    assert len({item["id"] for item in items}) == 3


def test_more_files_than_a_form_may_have_are_refused(served: Served) -> None:
    files = [("file", (f"{number}.pdf", letter(number))) for number in range(10, 15)]
    assert served.client.post("/api/v1/documents", files=files).status_code == 413


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing_behind(served: Served) -> None:
    class GoneError(Exception):
        pass

    def half() -> Iterator[bytes]:
        for number, piece in enumerate(body(20 * MIB)):
            if number == 8:
                raise GoneError
            yield piece

    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with pytest.raises(GoneError):
        served.client.post("/api/v1/documents", content=half(), headers=kind)
    wait_until(lambda: list((served.home / "uploads").iterdir()) == [], seconds=60)
    assert served.client.get("/healthz").status_code == 200
