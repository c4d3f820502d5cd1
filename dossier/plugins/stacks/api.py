"""``/api/v1/documents/{id}/cuts``: where a file is cut into papers, by the machine or a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import DiskFullError, InvalidInputError
from dossier.services import stack_decisions, stack_views
from dossier.services.stack_decisions import Wanted
from dossier.services.stack_views import StackPart, StackView
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, READING, may_answer

router = APIRouter(prefix="/documents/{document_id}/cuts", tags=["documents"])
MOST_PARTS = 2_000
Page = Annotated[int, Field(ge=1, lt=2**31)]


class CutItem(BaseModel):
    """A place where a paper may begin, and what speaks for and against it, in nats."""

    before: int
    probability: float
    reasons: list[tuple[str, float]]
    open: bool = Field(description="Likely, and not sure enough to be made without a person")


class RemarkItem(BaseModel):
    """What is odd about a paper's pages."""

    kind: str
    pages: list[int]


class PartItem(BaseModel):
    """A paper of the file."""

    id: str | None
    pages: list[int]
    type: str | None
    customer_no: str | None
    state: str
    reasons: list[str]
    remarks: list[RemarkItem]


class CutsAnswer(BaseModel):
    """How a file is cut, or could be."""

    document_id: str
    state: str
    pages: int
    cut: bool
    parts: list[PartItem]
    cuts: list[CutItem]
    aside: list[int] = Field(description="Separators and blank pages, which are in no paper")
    decided_by: str | None
    decided_at: datetime | None
    may_undo: bool
    revision: int


class WantedPart(BaseModel):
    """A paper as it is to be; what is left out stays, or is found by the machine."""

    model_config = ConfigDict(extra="forbid")

    pages: list[Page] = Field(min_length=1, max_length=MOST_PARTS)
    type: str | None = Field(None, max_length=8)
    customer_no: str | None = Field(None, max_length=16, description="empty: nobody's")


class WantedCuts(BaseModel):
    """All papers of a file."""

    model_config = ConfigDict(extra="forbid")

    parts: list[WantedPart] = Field(min_length=1, max_length=MOST_PARTS)


Assigning = Annotated[Viewer, requires(Permission.ASSIGN)]
IfMatch = Annotated[str | None, Header(description="The ETag that was read")]


@router.get(
    "",
    response_model=CutsAnswer,
    responses=READING,
    summary="Where a file is cut into papers",
)
def read_cuts(request: Request, document_id: str, viewer: Assigning) -> JSONResponse:
    """The papers as they are, and each place where one may begin, with its reasons."""
    return _answer(stack_views.get(context_of(request), viewer, document_id))


@router.put(
    "",
    response_model=CutsAnswer,
    responses=CHANGING | may_answer(DiskFullError),
    summary="Cut a file as a person says",
)
def set_cuts(
    request: Request,
    document_id: str,
    body: WantedCuts,
    viewer: Assigning,
    if_match: IfMatch = None,
) -> JSONResponse:
    """One paper of all pages: it is not cut. Pages with something on them are in exactly one."""
    wanted = [Wanted(tuple(one.pages), one.type, one.customer_no) for one in body.parts]
    view = stack_decisions.decide(
        context_of(request), viewer, document_id, wanted, revision=_revision(if_match)
    )
    return _answer(view)


@router.post(
    "/undo",
    response_model=CutsAnswer,
    responses=CHANGING | may_answer(DiskFullError),
    summary="Take the last decision back",
)
def undo_cuts(
    request: Request, document_id: str, viewer: Assigning, if_match: IfMatch = None
) -> JSONResponse:
    """The papers are as they were before the last decision of a person."""
    view = stack_decisions.undo(
        context_of(request), viewer, document_id, revision=_revision(if_match)
    )
    return _answer(view)


def _answer(view: StackView) -> JSONResponse:
    answer = CutsAnswer(
        document_id=view.document_id,
        state=view.state,
        pages=view.page_count,
        cut=view.is_cut,
        parts=[_part(one) for one in view.parts],
        cuts=[
            CutItem(
                before=one.before,
                probability=one.probability,
                reasons=list(one.reasons),
                open=one.is_open,
            )
            for one in view.cuts
        ],
        aside=list(view.aside),
        decided_by=view.decided_by,
        decided_at=view.decided_at,
        may_undo=view.may_undo,
        revision=view.revision,
    )
    headers = {"ETag": f'"{view.revision}"'}
    return JSONResponse(answer.model_dump(mode="json"), headers=headers)


def _part(part: StackPart) -> PartItem:
    return PartItem(
        id=part.document_id,
        pages=list(part.pages),
        type=part.type,
        customer_no=part.customer.customer_no if part.customer else None,
        state=part.state,
        reasons=list(part.reasons),
        remarks=[RemarkItem(kind=one.kind, pages=list(one.pages)) for one in part.remarks],
    )


def _revision(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    number = if_match.strip().removeprefix("W/").strip('"')
    if not number.isdecimal():
        raise InvalidInputError("If-Match must be the ETag of the cuts as they were read")
    return int(number)
