"""``/notices``: what one is told of loans; for the administrator what left the house."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError
from dossier.plugins.notices import notice_views
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Operator = Annotated[Viewer, requires(Permission.OPERATE)]
Email = Annotated[str, Form(max_length=300)]
MINE, SENT = "/notices", "/notices/sent"


@router.get(MINE)
def show_mine(request: Request, viewer: Somebody) -> Response:
    """What one is told, the newest first."""
    return _mine(request, viewer)


@router.post("/notices/read")
def read_all(request: Request, viewer: Somebody) -> Response:
    """All are read."""
    notice_views.read(context_of(request), viewer)
    return RedirectResponse(MINE, status_code=303)


@router.post("/notices/address")
def set_address(request: Request, viewer: Somebody, email: Email = "") -> Response:
    """Where one gets them by e-mail; empty: nowhere."""
    try:
        notice_views.set_address(context_of(request), viewer, email)
    except InvalidInputError as error:
        return _mine(request, viewer, error=error)
    return RedirectResponse(MINE, status_code=303)


@router.get(SENT)
def show_sent(request: Request, viewer: Operator) -> Response:
    """What waits to leave, failed or left."""
    return _sent(request, viewer)


@router.post("/notices/{notice_id}/read")
def read_one(request: Request, viewer: Somebody, notice_id: str) -> Response:
    """One is read."""
    notice_views.read(context_of(request), viewer, notice_id)
    return RedirectResponse(MINE, status_code=303)


@router.post("/notices/{notice_id}/retry")
def retry(request: Request, viewer: Operator, notice_id: str) -> Response:
    """Send it again."""
    try:
        notice_views.retry(context_of(request), viewer, notice_id)
    except ConflictError as error:
        return _sent(request, viewer, error=error)
    return RedirectResponse(SENT, status_code=303)


def _mine(request: Request, viewer: Viewer, *, error: DossierError | None = None) -> Response:
    viewer, context = speaking(request, viewer), context_of(request)
    return render(
        request,
        "notices/mine.html",
        status=error.status if error else 200,
        found=notice_views.mine(context, viewer),
        by_mail=bool(context.settings.smtp_host),
        address=notice_views.address_of(context, viewer),
        error=error,
    )


def _sent(request: Request, viewer: Viewer, *, error: DossierError | None = None) -> Response:
    viewer, context = speaking(request, viewer), context_of(request)
    return render(
        request,
        "notices/sent.html",
        status=error.status if error else 200,
        found=notice_views.leaving(context, viewer),
        by_mail=bool(context.settings.smtp_host),
        by_call=bool(context.settings.webhook_url),
        error=error,
    )
