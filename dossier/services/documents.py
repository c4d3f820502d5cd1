"""A document with everything known of it, its text, and the release of its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import Content, Document, DocumentField, Intake, Page, Rendition
from dossier.errors import ConflictError, NotFoundError, StaleRevisionError
from dossier.records import DocumentState, QuarantineReason, RenditionKind
from dossier.rules import file_names
from dossier.rules.limits import ReadingLimits
from dossier.rules.masking import KnownValues
from dossier.services import (
    assigning,
    audit,
    disclosure,
    intake,
    papers,
    personal,
    scanning,
    sealed_fields,
    searchable_copy,
    stack_views,
)
from dossier.services.approved_here import approved_here
from dossier.services.context import Context
from dossier.services.heads import heads, known_values
from dossier.services.labels import type_label
from dossier.services.texts import read as texts
from dossier.services.views import (
    DocumentChange,
    DocumentView,
    FieldView,
    Link,
    PageSummary,
    ReleasedFile,
    RenditionView,
)
from dossier.viewer import Permission, Place, Viewer

__all__ = ["change", "get", "original", "pdf", "texts"]

PDF = "application/pdf"
MOST_COPIES = 20
"""Copies named beside a document: the same form may have come in a thousand times."""
MOST_INSIDE = ReadingLimits().members
"""Files named that lie in a document: all that are ever taken out of one."""


def get(context: Context, viewer: Viewer, document_id: str) -> DocumentView:
    """The document, with a read record noted.

    Fields and pages are content: who may not read that gets none of them.

    Raises:
        ForbiddenError: the role may not read records.
        NotFoundError: none of this id, or not in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        document = papers.in_scope(session, document_id)
        here = viewer.at(Place.of_document(document))
        here = disclosure.looking(context, session, here, document.customer_no)
        looking = replace(viewer, opening=here.opening)
        noted = audit.begin_read(
            context, here, "document.read", object_kind="document", object_id=document_id
        )
        view = _view(context, session, looking, document)
    noted.wait()
    return view


def _view(
    context: Context, session: ScopedSession, viewer: Viewer, document: Document
) -> DocumentView:
    owner = [document.customer_no] if document.customer_no else []
    customer = heads(session, viewer, owner).get(document.customer_no or "")
    # beside it may lie other customers' papers: what is open is open of this one only
    relations = _relations(context, session, replace(viewer, opening=None), document)
    viewer = viewer.at(Place.of_document(document))
    known = known_values(context, session, viewer, owner)
    return DocumentView(
        id=document.id,
        customer=customer,
        customer_no=document.customer_no,
        case_no=document.case_no,
        title=papers.title_of(viewer, document, known),
        file_name=papers.file_name_of(viewer, document.file_name),
        type=document.type_code,
        type_label=type_label(document.type_code, viewer.language),
        state=document.state,
        doc_date=document.doc_date,
        captured_at=document.captured_at,
        reference_code=document.reference_code,
        media_type=document.media_type,
        sha256=document.sha256,
        size_bytes=session.get_one(Content, document.sha256).size_bytes,
        page_count=document.page_count,
        failed_pages=document.failed_pages,
        truncated=document.truncated,
        problem=document.problem,
        problem_plugin=_failed_plugin(session, document),
        link=_link(session, viewer, document),
        fields=_fields(context, session, viewer, document, known),
        pages=_pages(session, viewer, document),
        renditions=_renditions(session, document),
        revision=document.revision,
        history=tuple(
            papers.history(session, viewer, object_kind="document", object_id=document.id)
        ),
        panels=tuple(context.plugins.document_panels(viewer, document.id, context)),
        opening=viewer.opening,
        is_clear=viewer.sees_clear,
        approved=approved_here(session, viewer),
        searchable_copy=searchable_copy.state_of(session, viewer, document),
        may_take_original=viewer.may(Permission.READ_ORIGINAL),
        only_pages=viewer.only_pages(document, Permission.READ_CONTENT),
        only_printed=viewer.only_pages(document, Permission.PRINT),
        **relations,
    )


def _failed_plugin(session: ScopedSession, document: Document) -> str:
    if document.problem != QuarantineReason.PLUGIN:
        return ""
    query = select(Intake.detail).where(
        Intake.document_id == document.id, Intake.reason == QuarantineReason.PLUGIN
    )
    return session.scalar(query.limit(1)) or ""


def _link(session: ScopedSession, viewer: Viewer, document: Document) -> Link:
    waits = document.state == DocumentState.TO_ASSIGN and viewer.may(Permission.ASSIGN)
    options = assigning.options(session, viewer, document) if waits else None
    return Link(document.link_confidence, tuple(document.link_reasons), options)


def _relations(
    context: Context, session: ScopedSession, viewer: Viewer, document: Document
) -> dict[str, Any]:
    line = papers.summary_query().order_by(Document.rowid)
    inside = line.where(_inside(session, document), Document.source_pages.is_(None))
    children = inside.limit(MOST_INSIDE)
    copies = line.where(Document.sha256 == document.sha256, Document.id != document.id)
    parents = (
        papers.relations(context, session, viewer, line.where(Document.id == document.parent_id))
        if document.parent_id
        else ()
    )
    return {
        "parent": parents[0] if parents else None,
        "children": papers.relations(context, session, viewer, children),
        "parts": stack_views.parts(session, document),
        "source_pages": tuple(document.source_pages or ()),
        "copies": papers.relations(context, session, viewer, copies.limit(MOST_COPIES)),
    }


def _inside(session: ScopedSession, document: Document) -> ColumnElement[bool]:
    """What lies in it; also what had come in before in another file, or by itself."""
    own = Document.parent_id == document.id
    if document.media_type.startswith("image/"):
        return own
    copies = intake.parts_that_are_copies(session, document.id, most=MOST_INSIDE)
    return or_(own, and_(Document.id.in_(copies), Document.id != document.id)) if copies else own


def _fields(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    known: Mapping[str, KnownValues],
) -> tuple[FieldView, ...]:
    if not viewer.may(Permission.READ_CONTENT):
        return ()
    query = select(DocumentField).where(DocumentField.document_id == document.id)
    found = []
    for row in session.scalars(query.order_by(DocumentField.page, DocumentField.id)):
        if not viewer.reads_page(document, row.page or 0):
            continue
        clear = sealed_fields.clear(context.keyring, row)
        value = personal.field(viewer, row.name, clear, known.get(document.customer_no or ""))
        box = tuple(row.box) if row.box and not value.masked else None
        said = row.correction_id is not None
        found.append(FieldView(row.name, value, row.page, box, row.confidence, corrected=said))
    return tuple(found)


def _pages(session: ScopedSession, viewer: Viewer, document: Document) -> tuple[PageSummary, ...]:
    if not viewer.may(Permission.READ_CONTENT):
        return ()
    query = select(
        Page.number,
        Page.width,
        Page.height,
        Page.confidence,
        Page.blank,
        Page.digital,
        Page.engine,
        Page.error,
        Page.truncated,
    ).where(Page.document_id == document.id)
    return tuple(
        PageSummary(*row)
        for row in session.execute(query.order_by(Page.number))
        if viewer.reads_page(document, row.number)
    )


def _renditions(session: ScopedSession, document: Document) -> tuple[RenditionView, ...]:
    query = (
        select(Rendition, Content.size_bytes)
        .join(Content, Content.sha256 == Rendition.sha256)
        .where(Rendition.document_id == document.id)
        .order_by(Rendition.kind, Rendition.version)
    )
    return tuple(
        RenditionView(row.kind, row.format, row.sha256, size_bytes, tuple(map(str, row.checks)))
        for row, size_bytes in session.execute(query)
    )


# -- changing -----------------------------------------------------------------------------------


def change(
    context: Context,
    viewer: Viewer,
    document_id: str,
    change: DocumentChange,
    *,
    revision: int | None,
) -> DocumentView:
    """Assign or correct; gives the document as it is then.

    Args:
        context: the wired product.
        viewer: who changes it.
        document_id: which.
        change: what.
        revision: as it was read; None: whatever it is now.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: no such document in the viewer's scope.
        InvalidInputError: an unknown document type, or no such customer in the viewer's scope.
        StaleRevisionError: it changed since ``revision``.
    """
    viewer = access.demand(viewer, Permission.ASSIGN)
    with context.reading(viewer) as session:
        present = papers.in_scope(session, document_id).revision
    if revision is not None and revision != present:
        raise StaleRevisionError
    try:
        assigning.correct(context, viewer, document_id, change, revision=present)
    except ConflictError as err:
        raise StaleRevisionError(err.detail) from err
    return get(context, viewer, document_id)


# -- bytes --------------------------------------------------------------------------------------


def original(context: Context, viewer: Viewer, document_id: str) -> ReleasedFile:
    """The untouched original, against a committed read record.

    Raises:
        ForbiddenError: the role may not read originals (they hold what is masked elsewhere).
        NotFoundError: none of this id, or not in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_ORIGINAL)
    with context.reading(viewer) as session:
        document = papers.in_scope(session, document_id)
        cut_out = _pdf_content(session, document) if document.source_pages else None
    if document.source_pages is not None:
        return _part_original(context, viewer, document, cut_out)
    return _release(
        context,
        viewer.at(Place.of_document(document)),
        document,
        action="original.read",
        sha256=document.sha256,
        media_type=document.media_type or "application/octet-stream",
        file_name=_download_name(viewer, document),
    )


def _part_original(
    context: Context, viewer: Viewer, part: Document, cut_out: str | None
) -> ReleasedFile:
    """Of a paper in a stack its own pages as a PDF: the stack's file holds other people's papers.

    Raises:
        NotFoundError: that PDF is not made yet.
    """
    if cut_out is None:
        raise NotFoundError(
            "It was cut out of a stack, and its PDF is not made yet",
            detail_zh="此文件由一叠扫描件拆分而来，PDF 副本尚未生成",
        )
    return _release(
        context,
        viewer.at(Place.of_document(part)),
        part,
        action="original.read",
        sha256=cut_out,
        media_type=PDF,
        file_name=f"{PurePath(_download_name(viewer, part)).stem}.pdf",
    )


def pdf(context: Context, viewer: Viewer, document_id: str) -> ReleasedFile:
    """The searchable copy; else the view that was drawn of a file without pages; else a PDF itself.

    Raises:
        ForbiddenError: the role may not read originals.
        NotFoundError: none of this id or scope, or there is no PDF of it (yet).
    """
    viewer = access.demand(viewer, Permission.READ_ORIGINAL)
    with context.reading(viewer) as session:
        document = papers.in_scope(session, document_id)
        sha256 = _pdf_content(session, document)
    if sha256 is None:
        raise NotFoundError("There is no PDF of it yet", detail_zh="尚未生成 PDF 副本")
    return _release(
        context,
        viewer.at(Place.of_document(document)),
        document,
        action="pdf.read",
        sha256=sha256,
        media_type=PDF,
        file_name=f"{PurePath(_download_name(viewer, document)).stem}.pdf",
    )


def _download_name(viewer: Viewer, document: Document) -> str:
    """The file's own name, which is people's words; for who sees masked the paper's id."""
    if viewer.sees_clear and PurePath(document.file_name).stem:
        return document.file_name
    return f"{document.id}{file_names.kind_ending(document.file_name)}"


def _paper_name(viewer: Viewer, document: Document) -> str:
    """Customer number, type and date, which name no person; the id of a paper of nobody."""
    if not document.customer_no:
        return document.id
    kind = type_label(document.type_code, viewer.language)
    said = (document.customer_no, kind, document.doc_date)
    return "-".join(str(part).replace("/", " ") for part in said if part)


def _pdf_content(session: ScopedSession, document: Document) -> str | None:
    query = (
        select(Rendition.kind, Rendition.sha256)
        .where(Rendition.document_id == document.id)
        .order_by(Rendition.version)
    )
    newest = {row.kind: row.sha256 for row in session.execute(query)}
    own = document.sha256 if document.media_type == PDF else None
    return newest.get(RenditionKind.SEARCHABLE) or newest.get(RenditionKind.VIEW) or own


def _release(
    context: Context,
    viewer: Viewer,
    document: Document,
    *,
    action: str,
    sha256: str,
    media_type: str,
    file_name: str,
) -> ReleasedFile:
    scanning.demand_safe(context, document)
    path = context.store.path(sha256)
    receipt = audit.record_read(
        context, viewer, action, object_kind="document", object_id=document.id
    )
    return ReleasedFile(
        receipt=receipt,
        path=path,
        media_type=media_type,
        file_name=file_name,
        size_bytes=path.stat().st_size,
        sha256=sha256,
        paper_name=_paper_name(viewer, document),
    )
