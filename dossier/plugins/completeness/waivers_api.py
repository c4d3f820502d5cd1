"""Waivers for programs: made, listed, withdrawn."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import NotFoundError
from dossier.plugins.completeness import waivers, wording
from dossier.plugins.completeness.waivers import MadeWaiver, WaiverWish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import CHANGING, may_answer

router = APIRouter(prefix="/customers/{customer_no}/waivers", tags=["completeness"])
Waiving = Annotated[Viewer, requires(Permission.WAIVE)]
Code = Annotated[str, Field(max_length=60)]


class WaiverWanted(BaseModel):
    """What is to be waived, and why."""

    model_config = ConfigDict(extra="forbid")
    rule: Code = Field(description="Id of a requirement, as items of a completeness name it")
    reason: Code = Field(description="A code of waivers.yaml")
    note: str = Field("", max_length=1000, description="Demanded for some reasons")
    case_no: str | None = Field(None, max_length=40, description="As the item names it")
    since: date | None = Field(None, description="From which day; today where none is named")
    until: date | None = Field(None, description="Its last day; for good where none is named")


class WithdrawnWhy(BaseModel):
    """Why a waiver ends."""

    model_config = ConfigDict(extra="forbid")
    why: str = Field(max_length=1000)


class MadeWaiverItem(BaseModel):
    """A waiver, in force or not."""

    id: str
    rule: str
    case_no: str | None
    reason: str
    reason_code: str
    since: date
    until: date | None
    by: str
    made_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str


class WaiverList(BaseModel):
    """All that were made for a customer, the newest first."""

    items: list[MadeWaiverItem]
    next_cursor: str | None = None
    total: int


class WaiverMade(BaseModel):
    """What was made."""

    id: str


@router.get("", responses=may_answer(NotFoundError), summary="Papers that were waived")
def list_waivers(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
) -> WaiverList:
    """Those that are over or were withdrawn too."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    language = wording.language_of(speaker.language)
    items = [_item(one, language) for one in waivers.of_customer(context, viewer, customer_no)]
    return WaiverList(items=items, total=len(items))


@router.post("", status_code=201, responses=CHANGING, summary="Waive a paper")
def make_waiver(
    request: Request, customer_no: str, viewer: Waiving, wanted: WaiverWanted
) -> WaiverMade:
    """One paper of one affair, that is asked for and is not there."""
    wish = WaiverWish(
        rule=wanted.rule,
        reason=wanted.reason,
        note=wanted.note,
        case_no=wanted.case_no or None,
        first_day=wanted.since,
        last_day=wanted.until,
    )
    return WaiverMade(id=waivers.make(context_of(request), viewer, customer_no, wish))


@router.post(
    "/{waiver_id}/withdraw", status_code=204, responses=CHANGING, summary="Withdraw a waiver"
)
def withdraw_waiver(
    request: Request,
    customer_no: str,
    waiver_id: Annotated[str, Path(max_length=36)],
    viewer: Waiving,
    wanted: WithdrawnWhy,
) -> None:
    """From today on; that it held up to yesterday stays true."""
    waivers.withdraw(context_of(request), viewer, customer_no, waiver_id, why=wanted.why)


def _item(one: MadeWaiver, language: str) -> MadeWaiverItem:
    return MadeWaiverItem(
        id=one.id,
        rule=one.rule,
        case_no=one.case_no,
        reason=wording.waived_why(one.reason, one.note, language),
        reason_code=one.reason,
        since=one.first_day,
        until=one.last_day,
        by=one.made_by,
        made_at=one.made_at,
        withdrawn_at=one.withdrawn_at,
        withdrawn_by=one.withdrawn_by,
        withdrawn_why=one.withdrawn_why,
    )
