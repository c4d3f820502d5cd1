"""``/customers/{no}/verification``: what was checked of a customer, and forms to check it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.clock import local_date
from dossier.errors import ConflictError, DossierError, InvalidInputError
from dossier.plugins.verification import (
    attributes,
    contacts,
    mandates,
    real_name,
    rules,
    words,
)
from dossier.plugins.verification.attributes import AttributeWish
from dossier.plugins.verification.contacts import ContactWish
from dossier.plugins.verification.mandates import MandateWish
from dossier.plugins.verification.real_name import CheckWish
from dossier.rules import attributes as attribute_rules
from dossier.rules import document_types
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter(prefix="/customers/{customer_no}/verification")
Verifying = Annotated[Viewer, requires(Permission.VERIFY)]
Code = Annotated[str, Form(max_length=20)]
Text = Annotated[str, Form(max_length=1000)]


@router.get("")
def show_checks(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
) -> Response:
    """Name and contact, with the history of each."""
    return draw(request, viewer, customer_no)


@router.post("/real-name")
def check_real_name(
    request: Request,
    customer_no: str,
    viewer: Verifying,
    result: Code = "",
    document_id: Annotated[str, Form(max_length=36)] = "",
    legal_name: Annotated[str, Form(max_length=400)] = "",
    note: Text = "",
) -> Response:
    """Keep a check, and back; where that cannot be, the page again with what was typed."""
    wish = CheckWish(result, document_id or None, legal_name, note)
    try:
        real_name.record(context_of(request), viewer, customer_no, wish)
    except (ConflictError, InvalidInputError) as error:
        return draw(request, viewer, customer_no, typed=wish, error=error)
    return back(customer_no)


@router.post("/contact")
def check_contact(
    request: Request,
    customer_no: str,
    viewer: Verifying,
    outcome: Code = "",
    channel: Code = "",
    phone: Annotated[str, Form(max_length=12)] = "",
    number: Annotated[str, Form(max_length=64)] = "",
    note: Text = "",
) -> Response:
    """Keep a check, and back; where that cannot be, the page again with what was typed."""
    wish = ContactWish(outcome, channel, _id(phone), number, note)
    try:
        contacts.record(context_of(request), viewer, customer_no, wish)
    except (ConflictError, InvalidInputError) as error:
        return draw(request, viewer, customer_no, typed=wish, error=error)
    return back(customer_no)


@router.post("/attribute")
def write_attribute(
    request: Request,
    customer_no: str,
    viewer: Verifying,
    name: Annotated[str, Form(max_length=30)] = "",
    code: Annotated[list[str] | None, Form(max_length=30)] = None,
) -> Response:
    """Keep what somebody says, and back; where that cannot be, the page again."""
    wish = AttributeWish(name, tuple(one for one in code or () if one))
    try:
        attributes.write(context_of(request), viewer, customer_no, wish)
    except (ConflictError, InvalidInputError) as error:
        return draw(request, viewer, customer_no, error=error)
    return back(customer_no)


def draw(
    request: Request,
    viewer: Viewer,
    customer_no: str,
    *,
    typed: CheckWish | ContactWish | MandateWish | None = None,
    error: DossierError | None = None,
) -> Response:
    """The page; with what somebody typed and why that cannot be, if it cannot."""
    context = context_of(request)
    return render(
        request,
        "verification/customer.html",
        status=error.status if error else 200,
        names=real_name.get(context, viewer, customer_no),
        found=contacts.get(context, viewer, customer_no),
        mandates=mandates.get(context, viewer, customer_no),
        attributes=attributes.get(context, viewer, customer_no),
        known_attributes=attribute_rules.catalogue(),
        channels=rules.load().channels_on(local_date(context.clock.now())),
        longest=rules.load().note_characters,
        types=document_types.catalogue().types,
        typed_name=typed if isinstance(typed, CheckWish) else None,
        typed_mandate=typed if isinstance(typed, MandateWish) else None,
        typed_contact=typed if isinstance(typed, ContactWish) else None,
        error=error,
        words=words,
    )


def back(customer_no: str) -> Response:
    """To the page, after something was kept."""
    return RedirectResponse(f"/customers/{quote(customer_no)}/verification", status_code=303)


def _id(text: str) -> int | None:
    """The id of a number; one that is none is that of no number."""
    return (int(text) if text.isdecimal() else 0) if text.strip() else None
