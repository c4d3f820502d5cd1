"""A small HTTP server between our client and a real search server, for the outside world's faults.

It forwards what it is asked, except where a test has told it to answer otherwise.
"""

from __future__ import annotations

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ELASTIC = {"X-elastic-product": "Elasticsearch"}


@dataclass(frozen=True)
class Answer:
    """What the server says instead; ``cut`` closes the line without a word."""

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=lambda: dict(ELASTIC))
    cut: bool = False


Fault = Callable[[str, str, bytes], Answer | None]
"""Method, path and body of a request; None lets it pass."""


@dataclass
class FaultyServer:
    """Where it listens, what it was asked with which headers, and its present fault."""

    url: str = ""
    behind: str = ""
    fault: Fault = lambda method, path, body: None
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def fail(self, part: str, *answers: Answer) -> None:
        """Answer so, one after the other, to requests whose path holds ``part``."""
        left = list(answers)
        lock = threading.Lock()

        def fault(method: str, path: str, body: bytes) -> Answer | None:
            with lock:
                return left.pop(0) if part in path and left else None

        self.fault = fault


@contextmanager
def faulty_server(
    behind: str = "", certificate: ssl.SSLContext | None = None
) -> Iterator[FaultyServer]:
    """A server in front of the one at ``behind``."""
    state = FaultyServer(behind=behind)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    if certificate:
        server.socket = certificate.wrap_socket(server.socket, server_side=True)
    scheme = "https" if certificate else "http"
    state.url = f"{scheme}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def _handler(state: FaultyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.asked.append(f"{self.command} {self.path}")
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            found = state.fault(self.command, self.path, body) or self.forwarded(body)
            if found.cut:
                self.close_connection = True
                return
            content = found.body if isinstance(found.body, bytes | str) else json.dumps(found.body)
            content = content.encode() if isinstance(content, str) else content
            kind = "text/html" if isinstance(found.body, str) else "application/json"
            self.send_response(found.status)
            told = {name.lower(): value for name, value in found.headers.items()}
            for name, value in {"content-type": kind, **told}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

        def forwarded(self, body: bytes) -> Answer:
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() in {"content-type", "accept"}
            }
            asked = urllib.request.Request(
                state.behind + self.path, body or None, headers, method=self.command
            )
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    return _of(answer)
            except urllib.error.HTTPError as err:
                return _of(err)

        def log_message(self, *args: object) -> None:
            return

    return Handler


def _of(answer: Any) -> Answer:
    kept = {"content-type", "x-elastic-product"}
    headers = {k: v for k, v in answer.headers.items() if k.lower() in kept}
    return Answer(answer.status, answer.read(), headers)
