"""Comparing records, files and index, and naming each difference (peers.md §2, 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from dossier import access
from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import Content, Customer, Document, IndexChange, Page, WorkItem
from dossier.records import DocumentState
from dossier.search.port import RowKind
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be, or a note on one that is.

    Attributes:
        kind: ``file_missing``, ``file_unknown``, ``not_indexed``, ``index_stale``,
            ``index_extra``, ``page_failed``, ``no_text`` or ``work_failed``.
        key: what it is about.
        remedy: what to do.
        is_note: known and explained: what failed of a document that was set aside, and papers
            whose pages are all blank or hold a bar code only. Nothing needs mending.
    """

    kind: str
    key: str
    remedy: str
    is_note: bool = False


REMEDIES = {
    "file_missing": "restore the file from the backup; its name is the SHA-256",
    "file_unknown": "left by an intake that was cut off before its commit; may be removed",
    "not_indexed": "dossier reconcile --repair",
    "index_stale": "dossier reconcile --repair",
    "index_extra": "dossier reconcile --repair",
    "page_failed": "scan the page again, or retry it on the intake page",
    "no_text": "look at the pages; a blank or unreadable scan",
    "work_failed": "retry it on the intake page, or all by: dossier intake retry --all",
}


NOTES = {
    "page_failed": "the document is set aside: see dossier intake list --state failed",
    "work_failed": "the document is set aside: see dossier intake list --state failed",
    "no_text": "its pages are blank or hold a bar code only",
}


def reconcile(context: Context, viewer: Viewer) -> Iterator[Difference]:
    """Every difference and note, as it is found.

    Raises:
        ForbiddenError: the viewer may not operate the system.
        UnavailableError: the index does not answer; the files are compared first all the same.
    """
    access.demand(viewer, Permission.OPERATE)
    with context.reading(viewer) as session:
        yield from _files(context, session)
        yield from _unread(session)
    with context.reading(viewer) as session:
        waiting = {(row.index, row.key) for row in session.scalars(select(IndexChange))}
        yield from _index(context, session, waiting)


def repair(context: Context, viewer: Viewer, differences: list[Difference]) -> int:
    """Queue the rows whose index entry is wrong; returns how many."""
    access.demand(viewer, Permission.OPERATE)
    keys: dict[str, list[str]] = {outbox.CUSTOMERS: [], outbox.DOCUMENTS: []}
    for difference in differences:
        if difference.kind in ("not_indexed", "index_stale", "index_extra"):
            index, _, key = difference.key.partition("/")
            keys[index].append(key)
    now = context.clock.now()
    with context.writing(viewer) as session:
        for index, changed in keys.items():
            outbox.mark_changed(session, index, changed, at=now)
        audit.note(session, viewer, "index.repaired", at=now, facts={"rows": _total(keys)})
    return _total(keys)


def _total(keys: dict[str, list[str]]) -> int:
    return sum(len(found) for found in keys.values())


def _difference(kind: str, key: str, *, is_note: bool = False) -> Difference:
    return Difference(kind, key, (NOTES if is_note else REMEDIES)[kind], is_note)


def _files(context: Context, session: ScopedSession) -> Iterator[Difference]:
    stored = set(context.store.walk())
    known = set(session.scalars(select(Content.sha256)))
    yield from (_difference("file_missing", sha) for sha in sorted(known - stored))
    yield from (_difference("file_unknown", sha) for sha in sorted(stored - known))


def _unread(session: ScopedSession) -> Iterator[Difference]:
    aside = _set_aside(session)
    failed = select(Page.document_id, Page.number).where(Page.error != "")
    for document_id, number in session.execute(failed):
        key = f"{document_id}/{number}"
        yield _difference("page_failed", key, is_note=document_id in aside)
    yield from _silent(session)
    for item in session.scalars(select(WorkItem).where(WorkItem.state == "failed")):
        key = f"{item.kind}/{item.subject}"
        yield _difference("work_failed", key, is_note=item.subject in aside)


def _set_aside(session: ScopedSession) -> set[str]:
    query = select(Document.id).where(Document.state == DocumentState.QUARANTINED)
    return set(session.scalars(query))


def _silent(session: ScopedSession) -> Iterator[Difference]:
    """Papers that are in and have no text; a note when each page says why."""
    with_text = select(Page.document_id).where(func.length(Page.text) > 0)
    silent = select(Document.id).where(
        Document.state.in_([DocumentState.FILED, DocumentState.TO_ASSIGN]),
        Document.id.not_in(with_text),
    )
    for document_id in session.scalars(silent).all():
        pages = session.execute(
            select(Page.blank, Page.barcodes, Page.error).where(Page.document_id == document_id)
        ).all()
        is_note = bool(pages) and all(
            not error and (blank or barcodes) for blank, barcodes, error in pages
        )
        yield _difference("no_text", document_id, is_note=is_note)


def _index(
    context: Context, session: ScopedSession, waiting: set[tuple[str, str]]
) -> Iterator[Difference]:
    truth = {
        outbox.CUSTOMERS: dict(_revisions(session, Customer.customer_no, Customer.revision)),
        outbox.DOCUMENTS: dict(_revisions(session, Document.id, Document.revision)),
    }
    for stack in session.scalars(select(Document.id).where(Document.state == DocumentState.CUT)):
        truth[outbox.DOCUMENTS].pop(stack, None)  # its papers are searched, not it
    for row in context.index.rows():
        index = outbox.CUSTOMERS if row.kind is RowKind.CUSTOMER else outbox.DOCUMENTS
        revision = truth[index].pop(row.key, None)
        if (index, row.key) in waiting or revision == row.revision:
            continue
        yield _difference(
            "index_extra" if revision is None else "index_stale", f"{index}/{row.key}"
        )
    for index, missing in truth.items():
        for key in missing:
            if (index, key) not in waiting:
                yield _difference("not_indexed", f"{index}/{key}")


def _revisions(session: ScopedSession, key: object, revision: object) -> Iterator[tuple[str, int]]:
    yield from session.execute(select(key, revision)).tuples()  # type: ignore[call-overload]
