"""A warm child process that does dangerous work and can be ended at any moment.

Parsers of foreign files may hang, eat memory or crash. :class:`KillableChild` builds an object
(an inspector, an extractor, an OCR engine) in a child process and calls its methods there, each
call within limits. A child that breaks a limit is ended by SIGKILL with everything it started;
the next call starts a fresh one. What the object prints goes nowhere, because native libraries
quote documents in their messages.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar, cast

from dossier.errors import DossierError, LimitExceededError, StepFailedError
from dossier.rules.limits import ChildLimits
from dossier.work.family import Family
from dossier.work.killable_child import Orders, Reply, Request

T = TypeVar("T")

ONE_THREAD = {
    "OMP_THREAD_LIMIT": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Set before the child starts: unbounded threads make OCR 3 to 30 times slower
(stack.md "Threads", peers.md §4 number 4)."""

# No process gets more fresh memory than this, in bytes a second: memory is looked at again before
# what is left below the limit can be used up, so that it is passed by 40 MiB at most.
_FASTEST_GROWTH = 2 << 30
_SHORTEST_LOOK_SECONDS = 0.02
_LONGEST_LOOK_SECONDS = 0.2
# Who belongs to the child is looked up among all processes, so never more often than this.
_FAMILY_SECONDS = 0.2
# RLIMIT_DATA counts memory that is reserved but not resident, so it stands above the watched limit.
_BACKSTOP_FACTOR = 2
_BACKSTOP_BYTES = 1 << 30
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from dossier.work.killable_child import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"
)


class KillableChild(Generic[T]):
    """One object in one child process; calls from several threads queue up.

    Args:
        factory: zero-argument callable that builds the object; must be importable by name
            (a class, a function of a module, ``functools.partial`` of these), since it travels
            by pickle. It runs in the child only.
        limits: of every call.
        environment: more variables for the child, over the parent's and :data:`ONE_THREAD`.
    """

    def __init__(
        self,
        factory: Callable[[], T],
        *,
        limits: ChildLimits | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._factory = pickle.dumps(factory)
        self._limits = limits or ChildLimits()
        self._environment = ONE_THREAD | (environment or {})
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self.starts = 0
        """How many children were started so far."""

    def call(
        self,
        method: str,
        /,
        *args: Any,
        timeout_seconds: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a method of the object in the child and return its answer.

        Args:
            method: name of the method; arguments and answer must be picklable.
            *args: positional arguments of the method.
            **kwargs: keyword arguments of the method.
            timeout_seconds: for this call; None means the child's limit.

        Raises:
            LimitExceededError: time or memory; ``limit`` says which. The child is gone.
            StepFailedError: the child crashed, or the method raised something that is no
                DossierError (type and place are told, the message is not: it may quote a page).
            DossierError: what the method itself raised, fields included.
        """
        seconds = self._limits.timeout_seconds if timeout_seconds is None else timeout_seconds
        with self._lock:
            reply = self._ready().ask(Request(method, args, kwargs, seconds), seconds)
            self._recycle()
        return _value(reply)

    def proxy(self) -> T:
        """Something that looks like the object and passes each call on to the child."""
        return cast(T, _Proxy(self))

    def release(self) -> None:
        """Let the child go and its memory come back; the next call starts a fresh one."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """Process id of the living child, None when there is none."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    def describe(self) -> dict[str, tuple[Any] | None]:
        """Public names of the object: None for a method, a 1-tuple for a plain value."""
        return cast("dict[str, tuple[Any] | None]", self.call(""))

    def _ready(self) -> _Process:
        process = self._process
        if process is not None and process.claim():
            return process
        self._end()
        self._process = process = _Process(self._factory, self._limits, self._environment)
        self.starts += 1
        try:
            _value(process.wait_built())
        except DossierError:
            self._end()
            raise
        return process

    def _recycle(self) -> None:
        if self._process is not None and self._process.calls >= self._limits.calls:
            self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


class _Proxy:
    """Forwards method calls; plain attributes are fetched once."""

    def __init__(self, child: KillableChild[Any]) -> None:
        self._child = child
        self._names: dict[str, tuple[Any] | None] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._names is None:
            self._names = self._child.describe()
        if name not in self._names:
            raise AttributeError(name)
        plain = self._names[name]
        if plain is not None:
            return plain[0]
        return lambda *args, **kwargs: self._child.call(name, *args, **kwargs)


class _Process:
    """One child process with the thread that watches it."""

    def __init__(self, factory: bytes, limits: ChildLimits, environment: dict[str, str]) -> None:
        self._limits = limits
        self._owner = os.getpid()
        self._scratch = tempfile.mkdtemp(prefix="dossier-child-")
        self._state = threading.Condition()
        self._deadline: float | None = None
        self._idle_since = time.monotonic()
        self._gone = False
        self._broken = ""
        self.calls = 0
        ours, theirs = socket.socketpair()
        self._lifeline, their_lifeline = socket.socketpair()
        with theirs, their_lifeline:
            self._popen = _start(theirs, their_lifeline, environment, self._scratch)
        self._channel = Connection(ours.detach())
        self._family = Family(self._popen.pid)
        backstop = limits.memory_bytes * _BACKSTOP_FACTOR + _BACKSTOP_BYTES
        self._orders = Orders(factory, backstop, limits.niceness, self._scratch)
        threading.Thread(target=self._watch, name="killable-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def is_alive(self) -> bool:
        """False after an end, a crash, or in a process forked off the one that started it."""
        return not self._gone and self._owner == os.getpid() and self._popen.poll() is None

    def claim(self) -> bool:
        """Whether it lives; from here on it counts as busy, so that idleness cannot end it."""
        with self._state:
            alive = self.is_alive()
            if alive:
                self._deadline = math.inf
            return alive

    def wait_built(self) -> Reply:
        """Send the orders and wait until the object stands."""
        message = pickle.dumps(self._orders)
        # It stays claimed: the call that it was started for comes next.
        return self._exchange(message, self._limits.start_seconds, "start", then=math.inf)

    def ask(self, request: Request, seconds: float) -> Reply:
        """Send one call and wait for its reply."""
        self.calls += 1
        return self._exchange(pickle.dumps(request), seconds, "time")

    def _exchange(
        self, message: bytes, seconds: float, limit: str, *, then: float | None = None
    ) -> Reply:
        with self._state:
            self._deadline = time.monotonic() + seconds
            self._state.notify()
        try:
            self._channel.send_bytes(message)
            return _unpickled(self._channel.recv_bytes())
        except (EOFError, OSError):
            self.end()
            raise self._why_it_ended(limit, seconds) from None
        except BaseException:
            self.end()  # an interrupt in between: the reply would come to the wrong caller
            raise
        finally:
            with self._state:
                self._deadline = then
                self._idle_since = time.monotonic()

    def _why_it_ended(self, limit: str, seconds: float) -> StepFailedError:
        if self._broken == "time":
            return LimitExceededError(f"{limit} limit of {seconds:g} s", limit=limit)
        if self._broken == "memory":
            return _memory_error(self._limits)
        code = self._popen.returncode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        return StepFailedError(f"the reading process crashed ({how})")

    def end(self) -> None:
        """Kill the child and all it started, and take away its temporary files."""
        with self._state:
            already, self._gone = self._gone, True
            self._state.notify()
        if not already and self._owner == os.getpid():
            self._let_go()

    def _kill(self) -> None:
        # The child leads a session of its own, so this ends its descendants too.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self._popen.kill()

    def _watch(self) -> None:
        family_seen = time.monotonic()
        pause = _SHORTEST_LOOK_SECONDS
        while True:
            with self._state:
                if self._gone or self._popen.poll() is not None:
                    return
                deadline = self._deadline
                if deadline is None and self._idle_left() <= 0:
                    self._gone = True
                    break
                self._state.wait(self._idle_left() if deadline is None else pause)
            pause = _SHORTEST_LOOK_SECONDS
            if deadline is None:
                continue
            if time.monotonic() - family_seen >= _FAMILY_SECONDS:
                self._family.look()
                family_seen = time.monotonic()
            held = self._family.resident_bytes()  # 0 when it ended; the waiting call hears that
            if broken := self._broken_limit(held):
                self._broken = broken
                self._kill()
                return
            pause = self._until_next_look(held)
        self._let_go()

    def _until_next_look(self, held: int) -> float:
        left, deadline = (self._limits.memory_bytes - held) / _FASTEST_GROWTH, self._deadline
        if deadline is not None:
            left = min(left, deadline - time.monotonic())
        return min(max(left, _SHORTEST_LOOK_SECONDS), _LONGEST_LOOK_SECONDS)

    def _let_go(self) -> None:
        self._kill()
        self._popen.wait()
        self._channel.close()
        self._lifeline.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _idle_left(self) -> float:
        return self._idle_since + self._limits.idle_seconds - time.monotonic()

    def _broken_limit(self, held: int) -> str:
        deadline = self._deadline
        if deadline is not None and time.monotonic() > deadline:
            return "time"
        return "memory" if held > self._limits.memory_bytes else ""


def _start(
    channel: socket.socket,
    lifeline: socket.socket,
    environment: dict[str, str],
    scratch: str,
) -> subprocess.Popen[bytes]:
    paths = json.dumps([path or str(os.getcwd()) for path in sys.path])  # noqa: PTH109 - "" means it
    handles = (channel.fileno(), lifeline.fileno())
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", _BOOT, paths, *map(str, handles)],
        pass_fds=handles,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A copy of the environment with ours on top; settings are not read from it here.
        env={**os.environ, **environment, "TMPDIR": scratch},
        start_new_session=True,
    )


def _unpickled(message: bytes) -> Reply:
    try:
        return cast(Reply, pickle.loads(message))  # noqa: S301 - from our own child
    except Exception as err:
        raise StepFailedError("the reading process answered what cannot be loaded here") from err


def _value(reply: Reply) -> Any:
    """The call's value, or its exception as raised over there.

    Raises:
        DossierError: as raised over there.
        LimitExceededError: no memory was left over there.
        StepFailedError: any other exception over there.
    """
    if reply.kind == "value":
        return reply.value
    if reply.kind == "error":
        kind, args, fields = reply.value
        error = kind.__new__(kind, *args)
        error.args = args
        error.__dict__.update(fields)
        raise error
    if reply.kind == "memory":
        raise LimitExceededError("memory ran out in the reading process", limit="memory")
    raise StepFailedError(f"the reading process failed: {reply.value}")


def _memory_error(limits: ChildLimits) -> LimitExceededError:
    return LimitExceededError(f"memory limit of {limits.memory_bytes >> 20} MiB", limit="memory")
