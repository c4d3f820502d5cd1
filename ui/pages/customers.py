"""A customer's dossier: who it is, its papers as a contact sheet, its history."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dossier.services import customers
from dossier.viewer import Permission, Viewer
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
    return render(
        request,
        "customer.html",
        record=record,
        documents=listing,
        q=" ".join(q.split()),
        pictures=viewer.may(Permission.READ_CONTENT),
    )
