"""A small server that speaks clamd's protocol (clamd(8)): INSTREAM, VERSION, PING; knows EICAR.

clamd itself is no Python package; this one really reads the stream, piece by piece, over a real
socket, and finds the EICAR test file by its text as every scanner does.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EICAR = (  # in two parts, so that no scanner takes this source for the test file itself
    rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
)
SIGNATURE = "Eicar-Test-Signature"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        command = self._read_until(b"\0")
        if command == b"zINSTREAM":
            self._scan()
        elif command == b"zVERSION":
            self.wfile.write(b"ClamAV 1.4.3/27800/Sun Nov 22 09:00:00 2026\0")
        else:
            self.wfile.write(b"UNKNOWN COMMAND\0")

    def _read_until(self, end: bytes) -> bytes:
        got = b""
        while (piece := self.rfile.read(1)) not in (b"", end):
            got += piece
        return got

    def _scan(self) -> None:
        server: ClamdServer = self.server  # type: ignore[assignment]
        got = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            got += self.rfile.read(size)
            if len(got) > server.most_bytes:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        server.seen.append(got)
        if server.answer:
            self.wfile.write(server.answer)
        elif EICAR in got:
            self.wfile.write(f"stream: {SIGNATURE} FOUND\0".encode())
        else:
            self.wfile.write(b"stream: OK\0")


class ClamdServer(socketserver.ThreadingTCPServer):
    """Listens at ``url`` until closed; ``answer`` is said instead of a verdict when set."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, place: tuple[str, int] | Path, *, most_bytes: int = 2**20) -> None:
        self.address_family = socket.AF_UNIX if isinstance(place, Path) else socket.AF_INET
        self.most_bytes = most_bytes
        self.seen: list[bytes] = []
        self.answer = b""
        super().__init__(str(place) if isinstance(place, Path) else place, _Handler)  # type: ignore[arg-type]
        self.url = (
            f"unix://{place}"
            if isinstance(place, Path)
            else f"tcp://127.0.0.1:{self.server_address[1]}"
        )


@contextmanager
def clamd(
    place: tuple[str, int] | Path = ("127.0.0.1", 0), **options: int
) -> Iterator[ClamdServer]:
    """The server, answering in a thread for the length of the block."""
    with ClamdServer(place, **options) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
