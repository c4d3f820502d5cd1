"""``/loans/desk``: papers by the scanner's keystrokes; and asking for a paper, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, ForbiddenError, InvalidInputError
from dossier.plugins.lending import paper_asking, paper_desk, paper_loans, paper_views
from dossier.plugins.lending.asking import Wish
from dossier.plugins.lending.paper_desk import Handed
from dossier.rules import lending
from dossier.services.approval_rows import LONGEST_TEXT
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
Borrower = Annotated[Viewer, requires(Permission.BORROW)]
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Clerk = Annotated[Viewer, requires(Permission.HAND_OUT)]
Text = Annotated[str, Form(max_length=400)]
Code = Annotated[str, Form(max_length=80)]
Asked = Annotated[str, Query(max_length=80)]
Number = Annotated[str, Form(max_length=6)]
DESK, MINE, ASK = "/loans/desk", "/loans", "/loans/ask-paper"
REFUSED = (ConflictError, ForbiddenError, InvalidInputError)
Deed = Callable[[Context, Viewer, str, Handed], object]
DEEDS: Mapping[str, Deed] = {
    "pick": lambda context, viewer, loan, _: paper_desk.pick(context, viewer, loan),
    "issue": paper_desk.hand_out,
    "return": paper_desk.take_back,
    "recall": lambda context, viewer, loan, said: paper_desk.recall(
        context, viewer, loan, reason=said.note
    ),
    "settle": lambda context, viewer, loan, said: paper_desk.settle(
        context, viewer, loan, note=said.note
    ),
    "lost": lambda context, viewer, loan, said: paper_loans.report_lost(
        context, viewer, loan, note=said.note
    ),
    "found": lambda context, viewer, loan, _: paper_loans.find_again(context, viewer, loan),
    "replace": lambda context, viewer, loan, said: paper_loans.replace_lost(
        context, viewer, loan, note=said.note
    ),
    "cancel": lambda context, viewer, loan, _: paper_loans.withdraw(context, viewer, loan),
}
"""What is done at the desk, by the name of the form's button."""
OWN: Mapping[str, Deed] = {
    "cancel": DEEDS["cancel"],
    "lost": DEEDS["lost"],
    "renew": lambda context, viewer, loan, _: paper_loans.extend(context, viewer, loan),
    "confirm": lambda context, viewer, loan, _: paper_loans.confirm(context, viewer, loan),
}
"""What a borrower does with a paper loan of the own."""
MATCHES = {"yes": True, "no": False}


@router.get(DESK)
def show_desk(request: Request, viewer: Clerk, scan: Asked = "") -> Response:
    """All that is open at the desk, and on top what was scanned."""
    return _desk(request, viewer, scan=scan)


@router.post("/loans/desk/{loan_id}")
def at_desk(  # noqa: PLR0913 - the fields of the form
    request: Request,
    viewer: Clerk,
    loan_id: str,
    act: Code = "",
    code: Code = "",
    borrower: Code = "",
    pages: Number = "",
    condition: Code = "",
    compared: Code = "",
    note: Text = "",
) -> Response:
    """One act on one loan, then the desk again with the scanner's field ready."""
    said = {"code": code, "borrower": borrower, "condition": condition, "note": note[:200]}
    try:
        handed = Handed(**said, pages=_count(pages), matches=MATCHES.get(compared))
        _deed(DEEDS, act)(context_of(request), viewer, loan_id, handed)
    except REFUSED as error:
        return _desk(request, viewer, scan=code or loan_id, error=error)
    return RedirectResponse(DESK, status_code=303)


@router.post("/loans/put-back")
def put_back(request: Request, viewer: Clerk, document_id: Code = "", code: Code = "") -> Response:
    """Into its box, or into the one that was scanned."""
    try:
        paper_desk.put_back(context_of(request), viewer, document_id, code=code)
    except REFUSED as error:
        return _desk(request, viewer, scan=document_id, error=error)
    return RedirectResponse(DESK, status_code=303)


@router.get(ASK)
def show_form(request: Request, viewer: Borrower, document_id: Asked = "") -> Response:
    """Why the paper itself, and for how many days?"""
    return _form(request, viewer, {"document_id": document_id})


@router.post(ASK)
def ask(
    request: Request,
    viewer: Borrower,
    document_id: Code = "",
    purpose: Text = "",
    days: Annotated[int, Form()] = 0,
) -> Response:
    """Put the request down."""
    wish = Wish(documents=(document_id,) if document_id else (), purpose=purpose, days=days)
    try:
        made = paper_asking.ask(context_of(request), viewer, wish)
    except REFUSED as error:
        said = {"document_id": document_id, "purpose": purpose, "days": days}
        return _form(request, viewer, said, error)
    return RedirectResponse(f"{MINE}#{made[0].number}", status_code=303)


@router.post("/loans/papers/{loan_id}")
def of_ones_own(
    request: Request, viewer: Somebody, loan_id: str, act: Code = "", note: Text = ""
) -> Response:
    """Withdraw, extend, confirm or report lost what one borrowed."""
    _deed(OWN, act)(context_of(request), viewer, loan_id, Handed(note=note[:200]))
    return RedirectResponse(MINE, status_code=303)


# -- parts ----------------------------------------------------------------------------------------


def _deed(known: Mapping[str, Deed], act: str) -> Deed:
    if act not in known:
        raise InvalidInputError("Choose what to do", detail_zh="请选择要进行的操作")
    return known[act]


def _count(typed: str) -> int | None:
    said = typed.strip()
    if not said:
        return None
    if not (said.isascii() and said.isdecimal()):
        raise InvalidInputError("Count the pages; at least 1", detail_zh="请清点页数，至少 1 页")
    return int(said)


def _desk(
    request: Request, viewer: Viewer, *, scan: str = "", error: DossierError | None = None
) -> Response:
    viewer = speaking(request, viewer)
    found = paper_views.desk(context_of(request), viewer)
    return render(
        request,
        "lending/desk.html",
        status=error.status if error else 200,
        desk=found,
        sections=paper_views.SECTIONS,
        scan=scan,
        scanned=found.scanned(scan),
        left=found.left_of(scan),
        conditions=lending.load().paper.conditions,
        error=error,
        longest=LONGEST_TEXT,
    )


def _form(
    request: Request,
    viewer: Viewer,
    said: Mapping[str, Any],
    error: DossierError | None = None,
) -> Response:
    viewer, rules = speaking(request, viewer), lending.load().paper
    document = str(said["document_id"])
    customer = paper_views.of_document(context_of(request), viewer, document)
    return render(
        request,
        "lending/ask_paper.html",
        status=error.status if error else 200,
        given={"purpose": "", "days": rules.terms_days[0]} | dict(said),
        customer_no=customer,
        terms=sorted(rules.terms_days),
        error=error,
        longest=LONGEST_TEXT,
    )
