"""SIGTERM, Ctrl-C and SIGHUP as an event, without the trap of setting it in the handler.

A handler runs in the main thread between two instructions. When that thread is just inside the
event's own lock, ``Event.set`` in the handler waits for it for ever (seen in the supervisor, which
waits on its event five times a second). So the handler only writes a byte, and a thread that reads
it sets the event.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class EndSignals:
    """While entered, the signals set ``event``; outside the main thread it does nothing."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event
        self._before: dict[int, object] = {}
        self._write_end = -1

    def __enter__(self) -> EndSignals:
        """Take the signals."""
        if threading.current_thread() is not threading.main_thread():
            return self
        read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        threading.Thread(
            target=self._listen, args=(read_end,), name="end signals", daemon=True
        ).start()
        self._before = {number: signal.signal(number, self._tell) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() itself gave
        self._before = {}
        if self._write_end >= 0:
            os.close(self._write_end)
            self._write_end = -1

    def _tell(self, _number: int, _frame: FrameType | None) -> None:
        try:
            os.write(self._write_end, b".")
        except (BlockingIOError, BrokenPipeError):
            pass  # the same message is in the pipe, or was read: a second signal changes nothing

    def _listen(self, read_end: int) -> None:
        if os.read(read_end, 1):
            self._event.set()
        os.close(read_end)
