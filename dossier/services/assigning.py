"""What a person decides about a document: whose it is, what it is; the list of those that wait.

Every decision checks the permission, the viewer's scope and the revision, leaves an audit row, and
can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from dossier.access import demand
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, Customer, Document
from dossier.errors import ConflictError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.records import DocumentState
from dossier.rules import document_types
from dossier.services import audit, corrections, cursors, filing, papers
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import CustomerHead, DocumentChange, LinkOption, Listing, Shown
from dossier.viewer import Permission, Viewer

ASSIGNED = "document.assigned"
TYPE_SET = "document.type_set"
SKIPPED = "document.skipped"
UNDONE = "document.assignment_undone"
DESCRIBED = "document.described"
LISTING = "to_assign"
MOST_ITEMS = 200
"""Items of one page of the list, at most."""


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A customer that a waiting document may belong to, with reasons as codes."""

    customer: CustomerHead
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaitingDocument:
    """A document that waits for a person; ``reasons`` say why the machine did not decide."""

    id: str
    title: Shown
    file_name: Shown
    type: str | None
    type_label: str
    captured_at: datetime
    page_count: int
    given_customer_no: str | None
    reasons: tuple[str, ...]
    candidates: tuple[CandidateView, ...]
    revision: int


def assign(
    context: Context, viewer: Viewer, document_id: str, customer_no: str | None, *, revision: int
) -> int:
    """File a document under a customer, or under nobody; returns the new revision.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: no such document or customer in the viewer's scope.
        ConflictError: the document changed since ``revision``.
    """

    def change(session: ScopedSession, document: Document) -> None:
        customer = _customer(session, customer_no) if customer_no else None
        _place(context, session, viewer, document, customer)

    return _change(context, viewer, document_id, revision, change)


def set_type(
    context: Context, viewer: Viewer, document_id: str, type_code: str | None, *, revision: int
) -> int:
    """Say what a document is (None: unknown again); returns the new revision.

    Raises:
        ForbiddenError: the role may not assign.
        InvalidInputError: no such type in the catalogue.
        NotFoundError: no such document in the viewer's scope.
        ConflictError: the document changed since ``revision``.
    """
    _check_type(type_code)

    def change(session: ScopedSession, document: Document) -> None:
        _set_type(context, session, viewer, document, type_code)
        filing.touch(session, document, at=context.clock.now())

    return _change(context, viewer, document_id, revision, change)


def correct(
    context: Context,
    viewer: Viewer,
    document_id: str,
    change: DocumentChange,
    *,
    revision: int,
) -> int:
    """Everything of ``change`` or nothing: one transaction, one revision; returns the new one.

    Raises:
        ForbiddenError: the role may not assign.
        InvalidInputError: no such type in the catalogue, no such customer in the viewer's scope.
        NotFoundError: no such document in the viewer's scope.
        ConflictError: the document changed since ``revision``.
    """
    _check_type(change.type)

    def apply(session: ScopedSession, document: Document) -> None:
        customer = _named_customer(session, change.customer_no)
        if change.type is not None:
            _set_type(context, session, viewer, document, change.type)
        if change.title is not None or change.doc_date is not None:
            _describe(context, session, viewer, document, change)
        if customer is not None or change.to_nobody:
            _place(context, session, viewer, document, customer)
        elif change != DocumentChange():
            filing.touch(session, document, at=context.clock.now())

    return _change(context, viewer, document_id, revision, apply)


def undo(context: Context, viewer: Viewer, document_id: str, *, revision: int) -> int:
    """Take the last assignment back: the document is where it was before; returns the new revision.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: no such document in the viewer's scope.
        ConflictError: it changed since ``revision``, or nothing is left to undo.
    """

    def change(session: ScopedSession, document: Document) -> None:
        before = _last_link(session, document_id)
        number = before["customer_no"]
        customer = session.get(Customer, number) if number else None
        document.assigned_by = before["assigned_by"]
        filing.place(
            session,
            document,
            customer,
            confidence=before["confidence"],
            reasons=before["reasons"],
            at=context.clock.now(),
        )
        _note(context, session, viewer, UNDONE, document, {"customer_no": number})

    return _change(context, viewer, document_id, revision, change)


def skip(context: Context, viewer: Viewer, document_id: str) -> str | None:
    """Leave a waiting document for later; returns the next one's id, None at the end of the list.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: no such document in the viewer's scope.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    with context.writing(viewer) as session:
        document = _in_scope(session, document_id)
        _note(context, session, viewer, SKIPPED, document, {})
        following = select(Document.id).where(*_waiting(), Document.rowid > document.rowid)
        return session.scalar(following.order_by(Document.rowid).limit(1))


def list_to_assign(
    context: Context, viewer: Viewer, cursor: str | None = None, size: int = 50
) -> Listing[WaitingDocument]:
    """Documents that wait for a person, oldest first, with their candidates in the viewer's scope.

    Raises:
        ForbiddenError: the role may not assign.
        QueryError: the cursor is broken.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    size = max(1, min(size, MOST_ITEMS))
    after = int(cursors.unpack(context.keyring, LISTING, cursor)) if cursor else 0
    with context.reading(viewer) as session:
        query = select(Document).where(*_waiting(), Document.rowid > after)
        rows = list(session.scalars(query.order_by(Document.rowid).limit(size + 1)))
        total = session.scalar(select(func.count(Document.id)).where(*_waiting())) or 0
        more = len(rows) > size
        items = _waiting_views(session, viewer, rows[:size])
    following = cursors.pack(context.keyring, LISTING, rows[size - 1].rowid) if more else None
    return Listing(items, following, total)


def waiting(
    context: Context, viewer: Viewer, document_id: str | None = None
) -> tuple[WaitingDocument | None, str | None]:
    """One waiting document (the oldest, when none is named) and the id of the one after it.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: the named one does not wait, or is not in the viewer's scope.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    with context.reading(viewer) as session:
        query = select(Document).where(*_waiting()).order_by(Document.rowid).limit(1)
        named = query.where(Document.id == document_id) if document_id else query
        row = session.scalar(named)
        if row is None:
            if document_id:
                raise NotFoundError("It does not wait (any more)", detail_zh="此文件不在待归户之列")
            return None, None
        following = session.scalar(query.where(Document.rowid > row.rowid))
        return _waiting_views(session, viewer, [row])[0], following.id if following else None


def options(session: ScopedSession, viewer: Viewer, document: Document) -> tuple[LinkOption, ...]:
    """Whose paper it may be, best first, without customers that are not in the viewer's scope."""
    known = heads(session, viewer, {one["customer_no"] for one in document.candidates})
    return tuple(
        LinkOption(one["customer_no"], one["confidence"], tuple(one["reasons"]))
        for one in document.candidates
        if one["customer_no"] in known
    )


# -- parts --------------------------------------------------------------------------------------


def _change(
    context: Context,
    viewer: Viewer,
    document_id: str,
    revision: int,
    change: Callable[[ScopedSession, Document], None],
) -> int:
    viewer = demand(viewer, Permission.ASSIGN)
    with context.writing(viewer) as session:
        document = _in_scope(session, document_id)
        if document.revision != revision:
            raise ConflictError("the document changed meanwhile; look again and repeat")
        if document.state == DocumentState.CUT:
            raise NotPossibleError(
                "It is a stack that was cut; its papers are assigned one by one",
                detail_zh="这是已拆分的一叠文件，请逐份指定客户",
            )
        change(session, document)
        session.flush()
        return document.revision


def _place(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    customer: Customer | None,
) -> None:
    before = _link_of(document)
    document.assigned_by = viewer.id  # also for "nobody": the machine shall not decide again
    filing.place(
        session,
        document,
        customer,
        confidence=1.0 if customer else None,
        reasons=(filing.PERSON,),
        at=context.clock.now(),
    )
    facts = {"customer_no": document.customer_no, "before": before}
    _note(context, session, viewer, ASSIGNED, document, facts)


def _check_type(type_code: str | None) -> None:
    if type_code is not None and not document_types.exists(type_code):
        raise InvalidInputError(
            "no such document type; see rulebook/document_types.yaml", detail_zh="没有此资料类型"
        )


def _set_type(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    type_code: str | None,
) -> None:
    facts = {"type": type_code, "before": document.type_code}
    corrections.note_type(session, viewer, document, type_code, at=context.clock.now())
    document.type_code = type_code
    _note(context, session, viewer, TYPE_SET, document, facts)


def _describe(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    change: DocumentChange,
) -> None:
    """Their names are noted and not their values: a title may hold a person's name."""
    given = (("title", change.title), ("doc_date", change.doc_date))
    changed = [name for name, value in given if value is not None]
    document.title = document.title if change.title is None else change.title
    document.doc_date = change.doc_date or document.doc_date
    _note(context, session, viewer, DESCRIBED, document, {"fields": changed})


def _in_scope(session: ScopedSession, document_id: str) -> Document:
    document = filing.lock(session, document_id)
    if document is None:
        raise NotFoundError("no such document", detail_zh="没有此文件")
    return document


def _customer(session: ScopedSession, customer_no: str) -> Customer:
    found = session.scalar(select(Customer).where(Customer.customer_no == customer_no))
    if found is None:
        raise NotFoundError("no such customer", detail_zh="没有此客户")
    return found


def _named_customer(session: ScopedSession, customer_no: str | None) -> Customer | None:
    """The customer that a form names: a wrong number is a mistake in the form, as on upload."""
    if not customer_no:
        return None
    try:
        return _customer(session, customer_no)
    except NotFoundError as err:
        raise InvalidInputError(
            "No customer of this number; check it", detail_zh="没有此户号，请核对"
        ) from err


def _waiting() -> tuple[Any, ...]:
    return (Document.state == DocumentState.TO_ASSIGN,)


def _link_of(document: Document) -> dict[str, Any]:
    """What an undo needs to put back."""
    return {
        "customer_no": document.customer_no,
        "confidence": document.link_confidence,
        "reasons": list(document.link_reasons),
        "assigned_by": document.assigned_by,
    }


def _last_link(session: ScopedSession, document_id: str) -> Mapping[str, Any]:
    """What the last assignment that still stands had replaced."""
    query = (
        select(AuditEvent)
        .where(AuditEvent.object_kind == "document", AuditEvent.object_id == document_id)
        .where(AuditEvent.action.in_((ASSIGNED, UNDONE)))
        .order_by(AuditEvent.id.desc())
    )
    undone = 0
    for event in session.scalars(query):
        if event.action == UNDONE:
            undone += 1
        elif undone:
            undone -= 1
        else:
            before: Mapping[str, Any] = event.facts["before"]
            return before
    raise ConflictError("nothing to undo", detail_zh="没有可撤销的操作")


def _note(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    document: Document,
    facts: Mapping[str, Any],
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=context.clock.now(),
        object_kind="document",
        object_id=document.id,
        facts=facts,
    )


def _waiting_views(
    session: ScopedSession, viewer: Viewer, rows: list[Document]
) -> tuple[WaitingDocument, ...]:
    numbers = {one["customer_no"] for row in rows for one in row.candidates}
    known = heads(session, viewer, numbers)
    return tuple(_waiting_view(viewer, row, known) for row in rows)


def _waiting_view(
    viewer: Viewer, row: Document, known: Mapping[str, CustomerHead]
) -> WaitingDocument:
    return WaitingDocument(
        id=row.id,
        title=papers.title_of(viewer, row, {}),
        file_name=papers.file_name_of(viewer, row.file_name),
        type=row.type_code,
        type_label=document_types.label(row.type_code, viewer.language) if row.type_code else "",
        captured_at=row.captured_at,
        page_count=row.page_count,
        given_customer_no=row.given_customer_no,
        reasons=tuple(row.link_reasons),
        candidates=tuple(
            CandidateView(known[one["customer_no"]], one["confidence"], tuple(one["reasons"]))
            for one in row.candidates
            if one["customer_no"] in known
        ),
        revision=row.revision,
    )
