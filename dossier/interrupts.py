"""Ctrl-C: one line, exit code 130, at any moment and at once.

``KeyboardInterrupt`` comes out wherever the interpreter just is: in the middle of an import it
prints a traceback of whoever is being imported, and libraries turn it into errors of their own.
Nothing here needs it: every command may be killed at any moment (ADR 3), what it had begun is
committed or not there, and its child processes end when its lifeline closes
(:mod:`indexer.processes`). What has an orderly end (``serve``, ``work``) takes the signal over
while it runs (:class:`indexer.end_signals.EndSignals`).

Imports next to nothing: it must be there before the rest is imported.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
from types import FrameType

from dossier.errors import ExitCode

LINE = "Interrupted; run the same command again to go on / 已中断，再次运行同一命令即可继续\n"
SHOW_CURSOR = b"\x1b[?25h\r\n"
"""A progress bar hides the cursor, and the terminal has just written ^C into the bar."""
_terminal: list[int | list[bytes | int]] | None = None


def end_at_once() -> None:
    """From now on Ctrl-C ends this process; where the signal is ignored (``nohup``) it stays so."""
    global _terminal
    if sys.stdin is not None and sys.stdin.isatty():
        _terminal = termios.tcgetattr(sys.stdin)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def hold() -> None:
    """Let Ctrl-C wait until :func:`end_at_once`, in this process or in the one it turns into."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _end(_number: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):  # nobody reads: it is the end all the same
        if sys.stderr is not None and os.isatty(2):
            os.write(2, SHOW_CURSOR)
        if _terminal is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, _terminal)  # a password prompt hides typing
        os.write(2, LINE.encode())
    os._exit(ExitCode.INTERRUPTED)
