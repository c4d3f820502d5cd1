"""A pasted page is a query like any other; what no query is, is refused with a reason."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, quote

import orjson
import pytest
import uvicorn

from dossier.web.long_addresses import LongAddresses

PASTED = "供用电合同张三李四王" * 1000


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """What a request's scope holds, as JSON."""
    body = orjson.dumps({"path": scope["path"], "query": scope["query_string"].decode()})
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(echo, http=LongAddresses, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()


def ask(port: int, address: str) -> tuple[int, bytes]:
    """Status and body, over a socket of our own: clients have limits too."""
    lines = f"GET {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        threading.Thread(target=_sent, args=(one, lines.encode()), daemon=True).start()
        answer = b""
        try:
            while piece := one.recv(65536):
                answer += piece
        except ConnectionResetError:
            assert answer, "the server closed without a word"
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def _sent(one: socket.socket, content: bytes) -> None:
    with suppress(ConnectionError):  # of megabytes it reads a part, answers and closes
        one.sendall(content)


@pytest.mark.parametrize("characters", [1, 1_000, 7_000, 10_000])
def test_a_query_of_any_pasted_length_arrives_whole(port: int, characters: int) -> None:
    text = PASTED[:characters]
    status, body = ask(port, f"/search?size=5&q={quote(text)}&facets=type")
    assert status == 200
    arrived = orjson.loads(body)
    assert arrived["path"] == "/search"
    assert parse_qs(arrived["query"]) == {"size": ["5"], "q": [text], "facets": ["type"]}


def test_an_endless_path_reaches_the_application_shortened(port: int) -> None:
    status, body = ask(port, "/" + "a" * 100_000 + "?q=1")
    assert status == 200
    arrived = orjson.loads(body)
    assert arrived["query"] == "q=1"
    assert set(arrived["path"][1:]) == {"a"}


def test_an_address_of_megabytes_is_refused_with_the_reason(port: int) -> None:
    status, body = ask(port, "/search?q=" + "a" * 3_000_000)
    assert status == 400
    assert b"shorten the query" in body
    assert ask(port, "/search?q=1")[0] == 200


def test_what_is_no_http_is_refused_as_before(port: int) -> None:
    assert ask(port, "not an address") == (400, b"Invalid HTTP request received.")
