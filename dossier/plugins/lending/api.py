"""Loans for programs; asking and deciding need a login, not a limited token."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dossier.errors import NotFoundError
from dossier.plugins.lending import (
    asking,
    deciding,
    loan_rows,
    loan_views,
    paper_asking,
    paper_desk,
    paper_loans,
)
from dossier.plugins.lending.asking import Wish
from dossier.plugins.lending.loan_views import LoanView
from dossier.plugins.lending.paper_desk import Handed
from dossier.services.custody import custody_of
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["loans"])
Borrower = Annotated[Viewer, requires(Permission.BORROW)]
Lender = Annotated[Viewer, requires(Permission.LEND)]
Desk = Annotated[Viewer, requires(Permission.HAND_OUT)]
Reader = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Id = Annotated[str, Path(max_length=36)]
MOST = 1000


class Thing(BaseModel):
    """Something that is lent: a dossier, or a paper with all or some of its pages."""

    model_config = ConfigDict(from_attributes=True)
    customer_no: str
    document_id: str = Field(description="Empty: the whole dossier")
    about: str
    pages: tuple[int, ...] = Field(description="Empty: all")


class LoanItem(BaseModel):
    """A loan and what became of it."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    kind: str
    number: str = Field(description="As it stands on watermarks and in the audit")
    state: str = Field(
        description="requested, running, refused, withdrawn, lapsed, returned, ended or expired; "
        "of a paper also waiting, to_pick, picked, out, recalled, overdue, to_check, disputed, "
        "lost or replaced"
    )
    queue_position: int = Field(description="Of a paper: how many are before it; 0: its turn")
    borrower: str
    purpose: str
    clear: bool
    may_print: bool
    may_download: bool
    asked_at: datetime
    lapses_at: datetime
    begins_at: datetime | None
    due_at: datetime | None = Field(validation_alias="ends_at")
    decided_by: str
    reason: str
    things: list[Thing]
    can: list[str] = Field(description="What who asks may do with it now")


class LoanList(BaseModel):
    """Loans."""

    items: list[LoanItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


class Asked(BaseModel):
    """What somebody wants to borrow."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["electronic", "paper"] = "electronic"
    customer_no: str = Field("", max_length=16, description="A whole dossier; or documents")
    documents: list[Annotated[str, Field(max_length=36)]] = Field([], max_length=MOST)
    pages: list[int] = Field([], max_length=MOST, description="Of the one document")
    purpose: str = Field("", max_length=400, description="Empty: reading for the work at hand")
    hours: int = Field(0, ge=0, le=10_000, description="A term that is offered; 0: the usual one")
    days: int = Field(0, ge=0, le=1000, description="Of a paper, in place of hours; 0: the usual")
    until: AwareDatetime | None = Field(None, description="The end, instead of a term")
    clear: bool = Field(default=False, description="With personal data unmasked")
    printed: bool = Field(default=False, alias="print")
    download: bool = False


class Answered(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=400)


class Said(BaseModel):
    """What is said of a paper when it changes hands; what is left out was not looked at."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field("", max_length=80, description="Scanned: its box, reference code or loan")
    borrower: str = Field("", max_length=80, description="Scanned: account or staff number")
    pages: int | None = Field(None, ge=1, le=100_000, description="Counted")
    condition: str = Field("", max_length=20, description="intact, worn, damaged or altered")
    matches: bool | None = Field(None, description="A page compared with its picture")
    note: str = Field("", max_length=200)

    def handed(self) -> Handed:
        """For the desk."""
        return Handed(**self.model_dump())


class Place(BaseModel):
    """Where a paper was put."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field("", max_length=80, description="Scanned box; empty: the paper's own")


class StayItem(BaseModel):
    """One stretch of time that a paper was with somebody."""

    model_config = ConfigDict(from_attributes=True)
    name: str = Field(description="The person's account, the place or its code")
    since: datetime
    by: str
    why: str
    in_room: bool = Field(description="Whether that is in the archive room")


class Way(BaseModel):
    """Where a document's paper was."""

    original_id: str | None = Field(description="null: there is no paper behind it")
    state: str = Field(description="whole, lost or destroyed")
    is_substitute: bool = Field(description="A certified copy in the place of a lost paper")
    outside_hours: float = Field(description="Outside the archive room, in all")
    stays: list[StayItem] = Field(description="The first minute first, who has it now at the end")


class Made(BaseModel):
    """A loan after what was done to it."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    kind: str
    state: str = Field(description="As in the list; requested: it waits for an approval")
    due_at: datetime | None
    queue_position: int = Field(description="Of a paper: how many are before it; 0: its turn")


class Borrowed(Made):
    """The loan, or the first where several papers were asked for."""

    others: list[Made] = Field([], description="Of papers: the loans of the others")


@router.get("/loans", responses=may_answer(), summary="One's own loans and requests")
def list_mine(request: Request, viewer: Borrower) -> LoanList:
    """The newest first."""
    return _listed(loan_views.mine(context_of(request), viewer))


@router.get("/loans/waiting", responses=may_answer(), summary="What waits for one's decision")
def list_waiting(request: Request, viewer: Lender) -> LoanList:
    """The oldest first; what lies outside one's own area is not there."""
    return _listed(loan_views.to_decide(context_of(request), viewer).waiting)


@router.post("/loans", status_code=201, responses=CHANGING, summary="Borrow, or ask for it")
def borrow(request: Request, viewer: Borrower, wish: Asked) -> Borrowed:
    """Open at once within one's rights, else a request; what exists elsewhere is not told.

    A paper original is asked for with a reason and waits for its approval and its turn.
    """
    asked = Wish(
        customer_no=wish.customer_no,
        documents=tuple(wish.documents),
        pages=tuple(wish.pages),
        purpose=wish.purpose,
        hours=wish.hours,
        days=wish.days,
        until=wish.until,
        clear=wish.clear,
        printed=wish.printed,
        downloaded=wish.download,
    )
    if wish.kind == "paper":
        made = paper_asking.ask(context_of(request), viewer, asked)
    else:
        made = (asking.ask(context_of(request), viewer, asked),)
    first, *others = (Made.model_validate(one) for one in made)
    return Borrowed(**first.model_dump(), others=others)


@router.get("/loans/{loan_id}", responses=may_answer(NotFoundError), summary="One loan")
def show(request: Request, viewer: Somebody, loan_id: Id) -> LoanItem:
    """For its borrower, who decides on it, and who hands out papers."""
    return LoanItem.model_validate(loan_views.one(context_of(request), viewer, loan_id))


@router.post("/loans/{loan_id}/approve", responses=CHANGING)
def approve(request: Request, viewer: Lender, loan_id: Id) -> Made:
    """From now, for the term that was asked for; never one's own; a paper may be waited for."""
    deciding.approve(context_of(request), viewer, loan_id)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/reject", responses=CHANGING)
def reject(request: Request, viewer: Lender, loan_id: Id, why: Answered) -> Made:
    """With the reason."""
    deciding.refuse(context_of(request), viewer, loan_id, reason=why.reason)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/recall", responses=CHANGING)
def recall(request: Request, viewer: Lender, loan_id: Id, why: Answered) -> Made:
    """End it before its end; it counts from the next request. A paper is asked back."""
    context = context_of(request)
    if loan_rows.is_paper(context, loan_id):
        paper_desk.recall(context, viewer, loan_id, reason=why.reason)
    else:
        deciding.end(context, viewer, loan_id, reason=why.reason)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/renew", responses=CHANGING)
def renew(request: Request, viewer: Somebody, loan_id: Id) -> Made:
    """Once more the same term: by the borrower what nobody had to approve, else by an approver.

    A paper by its borrower, unless somebody waits for it or it is overdue.
    """
    context = context_of(request)
    if loan_rows.is_paper(context, loan_id):
        paper_loans.extend(context, viewer, loan_id)
    else:
        deciding.extend(context, viewer, loan_id)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/pick", responses=CHANGING)
def pick(request: Request, viewer: Desk, loan_id: Id) -> Made:
    """Take a paper from its place to the lending desk."""
    paper_desk.pick(context_of(request), viewer, loan_id)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/issue", responses=CHANGING)
def issue(request: Request, viewer: Desk, loan_id: Id, said: Said | None = None) -> Made:
    """Give a paper to its borrower; what was not picked is picked with it."""
    said = said or Said()
    paper_desk.hand_out(context_of(request), viewer, loan_id, said.handed())
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/confirm", responses=CHANGING)
def confirm(request: Request, viewer: Somebody, loan_id: Id) -> Made:
    """The borrower's word that the paper was received as it was written down."""
    paper_loans.confirm(context_of(request), viewer, loan_id)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/return", responses=CHANGING)
def give_back(request: Request, viewer: Somebody, loan_id: Id, said: Said | None = None) -> Made:
    """Give one's own electronic loan back before its end; take a paper back at the desk.

    A paper is checked as soon as its pages were counted, its condition looked at and a page
    compared with its picture, at once or by a second call.
    """
    context = context_of(request)
    if loan_rows.is_paper(context, loan_id):
        paper_desk.take_back(context, viewer, loan_id, (said or Said()).handed())
    else:
        deciding.give_back(context, viewer, loan_id)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/settle", responses=CHANGING)
def settle(request: Request, viewer: Desk, loan_id: Id, why: Answered) -> Made:
    """End the case of a paper that came back with a fault."""
    paper_desk.settle(context_of(request), viewer, loan_id, note=why.reason)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/lost", responses=CHANGING)
def lost(request: Request, viewer: Somebody, loan_id: Id, why: Answered) -> Made:
    """Report a paper lost, with how: its borrower, or the desk."""
    paper_loans.report_lost(context_of(request), viewer, loan_id, note=why.reason)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/found", responses=CHANGING)
def found(request: Request, viewer: Desk, loan_id: Id) -> Made:
    """A lost paper came to light; it is checked like any other."""
    paper_loans.find_again(context_of(request), viewer, loan_id)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/replace", responses=CHANGING)
def replace(request: Request, viewer: Desk, loan_id: Id, why: Answered) -> Made:
    """Put a certified copy in the place of a lost paper, whose row stays."""
    paper_loans.replace_lost(context_of(request), viewer, loan_id, note=why.reason)
    return _standing(request, loan_id)


@router.post("/loans/{loan_id}/cancel", responses=CHANGING)
def cancel(request: Request, viewer: Somebody, loan_id: Id) -> Made:
    """Take a request back, or give an electronic loan back before its end."""
    context = context_of(request)
    if loan_rows.is_paper(context, loan_id):
        paper_loans.withdraw(context, viewer, loan_id)
    else:
        deciding.give_back(context, viewer, loan_id)
    return _standing(request, loan_id)


@router.post("/documents/{document_id}/put-back", responses=CHANGING)
def put_back(request: Request, viewer: Desk, document_id: Id, place: Place) -> Place:
    """Put a document's paper into its box, or into the one that was scanned."""
    code = paper_desk.put_back(context_of(request), viewer, document_id, code=place.code)
    return Place(code=code)


@router.get("/documents/{document_id}/custody", responses=may_answer(NotFoundError))
def show_custody(request: Request, viewer: Reader, document_id: Id) -> Way:
    """Who has a document's paper and had it before, and how long it was outside the room."""
    context = context_of(request)
    way = custody_of(context, viewer, document_id)
    if way is None:
        return Way(original_id=None, state="", is_substitute=False, outside_hours=0, stays=[])
    return Way(
        original_id=way.original_id,
        state=way.state,
        is_substitute=way.is_substitute,
        outside_hours=round(way.outside.total_seconds() / 3600, 2),
        stays=[StayItem.model_validate(one) for one in way.stays],
    )


def _standing(request: Request, loan_id: str) -> Made:
    return Made.model_validate(loan_views.standing(context_of(request), loan_id))


def _listed(found: tuple[LoanView, ...]) -> LoanList:
    items = [LoanItem.model_validate(one) for one in found]
    return LoanList(items=items, total=len(items))
