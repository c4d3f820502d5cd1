"""What every application of ours has: context, error answers, headers, and the check of routes."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dossier.db import locked
from dossier.errors import (
    ConfigurationError,
    DiskFullError,
    DossierError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
)
from dossier.logs import place_of
from dossier.services.context import Context
from dossier.web.arrival import is_secure
from dossier.web.asking import way_to_ask
from dossier.web.guard import requirement_of
from dossier.web.problems import problem_response

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; font-src 'self'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; media-src 'self' blob:"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=()",
}
STAY_WITH_TLS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
"""A year and all hosts below (ASVS 5.0 3.4.1), where the public address is one with TLS."""
LONGEST_QUERY_BACK = 2_000
"""Characters of a query that the login leads back to; quoted once more it stays below the 8 kB
that servers and proxies take as an address."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
ErrorPage = Callable[[Request, DossierError], Response]


class MethodNotAllowedError(DossierError):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    title = "This address does not take that method"
    title_zh = "不支持的请求方式"


def context_of(request: Request) -> Context:
    """The wired product behind this request."""
    context: Context = request.app.state.context
    return context


def add_kit(app: FastAPI, context: Context, *, error_page: ErrorPage | None = None) -> None:
    """Give ``app`` the context, the error answers and the security headers.

    Args:
        app: the application.
        context: the wired product.
        error_page: draws an error for a person; None leaves all answers to be problem documents.
    """
    app.state.context = context
    headers = HEADERS | (STAY_WITH_TLS if is_secure(context.settings) else {})

    def answer(request: Request, error: DossierError) -> Response:
        for_person = error_page is not None and not request.url.path.startswith("/api/")
        if not for_person or error_page is None:
            return problem_response(error, ask=way_to_ask(request, error))
        if isinstance(error, NotAuthenticatedError) and request.method == "GET":
            return RedirectResponse(_login_and_back(request), status_code=303)
        return error_page(request, error)

    @app.exception_handler(DossierError)
    async def _ours(request: Request, error: DossierError) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        places = ", ".join(_place_and_bounds(each) for each in error.errors())
        problem = InvalidInputError(
            f"Check these parts of the request: {places}",
            detail_zh=f"请检查请求中的这些部分：{places}",
        )
        return answer(request, problem)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        known: dict[int, DossierError] = {404: NotFoundError(), 405: MethodNotAllowedError()}
        return answer(request, known.get(error.status_code, InvalidInputError(str(error.detail))))

    @app.exception_handler(OperationalError)
    async def _database(request: Request, error: OperationalError) -> Response:
        told = locked.refusal(error)
        log.error("database does not answer", extra={"error": told.code})
        return answer(request, told)

    @app.exception_handler(OSError)
    async def _disk(request: Request, error: OSError) -> Response:
        log.error("disk or network failed", exc_info=error)
        return answer(request, _of_the_disk(error))

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> Response:
        # Type and place only: messages of foreign errors quote values, and so would a traceback.
        log.error("unexpected error", extra={"error": place_of(error)})
        response = answer(request, DossierError())
        _complete(response.headers, headers)  # Starlette answers it outside all middleware
        return response

    app.add_middleware(AnswerHeaders, headers=headers)


class AnswerHeaders:
    """Adds the headers that every answer carries; plain ASGI, as every request passes here."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str]) -> None:
        """Wrap ``app``."""
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the head of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), self._headers)
            await send(message)

        await self._app(scope, receive, complete)


_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "max_length": "≤"}


def _place_and_bounds(error: Mapping[str, Any]) -> str:
    """Where in the request, and within which bounds it has to be; never what was sent."""
    place = ".".join(str(part) for part in error["loc"])
    bounds = [
        f"{_SIGNS[key]} {value}" for key, value in error.get("ctx", {}).items() if key in _SIGNS
    ]
    return f"{place} ({', '.join(bounds)})" if bounds else place


def _complete(present: MutableHeaders, wanted: Mapping[str, str]) -> None:
    for name, value in wanted.items():
        present.setdefault(name, value)
    present.setdefault("Cache-Control", "no-store")


def _login_and_back(request: Request) -> str:
    """The login, and after it the very address that was asked for, with its query.

    An address that is too long to travel inside another one is led back to without its query.
    """
    path, query = request.url.path, request.url.query
    back = f"{path}?{query}" if query and len(query) <= LONGEST_QUERY_BACK else path
    return f"/login?{urlencode({'next': back}, safe='/')}"


def _of_the_disk(error: OSError) -> DossierError:
    if error.errno not in NO_ROOM:
        return DossierError()
    return DiskFullError(
        "Nothing was taken; make room on the disk, then send it again",
        detail_zh="请腾出磁盘空间后重试",
    )


def check_routes(app: FastAPI) -> None:
    """Refuse to start while a route does not declare ``requires``.

    Raises:
        ConfigurationError: names the routes.
    """
    open_routes = [route.path for route in all_routes(app.routes) if requirement_of(route) is None]
    if open_routes:
        raise ConfigurationError(
            f"Routes without requires(Permission.…): {', '.join(sorted(open_routes))}"
        )


def all_routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of ``app`` and of every router in it: newer FastAPI keeps those as routers."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        router = getattr(route, "original_router", None)
        if router is not None:
            yield from all_routes(router.routes)
