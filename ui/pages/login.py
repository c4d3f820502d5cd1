"""Log in and out, the second factor, and the choice of language."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import (
    DossierError,
    NotAuthenticatedError,
    NotFoundError,
    TooManyRequestsError,
)
from dossier.services import logins, sessions
from dossier.viewer import Permission
from dossier.web import context_of, requires
from dossier.web.arrival import (
    SESSION_COOKIE,
    STEP_COOKIE,
    arrival_of,
    cookie_of,
    trusted_user,
)
from dossier.web.coming_in import drop, go_on, inside
from ui.locales import COOKIE, LOCALES, locale_of
from ui.rendering import render

router = APIRouter()
YEAR_SECONDS = 365 * 24 * 3600


@router.get("/login")
def show_login(
    request: Request,
    next: str = "/",
    left: bool = False,  # noqa: FBT001, FBT002 - an address's part, given by name
    viewer: Any = requires(Permission.PUBLIC),
) -> Response:
    """The form; who is logged in already, here or at a trusted proxy, goes on."""
    if viewer.id:
        return RedirectResponse(inside(next), status_code=303)
    name = trusted_user(request)
    if name and not left:
        arrival = arrival_of(request)
        login = logins.by_proxy(
            context_of(request), name, remote=arrival.remote, device=arrival.device
        )
        return go_on(request, login, next)
    return _form(request, next)


def _form(
    request: Request, next: str, *, name: str = "", error: DossierError | None = None
) -> Response:
    settings = context_of(request).settings
    form = render(
        request,
        "login.html",
        status=error.status if error else 200,
        next=inside(next),
        name=name,
        problem=_words(request, error),
        by_password=settings.password_login,
        provider=settings.oidc_name or settings.oidc_issuer,
    )
    return _saying_its_origin(form)


def _saying_its_origin(form: Response) -> Response:
    """The form, which the browser sends with our origin: by it another site's form is refused."""
    form.headers["Referrer-Policy"] = "same-origin"
    return form


def _words(request: Request, error: DossierError | None) -> str:
    if error is None:
        return ""
    chinese = locale_of(request, context_of(request).settings.locale).startswith("zh")
    return (error.detail_zh or error.title_zh) if chinese else (error.detail or error.title)


@router.post("/login", dependencies=[requires(Permission.PUBLIC)])
def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=80)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check the password; a wrong one shows the form again."""
    arrival = arrival_of(request)
    try:
        entered = logins.log_in(
            context_of(request),
            name=name.strip(),
            password=password,
            remote=arrival.remote,
            device=arrival.device,
        )
    except (NotAuthenticatedError, TooManyRequestsError) as error:
        return _form(request, next, name=name, error=error)
    return go_on(request, entered, next)


@router.get("/login/code", dependencies=[requires(Permission.PUBLIC)])
def show_code(request: Request, next: str = "/") -> Response:
    """The form for the second factor; without a login under way back to its beginning."""
    if not cookie_of(request, STEP_COOKIE):
        return RedirectResponse("/login", status_code=303)
    return _saying_its_origin(render(request, "login_code.html", next=inside(next), problem=""))


@router.post("/login/code", dependencies=[requires(Permission.PUBLIC)])
def check_code(
    request: Request,
    code: Annotated[str, Form(max_length=80)],
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check the code; a wrong one shows the form again."""
    arrival = arrival_of(request)
    try:
        login = logins.show_code(
            context_of(request),
            cookie_of(request, STEP_COOKIE),
            code,
            remote=arrival.remote,
            device=arrival.device,
        )
    except (NotAuthenticatedError, TooManyRequestsError) as error:
        form = render(
            request,
            "login_code.html",
            status=error.status,
            next=inside(next),
            problem=_words(request, error),
        )
        return _saying_its_origin(form)
    return go_on(request, login, next)


@router.post("/logout", dependencies=[requires(Permission.SIGNED_IN)])
def log_out(request: Request) -> Response:
    """End the session."""
    sessions.log_out(context_of(request), cookie_of(request))
    response = RedirectResponse("/login?left=1", status_code=303)
    drop(request, response, SESSION_COOKIE)
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
