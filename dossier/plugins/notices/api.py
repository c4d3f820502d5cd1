"""One's own notices for programs, and what left the house for who runs it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.plugins.notices import notice_views
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["notices"])
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Operator = Annotated[Viewer, requires(Permission.OPERATE)]
Id = Annotated[str, Path(max_length=36)]


class NoticeItem(BaseModel):
    """Something that one is told of a loan."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    rule: str = Field(description="Code of the rule by which one is told")
    loan: str = Field(description="The loan's number")
    text: str = Field(validation_alias="zh")
    due_at: datetime | None
    made_at: datetime
    is_read: bool
    is_settled: bool = Field(description="It is not true any more: nothing is to be done")


class NoticeList(BaseModel):
    """Notices."""

    items: list[NoticeItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int
    unread: int


class SentItem(BaseModel):
    """A notice that leaves the house."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    rule: str
    loan: str
    channel: str = Field(description="mail or webhook")
    to: str = Field(description="Name of the account; empty of a call")
    state: str = Field(description="open, sending, sent, failed, unsure, dropped or replaced")
    error: str
    made_at: datetime
    sent_at: datetime | None
    tries: int
    next_at: datetime | None


class SentList(BaseModel):
    """Notices that leave the house."""

    items: list[SentItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


@router.get("/notices", responses=may_answer(), summary="What one is told of loans")
def list_mine(request: Request, viewer: Somebody) -> NoticeList:
    """The newest first; each is asked anew whether it is still true."""
    context = context_of(request)
    items = [NoticeItem.model_validate(one) for one in notice_views.mine(context, viewer)]
    return NoticeList(items=items, total=len(items), unread=notice_views.unread(context, viewer))


@router.get("/notices/sent", responses=may_answer(), summary="What left the house, or did not")
def list_sent(request: Request, viewer: Operator) -> SentList:
    """What failed first, then what waits, then what left last."""
    found = notice_views.leaving(context_of(request), viewer)
    items = [SentItem.model_validate(one) for one in found]
    return SentList(items=items, total=len(items))


@router.post("/notices/{notice_id}/read", status_code=204, responses=CHANGING)
def read(request: Request, viewer: Somebody, notice_id: Id) -> None:
    """One of one's own is read."""
    notice_views.read(context_of(request), viewer, notice_id)


@router.post("/notices/{notice_id}/retry", status_code=204, responses=CHANGING)
def retry(request: Request, viewer: Operator, notice_id: Id) -> None:
    """Send again what failed, or of which nobody knows whether it arrived."""
    notice_views.retry(context_of(request), viewer, notice_id)
