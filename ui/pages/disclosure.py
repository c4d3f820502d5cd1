"""Beside a customer: checking a caller, and showing masked values for some minutes."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.services import caller_check, customers, disclosure
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from dossier.web.coming_in import inside
from ui.locales import speaking
from ui.pages.customers import draw_customer

router = APIRouter()


@router.post("/customers/{customer_no}/check")
def check(
    request: Request,
    customer_no: str,
    kind: Annotated[str, Form(max_length=20)] = "",
    last: Annotated[str, Form(max_length=20)] = "",
    viewer: Viewer = requires(Permission.CHECK_CALLER),
) -> Response:
    """The dossier again, with yes or no; what was typed is not on it."""
    context, viewer = context_of(request), speaking(request, viewer)
    matches = caller_check.check(context, viewer, customer_no, kind=kind, last=last)
    record = customers.get(context, viewer, customer_no)
    return draw_customer(request, viewer, record, checked=(kind, matches))


@router.post("/customers/{customer_no}/opening")
def show(
    request: Request,
    customer_no: str,
    fields: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=1000)] = "",
    viewer: Viewer = requires(Permission.REVEAL),
) -> Response:
    """Open the chosen values, and back to the dossier."""
    disclosure.show(
        context_of(request), viewer, customer_no, fields=fields or (), reason=reason, note=note
    )
    return _back(customer_no)


@router.post("/customers/{customer_no}/opening/end")
def end(
    request: Request,
    customer_no: str,
    back: Annotated[str, Form(max_length=2000)] = "",
    viewer: Viewer = requires(Permission.REVEAL),
) -> Response:
    """Mask them again at once, and back to where one was."""
    disclosure.end(context_of(request), viewer, customer_no)
    return RedirectResponse(inside(back), status_code=303) if back else _back(customer_no)


def _back(customer_no: str) -> Response:
    return RedirectResponse(f"/customers/{quote(customer_no)}", status_code=303)
