"""Child processes that end with their parent, however that ends.

A child gets the reading end of a pipe whose writing end only the parent holds. When the parent is
gone, kill -9 included, the pipe closes, and the child ends itself.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dossier.errors import DossierError

ONE_THREAD = {"OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""As many processes as cores, one engine thread in each: unbounded threads made OCR 3 to 30 times
slower (stack.md "Threads"; peers.md §4, complaint 4)."""
ORPHAN_SECONDS = 10.0
"""A child whose parent is gone has so long to hand its work back."""
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from indexer.processes import child_main; child_main(*sys.argv[2:])"
)


@dataclass(frozen=True)
class ChildSpec:
    """A process to be started.

    Attributes:
        name: shown in logs.
        function: ``package.module:function``, importable in a fresh process.
        arguments: keyword arguments, plain JSON values.
        environment: more variables for the child.
        once: it ends by itself, and is not started again then.
    """

    name: str
    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(ONE_THREAD))
    once: bool = False


class Child:
    """A running child process with its lifeline."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        read_end, self._lifeline = os.pipe()
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                _command(spec, read_end),
                pass_fds=[read_end],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **spec.environment},
                # Ctrl-C reaches the parent alone, which ends all in order.
                start_new_session=True,
            )
        finally:
            os.close(read_end)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives."""
        return self._popen.poll()

    def wait(self) -> int:
        """Wait until it ends by itself; returns its exit code."""
        code = self._popen.wait()
        os.close(self._lifeline)
        return code

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self.exit_code is None:
            self._popen.terminate()

    def end(self, *, grace_seconds: float) -> None:
        """Wait for it, kill it when it takes too long, and let the lifeline go."""
        try:
            self._popen.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        os.close(self._lifeline)


def _command(spec: ChildSpec, lifeline: int) -> list[str]:
    # "" in sys.path means the working folder, which in a child would hide our packages.
    paths = json.dumps([path for path in sys.path if path])
    arguments = json.dumps(dict(spec.arguments))
    return [sys.executable, "-P", "-c", _BOOT, paths, str(lifeline), spec.function, arguments]


def child_main(lifeline: str, function: str, arguments: str) -> None:
    """Run ``function`` in a fresh process that ends with its parent."""
    end_with_parent(int(lifeline))
    module, name = function.split(":")
    try:
        getattr(importlib.import_module(module), name)(**json.loads(arguments))
    except DossierError as problem:
        sys.stderr.write(f"{problem.title} / {problem.title_zh}\n{problem.detail}\n")
        raise SystemExit(int(problem.exit_code)) from None


def end_with_parent(lifeline: int) -> None:
    """Ask this process to end when the other end of the pipe closes; insist after a while."""

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
