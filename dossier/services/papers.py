"""Lists of documents and their neighbours, cut and masked for a viewer: few queries for many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Select, select

from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, Document, User
from dossier.errors import NotFoundError
from dossier.rules import file_names
from dossier.rules.masking import KnownValues
from dossier.services import audit_facts, heads, personal
from dossier.services.context import Context
from dossier.services.labels import CHINESE, type_label
from dossier.services.views import DocumentRelation, DocumentSummary, HistoryEntry, Shown
from dossier.viewer import Field, Permission, Viewer

HISTORY_LENGTH = 50
"""Entries shown of a history, newest first; the whole of it is the audit's."""
READING = (
    *("%.read", "%.searched", "%.printed", "%.exported", "search", "page.snippet"),
    *("approval.%", "disclosure.%", "caller.%"),
)
"""Actions that looked, or asked to, and changed nothing; who looked is for those entitled to it."""


def in_scope(session: ScopedSession, document_id: str) -> Document:
    """The document's row.

    Raises:
        NotFoundError: none of this id, or not in the viewer's scope.
    """
    found = session.scalar(select(Document).where(Document.id == document_id))
    if found is None:
        raise NotFoundError("No such document", detail_zh="没有此文件")
    return found


def summary_query() -> Select[*tuple[Any, ...]]:
    """The columns of a line of a list."""
    return select(
        Document.id,
        Document.rowid,
        Document.customer_no,
        Document.unit_id,
        Document.line_id,
        Document.district_id,
        Document.case_no,
        Document.title,
        Document.file_name,
        Document.type_code,
        Document.state,
        Document.doc_date,
        Document.captured_at,
        Document.page_count,
        Document.reference_code,
        Document.problem,
    )


def title_of(viewer: Viewer, row: Any, known: Mapping[str, KnownValues]) -> Shown:
    """What a document is called.

    File names are people's own words, often with a name in them, and nothing tells which part of
    one is personal; so who sees masked sees the title that was read or the type, never a file name,
    and of a document of nobody (whose person is not known) neither.
    """
    viewer = viewer.at_document(row)
    if viewer.sees(Field.PAGES):
        return Shown(row.title or row.file_name)
    label = type_label(row.type_code, viewer.language)
    if row.title and row.title == type_label(row.type_code, CHINESE):
        return Shown(row.title)  # the catalogue's own words
    if row.customer_no is None or not row.title:
        return Shown(label, masked=bool(row.title or row.file_name) and not label)
    return personal.line(viewer, row.title, known.get(row.customer_no))


def file_name_of(viewer: Viewer, file_name: str) -> Shown:
    """A file's name; all but its kind is hidden from who sees masked, who finds no more by it."""
    if viewer.sees(Field.PAGES) or not file_name:
        return Shown(file_name)
    return Shown("***" + file_names.kind_ending(file_name), masked=True)


def path_of(viewer: Viewer, path: str) -> Shown:
    """Where a file came from; who sees masked sees numbers and the kind of file, no names."""
    if viewer.sees_clear or not path:
        return Shown(file_names.readable_path(path))
    *folders, name = path.split("/")
    kept = [part if part.isascii() and part.isdecimal() else "***" for part in folders]
    return Shown("/".join([*kept, str(file_name_of(viewer, name))]), masked=True)


def summaries(
    context: Context, session: ScopedSession, viewer: Viewer, rows: Iterable[Any]
) -> tuple[DocumentSummary, ...]:
    """Lines of a list from rows of :func:`summary_query`."""
    rows = list(rows)
    known = _known(context, session, viewer, rows)
    return tuple(
        DocumentSummary(
            id=row.id,
            customer_no=row.customer_no,
            title=title_of(viewer, row, known),
            type=row.type_code,
            type_label=type_label(row.type_code, viewer.language),
            state=row.state,
            doc_date=row.doc_date,
            captured_at=row.captured_at,
            page_count=row.page_count,
            reference_code=row.reference_code,
            problem=row.problem,
            readable=viewer.at_document(row).may(Permission.READ_CONTENT),
        )
        for row in rows
    )


def relations(
    context: Context, session: ScopedSession, viewer: Viewer, query: Select[*tuple[Any, ...]]
) -> tuple[DocumentRelation, ...]:
    """Documents beside one, in scope."""
    rows = list(session.execute(query))
    known = _known(context, session, viewer, rows)
    return tuple(
        DocumentRelation(
            row.id,
            title_of(viewer, row, known),
            type_label(row.type_code, viewer.language),
            row.state,
        )
        for row in rows
    )


def _known(
    context: Context, session: ScopedSession, viewer: Viewer, rows: Collection[Any]
) -> Mapping[str, KnownValues]:
    owners = {row.customer_no for row in rows if row.customer_no is not None and row.title}
    return heads.known_values(context, session, viewer, owners)


def history(
    session: ScopedSession, viewer: Viewer, *, object_kind: str, object_id: str
) -> list[HistoryEntry]:
    """What was done to an object, newest first, without who only looked at it.

    A paper may have been put here from a customer whom the viewer may not see: whose it was is not
    told then.
    """
    query = (
        select(AuditEvent, User.name)
        .outerjoin(User, User.id == AuditEvent.actor)
        .where(AuditEvent.object_kind == object_kind, AuditEvent.object_id == object_id)
        .where(*(AuditEvent.action.not_like(pattern) for pattern in READING))
        .order_by(AuditEvent.id.desc())
        .limit(HISTORY_LENGTH)
    )
    found = session.execute(query).all()
    facts = audit_facts.of_rows(session, viewer, [event for event, _ in found])
    return [
        HistoryEntry(event.at, event.action, name or event.actor, facts[event.id])
        for event, name in found
    ]
