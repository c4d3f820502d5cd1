"""``requires(Permission.X)``: every route declares it, or the application refuses to start."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from dossier import access
from dossier.errors import ForbiddenError, NotAuthenticatedError
from dossier.services import accounts
from dossier.services.context import Context
from dossier.viewer import NOTHING, Permission, Viewer

SESSION_COOKIE = "dossier_session"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ANONYMOUS = Viewer("", "", "anonymous", frozenset({Permission.PUBLIC}), NOTHING)


class Requirement:
    """A dependency that gives the viewer, or refuses."""

    def __init__(self, permission: Permission, *, form_is_streamed: bool = False) -> None:
        """Demand ``permission``; PUBLIC lets everyone pass, SIGNED_IN any user.

        Args:
            permission: what the role must hold.
            form_is_streamed: the route reads the form by :func:`dossier.web.uploading.receive`,
                which checks the form's token before it takes the first file; reading the form
                here would take in gigabytes before anybody was asked.
        """
        self.permission = permission
        self.form_is_streamed = form_is_streamed

    async def __call__(self, request: Request) -> Viewer:
        """The viewer of this request.

        Raises:
            NotAuthenticatedError: nobody is logged in.
            ForbiddenError: the role lacks the permission, or a form lacks its token.
        """
        viewer = await run_in_threadpool(identify, request)
        if viewer is None:
            if self.permission is Permission.PUBLIC:
                request.state.viewer = ANONYMOUS
                return ANONYMOUS
            raise NotAuthenticatedError
        request.state.viewer = viewer
        if not self.form_is_streamed:
            await _check_csrf(request)
        if self.permission is not Permission.PUBLIC:
            access.demand(viewer, self.permission)
        return viewer


def requires(permission: Permission, *, form_is_streamed: bool = False) -> Any:
    """Declare what a route demands; the parameter that it is the default of gets the viewer."""
    return Depends(Requirement(permission, form_is_streamed=form_is_streamed))


def identify(request: Request) -> Viewer | None:
    """The viewer by bearer token or session cookie; None when there is neither, or it is over."""
    context: Context = request.app.state.context
    remote = request.client.host if request.client else ""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        request.state.csrf = None
        return accounts.viewer_by_token(context, token.strip(), remote=remote)
    secret = request.cookies.get(SESSION_COOKIE)
    if not secret:
        return None
    signed_in = accounts.viewer_by_cookie(context, secret, remote=remote)
    if signed_in is None:
        return None
    request.state.csrf = signed_in.csrf
    return signed_in.viewer


async def _check_csrf(request: Request) -> None:
    """A cookie travels by itself, so a change by cookie must carry the session's own token."""
    if request.state.csrf is None or request.method in SAFE_METHODS:
        return
    given = request.headers.get(CSRF_HEADER)
    if given is None and "form" in request.headers.get("content-type", ""):
        given = str((await request.form()).get(CSRF_FIELD, ""))
    check_form_token(request, given)


def check_form_token(request: Request, given: str | None) -> None:
    """Refuse a change by cookie whose token is not the session's.

    Raises:
        ForbiddenError: the token is missing, or of an older login.
    """
    expected = request.state.csrf
    if expected is None:
        return
    if not hmac.compare_digest((given or "").encode(), expected.encode()):
        raise ForbiddenError(
            "The form's token is missing or old; load the page again",
            detail_zh="页面已过期，请刷新后重试",
        )
