"""``/sessions`` and ``/tokens``: one's own, and everybody's for those who manage users."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import DossierError, InvalidInputError
from dossier.plugins.account.devices import in_words
from dossier.services import sessions, tokens
from dossier.services.tokens import ALWAYS, FreshToken
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from dossier.web.arrival import cookie_of

router = APIRouter()
Owner = Annotated[Viewer, requires(Permission.SIGNED_IN, by_session_only=True)]
Everyone = Annotated[bool, Query(alias="all")]
DAYS = (1, 7, 30, 90, 180, 365)
"""Lives of a token that the form offers; those above the setting are left out."""


@router.get("/sessions")
def show_sessions(request: Request, viewer: Owner, everyone: Everyone = False) -> Response:  # noqa: FBT002
    """Open logins, the last used first."""
    found = sessions.list_sessions(
        context_of(request), viewer, everyone=everyone, current=cookie_of(request)
    )
    return render(request, "account/sessions.html", found=found, everyone=everyone, device=in_words)


@router.post("/sessions/end")
def end_session(
    request: Request,
    viewer: Owner,
    session_id: Annotated[str, Form(max_length=64)],
    everyone: Annotated[bool, Form(alias="all")] = False,  # noqa: FBT002
) -> Response:
    """End one of them."""
    sessions.end_session(context_of(request), viewer, session_id)
    return RedirectResponse(_address("/sessions", everyone=everyone), status_code=303)


@router.post("/sessions/end-others")
def end_others(request: Request, viewer: Owner) -> Response:
    """End all own ones but this."""
    sessions.end_others(context_of(request), viewer, keep=cookie_of(request))
    return RedirectResponse("/sessions", status_code=303)


@router.get("/tokens")
def show_tokens(request: Request, viewer: Owner, everyone: Everyone = False) -> Response:  # noqa: FBT002
    """Tokens in force, the newest first."""
    return _tokens(request, viewer, everyone=everyone)


def _tokens(
    request: Request,
    viewer: Viewer,
    *,
    everyone: bool = False,
    made: FreshToken | None = None,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    longest = context.settings.token_days
    return render(
        request,
        "account/tokens.html",
        status=422 if error else 200,
        found=tokens.list_tokens(context, viewer, everyone=everyone),
        everyone=everyone,
        rights=sorted(viewer.permissions - ALWAYS),
        days=[*(day for day in DAYS if day < longest), longest],
        made=made,
        error=error,
    )


@router.post("/tokens")
def make_token(
    request: Request,
    viewer: Owner,
    name: Annotated[str, Form(max_length=80)],
    days: Annotated[int, Form(ge=1)],
    scope: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make one; it is shown on this answer and never again."""
    try:
        made = tokens.make_own_token(
            context_of(request), viewer, name=name, scope=scope or [], days=days
        )
    except InvalidInputError as error:
        return _tokens(request, viewer, error=error)
    return _tokens(request, viewer, made=made)


@router.post("/tokens/revoke")
def revoke_token(
    request: Request,
    viewer: Owner,
    token_id: Annotated[str, Form(max_length=64)],
    everyone: Annotated[bool, Form(alias="all")] = False,  # noqa: FBT002
) -> Response:
    """Revoke one of them."""
    tokens.revoke_token(context_of(request), viewer, token_id)
    return RedirectResponse(_address("/tokens", everyone=everyone), status_code=303)


def _address(path: str, *, everyone: bool) -> str:
    return f"{path}?all=1" if everyone else path
