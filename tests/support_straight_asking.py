"""Applications answer tests in the test's own thread, on one event loop for the whole session.

Starlette's ``TestClient`` starts a thread with an event loop for each request and hands it nine
errands; waking each other took most of what a request cost. What an application is given is the
same. Its answer is whole when the test gets it: no test looks at one that is still coming. What a
route would have done by a thread of its own, in a copy of the context, is done at once, in one too.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from anyio import to_thread
from starlette import testclient

Transport = testclient._TestClientTransport


@contextmanager
def straight_asking() -> Iterator[None]:
    """What this thread asks is answered here; other threads, and a browser's, ask as before."""
    own, here = Transport.handle_request, threading.get_ident()
    loop = asyncio.new_event_loop()

    own_thread = to_thread.run_sync

    async def run_sync(function: Callable[..., Any], *values: Any, **options: Any) -> Any:
        if asyncio._get_running_loop() is loop:
            return contextvars.copy_context().run(function, *values)
        return await own_thread(function, *values, **options)

    async def ask(client: Transport, request: httpx.Request) -> httpx.Response:
        application = httpx.ASGITransport(
            client.app,
            raise_app_exceptions=client.raise_server_exceptions,
            root_path=client.root_path,
            client=client.client,
        )
        answer = await application.handle_async_request(request)
        content = b"".join([part async for part in answer.aiter_raw()])
        stream = httpx.ByteStream(content)  # packed as it came: the client itself unpacks it
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)

    def handle_request(client: Transport, request: httpx.Request) -> httpx.Response:
        may = threading.get_ident() == here and asyncio._get_running_loop() is None
        if may and isinstance(request.stream, httpx.AsyncByteStream):
            return loop.run_until_complete(ask(client, request))
        return own(client, request)

    Transport.handle_request = handle_request  # type: ignore[method-assign]
    to_thread.run_sync = run_sync
    try:
        yield
    finally:
        to_thread.run_sync = own_thread
        Transport.handle_request = own  # type: ignore[method-assign]
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
