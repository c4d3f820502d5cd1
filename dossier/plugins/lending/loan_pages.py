"""``/loans``: one's own loans, the form to borrow, and what waits for one's decision."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, ForbiddenError, InvalidInputError
from dossier.plugins.lending import asking, deciding, loan_views
from dossier.plugins.lending.asking import Made, Wish
from dossier.rules import lending
from dossier.rules.loan_states import LoanState
from dossier.services.approval_rows import LONGEST_TEXT
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
Borrower = Annotated[Viewer, requires(Permission.BORROW)]
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Lender = Annotated[Viewer, requires(Permission.LEND)]
Deciding = Annotated[Viewer, requires(Permission.LEND, by_session_only=True)]
Text = Annotated[str, Form(max_length=400)]
Flag = Annotated[bool, Form()]
Asked = Annotated[str, Query(max_length=80)]
MINE, WAITING = "/loans", "/loans/waiting"
PARTS = re.compile(r"[0-9]{1,6}(?:[-–][0-9]{1,6})?")
REFUSED = (ConflictError, ForbiddenError, InvalidInputError)


@router.get(MINE)
def show_mine(request: Request, viewer: Borrower) -> Response:
    """What one borrowed, and what became of it."""
    return _mine(request, viewer)


@router.get("/loans/ask")
def show_form(
    request: Request,
    viewer: Borrower,
    customer_no: Asked = "",
    document_id: Asked = "",
    pages: Asked = "",
) -> Response:
    """What for, how long, and how much of it?"""
    return _form(
        request, viewer, {"customer_no": customer_no, "document_id": document_id, "pages": pages}
    )


@router.post("/loans/ask")
def ask(
    request: Request,
    viewer: Borrower,
    customer_no: Text = "",
    document_id: Text = "",
    pages: Text = "",
    purpose: Text = "",
    hours: Annotated[int, Form()] = 0,
    shown: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Borrow it, or put the request down."""
    said = {
        "customer_no": customer_no.replace(" ", ""),
        "document_id": document_id.strip(),
        "pages": pages,
        "purpose": purpose,
        "hours": hours,
        "shown": shown or [],
    }
    try:
        wish = Wish(
            customer_no="" if said["document_id"] else str(said["customer_no"]),
            documents=(document_id.strip(),) if document_id.strip() else (),
            pages=_pages(pages),
            purpose=purpose,
            hours=hours,
            clear="clear" in said["shown"],
            printed="print" in said["shown"],
            downloaded="download" in said["shown"],
        )
        made = asking.ask(context_of(request), viewer, wish)
    except REFUSED as error:
        return _form(request, viewer, said, error)
    return _after(made, document_id.strip(), wish.pages)


@router.post("/loans/borrow")
def borrow(
    request: Request, viewer: Borrower, document_id: Text = "", page: Annotated[int, Form()] = 0
) -> Response:
    """One click: the paper, or one page of it, for the usual purpose and term."""
    pages = (page,) if page else ()
    wish = Wish(documents=(document_id,), pages=pages)
    try:
        made = asking.ask(context_of(request), viewer, wish)
    except REFUSED as error:
        return _form(request, viewer, {"document_id": document_id}, error)
    return _after(made, document_id, pages)


@router.post("/loans/{loan_id}/return")
def give_back(request: Request, viewer: Somebody, loan_id: str) -> Response:
    """Give one's own back, or take a request back."""
    return _own(request, viewer, lambda: deciding.give_back(context_of(request), viewer, loan_id))


@router.post("/loans/{loan_id}/renew")
def renew(request: Request, viewer: Borrower, loan_id: str) -> Response:
    """Once more the same term."""
    return _own(request, viewer, lambda: deciding.extend(context_of(request), viewer, loan_id))


@router.get(WAITING)
def show_waiting(request: Request, viewer: Lender) -> Response:
    """What waits, and what was approved and can be ended."""
    return _waiting(request, viewer)


@router.post("/loans/{loan_id}/approve")
def approve(request: Request, viewer: Deciding, loan_id: str) -> Response:
    """Open it."""
    return _decided(request, viewer, lambda: deciding.approve(context_of(request), viewer, loan_id))


@router.post("/loans/{loan_id}/extend")
def extend(request: Request, viewer: Deciding, loan_id: str) -> Response:
    """Once more the same term, for somebody else."""
    return _decided(request, viewer, lambda: deciding.extend(context_of(request), viewer, loan_id))


@router.post("/loans/{loan_id}/reject")
def reject(request: Request, viewer: Deciding, loan_id: str, reason: Text = "") -> Response:
    """Turn it down."""
    context = context_of(request)
    return _decided(
        request, viewer, lambda: deciding.refuse(context, viewer, loan_id, reason=reason)
    )


@router.post("/loans/{loan_id}/recall")
def recall(request: Request, viewer: Deciding, loan_id: str, reason: Text = "") -> Response:
    """End it before its end."""
    context = context_of(request)
    return _decided(request, viewer, lambda: deciding.end(context, viewer, loan_id, reason=reason))


# -- parts --------------------------------------------------------------------------------------


def _pages(typed: str) -> tuple[int, ...]:
    """Page numbers as people write them: ``1, 3-5``."""
    found: list[int] = []
    most = lending.load().most_things
    for part in re.split(r"[\s,，、;；]+", typed.strip()):
        if not part:
            continue
        if not PARTS.fullmatch(part):
            raise InvalidInputError("Write pages as 1, 3-5", detail_zh="页码请按“1, 3-5”的形式填写")
        first, _, last = part.replace("–", "-").partition("-")
        found += range(int(first), min(int(last or first), int(first) + most) + 1)
    return tuple(found)


def _after(made: Made, document_id: str, pages: tuple[int, ...]) -> Response:
    """To the paper where it is open, else to one's loans."""
    if made.state is not LoanState.RUNNING or not document_id:
        return RedirectResponse(f"{MINE}#{made.number}", status_code=303)
    page = f"?page={min(pages)}" if pages else ""
    return RedirectResponse(f"/documents/{document_id}{page}", status_code=303)


def _own(request: Request, viewer: Viewer, act: Callable[[], None]) -> Response:
    try:
        act()
    except REFUSED as error:
        return _mine(request, viewer, error=error)
    return RedirectResponse(MINE, status_code=303)


def _decided(request: Request, viewer: Viewer, act: Callable[[], None]) -> Response:
    try:
        act()
    except REFUSED as error:
        return _waiting(request, viewer, error=error)
    return RedirectResponse(WAITING, status_code=303)


def _mine(request: Request, viewer: Viewer, *, error: DossierError | None = None) -> Response:
    viewer = speaking(request, viewer)
    return render(
        request,
        "lending/mine.html",
        status=error.status if error else 200,
        found=loan_views.mine(context_of(request), viewer),
        error=error,
    )


def _waiting(request: Request, viewer: Viewer, *, error: DossierError | None = None) -> Response:
    viewer = speaking(request, viewer)
    return render(
        request,
        "lending/waiting.html",
        status=error.status if error else 200,
        work=loan_views.to_decide(context_of(request), viewer),
        error=error,
        longest=LONGEST_TEXT,
    )


def _form(
    request: Request,
    viewer: Viewer,
    said: dict[str, object],
    error: DossierError | None = None,
) -> Response:
    viewer, rules = speaking(request, viewer), lending.load()
    usual = rules.purpose_en if viewer.language == "en" else rules.purpose_zh
    empty = dict.fromkeys(("customer_no", "document_id", "pages"), "")
    given = {**empty, "purpose": usual, "hours": rules.terms_hours[0], "shown": []} | said
    return render(
        request,
        "lending/ask.html",
        status=error.status if error else 200,
        given=given,
        terms=sorted(rules.terms_hours),
        error=error,
        longest=LONGEST_TEXT,
    )
