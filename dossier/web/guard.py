"""``requires(Permission.X)``: every route declares it, or the application refuses to start."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from dossier import access
from dossier.errors import ForbiddenError, NotAuthenticatedError
from dossier.services import sessions, tokens
from dossier.services.context import Context
from dossier.viewer import NOTHING, Permission, Viewer
from dossier.web.arrival import client_address, cookie_of, is_own_origin, trusted_user

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf_token"
PURPOSE_HEADER = "x-purpose"
"""Percent-coded UTF-8: headers hold no Chinese, and addresses are kept by browsers and logs."""
LONGEST_PURPOSE = 200
"""Characters of a purpose in the record."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SAME_SITE = frozenset({"same-origin", "none"})
"""What browsers say of a form of ours, or of an address that was typed (Fetch Metadata)."""
ANONYMOUS = Viewer("", "", "anonymous", frozenset({Permission.PUBLIC}), NOTHING)


class Requirement:
    """A dependency that gives the viewer, or refuses."""

    def __init__(
        self,
        permission: Permission,
        *,
        form_is_streamed: bool = False,
        by_session_only: bool = False,
        whole_company: bool = False,
    ) -> None:
        """Demand ``permission``; PUBLIC lets everyone pass, SIGNED_IN any user.

        Args:
            permission: what the role must hold.
            form_is_streamed: the route reads the form by :func:`dossier.web.uploading.receive`,
                which checks the form's token before it takes the first file; reading the form
                here would take in gigabytes before anybody was asked.
            by_session_only: a token is not enough: it must not make its owner's other keys.
            whole_company: held for a part of the company it is not enough.
        """
        self.permission = permission
        self.by_session_only = by_session_only
        self.whole_company = whole_company
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
                _check_origin(request)
                request.state.viewer = ANONYMOUS
                return ANONYMOUS
            raise NotAuthenticatedError
        viewer = _with_purpose(request, viewer)
        request.state.viewer = viewer
        if self.by_session_only and request.state.csrf is None:
            raise ForbiddenError(
                "A token cannot do this; log in", detail_zh="令牌不能进行此操作，请登录后操作"
            )
        if not self.form_is_streamed:
            await _check_csrf(request)
        if self.whole_company:
            access.demand_whole(viewer, self.permission)
        if self.permission is not Permission.PUBLIC:
            viewer = access.demand(viewer, self.permission)
        return viewer


def requires(
    permission: Permission,
    *,
    form_is_streamed: bool = False,
    by_session_only: bool = False,
    whole_company: bool = False,
) -> Any:
    """Declare what a route demands; the parameter that it is the default of gets the viewer."""
    return Depends(
        Requirement(
            permission,
            form_is_streamed=form_is_streamed,
            by_session_only=by_session_only,
            whole_company=whole_company,
        )
    )


def requirement_of(route: APIRoute) -> Requirement | None:
    """What a route demands; None where it declares nothing."""
    found = (each.call for each in route.dependant.dependencies)
    return next((one for one in found if isinstance(one, Requirement)), None)


def identify(request: Request) -> Viewer | None:
    """The viewer by bearer token or session cookie; None when there is neither, or it is over."""
    context: Context = request.app.state.context
    remote = client_address(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        request.state.csrf = None
        return tokens.viewer_by_token(context, token.strip(), remote=remote)
    secret = cookie_of(request)
    if not secret:
        return None
    signed_in = sessions.viewer_by_cookie(context, secret, remote=remote)
    if signed_in is None:
        return None
    if signed_in.means == "header" and trusted_user(request) != signed_in.viewer.name:
        return None  # logged out at the proxy, or somebody else sits there now
    request.state.csrf = signed_in.csrf
    return signed_in.viewer


def _with_purpose(request: Request, viewer: Viewer) -> Viewer:
    """The viewer with what the caller says the request is for, where it does; for the audit."""
    said = unquote(request.headers.get(PURPOSE_HEADER, ""))
    return replace(viewer, purpose=said[:LONGEST_PURPOSE]) if said.strip() else viewer


def _check_origin(request: Request) -> None:
    """A form that logs somebody in must be ours: no other site may do it for its own account.

    By plain HTTP browsers send no Fetch Metadata, but the origin of every form that is posted.

    Raises:
        ForbiddenError: the browser says that another site sent it.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = site in SAME_SITE if site else origin is None or is_own_origin(request, origin)
    if not is_ours:
        raise ForbiddenError("Another site sent this form", detail_zh="请求来自其他网站，已拒绝")


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
