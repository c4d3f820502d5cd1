"""``/api/v1/campaigns``: re-sign campaigns for programs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import NotFoundError, QueryError
from dossier.plugins.verification import campaigns
from dossier.plugins.verification.api import Made
from dossier.plugins.verification.campaigns import CampaignLine, CampaignWish, Progress
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(prefix="/campaigns", tags=["verification"])
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Running = Annotated[Viewer, requires(Permission.RUN_CAMPAIGNS)]
Id = Annotated[str, Path(max_length=36)]


class ProgressItem(BaseModel):
    """Customers of a place: all, those with nothing left, and by item."""

    label: str
    total: int
    done: int
    percent: float
    by_item: dict[str, int]


class CampaignItem(BaseModel):
    """A campaign with how far it is, of the customers in scope."""

    id: str
    title: str
    place: str
    place_id: int
    place_name: str
    items: list[str]
    since: date
    until: date
    is_running: bool
    progress: ProgressItem


class CampaignList(BaseModel):
    """Those with a customer in scope, the newest first."""

    items: list[CampaignItem]
    next_cursor: str | None = None
    total: int


class CheckedItem(BaseModel):
    """A customer with what is done."""

    customer_no: str
    done: dict[str, bool]


class CampaignAnswer(BaseModel):
    """A campaign, its progress by unit, and a page of its customers."""

    campaign: CampaignItem
    by: str
    groups: list[ProgressItem]
    items: list[CheckedItem]
    next_cursor: str | None
    total: int


class CampaignWanted(BaseModel):
    """What is to be gone through, where and up to which day."""

    model_config = ConfigDict(extra="forbid")
    title: str = Field(max_length=400)
    place: str = Field(max_length=10, description="station, line or district")
    place_id: int = Field(ge=1, lt=2**31)
    until: date
    items: list[str] = Field(default=[], max_length=20, description="None: all of the rules")


class TickWanted(BaseModel):
    """An item that a person ticks."""

    model_config = ConfigDict(extra="forbid")
    customer_no: str = Field(max_length=16)
    item: str = Field(max_length=20)
    reason: str = Field(max_length=1000)


@router.get("", responses=may_answer(), summary="Campaigns")
def list_campaigns(request: Request, viewer: Reading) -> CampaignList:
    """With how far each is."""
    items = [_line(one) for one in campaigns.listed(context_of(request), viewer)]
    return CampaignList(items=items, total=len(items))


@router.post("", status_code=201, responses=CHANGING, summary="Begin a campaign")
def make_campaign(request: Request, viewer: Running, wanted: CampaignWanted) -> Made:
    """From today on, over one station, line or district."""
    wish = CampaignWish(
        wanted.title, wanted.place, wanted.place_id, wanted.until, tuple(wanted.items)
    )
    return Made(id=campaigns.make(context_of(request), viewer, wish))


@router.get("/{campaign_id}", responses=may_answer(NotFoundError, QueryError), summary="Campaign")
def read_campaign(
    request: Request,
    campaign_id: Id,
    viewer: Reading,
    state: Annotated[str, Query(max_length=10)] = "",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    size: Annotated[int, Query(ge=1, le=100)] = 50,
) -> CampaignAnswer:
    """``state``: ``open`` or ``done``, else all customers."""
    context = context_of(request)
    found = campaigns.get(context, viewer, campaign_id, state=state, cursor=cursor, size=size)
    return CampaignAnswer(
        campaign=_line(found.line),
        by=found.by,
        groups=[_progress(one) for one in found.groups],
        items=[
            CheckedItem(customer_no=one.head.customer_no, done=dict(one.done))
            for one in found.items
        ],
        next_cursor=found.next_cursor,
        total=found.total,
    )


@router.post("/{campaign_id}/ticks", status_code=204, responses=CHANGING, summary="Tick an item")
def tick(
    request: Request,
    campaign_id: Id,
    viewer: Annotated[Viewer, requires(Permission.VERIFY)],
    wanted: TickWanted,
) -> None:
    """By a person's word; papers and checks tick by themselves."""
    context = context_of(request)
    campaigns.tick(context, viewer, campaign_id, wanted.customer_no, wanted.item, wanted.reason)


@router.post("/{campaign_id}/end", status_code=204, responses=CHANGING, summary="End a campaign")
def end(request: Request, campaign_id: Id, viewer: Running) -> None:
    """What comes later does not count."""
    campaigns.end(context_of(request), viewer, campaign_id)


def _line(one: CampaignLine) -> CampaignItem:
    row = one.campaign
    return CampaignItem(
        id=row.id,
        title=row.title,
        place=row.place,
        place_id=row.place_id,
        place_name=one.place_name,
        items=row.items,
        since=row.since,
        until=row.until,
        is_running=one.is_running,
        progress=_progress(one.progress),
    )


def _progress(one: Progress) -> ProgressItem:
    return ProgressItem(
        label=one.label,
        total=one.total,
        done=one.done,
        percent=one.percent,
        by_item=dict(one.by_item),
    )
