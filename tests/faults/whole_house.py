"""The whole product on a folder of its own, used only through its doors: inbox, commands, HTTP."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.db.tables import Document, IndexChange, WorkItem
from dossier.services import accounts
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.work.kinds import WorkKind
from indexer.processes import ChildSpec
from indexer.supervisor import Supervisor
from indexer.worker import Worker, WorkerOptions
from tests.faults.archive_samples import VIEWER, documents, inbox_files, wait_until

DOSSIER = (sys.executable, "-c", "from dossier.cli import main; main()")
LONG = 280.0
"""Seconds to wait for work at most: a busy machine of two cores, models not loaded yet."""


class House:
    """An archive with its web application and an archivist's token."""

    def __init__(self, context: Context) -> None:
        self.context = context
        accounts.add_user(
            context, VIEWER, name="keeper", role="archivist", password="correct horse battery"
        )
        self.token = accounts.make_token(context, VIEWER, "keeper")
        self.client = TestClient(
            create_app(context),
            headers={"Authorization": f"Bearer {self.token}"},
            raise_server_exceptions=False,
        )

    # -- doors ----------------------------------------------------------------------------------

    def drop(self, name: str, content: bytes) -> None:
        """Put a file into the watched folder."""
        (self.context.settings.inbox_path / name).write_bytes(content)

    def get(self, path: str, **query: Any) -> Any:
        """A GET as the archivist."""
        return self.client.get(path, params=query)

    def search(self, q: str, **more: Any) -> dict[str, Any]:
        """The answer of the one box; a query is never an error."""
        answer = self.get("/api/v1/search", q=q, size=100, **more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def finds(self, q: str, name: str) -> bool:
        """Whether the file is found; False also while there is no index yet."""
        return self.get("/api/v1/search", q=q).status_code == 200 and name in self.find(q)

    def find(self, q: str) -> set[str]:
        """Names of the files that a query finds."""
        names = {document.id: document.file_name for document in documents(self.context)}
        found = self.search(q)
        return {names[hit["id"]] for group in found["hits"] for hit in group["documents"]}

    def snippets(self, q: str, name: str) -> list[dict[str, Any]]:
        """Snippets of one file for a query."""
        document_id = self.document(name).id
        return [
            snippet
            for group in self.search(q)["hits"]
            for hit in group["documents"]
            if hit["id"] == document_id
            for snippet in hit["snippets"]
        ]

    def document(self, name: str) -> Document:
        """The record of the file of this name."""
        (found,) = [one for one in documents(self.context) if one.file_name == name]
        return found

    # -- waiting --------------------------------------------------------------------------------

    def wait_until_read(self, *, seconds: float = LONG) -> None:
        """Until the inbox is empty, all is read and all can be found; searchable copies apart."""
        wait_until(self._is_quiet, seconds=seconds, what="the work's end")

    def _is_quiet(self) -> bool:
        if inbox_files(self.context):
            return False
        with self.context.reading(VIEWER) as session:
            work = select(WorkItem.id).where(
                WorkItem.state.in_(["ready", "leased"]), WorkItem.kind != WorkKind.SEARCHABLE
            )
            return (
                session.scalar(work.limit(1)) is None
                and session.scalar(select(IndexChange.id).limit(1)) is None
            )


@contextmanager
def opened_house(settings: Settings) -> Iterator[House]:
    """A house in which nobody works yet."""
    context = build(settings)
    try:
        yield House(context)
    finally:
        context.readers.close()
        context.index.close()
        context.database.dispose()


@contextmanager
def working(context: Context) -> Iterator[Worker]:
    """A worker with all duties (inbox, index, house) in a thread."""
    worker = Worker(context, WorkerOptions())
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop.set()
        thread.join(timeout=60)


@contextmanager
def worker_processes(home: Path, count: int, **settings: Any) -> Iterator[Supervisor]:
    """As many worker processes, looked after as ``serve`` does."""
    arguments = {"home": str(home), **settings}
    specs = [
        ChildSpec(f"worker {number}", "tests.faults.worker_process:main", arguments)
        for number in range(count)
    ]
    supervisor = Supervisor(specs, grace_seconds=30)
    supervisor.start_all()
    over = threading.Event()

    def look_after() -> None:
        while not over.wait(0.2):
            supervisor.look_after_all()

    thread = threading.Thread(target=look_after, daemon=True)
    thread.start()
    try:
        yield supervisor
    finally:
        over.set()
        thread.join()
        supervisor.end_all()


@contextmanager
def standing_still(house: House, workers: Supervisor) -> Iterator[None]:
    """The worker processes stand still meanwhile, so that what is asked does not race with them.

    They are stopped while we hold the turn to write and the database's lock: none of them can be
    holding either, which would make the web application wait for one that stands.
    """
    pids = list(workers.pids.values())
    with house.context.writing(VIEWER):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: all(_stands(pid) for pid in pids), what="the workers' stop")
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _stands(pid: int) -> bool:
    """Whether every thread is stopped; one that waits for the disk stops only afterwards."""
    states = [
        stat.read_text().rpartition(")")[2] for stat in Path(f"/proc/{pid}/task").glob("*/stat")
    ]
    return bool(states) and all(state.split()[0] == "T" for state in states)


def command(
    home: Path, arguments: Sequence[str], environment: dict[str, str], *, seconds: float = LONG
) -> subprocess.CompletedProcess[str]:
    """Run ``dossier …`` as a person would, in a process of its own."""
    return subprocess.run(
        [*DOSSIER, *arguments],
        env={**os.environ, "DOSSIER_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@contextmanager
def small_disk(place: Path, *, mebibytes: int) -> Iterator[Path]:
    """A file system of its own that can be filled.

    Where none can be mounted the test says so and is skipped; with ``CI`` set it fails instead,
    so that nobody takes a skipped test for a passed one.
    """
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0777", "tmpfs", str(place)]
    become = next(
        (sudo for sudo in ((), ("sudo", "-n")) if _does([*sudo, "mount", *options])), None
    )
    if become is None:
        reason = "a small disk can be mounted by root or with sudo only"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    try:
        yield place
    finally:
        _does([*become, "umount", "-l", str(place)])


def _does(arguments: Sequence[str]) -> bool:
    return (
        shutil.which(arguments[0]) is not None
        and subprocess.run(arguments, check=False, capture_output=True).returncode == 0
    )
