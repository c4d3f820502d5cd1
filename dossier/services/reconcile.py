"""Comparing records, files and index, and naming each difference (peers.md §2, 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from dossier import access
from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import Content, Customer, Document, IndexChange, Page, WorkItem
from dossier.search.port import RowKind
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be.

    ``kind`` is one of ``file_missing``, ``file_unknown``, ``not_indexed``, ``index_stale``,
    ``index_extra``, ``page_failed``, ``no_text``, ``work_failed``.
    """

    kind: str
    key: str
    remedy: str


REMEDIES = {
    "file_missing": "restore the file from the backup; its name is the SHA-256",
    "file_unknown": "left by an intake that was cut off before its commit; may be removed",
    "not_indexed": "dossier reconcile --repair",
    "index_stale": "dossier reconcile --repair",
    "index_extra": "dossier reconcile --repair",
    "page_failed": "scan the page again, or retry it on the intake page",
    "no_text": "look at the pages; a blank or unreadable scan",
    "work_failed": "retry it on the intake page",
}


def reconcile(context: Context, viewer: Viewer) -> Iterator[Difference]:
    """Every difference, as it is found.

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


def _difference(kind: str, key: str) -> Difference:
    return Difference(kind, key, REMEDIES[kind])


def _files(context: Context, session: ScopedSession) -> Iterator[Difference]:
    stored = set(context.store.walk())
    known = set(session.scalars(select(Content.sha256)))
    yield from (_difference("file_missing", sha) for sha in sorted(known - stored))
    yield from (_difference("file_unknown", sha) for sha in sorted(stored - known))


def _unread(session: ScopedSession) -> Iterator[Difference]:
    failed = select(Page.document_id, Page.number).where(Page.error != "")
    for document_id, number in session.execute(failed):
        yield _difference("page_failed", f"{document_id}/{number}")
    with_text = select(Page.document_id).where(func.length(Page.text) > 0)
    silent = select(Document.id).where(
        Document.state.in_(["filed", "to_assign"]), Document.id.not_in(with_text)
    )
    for document_id in session.scalars(silent):
        yield _difference("no_text", document_id)
    for item in session.scalars(select(WorkItem).where(WorkItem.state == "failed")):
        yield _difference("work_failed", f"{item.kind}/{item.subject}")


def _index(
    context: Context, session: ScopedSession, waiting: set[tuple[str, str]]
) -> Iterator[Difference]:
    truth = {
        outbox.CUSTOMERS: dict(_revisions(session, Customer.customer_no, Customer.revision)),
        outbox.DOCUMENTS: dict(_revisions(session, Document.id, Document.revision)),
    }
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
