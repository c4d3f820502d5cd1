"""Who did and saw what, for those who check it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from dossier.services import audit_log
from dossier.services.audit_log import AuditFilter
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import schemas
from searchapi.answers import JsonAnswer, listing
from searchapi.problems import SEARCHING

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get(
    "", response_model=schemas.AuditList, responses=SEARCHING, summary="Who did and saw what"
)
def read(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.READ_AUDIT)],
    actor: Annotated[str, Query(max_length=80, description="An account's name")] = "",
    object_id: Annotated[str, Query(max_length=80)] = "",
    action: Annotated[str, Query(max_length=40)] = "",
    cursor: str | None = None,
    size: Annotated[int, Query(ge=1, le=audit_log.MOST_ITEMS)] = 50,
) -> JsonAnswer:
    """Newest first; the reading itself is noted."""
    found, _ = audit_log.list_audit(
        context_of(request),
        viewer,
        wanted=AuditFilter(actor=actor.strip(), object_id=object_id.strip(), action=action),
        cursor=cursor,
        size=size,
    )
    return JsonAnswer(listing(found))
