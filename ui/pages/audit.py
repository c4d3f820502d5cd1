"""Who did and saw what, for those who check it; nothing can be changed here."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dossier.services import audit_log
from dossier.services.audit_log import AuditFilter
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui.labels import ACTION
from ui.rendering import render

router = APIRouter()
PAGE_SIZE: Final = 50
LONGEST: Final = 80
"""Characters of an actor or an id in the record."""


@router.get("/audit")
def show_audit(
    request: Request,
    actor: str = Query("", max_length=LONGEST),
    object_id: str = Query("", max_length=LONGEST),
    action: str = Query("", max_length=LONGEST),
    cursor: str = "",
    viewer: Viewer = requires(Permission.READ_AUDIT),
) -> Response:
    """The record, newest first, with how far it is sealed."""
    wanted = AuditFilter(actor.strip(), object_id.strip(), action)
    found, seals = audit_log.list_audit(
        context_of(request), viewer, wanted=wanted, cursor=cursor or None, size=PAGE_SIZE
    )
    return render(
        request,
        "audit.html",
        found=found,
        seals=seals,
        wanted=wanted,
        actions=sorted({*ACTION, action} - {""}),
        next=_address(wanted, found.next_cursor) if found.next_cursor else "",
        object_address=lambda key: _address(AuditFilter(object_id=key)),
    )


def _address(wanted: AuditFilter, cursor: str = "") -> str:
    values = {
        "actor": wanted.actor,
        "object_id": wanted.object_id,
        "action": wanted.action,
        "cursor": cursor,
    }
    pairs = {key: value for key, value in values.items() if value}
    return f"/audit?{urlencode(pairs)}" if pairs else "/audit"
