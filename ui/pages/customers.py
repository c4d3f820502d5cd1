"""A customer's dossier: who it is, its papers as a contact sheet, its history."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from starlette.responses import Response

from dossier.rules.disclosure import disclosure_rules
from dossier.services import customers, disclosure
from dossier.services.caller_check import Known
from dossier.services.context import Context
from dossier.services.views import CustomerRecord, DocumentSummary, Listing
from dossier.viewer import Field, Opening, Permission, Viewer
from dossier.web import context_of, requires
from ui.locales import speaking
from ui.rendering import render

router = APIRouter()


@router.get("/customers/{customer_no}")
def show_customer(
    request: Request,
    customer_no: str,
    cursor: str = "",
    q: str = "",
    viewer: Viewer = requires(Permission.READ_CUSTOMER),
) -> Response:
    """The dossier; ``cursor`` turns the contact sheet's page, ``q`` is marked in a paper opened."""
    context, viewer = context_of(request), speaking(request, viewer)
    record = customers.get(context, viewer, customer_no)
    listing = record.documents
    if cursor:
        listing = customers.documents(context, viewer, customer_no, cursor=cursor)
    return draw_customer(request, viewer, record, documents=listing, q=" ".join(q.split()))


def draw_customer(
    request: Request,
    viewer: Viewer,
    record: CustomerRecord,
    *,
    documents: Listing[DocumentSummary] | None = None,
    q: str = "",
    checked: tuple[str, bool] | None = None,
) -> Response:
    """The dossier's page; ``checked`` is what a caller was asked for, and whether it is right."""
    context = context_of(request)
    return render(
        request,
        "customer.html",
        record=record,
        documents=documents or record.documents,
        q=q,
        pictures=viewer.may(Permission.READ_CONTENT),
        checked=checked,
        rules=disclosure_rules(),
        kinds=tuple(Known),
        fields=tuple(Field),
        open_minutes=disclosure.minutes(context),
        refresh=seconds_left(context, viewer, record.opening),
    )


def seconds_left(context: Context, viewer: Viewer, opening: Opening | None) -> int:
    """After so many seconds the page is loaded again by itself: masked, or without what was lent.

    0: nothing of it ends by the clock.
    """
    ends = [one.until for one in viewer.reaches if one.until is not None]
    ends += [] if opening is None else [opening.until]
    if not ends:
        return 0
    return math.ceil((min(ends) - context.clock.now()).total_seconds()) + 1
