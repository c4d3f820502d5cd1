"""What a document's page says of the stack that it is, or was cut out of."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.stack_tables import Stack
from dossier.db.tables import Document
from dossier.hookspecs import Panel
from dossier.services import stacks
from dossier.services.context import Context
from dossier.viewer import Viewer


def panels(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """A way to the page on which the cuts are moved; none for one page."""
    with context.reading(viewer) as session:
        own = session.get(Document, document_id)
        if own is None:
            return ()
        if own.source_pages is None:
            if own.media_type not in stacks.STACKED or own.page_count <= 1:
                return ()
            found = session.get(Stack, own.id)
            papers = str(len(found.parts)) if found and len(found.parts) > 1 else ""
            return (_panel(own.id, papers),)
        whole = session.scalar(select(Document.id).where(Document.id == own.parent_id))
    pages = ", ".join(map(str, own.source_pages))
    return (_panel(whole, pages),) if whole else ()


def _panel(document_id: str, said: str) -> Panel:
    rows = (("", said),) if said else ()
    return Panel("stacks", "拆分", "Cut into papers", rows, href=f"/stacks/{document_id}")
