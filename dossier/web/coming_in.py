"""After a login: the cookie, and the way back to the page that was asked for."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from dossier.services.login_steps import Step
from dossier.services.sessions import Login
from dossier.web.arrival import (
    SESSION_COOKIE,
    STEP_COOKIE,
    cookie_name,
    is_secure,
)

CODE_PATH = "/login/code"


def inside(address: str) -> str:
    """The address if it is one of ours, else the start page: no link leads out of the house."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() and "\\" not in address else "/"


def go_on(request: Request, entered: Login | Step, next: str) -> Response:
    """To the page that was asked for with the session's cookie, or to the second factor's form."""
    if isinstance(entered, Step):
        response = RedirectResponse(with_next(CODE_PATH, next), status_code=303)
        give_step(request, response, entered)
        return response
    response = RedirectResponse(inside(next), status_code=303)
    _give(request, response, SESSION_COOKIE, entered)
    drop(request, response, STEP_COOKIE)
    return response


def with_next(path: str, next: str) -> str:
    """The path, with the way back behind it."""
    back = inside(next)
    return path if back == "/" else f"{path}?{urlencode({'next': back}, safe='/')}"


def give_step(request: Request, response: Response, step: Step) -> None:
    """The short-lived cookie of a login that is half done."""
    _give(request, response, STEP_COOKIE, step)


def drop(request: Request, response: Response, name: str) -> None:
    """Take a cookie back."""
    secure = is_secure(request.app.state.context.settings)
    response.delete_cookie(cookie_name(request, name), httponly=True, samesite="lax", secure=secure)


def _give(request: Request, response: Response, name: str, given: Login | Step) -> None:
    """HttpOnly; Lax, because a provider sends the browser back from its own site."""
    response.set_cookie(
        cookie_name(request, name),
        given.secret,
        expires=given.expires_at,
        httponly=True,
        samesite="lax",
        secure=is_secure(request.app.state.context.settings) or request.url.scheme == "https",
    )
