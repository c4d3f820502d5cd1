"""Log in and out, and the choice of language."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import NotAuthenticatedError, NotFoundError, TooManyRequestsError
from dossier.services import accounts
from dossier.viewer import Permission
from dossier.web import SESSION_COOKIE, context_of, requires
from ui.locales import COOKIE, LOCALES, locale_of
from ui.rendering import render

router = APIRouter()
YEAR_SECONDS = 365 * 24 * 3600


@router.get("/login")
def show_login(
    request: Request, next: str = "/", viewer: Any = requires(Permission.PUBLIC)
) -> Response:
    """The form; who is logged in already goes on."""
    if viewer.id:
        return RedirectResponse(inside(next), status_code=303)
    return render(request, "login.html", next=inside(next), name="", problem="")


@router.post("/login", dependencies=[requires(Permission.PUBLIC)])
def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=80)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check the password; a wrong one shows the form again."""
    context = context_of(request)
    remote = request.client.host if request.client else ""
    try:
        login = accounts.log_in(context, name=name.strip(), password=password, remote=remote)
    except (NotAuthenticatedError, TooManyRequestsError) as error:
        chinese = locale_of(request, context.settings.locale).startswith("zh")
        problem = (error.detail_zh or error.title_zh) if chinese else (error.detail or error.title)
        return render(
            request,
            "login.html",
            status=error.status,
            next=inside(next),
            name=name,
            problem=problem,
        )
    response = RedirectResponse(inside(next), status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        login.secret,
        expires=login.expires_at,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout", dependencies=[requires(Permission.SIGNED_IN)])
def log_out(request: Request) -> Response:
    """End the session."""
    accounts.log_out(context_of(request), request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(SESSION_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@router.get("/language/{code}", dependencies=[requires(Permission.PUBLIC)])
def choose_language(code: str, next: str = "/") -> Response:
    """Keep the language in a cookie and go back to the page.

    Raises:
        NotFoundError: no such language.
    """
    if code not in LOCALES:
        raise NotFoundError
    response = RedirectResponse(inside(next), status_code=303)
    response.set_cookie(COOKIE, code, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
    return response


def inside(address: str) -> str:
    """The address if it is one of ours, else the start page: no link leads out of the house."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() and "\\" not in address else "/"
