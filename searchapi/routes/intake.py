"""What came in and what became of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from dossier.services import intake, work_status
from dossier.services.work_status import IntakeItem
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import schemas
from searchapi.answers import JsonAnswer
from searchapi.problems import CHANGING, SEARCHING

router = APIRouter(prefix="/intake", tags=["intake"])
LARGEST_PAGE = 200


@router.get(
    "", response_model=schemas.IntakeList, responses=SEARCHING, summary="Files that came in"
)
def read(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.SEE_INTAKE)],
    state: Annotated[str, Query(description="Only these states, by commas")] = "",
    batch: str | None = None,
    cursor: str | None = None,
    size: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> JsonAnswer:
    """Newest first, with counts of everything by state."""
    found = work_status.list_intake(
        context_of(request),
        viewer,
        states=[each for each in state.split(",") if each],
        cursor=cursor,
        size=size,
        batch=batch,
    )
    return JsonAnswer(
        {
            "items": [_item(each) for each in found.items],
            "counts": dict(found.counts),
            "next_cursor": found.next_cursor,
            "total": found.total,
        }
    )


def _item(item: IntakeItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "source_path": str(item.source_path),
        "origin": item.origin,
        "document_id": item.document_id,
        "outcome": item.outcome,
        "state": item.state,
        "step": item.step,
        "since": item.since,
        "received_at": item.received_at,
        "attempt": item.attempt,
        "error": item.error,
        "reason": item.reason,
        "progress": item.progress,
        "may_retry": item.may_retry,
        "retries": item.retries,
        "retried_at": item.retried_at,
    }


@router.post(
    "/{intake_id}/retry",
    status_code=202,
    response_model=schemas.Retried,
    responses=CHANGING,
    summary="Try a file again",
)
def retry(
    request: Request,
    intake_id: str,
    viewer: Annotated[Viewer, requires(Permission.MANAGE_INTAKE)],
) -> JsonAnswer:
    """What was set aside, or the pages and copies that failed, are worked on again."""
    document_id = intake.retry(context_of(request), viewer, intake_id)
    return JsonAnswer({"id": intake_id, "document_id": document_id}, status_code=202)
