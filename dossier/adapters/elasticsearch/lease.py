"""The one right to write, over all machines that share a server.

On one machine a locked file decides (freed by kill -9 at once). Between machines a document on the
server says who has the right and until when; it is renewed while the holder writes, and a machine
that died loses it after a minute.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import elasticsearch
from uuid6 import uuid7

from dossier.adapters.elasticsearch.faults import server_errors
from dossier.adapters.elasticsearch.server import Server
from dossier.errors import UnavailableError
from dossier.search.port import IndexBusyError

LEASE_SECONDS = 60.0
"""A machine that died blocks the others so long; clocks may differ by some seconds."""
_RENEW_SECONDS = LEASE_SECONDS / 4
_ID = "writer"
_BODY: dict[str, Any] = {
    "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
    "mappings": {
        "dynamic": "strict",
        "properties": {
            "place": {"type": "keyword"},
            "holder": {"type": "keyword"},
            "until": {"type": "double"},
        },
    },
}


class Lease:
    """The right to write, while it is held."""

    def __init__(self, server: Server, place: str) -> None:
        self._server = server
        self._index = f"{server.address.name}-lease"
        self._place = place
        self._holder = uuid7().hex
        self._until = 0.0
        self._seen: tuple[int, int] | None = None

    def take(self) -> None:
        """Take the right.

        Raises:
            IndexBusyError: another machine has it.
        """
        current = self._current()
        if current is not None:
            source = current["_source"]
            if source["place"] != self._place and source["until"] > time.time():
                raise IndexBusyError("another machine writes the index; it applies what is pending")
            self._seen = (current["_seq_no"], current["_primary_term"])
        self._write(LEASE_SECONDS)

    def renew(self) -> None:
        """Keep the right while writing; cheap when it is fresh.

        Raises:
            IndexBusyError: another machine took over meanwhile.
        """
        if self._until - time.time() < LEASE_SECONDS - _RENEW_SECONDS:
            self._write(LEASE_SECONDS)

    def give_back(self) -> None:
        """Free the right for other machines; failing that, it runs out."""
        with suppress(UnavailableError):
            self._write(0.0)

    def _current(self) -> dict[str, Any] | None:
        def get(client: elasticsearch.Elasticsearch) -> dict[str, Any] | None:
            try:
                return dict(client.get(index=self._index, id=_ID).body)
            except elasticsearch.NotFoundError as err:
                if "error" in err.body:
                    self._make_index(client)
                return None

        return self._server.manage("asking for the right to write", get)

    def _make_index(self, client: elasticsearch.Elasticsearch) -> None:
        try:
            client.indices.create(index=self._index, **_BODY)
        except elasticsearch.BadRequestError as err:
            if err.error != "resource_already_exists_exception":
                raise

    def _write(self, seconds: float) -> None:
        until = time.time() + seconds
        order: dict[str, Any] = {"op_type": "create"}
        if self._seen:
            order = {"if_seq_no": self._seen[0], "if_primary_term": self._seen[1]}
        body = {"place": self._place, "holder": self._holder, "until": until}
        with server_errors("taking the right to write"):
            try:
                answer = self._server.patient.index(
                    index=self._index, id=_ID, document=body, **order
                )
            except elasticsearch.ConflictError:
                raise IndexBusyError("another machine has taken the right to write over") from None
        self._seen = (answer["_seq_no"], answer["_primary_term"])
        self._until = until


@contextmanager
def right_to_write(server: Server, lock_file: Path, check: Callable[[], None]) -> Iterator[Lease]:
    """Hold the one right to write.

    Args:
        server: whose right.
        lock_file: on this machine's disk, shared by its processes.
        check: looks at the server before anything is written there.

    Raises:
        IndexBusyError: somebody else has it.
        UnavailableError: the server does not answer or is not fit for use.
    """
    with _locked(lock_file) as file:
        check()
        lease = Lease(server, _place(file))
        lease.take()
        try:
            yield lease
        finally:
            lease.give_back()


@contextmanager
def _locked(path: Path) -> Iterator[TextIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="ascii")
    except OSError as err:
        raise UnavailableError("the folder of the index' lock cannot be written") from err
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IndexBusyError("it will apply what is pending") from None
        yield file


def _place(file: TextIO) -> str:
    """The lock file's own name: whoever holds the lock may follow a holder that died here."""
    file.seek(0)
    place = file.read().strip()
    if not place:
        place = uuid7().hex
        file.write(place)
        file.flush()
    return place
