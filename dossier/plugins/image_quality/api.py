"""Findings and requests for new scans for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.db.quality_tables import PageFinding, Rescan
from dossier.errors import NotFoundError, QueryError
from dossier.plugins.image_quality import views, wording
from dossier.plugins.image_quality.views import Quality, UnitRate, Wish
from dossier.rules.limits import LARGEST_INTEGER
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["image quality"])
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
PageNumber = Annotated[int, Path(ge=1, le=LARGEST_INTEGER)]


class FindingItem(BaseModel):
    """What is not as it should be on a page."""

    page: int
    code: str
    label: str
    severity: str = Field(description="fails: a new scan is asked for; warns")
    measured: float
    required: float
    clause: str
    rule_from: date
    other_document_id: str | None = Field(
        description="Where the same page is; null outside the viewer's scope"
    )
    other_page: int | None


class RescanItem(BaseModel):
    """A request for a new scan of a page."""

    document_id: str
    page: int
    code: str = Field(description="A file whose name or bar code says it is the new scan")
    state: str = Field(description="open, rescanned, accepted or void")
    reasons: list[str]
    opened_at: datetime
    settled_at: datetime | None
    why: str = Field(description="Why it was accepted as it is")
    note: str
    new_document_id: str | None = Field(description="Null outside the viewer's scope")
    new_page: int | None
    trouble: str = Field(description="Why the last scan that was handed in did not settle it")


class QualityAnswer(BaseModel):
    """Of one paper."""

    pages: int | None = Field(description="How many were checked; null where none was")
    failing: int
    findings: list[FindingItem]
    rescans: list[RescanItem]
    rescan_of: list[RescanItem] = Field(description="What this paper is the new scan for")


class RateItem(BaseModel):
    """Pages of a unit that were checked, and how many pass (扫描合格率)."""

    unit: int = Field(description="0: papers of no unit, or all units")
    name: str
    pages: int
    passed: int
    percent: float | None = Field(description="None where no page was checked")
    open: int


class RescanList(BaseModel):
    """Requests in the viewer's scope, the oldest first."""

    items: list[RescanItem]
    next_cursor: str | None
    total: int
    by_state: dict[str, int]
    by_check: dict[str, int]
    whole: RateItem
    units: list[RateItem]


class Taken(BaseModel):
    """Why a page is taken as it is."""

    model_config = ConfigDict(extra="forbid")
    why: str = Field(max_length=40, description="A code of image_quality.yaml, reasons")
    note: str = Field("", max_length=4000)


def wished(
    state: Annotated[str, Query(max_length=10)] = "open",
    unit: Annotated[int | None, Query(ge=0, le=LARGEST_INTEGER)] = None,
    check: Annotated[str, Query(max_length=20)] = "",
) -> Wish:
    """What is asked for; ``state=`` empty for all."""
    return Wish(state, unit, check)


@router.get("/rescans", responses=may_answer(QueryError), summary="Pages to be scanned anew")
def read_rescans(
    request: Request,
    viewer: Reading,
    wish: Annotated[Wish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    size: Annotated[int, Query(ge=1, le=views.LARGEST_PAGE)] = 50,
) -> RescanList:
    """With the share of pages that pass in each unit."""
    found = views.get(context_of(request), viewer, wish, cursor=cursor, size=size)
    return RescanList(
        items=[_rescan(one.row, one.note, is_visible=one.new_is_visible) for one in found.items],
        next_cursor=found.next_cursor,
        total=found.total,
        by_state=dict(found.by_state),
        by_check=dict(found.by_check),
        whole=_rate(found.whole),
        units=[_rate(one) for one in found.units],
    )


@router.get(
    "/documents/{document_id}/quality",
    responses=may_answer(NotFoundError),
    summary="How well a paper's pages were scanned",
)
def read_quality(request: Request, document_id: str, viewer: Reading) -> QualityAnswer:
    """What is wrong with them, and where new scans are asked for or there."""
    context = context_of(request)
    found = views.of_document(context, viewer, document_id)
    language = speaking(request, viewer, context.settings.locale).language
    return QualityAnswer(
        pages=found.pages,
        failing=found.failing,
        findings=[_finding(one, found, wording.language_of(language)) for one in found.findings],
        rescans=[_of_paper(one, found) for one in found.requests],
        rescan_of=[_of_paper(one, found) for one in found.answers],
    )


@router.post(
    "/rescans/{document_id}/{page}/accept",
    status_code=204,
    responses=CHANGING,
    summary="Take a page as it is",
)
def accept_page(
    request: Request,
    document_id: str,
    page: PageNumber,
    viewer: Annotated[Viewer, requires(Permission.ASSIGN)],
    taken: Taken,
) -> None:
    """The paper itself is no better; who said so and why is kept."""
    views.accept(context_of(request), viewer, document_id, page, why=taken.why, note=taken.note)


def _finding(one: PageFinding, found: Quality, language: str) -> FindingItem:
    other = one.other_document_id if one.other_document_id in found.visible else None
    return FindingItem(
        page=one.page,
        code=one.code,
        label=wording.told(one, language),
        severity=one.severity,
        measured=one.measured,
        required=one.required,
        clause=wording.clause(one.code),
        rule_from=one.rule_from,
        other_document_id=other,
        other_page=one.other_page,
    )


def _of_paper(one: Rescan, found: Quality) -> RescanItem:
    note = found.notes.get((one.document_id, one.page), "")
    return _rescan(one, note, is_visible=one.new_document_id in found.visible)


def _rescan(one: Rescan, note: str, *, is_visible: bool) -> RescanItem:
    return RescanItem(
        document_id=one.document_id,
        page=one.page,
        code=one.code,
        state=one.state,
        reasons=list(one.reasons),
        opened_at=one.opened_at,
        settled_at=one.settled_at,
        why=one.why,
        note=note,
        new_document_id=one.new_document_id if is_visible else None,
        new_page=one.new_page,
        trouble=one.trouble,
    )


def _rate(one: UnitRate) -> RateItem:
    return RateItem(
        unit=one.unit_id,
        name=one.name,
        pages=one.pages,
        passed=one.passed,
        percent=one.percent,
        open=one.open,
    )
