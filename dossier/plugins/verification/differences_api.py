"""``/api/v1/comparisons`` and ``/api/v1/differences``: what another system says differently."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from dossier.db.verification_tables import ComparisonRun
from dossier.errors import InvalidInputError, QueryError, TooLargeError
from dossier.plugins.verification import comparison, differences
from dossier.plugins.verification.api import MaskedText, shown
from dossier.plugins.verification.comparison import OPEN
from dossier.plugins.verification.differences import DifferenceWish, FoundDifference
from dossier.plugins.verification.received import received
from dossier.plugins.verification.standing import PLACES, Place
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["verification"])
Settling = Annotated[Viewer, requires(Permission.SETTLE)]
Comparing = Annotated[Viewer, requires(Permission.SETTLE, whole_company=True)]
Code = Annotated[str, Query(max_length=20)]


class WrongCell(BaseModel):
    """Why a row was left out."""

    row: int
    column: str
    message_zh: str
    message_en: str


class RunItem(BaseModel):
    """A comparison; without ``finished_at`` it goes on, or was broken off."""

    id: str
    is_whole: bool
    rows: int
    done: int
    rejected: int
    errors: list[WrongCell]
    unknown: list[str] = Field(description="The first customer numbers that the register lacks")
    unknown_count: int
    opened: int
    agreed: int
    started_at: datetime
    finished_at: datetime | None


class RunList(BaseModel):
    """The last comparisons, the newest first."""

    items: list[RunItem]
    next_cursor: str | None = None
    total: int


class DifferenceItem(BaseModel):
    """A fact that both sides say differently, masked as its values are everywhere."""

    id: str
    customer_no: str
    fact: str
    ours: list[MaskedText]
    theirs: list[MaskedText]
    state: str
    decision: str
    reason: str
    settled_by: str
    settled_at: datetime | None
    opened_at: datetime


class DifferenceList(BaseModel):
    """A page of the list."""

    items: list[DifferenceItem]
    next_cursor: str | None
    total: int
    facets: dict[str, dict[str, int]]


class Answer(BaseModel):
    """How a difference is settled."""

    model_config = ConfigDict(extra="forbid")
    decision: str = Field(max_length=20, description="take_theirs, keep_ours or clerical")
    reason: str = Field(max_length=1000)


def wished(
    state: Code = OPEN,
    fact: Code = "",
    station: Place = None,
    line: Place = None,
    district: Place = None,
) -> DifferenceWish:
    """What is asked for in an address; an empty state: all."""
    given = zip(PLACES, (station, line, district), strict=True)
    return DifferenceWish(state, fact, {name: one for name, one in given if one is not None})


@router.post(
    "/comparisons",
    status_code=201,
    responses=may_answer(InvalidInputError, TooLargeError),
    summary="Compare an export with the register",
)
async def compare(request: Request, viewer: Comparing, whole: bool = False) -> RunItem:  # noqa: FBT001, FBT002 - a query parameter
    """The body is the file. One that was broken off goes on when the same is sent again."""
    context = context_of(request)
    async with received(request) as path:
        work = partial(comparison.compare, context, viewer, path, is_whole=whole)
        run_id = await run_in_threadpool(work)
    found = await run_in_threadpool(differences.runs, context, viewer)
    return _run(next(one for one in found if one.id == run_id))


@router.get("/comparisons", responses=may_answer(), summary="Comparisons")
def list_runs(request: Request, viewer: Comparing) -> RunList:
    """How far each is, what was left out and why."""
    items = [_run(one) for one in differences.runs(context_of(request), viewer)]
    return RunList(items=items, total=len(items))


@router.get("/differences", responses=may_answer(QueryError), summary="Differences")
def list_differences(
    request: Request,
    viewer: Settling,
    wish: Annotated[DifferenceWish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    size: Annotated[int, Query(ge=1, le=100)] = 50,
) -> DifferenceList:
    """Open ones, unless another state is asked for."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    found = differences.get(context, speaker, wish, cursor=cursor, size=size)
    return DifferenceList(
        items=[_item(one) for one in found.items],
        next_cursor=found.next_cursor,
        total=found.total,
        facets={"fact": dict(found.by_fact)},
    )


@router.post(
    "/differences/{difference_id}/settle",
    status_code=204,
    responses=CHANGING,
    summary="Settle a difference",
)
def settle(
    request: Request,
    difference_id: Annotated[str, Path(max_length=36)],
    viewer: Settling,
    answer: Answer,
) -> None:
    """What is taken over goes into the register."""
    context = context_of(request)
    differences.settle(context, viewer, difference_id, answer.decision, answer.reason)


def _run(one: ComparisonRun) -> RunItem:
    kept: Mapping[str, Any] = {
        name: getattr(one, name) for name in RunItem.model_fields if name != "errors"
    }
    return RunItem(
        errors=[
            WrongCell(row=row, column=heading or column, message_zh=zh, message_en=en)
            for row, column, heading, zh, en in one.errors
        ],
        **kept,
    )


def _item(one: FoundDifference) -> DifferenceItem:
    return DifferenceItem(
        id=one.id,
        customer_no=one.head.customer_no,
        fact=one.fact,
        ours=[shown(value) for value in one.ours],
        theirs=[shown(value) for value in one.theirs],
        state=one.state,
        decision=one.decision,
        reason=one.reason,
        settled_by=one.settled_by,
        settled_at=one.settled_at,
        opened_at=one.opened_at,
    )
