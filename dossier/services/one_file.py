"""A paper and the pictures that were pasted into it are one matter: whose the one is, the other is.

Unlike a mail's attachment, a picture in an office file or PDF is a piece of that very paper: the
photo of an identity card below an application. So they are filed with each other, and asked about
again when the other's customer changes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.records import DocumentState
from dossier.services import sent_together
from dossier.work import queue
from dossier.work.kinds import RECOGNISE_PRIORITY, WorkKind

INSIDE = "inside"
"""Reason code of a link by the other's customer."""
LINK_ONLY = "link_only"
"""Payload of a recognise item that only asks again whose paper it is."""
_PAPERS = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/rtf",
    "application/pdf",
    "application/ofd",
)
_PICTURE = "image/"


def owners(session: ScopedSession, document: Document) -> tuple[str, ...]:
    """Customers of the file that the picture stands in, or of the pictures in the file.

    A picture that has its customer from the file says nothing about the file.
    """
    if document.media_type.startswith(_PICTURE):
        above = session.get(Document, document.parent_id) if document.parent_id else None
        return (above.customer_no,) if above and _is_paper(above) and above.customer_no else ()
    if not _is_paper(document):
        return ()
    below = select(Document.customer_no, Document.link_reasons).where(
        Document.parent_id == document.id,
        Document.media_type.startswith(_PICTURE),
        Document.customer_no.is_not(None),
    )
    found = {owner for owner, reasons in session.execute(below) if INSIDE not in reasons}
    return tuple(sorted(owner for owner in found if owner))


def ask_again(session: ScopedSession, document: Document, *, at: datetime) -> None:
    """Have the relatives linked anew that wait, or that were filed by this one's customer."""
    relatives = or_(Document.parent_id == document.id, Document.id == document.parent_id)
    query = select(Document).where(relatives, Document.assigned_by.is_(None))
    ids = [one.id for one in session.scalars(query) if _is_to_ask(one, document)]
    if ids:
        queue.requeue(session, [_task(one) for one in ids], now=at)


def _is_paper(document: Document) -> bool:
    return document.media_type.startswith(_PAPERS)


def _is_to_ask(relative: Document, document: Document) -> bool:
    if relative.id == document.parent_id and not _is_paper(relative):
        return False
    if relative.state == DocumentState.TO_ASSIGN:
        return True
    if relative.parent_id == document.id and sent_together.PARENT in relative.link_reasons:
        return True
    return INSIDE in relative.link_reasons and relative.customer_no != document.customer_no


def _task(document_id: str) -> queue.Task:
    return queue.Task(
        kind=WorkKind.RECOGNISE,
        subject=document_id,
        dedupe_key=f"link:{document_id}",
        payload={LINK_ONLY: True},
        priority=RECOGNISE_PRIORITY,
    )
