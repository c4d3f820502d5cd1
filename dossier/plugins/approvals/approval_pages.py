"""``/approvals``: own requests, the form to ask, and what waits for one's decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, ForbiddenError, InvalidInputError
from dossier.rules.approvals import Thing, load
from dossier.services import approval_rows, approval_views, approvals
from dossier.services.approvals import SHAPES, Wish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from dossier.web.coming_in import inside
from ui.locales import speaking

router = APIRouter()
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Approver = Annotated[Viewer, requires(Permission.APPROVE)]
Deciding = Annotated[Viewer, requires(Permission.APPROVE, by_session_only=True)]
Text = Annotated[str, Form(max_length=400)]
Back = Annotated[str, Form(max_length=2000)]
Asked = Annotated[str, Query(max_length=80)]
MINE, WAITING = "/approvals", "/approvals/waiting"


@router.get(MINE)
def show_mine(request: Request, viewer: Somebody) -> Response:
    """What one asked for, and what became of it."""
    viewer = speaking(request, viewer)
    found = approval_views.mine(context_of(request), viewer)
    return render(request, "approvals/mine.html", found=found, **_words(request, viewer))


@router.get("/approvals/ask")
def show_form(
    request: Request,
    viewer: Somebody,
    action: Asked = "",
    customer_no: Asked = "",
    document_id: Asked = "",
) -> Response:
    """What for, and for how long?"""
    return _form(request, viewer, action, customer_no, document_id)


@router.post("/approvals/ask")
def ask(
    request: Request,
    viewer: Somebody,
    action: Text = "",
    customer_no: Text = "",
    document_id: Text = "",
    purpose: Text = "",
    hours: Annotated[int, Form()] = 0,
) -> Response:
    """Put the request down."""
    customer_no, document_id = customer_no.replace(" ", ""), document_id.strip()
    kind, thing = (Thing.DOCUMENT, document_id) if document_id else (Thing.CUSTOMER, customer_no)
    wish = Wish(action, kind, thing, purpose, hours)
    try:
        approvals.ask(context_of(request), viewer, wish)
    except (ConflictError, ForbiddenError, InvalidInputError) as error:
        said = {"purpose": purpose, "hours": hours, "error": error}
        return _form(request, viewer, action, customer_no, document_id, **said)
    return RedirectResponse(MINE, status_code=303)


@router.post("/approvals/{approval_id}/withdraw")
def withdraw(request: Request, viewer: Somebody, approval_id: str, back: Back = "") -> Response:
    """Take one's own back, or give up what was approved; back to where one was."""
    approvals.withdraw(context_of(request), viewer, approval_id)
    return RedirectResponse(inside(back) if back else MINE, status_code=303)


@router.get(WAITING)
def show_waiting(request: Request, viewer: Approver) -> Response:
    """What waits, and what was approved and can be revoked."""
    return _waiting(request, viewer)


@router.post("/approvals/{approval_id}/approve")
def approve(request: Request, viewer: Deciding, approval_id: str, reason: Text = "") -> Response:
    """Let it be done."""
    context = context_of(request)
    return _decided(
        request, viewer, lambda: approvals.approve(context, viewer, approval_id, reason=reason)
    )


@router.post("/approvals/{approval_id}/refuse")
def refuse(request: Request, viewer: Deciding, approval_id: str, reason: Text = "") -> Response:
    """Turn it down."""
    context = context_of(request)
    return _decided(
        request, viewer, lambda: approvals.refuse(context, viewer, approval_id, reason=reason)
    )


@router.post("/approvals/{approval_id}/revoke")
def revoke(request: Request, viewer: Deciding, approval_id: str, reason: Text = "") -> Response:
    """End it before its end."""
    context = context_of(request)
    return _decided(
        request, viewer, lambda: approvals.revoke(context, viewer, approval_id, reason=reason)
    )


def _decided(request: Request, viewer: Viewer, act: Callable[[], None]) -> Response:
    try:
        act()
    except (ConflictError, InvalidInputError) as error:
        return _waiting(request, viewer, error=error)
    return RedirectResponse(WAITING, status_code=303)


def _waiting(request: Request, viewer: Viewer, *, error: DossierError | None = None) -> Response:
    viewer = speaking(request, viewer)
    return render(
        request,
        "approvals/waiting.html",
        status=error.status if error else 200,
        work=approval_views.to_decide(context_of(request), viewer),
        error=error,
        longest=approval_rows.LONGEST_TEXT,
        **_words(request, viewer),
    )


def _form(
    request: Request,
    viewer: Viewer,
    action: str,
    customer_no: str,
    document_id: str,
    purpose: str = "",
    hours: int = 0,
    error: DossierError | None = None,
) -> Response:
    viewer = speaking(request, viewer)
    codes = dict.fromkeys(one.action for one in viewer.asks)
    offered = [
        code for code in codes if (rule := load().actions.get(code)) and rule.things & {*SHAPES}
    ]
    return render(
        request,
        "approvals/ask.html",
        status=error.status if error else 200,
        offered=offered,
        things={code: load().actions[code].things for code in offered},
        action=action,
        customer_no=customer_no,
        document_id=document_id,
        purpose=purpose,
        hours=hours,
        terms=load().terms_hours,
        error=error,
        longest=approval_rows.LONGEST_TEXT,
        **_words(request, viewer),
    )


def _words(request: Request, viewer: Viewer) -> dict[str, object]:
    words = context_of(request).roles.words
    at = viewer.language.startswith("zh")
    actions = {
        code: (one.zh, one.en) if at else (one.en, one.zh) for code, one in words.actions.items()
    }
    roles = {
        code: (one.zh, one.en) if at else (one.en, one.zh) for code, one in words.roles.items()
    }
    return {"actions": actions, "role_words": roles}
