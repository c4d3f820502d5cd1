"""One process tree: starts the children, starts crashed ones again, ends all in order."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from dossier.errors import ConfigurationError, ExitCode
from indexer.end_signals import EndSignals
from indexer.processes import Child, ChildSpec

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
"""A child that crashes at once is started ever more seldom, lest its log lines bury the rest."""
STEADY_SECONDS = 60.0
"""A child that lived so long begins again with the short pause."""
LOOK_SECONDS = 0.2
GRACE_SECONDS = 15.0
"""A page of OCR is over by then; what is not is handed back by its lease."""
log = logging.getLogger(__name__)


class MisconfiguredError(ConfigurationError):
    """A child said that its configuration is wrong: starting it again would not help."""

    def __init__(self, name: str) -> None:
        """Name the process; it has said what is wrong itself."""
        super().__init__(f"The {name} process could not start; see the lines above")


class Supervisor:
    """Keeps a fixed set of children alive.

    Args:
        specs: in the order of starting; they are ended in the opposite order, so put the web
            process last: it takes no more files before the workers go.
    """

    def __init__(self, specs: Sequence[ChildSpec], *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._places = [_Place(spec) for spec in specs]
        self._grace_seconds = grace_seconds
        self.stop = threading.Event()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the children by name."""
        return {place.spec.name: place.child.pid for place in self._places if place.child}

    def run(self, *, on_started: Callable[[], None] | None = None) -> None:
        """Start all, and look after them until SIGTERM, Ctrl-C or :attr:`stop`."""
        with EndSignals(self.stop):
            self._run(on_started)

    def _run(self, on_started: Callable[[], None] | None) -> None:
        try:
            for place in self._places:
                place.start()
            if on_started is not None:
                on_started()
            while not self.stop.wait(LOOK_SECONDS):
                for place in self._places:
                    place.look_after()
        finally:
            self.end_all()

    def start_all(self) -> None:
        """Start all without looking after them; for a caller with a loop of its own."""
        for place in self._places:
            place.start()

    def look_after_all(self) -> None:
        """Start again what crashed; to be called every now and then."""
        for place in self._places:
            place.look_after()

    def end_all(self) -> None:
        """Ask all to end, the last started first, and see them gone."""
        for place in reversed(self._places):
            if place.child is not None:
                place.child.ask_to_end()
        until = time.monotonic() + self._grace_seconds
        for place in reversed(self._places):
            if place.child is not None:
                place.child.end(grace_seconds=max(0.1, until - time.monotonic()))
                place.child = None


class _Place:
    """A child and what is known of its predecessors."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.child: Child | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self._start_at: float | None = None

    def start(self) -> None:
        self._start_at = None
        self._started = time.monotonic()
        self.child = Child(self.spec)

    def look_after(self) -> None:
        """Note a crash, and start again when the pause is over."""
        if self._start_at is not None:
            if time.monotonic() >= self._start_at:
                self.start()
            return
        if self.child is None or self.child.exit_code is None:
            return
        code = self.child.exit_code
        self.child.end(grace_seconds=0)
        self.child = None
        if code == ExitCode.CONFIGURATION:
            raise MisconfiguredError(self.spec.name)
        if self.spec.once:
            return
        if time.monotonic() - self._started > STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        log.warning(
            "a process ended, starting it again",
            extra={"child": self.spec.name, "exit_code": code, "pause_seconds": self._pause},
        )
        self._start_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
