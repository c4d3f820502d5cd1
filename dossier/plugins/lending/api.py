"""Loans for programs; asking and deciding need a login, not a limited token."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dossier.plugins.lending import asking, deciding, loan_views
from dossier.plugins.lending.asking import Wish
from dossier.plugins.lending.loan_views import LoanView
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["loans"])
Borrower = Annotated[Viewer, requires(Permission.BORROW)]
Lender = Annotated[Viewer, requires(Permission.LEND)]
Deciding = Annotated[Viewer, requires(Permission.LEND, by_session_only=True)]
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
    kind: str = "electronic"
    number: str = Field(description="As it stands on watermarks and in the audit")
    state: str = Field(
        description="requested, running, refused, withdrawn, lapsed, returned, ended or expired"
    )
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
    total: int


class Asked(BaseModel):
    """What somebody wants to borrow."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["electronic"] = "electronic"
    customer_no: str = Field("", max_length=16, description="A whole dossier; or documents")
    documents: list[Annotated[str, Field(max_length=36)]] = Field([], max_length=MOST)
    pages: list[int] = Field([], max_length=MOST, description="Of the one document")
    purpose: str = Field("", max_length=400, description="Empty: reading for the work at hand")
    hours: int = Field(0, ge=0, le=10_000, description="A term that is offered; 0: the usual one")
    until: AwareDatetime | None = Field(None, description="The end, instead of a term")
    clear: bool = Field(default=False, description="With personal data unmasked")
    printed: bool = Field(default=False, alias="print")
    download: bool = False


class Answered(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=400)


class Made(BaseModel):
    """What was made."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    number: str
    kind: str = "electronic"
    state: str = Field(description="running: it is open; requested: it waits for an approval")


@router.get("/loans", responses=may_answer(), summary="One's own loans and requests")
def list_mine(request: Request, viewer: Borrower) -> LoanList:
    """The newest first."""
    return _listed(loan_views.mine(context_of(request), viewer))


@router.get("/loans/waiting", responses=may_answer(), summary="What waits for one's decision")
def list_waiting(request: Request, viewer: Lender) -> LoanList:
    """The oldest first; what lies outside one's own area is not there."""
    return _listed(loan_views.to_decide(context_of(request), viewer).waiting)


@router.post("/loans", status_code=201, responses=CHANGING, summary="Borrow, or ask for it")
def borrow(request: Request, viewer: Borrower, wish: Asked) -> Made:
    """Open at once within one's rights, else a request; what exists elsewhere is not told."""
    made = asking.ask(
        context_of(request),
        viewer,
        Wish(
            customer_no=wish.customer_no,
            documents=tuple(wish.documents),
            pages=tuple(wish.pages),
            purpose=wish.purpose,
            hours=wish.hours,
            until=wish.until,
            clear=wish.clear,
            printed=wish.printed,
            downloaded=wish.download,
        ),
    )
    return Made.model_validate(made)


@router.post("/loans/{loan_id}/approve", status_code=204, responses=CHANGING)
def approve(request: Request, viewer: Deciding, loan_id: Id) -> None:
    """From now, for the term that was asked for; never one's own."""
    deciding.approve(context_of(request), viewer, loan_id)


@router.post("/loans/{loan_id}/reject", status_code=204, responses=CHANGING)
def reject(request: Request, viewer: Deciding, loan_id: Id, why: Answered) -> None:
    """With the reason."""
    deciding.refuse(context_of(request), viewer, loan_id, reason=why.reason)


@router.post("/loans/{loan_id}/recall", status_code=204, responses=CHANGING)
def recall(request: Request, viewer: Deciding, loan_id: Id, why: Answered) -> None:
    """End it before its end; it counts from the next request."""
    deciding.end(context_of(request), viewer, loan_id, reason=why.reason)


@router.post("/loans/{loan_id}/renew", status_code=204, responses=CHANGING)
def renew(request: Request, viewer: Somebody, loan_id: Id) -> None:
    """Once more the same term: by the borrower what nobody had to approve, else by an approver."""
    deciding.extend(context_of(request), viewer, loan_id)


@router.post("/loans/{loan_id}/return", status_code=204, responses=CHANGING)
def give_back(request: Request, viewer: Somebody, loan_id: Id) -> None:
    """Give one's own back before its end, or take a request back."""
    deciding.give_back(context_of(request), viewer, loan_id)


@router.post("/loans/{loan_id}/cancel", status_code=204, responses=CHANGING)
def cancel(request: Request, viewer: Somebody, loan_id: Id) -> None:
    """The same."""
    deciding.give_back(context_of(request), viewer, loan_id)


def _listed(found: tuple[LoanView, ...]) -> LoanList:
    items = [LoanItem.model_validate(one) for one in found]
    return LoanList(items=items, total=len(items))
