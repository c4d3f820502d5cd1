"""Requests for programs; deciding needs a login, not a token."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.services import approval_views, approvals
from dossier.services.approval_views import ApprovalView
from dossier.services.approvals import Wish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["approvals"])
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Approver = Annotated[Viewer, requires(Permission.APPROVE)]
Deciding = Annotated[Viewer, requires(Permission.APPROVE, by_session_only=True)]
Id = Annotated[str, Path(max_length=36)]


class ListItem(BaseModel):
    """A list of hits that somebody wants as a file."""

    model_config = ConfigDict(from_attributes=True)
    q: str
    filters: dict[str, list[str]]
    clear: bool


class RequestItem(BaseModel):
    """A request and what became of it."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    kind: str = Field(description="customer, document, list or role")
    action: str
    thing: str
    about: str
    asked_by: str
    user: str
    purpose: str
    hours: int
    state: str = Field(
        description="waiting, approved, resting, over, refused, withdrawn, revoked or lapsed"
    )
    asked_at: datetime
    lapses_at: datetime
    begins_at: datetime | None
    ends_at: datetime | None
    decided_by: str
    reason: str
    revoked_by: str
    revoked_why: str
    asked_list: ListItem | None


class RequestList(BaseModel):
    """Requests."""

    items: list[RequestItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


class AskedFor(BaseModel):
    """What is asked for: a customer or a document."""

    model_config = ConfigDict(extra="forbid")
    action: str = Field(max_length=40)
    customer_no: str | None = Field(None, max_length=16)
    document_id: str | None = Field(None, max_length=36)
    purpose: str = Field(max_length=200)
    hours: int = Field(
        ge=1, le=10_000, description="Term from the approval on; one that is offered"
    )


class Answered(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=200)


class Made(BaseModel):
    """What was made."""

    id: str


@router.get("/approvals", responses=may_answer(), summary="What one asked for")
def list_mine(request: Request, viewer: Somebody) -> RequestList:
    """The newest first."""
    return _listed(approval_views.mine(context_of(request), viewer))


@router.get("/approvals/waiting", responses=may_answer(), summary="What waits for one's decision")
def list_waiting(request: Request, viewer: Approver) -> RequestList:
    """The oldest first; what lies outside one's own area is not there."""
    return _listed(approval_views.to_decide(context_of(request), viewer).waiting)


@router.post("/approvals", status_code=201, responses=CHANGING, summary="Ask for an approval")
def ask(request: Request, viewer: Somebody, wish: AskedFor) -> Made:
    """Whether the customer or document exists is not told."""
    kind = "customer" if wish.document_id is None else "document"
    thing = (wish.customer_no or "") if wish.document_id is None else wish.document_id
    asked = Wish(wish.action, kind, thing, wish.purpose, wish.hours)
    return Made(id=approvals.ask(context_of(request), viewer, asked))


@router.post("/approvals/{approval_id}/approve", status_code=204, responses=CHANGING)
def approve(request: Request, viewer: Deciding, approval_id: Id, why: Answered) -> None:
    """From now, for the term that was asked for; never one's own."""
    approvals.approve(context_of(request), viewer, approval_id, reason=why.reason)


@router.post("/approvals/{approval_id}/refuse", status_code=204, responses=CHANGING)
def refuse(request: Request, viewer: Deciding, approval_id: Id, why: Answered) -> None:
    """With the reason."""
    approvals.refuse(context_of(request), viewer, approval_id, reason=why.reason)


@router.post("/approvals/{approval_id}/revoke", status_code=204, responses=CHANGING)
def revoke(request: Request, viewer: Deciding, approval_id: Id, why: Answered) -> None:
    """Before its end; it counts from the next request."""
    approvals.revoke(context_of(request), viewer, approval_id, reason=why.reason)


@router.delete("/approvals/{approval_id}", status_code=204, responses=CHANGING)
def withdraw(request: Request, viewer: Somebody, approval_id: Id) -> None:
    """Take back one's own request, or give up what was approved."""
    approvals.withdraw(context_of(request), viewer, approval_id)


def _listed(found: tuple[ApprovalView, ...]) -> RequestList:
    items = [RequestItem.model_validate(one) for one in found]
    return RequestList(items=items, total=len(items))
