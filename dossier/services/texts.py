"""The text of a document's pages, as its viewer may read it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Page
from dossier.rules.masking import KnownValues
from dossier.search.parser import parse
from dossier.services import audit, disclosure, marks, page_masks, papers
from dossier.services.context import Context
from dossier.services.heads import known_values, names_of
from dossier.services.views import PageHits, PageText
from dossier.viewer import Permission, Place, Viewer


def read(
    context: Context, viewer: Viewer, document_id: str, *, q: str = "", number: int | None = None
) -> tuple[PageText, ...]:
    """All pages that were read, in order, with the places of ``q``; a read record is noted.

    With ``number`` it is that page alone, or nothing while it is not read.

    Raises:
        ForbiddenError: the role may not read contents.
        NotFoundError: no such document in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CONTENT)
    with context.reading(viewer) as session:
        document = papers.in_scope(session, document_id)
        here = viewer.at(Place.of_document(document))
        here = disclosure.looking(context, session, here, document.customer_no)
        seen = replace(viewer, opening=here.opening)
        found = tuple(_page_texts(context, session, seen, document, q, number))
    audit.record_read(context, here, "text.read", object_kind="document", object_id=document_id)
    return found


def hits(context: Context, viewer: Viewer, document_id: str, *, q: str) -> tuple[PageHits, ...]:
    """How often ``q`` stands on each page where it does; for dots and for next and previous hit.

    Raises:
        ForbiddenError: the role may not read contents.
        NotFoundError: no such document in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CONTENT)
    with context.reading(viewer) as session:
        document = papers.in_scope(session, document_id)
        here = viewer.at(Place.of_document(document))
        here = disclosure.looking(context, session, here, document.customer_no)
        viewer = replace(viewer, opening=here.opening)
        pages = tuple(_page_texts(context, session, viewer, document, q))
    return tuple(PageHits(page.page, len(page.highlights)) for page in pages if page.highlights)


def _page_texts(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    q: str,
    number: int | None = None,
) -> list[PageText]:
    owner = [document.customer_no] if document.customer_no else []
    place = Place.of_document(document)
    known = known_values(context, session, viewer.at(place), owner).get(document.customer_no or "")
    names = names_of(session, document.customer_no) if q else ()
    columns = (Page.number, Page.text, Page.error, Page.masks_key, Page.masks)
    query = select(*columns).where(Page.document_id == document.id)
    if number is not None:
        query = query.where(Page.number == number)
    return [
        _page_text(context, viewer.at(place.on(row.number)), row, q, known, names)
        for row in session.execute(query.order_by(Page.number))
        if viewer.reads_page(document, row.number)
    ]


def _page_text(
    context: Context,
    viewer: Viewer,
    row: Any,
    q: str,
    known: KnownValues | None,
    names: tuple[str, ...],
) -> PageText:
    stored = page_masks.Stored(row.masks_key, row.masks)
    masked = page_masks.text_of(context, viewer, row.text, known, stored)
    spans = marks.find(context, viewer, parse(q), row.text, names=names) if q else []
    return PageText(row.number, masked.text, marks.visible(row.text, masked, spans), row.error)
