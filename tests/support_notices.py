"""A mail server and a receiver of calls, real ones, that do what a test wants of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support_ports import free_port

OK = "250 OK"


@dataclass
class Mailbox:
    """A mail server; ``answers`` are given in turn at the end of a letter, then it takes all.

    Attributes:
        hangs_at: ``RCPT`` or ``DATA``: there it answers nothing until the sender is gone.
        heard: set by it, when it hangs.
    """

    port: int = field(default_factory=free_port)
    letters: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    hangs_at: str = ""
    heard: threading.Event = field(default_factory=threading.Event)
    refused: str = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._hang(server, "RCPT")
        if self.refused:
            return self.refused
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else OK
        if answer == "gone":
            cast(Any, server.transport).abort()
            return OK
        if answer == OK:
            body = cast(bytes, envelope.original_content)
            self.letters.append(cast(EmailMessage, message_from_bytes(body, policy=default)))
        await self._hang(server, "DATA")
        return answer

    async def _hang(self, server: SMTP, at: str) -> None:
        if self.hangs_at == at:
            self.heard.set()
            await cast(Any, server)._reader.readline()


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A server on a port of its own."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Receiver:
    """What was called; ``answers`` are given in turn, then 204."""

    port: int = 0
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Another system on a port of its own."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.calls.append(({key.lower(): text for key, text in self.headers.items()}, body))
            status = found.answers.pop(0) if found.answers else 204
            self.send_response(status)
            if status // 100 == 3:
                self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
