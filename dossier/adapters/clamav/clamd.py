"""The clamd protocol: one command a connection, a file sent by INSTREAM, one line of answer.

Protocol: clamd(8), "COMMANDS". No library: the ones that are kept are under the GPL or for asyncio
only, and what is needed of the protocol is this file.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from dossier.errors import ConfigurationError, ScannerUnavailableError, UnreadableFileError
from dossier.ports import MalwareScanner, ScanVerdict
from dossier.records import QuarantineReason

DEFAULT_PORT = 3310
"""clamd.conf(5), TCPSocket."""
PIECE_BYTES = 256 * 1024
MOST_ANSWER_BYTES = 4096
END = b"\0"
"""Of an answer to a command that begins with ``z``."""
LEAST_WAIT_SECONDS = 0.001
FOUND, CLEAN, ERROR = " FOUND", "stream: OK", "ERROR"


class ClamdScanner:
    """Asks a clamd at an address; may be called from any thread and process."""

    def __init__(self, url: str, *, seconds: float) -> None:
        """Remember where it is; nothing is asked yet.

        Args:
            url: ``tcp://host:3310`` or ``unix:///run/clamav/clamd.ctl``.
            seconds: how long one answer of the daemon, or one piece sent to it, may take.

        Raises:
            ConfigurationError: neither of the two forms.
        """
        self._family, self._address = _address(url)
        self._seconds = seconds

    def scan(self, source: Path) -> ScanVerdict:
        """Send the file and hear the verdict.

        Raises:
            ScannerUnavailableError: the daemon does not answer, or answers something else.
            UnreadableFileError: ``not_scanned``: the daemon takes no file of this size.
        """
        with self._asked("INSTREAM") as connection:
            _send_file(connection, source)
            return _verdict(_answer(connection))

    def describe(self) -> str:
        """The daemon's version and the date of its signatures.

        Raises:
            ScannerUnavailableError: the daemon does not answer.
        """
        with self._asked("VERSION") as connection:
            return _answer(connection)

    @contextmanager
    def _asked(self, command: str) -> Iterator[socket.socket]:
        try:
            with socket.socket(self._family, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._seconds)
                connection.connect(self._address)
                connection.sendall(f"z{command}\0".encode())
                yield connection
        except OSError as err:
            raise ScannerUnavailableError(
                f"clamd does not answer ({err.strerror or type(err).__name__}); start it, or mend "
                "DOSSIER_SCANNER_URL"
            ) from err


def _address(url: str) -> tuple[socket.AddressFamily, tuple[str, int] | str]:
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        return socket.AF_UNIX, parts.path
    if parts.scheme == "tcp" and parts.hostname:
        family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        return family, (parts.hostname, parts.port or DEFAULT_PORT)
    raise ConfigurationError(
        "DOSSIER_SCANNER_URL must be tcp://host:port or unix:///path/of/clamd.ctl"
    )


def _send_file(connection: socket.socket, source: Path) -> None:
    """Pieces with their length before them, an empty one at the end.

    A daemon that has enough (its StreamMaxLength) answers and hangs up in the middle: its answer
    says so.
    """
    with source.open("rb") as file:
        try:
            while piece := file.read(PIECE_BYTES):
                connection.sendall(struct.pack("!L", len(piece)) + piece)
            connection.sendall(struct.pack("!L", 0))
        except (BrokenPipeError, ConnectionResetError):
            return


def _answer(connection: socket.socket) -> str:
    """The whole answer; one that was cut off before its end is none, whatever it began with."""
    got, until = b"", time.monotonic() + (connection.gettimeout() or 0)
    while not got.endswith(END) and len(got) < MOST_ANSWER_BYTES:
        connection.settimeout(max(until - time.monotonic(), LEAST_WAIT_SECONDS))
        piece = connection.recv(MOST_ANSWER_BYTES)
        if not piece or time.monotonic() > until:
            break
        got += piece
    if not got.endswith(END):
        raise ScannerUnavailableError("clamd's answer was cut off; look into its log")
    return got.rstrip(b"\0\n").decode("utf-8", "replace")


def _verdict(answer: str) -> ScanVerdict:
    if answer == CLEAN:
        return ScanVerdict()
    if answer.endswith(FOUND):
        return ScanVerdict(answer.removesuffix(FOUND).removeprefix("stream: ").strip())
    if answer.endswith(ERROR) and "size limit" in answer:
        raise UnreadableFileError(
            QuarantineReason.NOT_SCANNED, "larger than StreamMaxLength in clamd.conf"
        )
    raise ScannerUnavailableError("clamd gave no verdict; look into its log")


_: type[MalwareScanner] = ClamdScanner
