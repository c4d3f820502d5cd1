"""A page's picture and where the query stands on it, with what is masked painted over."""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent
from dossier.errors import StepFailedError, UnreadableFileError
from dossier.services import audit, disclosure, page_drawing, page_picture, watermark
from dossier.services.context import Context
from dossier.services.page_drawing import Plan, hit_boxes
from dossier.services.texts import hits
from dossier.services.view_sources import page_source
from dossier.services.views import PageBoxes, PageImage
from dossier.viewer import Permission, Viewer

__all__ = ["boxes", "hits", "image"]

UNREADABLE = "unreadable"
PNG_HEAD = b"\x89PNG"


def boxes(
    context: Context, viewer: Viewer, document_id: str, number: int, *, q: str = ""
) -> PageBoxes:
    """Where ``q`` stands on the page; nothing there, or a page that is not read: no boxes.

    A box on a masked value is given only for the whole value: who types it knows it, and who feels
    for it digit by digit learns nothing.

    Raises:
        ForbiddenError: the role may not read contents.
        NotFoundError: no such page in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CONTENT)
    with context.reading(viewer) as session:
        source = page_source(context, session, viewer, document_id, number)
        viewer = disclosure.looking(context, session, viewer.at(source.place), source.customer_no)
    if source.page is None:
        return PageBoxes(0, 0, ())
    found = hit_boxes(context, viewer, source, q)
    return PageBoxes(
        source.page.width,
        source.page.height,
        tuple(box for _, box in found),
        tuple(hit for hit, _ in found),
    )


def image(
    context: Context,
    viewer: Viewer,
    document_id: str,
    number: int,
    *,
    width: int = 1000,
    q: str = "",
    strip: bool = False,
    printed: int = 0,
) -> PageImage:
    """The page upright and ``width`` pixels wide, or the strip around the first hit with its boxes.

    Who sees masked gets no picture of a page that was not read (what stands on it is not known),
    but a placeholder. Each call notes a read record, and the picture is marked with viewer, time
    and purpose; ``printed`` is the audit row of the viewer's own print that it is for.

    Raises:
        ForbiddenError: the role may not read contents.
        NotFoundError: no such page in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CONTENT)
    with context.reading(viewer) as session:
        source = page_source(context, session, viewer, document_id, number)
        viewer = viewer.at(source.place)
        if not strip:  # strips stand in a list of hits, and a search opens nothing
            viewer = disclosure.looking(context, session, viewer, source.customer_no)
        purpose = _purpose_of(session, viewer, document_id, printed) if printed else ""
    receipt = audit.record_read(
        context,
        viewer,
        "page.snippet" if strip else "page.read",
        object_kind="document",
        object_id=document_id,
        facts={"page": number},
    )
    plan = page_drawing.plan(
        context, viewer.at(source.place), source, width=width, q=q, strip=strip
    )
    if not isinstance(plan, Plan):
        return _placeholder(receipt, width, plan)
    try:
        body = page_drawing.draw(context, source, plan)
        mark = watermark.mark_of(viewer, context.clock.now(), purpose=purpose)
        body = watermark.stamp(body, mark)
    except (UnreadableFileError, StepFailedError):
        return _placeholder(receipt, width, UNREADABLE)
    shown_width, height = page_picture.size_of(body)
    etag = hashlib.sha256(f"{plan.key}\n{mark.key}".encode()).hexdigest()
    return PageImage(
        receipt,
        body,
        _media_type(body),
        etag,
        shown_width,
        height,
        is_passing=viewer.sees_by_an_end,
    )


def _purpose_of(session: ScopedSession, viewer: Viewer, document_id: str, printed: int) -> str:
    """What the viewer's own print of this paper is for; nothing for anything else."""
    query = select(AuditEvent.purpose).where(
        AuditEvent.id == printed,
        AuditEvent.actor == viewer.id,
        AuditEvent.action == audit.PRINTED,
        AuditEvent.object_id == document_id,
    )
    return session.scalar(query) or ""


def _placeholder(receipt: audit.Receipt, width: int, reason: str) -> PageImage:
    body = page_picture.placeholder(width)
    shown_width, height = page_picture.size_of(body)
    return PageImage(
        receipt, body, _media_type(body), reason, shown_width, height, placeholder=reason
    )


def _media_type(body: bytes) -> str:
    return "image/png" if body.startswith(PNG_HEAD) else "image/jpeg"
