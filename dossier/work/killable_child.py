"""The child's side of :mod:`dossier.work.killable`: build one object, answer calls, die in time.

Imported first thing in the child, so it imports the standard library and the error tree only.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import resource
import shutil
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dossier.errors import DossierError

# The parent watches the clock; this is for a parent that was stopped or died while native
# code held the interpreter lock: faulthandler's own C thread ends the child then.
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What the parent sends first.

    ``factory`` is pickled apart, since unpickling it may fail. ``scratch`` is the child's own
    folder for temporary files: made by the parent, removed by whichever of both ends last.
    """

    factory: bytes
    data_bytes: int
    niceness: int
    scratch: str


@dataclass(frozen=True, slots=True)
class Request:
    """One call. An empty ``method`` asks for the object's plain attributes and method names."""

    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """Outcome of one call.

    ``kind`` is "value", "error" (an error of ours: class and fields), "memory" or "foreign"
    (any other exception: its type and the place, never its message, which may quote the document).
    """

    kind: str
    value: Any = None


def serve(channel_fd: int, lifeline_fd: int) -> None:
    """Answer calls on ``channel_fd`` until it closes; end at once when the lifeline closes."""
    channel = Connection(channel_fd)
    orders: Orders = pickle.loads(channel.recv_bytes())  # noqa: S301 - from our own parent
    _die_with_parent(lifeline_fd, scratch=Path(orders.scratch))
    try:
        _set_limits(orders)
        _answer_all(channel, orders)
    except (EOFError, OSError):  # the parent closed the channel or is no more
        pass
    finally:
        _end_all(Path(orders.scratch))


def _answer_all(channel: Connection, orders: Orders) -> None:
    built: list[object] = []
    reply = _outcome(lambda: built.append(pickle.loads(orders.factory)()))  # noqa: S301 - as above
    channel.send_bytes(_pickled(reply))
    while built:
        request: Request = pickle.loads(channel.recv_bytes())  # noqa: S301 - as above
        channel.send_bytes(_pickled(_answer(built[0], request)))


def _answer(target: object, request: Request) -> Reply:
    faulthandler.dump_traceback_later(
        request.timeout_seconds + _GRACE_SECONDS, exit=True, file=_NOWHERE
    )
    try:
        if not request.method:
            return _outcome(lambda: _describe(target))
        method: Callable[..., Any] = getattr(target, request.method)
        return _outcome(lambda: method(*request.args, **request.kwargs))
    finally:
        faulthandler.cancel_dump_traceback_later()


_NOWHERE = Path(os.devnull).open("w")  # noqa: SIM115 - faulthandler needs it for life


def _outcome(work: Callable[[], Any]) -> Reply:
    try:
        return Reply("value", work())
    except DossierError as error:
        return Reply("error", (type(error), error.args, dict(error.__dict__)))
    except MemoryError:
        return Reply("memory")
    except Exception as error:  # noqa: BLE001 - whatever a parser raises, the parent must hear of it
        return Reply("foreign", _place(error))


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(error).__name__} at {place}"


def _pickled(reply: Reply) -> bytes:
    try:
        return pickle.dumps(reply, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - an answer that cannot travel is the answer's fault
        return pickle.dumps(Reply("foreign", f"answer cannot travel: {_place(error)}"))


def _describe(target: object) -> dict[str, Any]:
    """Public attributes: methods as None, plain values as they are."""
    names = [name for name in dir(target) if not name.startswith("_")]
    values = {name: getattr(target, name) for name in names}
    return {name: (None if callable(value) else (value,)) for name, value in values.items()}


def _set_limits(orders: Orders) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Data, not address space: native libraries reserve far more than they use.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = orders.data_bytes if hard < 0 else min(orders.data_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    if orders.niceness:
        os.nice(orders.niceness)
    # Where memory runs out all the same, the kernel shall take the child, not the server.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900")


def _die_with_parent(lifeline_fd: int, *, scratch: Path) -> None:
    lifeline = socket.socket(fileno=lifeline_fd)

    def wait() -> None:
        with contextlib.suppress(OSError):
            lifeline.recv(1)
        _end_all(scratch)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


_ENDING = threading.Lock()


def _end_all(scratch: Path) -> None:
    _ENDING.acquire()  # both threads may come here; the second waits for the kill
    shutil.rmtree(scratch, ignore_errors=True)
    # A session of our own (set by the parent), so the group is us and what we started.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
