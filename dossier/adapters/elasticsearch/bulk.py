"""Sending rows in bulk: bounded in flight, tried again when refused for haste, honest per row."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import elasticsearch

from dossier.adapters.elasticsearch.faults import (
    BusyError,
    GoneError,
    RebuildNeededError,
    disk_full,
    fault_of,
    server_errors,
)
from dossier.adapters.elasticsearch.server import Server
from dossier.adapters.elasticsearch.wire import encode
from dossier.errors import SearchServerUnreachableError, UnavailableError
from dossier.search.rows import FieldValues

_CHUNK_ROWS = 500  # stack.md: larger chunks are no quicker
_CHUNK_BYTES = 8 * 1024**2  # well below the server's own limit of 100 MiB a request
_PAUSES = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)  # seconds: a restart of a node takes some ten
_SPLIT = {400: "invalid", 413: "too_large"}
"""Answers to a whole request for the fault of some of its rows: too large, a key too long."""
_HASTE = frozenset({429, 503})
_CONFLICT = 409
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Operation:
    """One row to put in or take out.

    Attributes:
        index: the physical index.
        key: the row's key over both kinds.
        body: the request's lines, as sent.
    """

    index: str
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that the server will never take, and the type of its reason."""

    key: str
    reason: str


def put(index: str, key: str, revision: int, values: FieldValues) -> Operation:
    """Put a row in unless a newer revision is there: a late retry brings nothing back."""
    order = {"_id": key, "version": revision, "version_type": "external_gte"}
    head = encode({"index": {"_index": index, **order}})
    return Operation(index, key, head + b"\n" + encode(values) + b"\n")


def take(index: str, key: str) -> Operation:
    """Take a row out, whatever its revision."""
    return Operation(index, key, encode({"delete": {"_index": index, "_id": key}}) + b"\n")


class BulkSender:
    """Sends operations in chunks.

    Args:
        streams: requests under way at a time; the caller waits when all are busy.
    """

    def __init__(self, server: Server, *, streams: int = 1) -> None:
        self._server = server
        self._pool = ThreadPoolExecutor(streams, thread_name_prefix="bulk")
        self._room = threading.Semaphore(streams + 1)
        self._chunk: list[Operation] = []
        self._bytes = 0
        self._sent: list[Future[None]] = []
        self._lock = threading.Lock()
        self.refused: list[RefusedRow] = []
        """Rows that the server will never take; their neighbours were taken."""

    def add(self, operation: Operation) -> None:
        """Send with the next full chunk; waits while too much is under way.

        Raises:
            UnavailableError: an earlier chunk could not be written.
        """
        self._chunk.append(operation)
        self._bytes += len(operation.body)
        if len(self._chunk) >= _CHUNK_ROWS or self._bytes >= _CHUNK_BYTES:
            self._send()

    def flush(self) -> None:
        """Send the rest and wait until everything was taken.

        Raises:
            UnavailableError: something could not be written.
        """
        self._send()
        sent, self._sent = self._sent, []
        for future in sent:
            future.result()

    def close(self) -> None:
        """Drop what was not sent; wait for what is under way."""
        self._chunk = []
        self._pool.shutdown(cancel_futures=True)

    def _send(self) -> None:
        chunk, self._chunk, self._bytes = self._chunk, [], 0
        for future in [each for each in self._sent if each.done()]:
            self._sent.remove(future)
            future.result()
        if not chunk:
            return
        self._room.acquire()
        try:
            future = self._pool.submit(self._deliver, chunk)
        except BaseException:
            self._room.release()
            raise
        future.add_done_callback(lambda _: self._room.release())
        self._sent.append(future)

    def _deliver(self, chunk: Sequence[Operation]) -> None:
        """Write a chunk, trying again what was refused for haste."""
        left = list(chunk)
        for pause in (*_PAUSES, None):
            try:
                left = self._write(left)
                if not left:
                    return
                problem: UnavailableError = BusyError()
            except (BusyError, SearchServerUnreachableError) as err:
                problem = err
            if pause is None:
                raise problem
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, no secret

    def _write(self, operations: list[Operation]) -> list[Operation]:
        """One request; returns what is to be tried again."""
        body = b"".join(operation.body for operation in operations)
        try:
            answer = self._ask(body)
        except _SplitError as err:
            return self._halves(operations, str(err))
        if not answer["errors"]:
            return []
        again, older = [], []
        for operation, item in zip(operations, answer["items"], strict=True):
            told = next(iter(item.values()))
            if told["status"] == _CONFLICT:
                older.append(operation)
            elif self._judge(operation, told):
                again.append(operation)
        return [*again, *self._deleted(older)]

    def _deleted(self, older: list[Operation]) -> list[Operation]:
        """Of rows refused as older than what is there, those for which nothing is there.

        They were deleted a moment ago: the server remembers the deleted row's version until a
        refresh that comes a fraction of a second later.
        """
        gone: list[Operation] = []
        for index in {operation.index for operation in older}:
            mine = [operation for operation in older if operation.index == index]
            with server_errors("writing the search index"):
                found = self._server.patient.mget(
                    index=index,
                    ids=[operation.key for operation in mine],
                    source=False,
                    filter_path="docs.found",
                )
                there = [bool(each.get("found")) for each in found["docs"]]
                gone += [each for each, is_there in zip(mine, there, strict=True) if not is_there]
                if gone:
                    self._server.patient.indices.refresh(index=index)
        return gone

    def _ask(self, body: bytes) -> dict[str, Any]:
        with server_errors("writing the search index"):
            client = self._server.patient
            try:
                return dict(
                    client.bulk(
                        operations=body,  # type: ignore[arg-type]
                        timeout="10s",
                        filter_path="errors,items.*.status,items.*.error",
                    ).body
                )
            except elasticsearch.ApiError as err:
                if err.meta.status in _SPLIT:
                    raise _SplitError(_SPLIT[err.meta.status]) from err
                raise

    def _halves(self, operations: list[Operation], reason: str) -> list[Operation]:
        """Find the rows for which the server refuses a whole request; the others are written."""
        if len(operations) == 1:
            self.refuse(operations[0].key, reason)
            return []
        middle = len(operations) // 2
        return [*self._write(operations[:middle]), *self._write(operations[middle:])]

    def _judge(self, operation: Operation, item: dict[str, Any]) -> bool:
        """Whether a row is to be tried again.

        Raises:
            UnavailableError: not this row's own fault.
        """
        status, error = int(item["status"]), item.get("error", {})
        kind = str(error.get("type", ""))
        if status < 300 or (status == 404 and kind != "index_not_found_exception"):
            return False  # taken, or gone already
        if kind == "strict_dynamic_mapping_exception":
            raise RebuildNeededError("the search index was built with other fields")
        if kind == "cluster_block_exception":
            raise disk_full()
        if status in _HASTE:
            return True
        if status != 400:
            raise fault_of(status, error, "writing the search index")
        self.refuse(operation.key, kind)
        return False

    def refuse(self, key: str, reason: str) -> None:
        """Report a row that no index will ever hold."""
        with self._lock:
            self.refused.append(RefusedRow(key, reason))
        # Without its key, which may be a customer's number: `dossier reconcile` names the row.
        log.error("the index refuses a row", extra={"reason": reason})


class _SplitError(Exception):
    """The server takes nothing of this request: it is too large, or holds a row beyond limits."""


__all__ = ["BulkSender", "GoneError", "Operation", "RefusedRow", "put", "take"]
