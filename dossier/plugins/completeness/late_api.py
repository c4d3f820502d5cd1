"""Late papers for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from dossier.errors import InvalidInputError, NotFoundError, QueryError
from dossier.plugins.completeness import late_views
from dossier.plugins.completeness.late_views import LatePaper, UnitRate, Wish
from dossier.rules.limits import LARGEST_INTEGER
from dossier.services.table_export import MEDIA_TYPES, as_csv
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["completeness"])
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
HEAD = (
    "customer_no", "document_id", "type", "case_no", "node", "reasons", "reasons_now", "dated",
    "completed_at", "produced_at", "captured_at", "found_at", "explained",
)  # fmt: skip


class TimesItem(BaseModel):
    """The three times of a paper, and the begin of its clock."""

    dated: date | None = Field(description="The day that stands on it")
    completed_at: datetime = Field(description="When its node was completed")
    captured_at: datetime = Field(description="When it was taken in")
    produced_at: datetime = Field(description="The later of its own day and the node's completion")


class FlagItem(BaseModel):
    """Why a paper is late, by what was known when that was found."""

    reason: str = Field(description="dated_after or captured_after")
    allowed_hours: float
    rule_from: date
    found_at: datetime


class ExplanationItem(BaseModel):
    """What somebody said of it."""

    at: datetime
    by: str
    text: str


class LateItem(BaseModel):
    """A late paper; its flags are for good."""

    document_id: str
    customer_no: str = Field(description="Whose it was then; empty outside the viewer's scope")
    type: str
    case_no: str = Field(description="Of that customer")
    node: str
    page: int | None = Field(description="Where its day stands")
    box: list[float] | None
    times: TimesItem
    flags: list[FlagItem]
    reasons_now: list[str] = Field(description="Those that hold by what is known now")
    times_now: TimesItem | None = Field(description="None: it is held against no node any more")
    explanations: list[ExplanationItem]


class RateItem(BaseModel):
    """Late papers of a unit beside all of its papers."""

    unit: int = Field(description="0: papers of no unit, or all units")
    name: str
    late: int
    papers: int
    percent: float | None = Field(description="None where there are no papers")


class LateAnswer(BaseModel):
    """Late papers in the viewer's scope, the newest first."""

    items: list[LateItem]
    next_cursor: str | None
    total: int
    whole: RateItem
    units: list[RateItem]


class OfDocument(BaseModel):
    """Of one paper; null where it is not late."""

    late: LateItem | None


class Said(BaseModel):
    """An explanation."""

    model_config = ConfigDict(extra="forbid")
    why: str = Field(max_length=4000)


def wished(
    unit: Annotated[int | None, Query(ge=0, le=LARGEST_INTEGER)] = None,
    reason: Annotated[str, Query(max_length=20)] = "",
    explained: Annotated[str, Query(max_length=3)] = "",
) -> Wish:
    """What is asked for; a code that there is not finds nothing."""
    return Wish(unit, reason, explained)


@router.get("/late-papers", responses=may_answer(QueryError), summary="Papers that came late")
def read_late_papers(
    request: Request,
    viewer: Reading,
    wish: Annotated[Wish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    size: Annotated[int, Query(ge=1, le=late_views.LARGEST_PAGE)] = 50,
) -> LateAnswer:
    """With the share of late papers in each unit (补录率)."""
    found = late_views.get(context_of(request), viewer, wish, cursor=cursor, size=size)
    return LateAnswer(
        items=[item_of(one) for one in found.items],
        next_cursor=found.next_cursor,
        total=found.total,
        whole=_rate(found.whole),
        units=[_rate(one) for one in found.units],
    )


@router.get(
    "/late-papers/file",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **may_answer(InvalidInputError)},
    summary="The same as a CSV file",
)
def read_late_file(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.EXPORT)],
    wish: Annotated[Wish, Depends(wished)],
    purpose: Annotated[str, Query(max_length=400, description="What for; it is recorded")] = "",
) -> Response:
    """Numbers, codes and times; no personal data. The purpose may come in its header as well."""
    return file_of(late_views.in_file(context_of(request), viewer, wish, purpose=purpose))


def file_of(papers: Sequence[LatePaper]) -> Response:
    """The list as a file."""
    body = as_csv(HEAD, [_row(one) for one in papers])
    headers = {
        "Content-Disposition": 'attachment; filename="late-papers.csv"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=MEDIA_TYPES["csv"], headers=headers)


@router.get(
    "/documents/{document_id}/late",
    responses=may_answer(NotFoundError),
    summary="Whether a paper came late",
)
def read_late_paper(request: Request, document_id: str, viewer: Reading) -> OfDocument:
    """Its flags, what was known then, what is known now, and what was said of it."""
    found = late_views.of_document(context_of(request), viewer, document_id)
    return OfDocument(late=item_of(found) if found else None)


@router.post(
    "/documents/{document_id}/late/explanations",
    status_code=204,
    responses=CHANGING,
    summary="Explain a late paper",
)
def explain_late_paper(
    request: Request,
    document_id: str,
    viewer: Annotated[Viewer, requires(Permission.ASSIGN)],
    said: Said,
) -> None:
    """The flag stays."""
    late_views.explain(context_of(request), viewer, document_id, said.why)


def item_of(one: LatePaper) -> LateItem:
    """A late paper as the answers give it."""
    flag, now = one.first, one.now
    return LateItem(
        document_id=one.document_id,
        customer_no=one.customer_no,
        type=flag.type_code,
        case_no=one.case_no,
        node=flag.node,
        page=flag.page,
        box=flag.box,
        times=TimesItem(
            dated=flag.dated,
            completed_at=flag.completed_at,
            captured_at=flag.captured_at,
            produced_at=flag.produced_at,
        ),
        flags=[
            FlagItem(
                reason=each.reason,
                allowed_hours=each.allowed_hours,
                rule_from=each.rule_from,
                found_at=each.found_at,
            )
            for each in one.flags
        ],
        reasons_now=list(one.reasons_now),
        times_now=TimesItem(
            dated=now.dated.day,
            completed_at=now.times.completed,
            captured_at=now.times.captured,
            produced_at=now.times.produced,
        )
        if now
        else None,
        explanations=[
            ExplanationItem(at=each.at, by=each.by, text=each.text) for each in one.explanations
        ],
    )


def _rate(one: UnitRate) -> RateItem:
    return RateItem(
        unit=one.unit_id, name=one.name, late=one.late, papers=one.papers, percent=one.percent
    )


def _row(one: LatePaper) -> list[str]:
    flag = one.first
    times = (flag.completed_at, flag.produced_at, flag.captured_at, flag.found_at)
    return [
        one.customer_no,
        one.document_id,
        flag.type_code,
        one.case_no,
        flag.node,
        " ".join(each.reason for each in one.flags),
        " ".join(one.reasons_now),
        flag.dated.isoformat() if flag.dated else "",
        *(at.isoformat() for at in times),
        "yes" if one.explanations else "no",
    ]
