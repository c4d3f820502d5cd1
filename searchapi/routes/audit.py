"""Who did and saw what, for those who check it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from dossier.services import audit_log
from dossier.services.audit_log import AuditFilter
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import schemas
from searchapi.answers import JsonAnswer, listing
from searchapi.problems import SEARCHING

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditQuery(BaseModel):
    """Which rows; an empty value asks for all."""

    actor: Annotated[str, Field(max_length=80, description="An account's name")] = ""
    customer_no: Annotated[str, Field(max_length=80, description="With the papers")] = ""
    object_id: Annotated[str, Field(max_length=80)] = ""
    action: Annotated[str, Field(max_length=40)] = ""
    since: Annotated[date | None, Field(description="First day, in Shanghai")] = None
    until: Annotated[date | None, Field(description="Last day, included")] = None
    cursor: str | None = None
    size: Annotated[int, Field(ge=1, le=audit_log.MOST_ITEMS)] = 50


@router.get(
    "", response_model=schemas.AuditList, responses=SEARCHING, summary="Who did and saw what"
)
def read(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.READ_AUDIT)],
    asked: Annotated[AuditQuery, Query()],
) -> JsonAnswer:
    """Newest first; the reading itself is noted."""
    found, _ = audit_log.list_audit(
        context_of(request),
        viewer,
        wanted=AuditFilter(
            actor=asked.actor.strip(),
            customer_no=asked.customer_no.strip(),
            object_id=asked.object_id.strip(),
            action=asked.action,
            since=asked.since,
            until=asked.until,
        ),
        cursor=asked.cursor,
        size=asked.size,
    )
    return JsonAnswer(listing(found))
