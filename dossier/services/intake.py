"""Taking files in: bytes first, then one transaction of records; nothing is lost on the way.

The order is fixed (architecture.md, "Intake must"): copy, fsync, hash | commit content, document,
rendition, intake row, work item and index change together | only then may the caller move the
source away. A duplicate is an outcome with a link to the first copy, not an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from dossier.access import demand
from dossier.db import outbox
from dossier.db.rowids import next_rowid
from dossier.db.session import ScopedSession, scope_of
from dossier.db.tables import (
    Content,
    Customer,
    CustomerNumber,
    Document,
    Intake,
    Rendition,
    WorkItem,
    new_id,
)
from dossier.errors import NotFoundError, NotPossibleError, TooLargeError
from dossier.ports import StoredFile
from dossier.records import DocumentState, IntakeOutcome, RenditionKind
from dossier.rules import file_names
from dossier.services import audit, coming_back, custody, posts, reading
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer, system_viewer
from dossier.work import queue
from dossier.work.kinds import WorkKind, read_priority

INTAKE = system_viewer("intake")
"""Looks for copies over the whole archive, whatever the sender may see."""
INBOX = "inbox"
"""Origin of what came through the watched folder; only such a file lies in ``quarantine/``."""
RETRIED = "intake.retried"
"""Action of the audit; the intake list counts them."""
PARTS_AT_ONCE = 32
RACE_ATTEMPTS = 5
"""Two senders of the same bytes collide at a unique key; the second sees the first's row then."""
STUCK_BATCH = 200
"""Documents of one look after stuck ones; there should be none."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """What became of a file.

    Attributes:
        intake_id: the row in the intake list.
        outcome: ``accepted`` or ``duplicate``.
        document_id: the new document, or the first copy's when a duplicate.
        first_document_id: the first copy's id when a duplicate, else None.
        known: this very drop had been taken before (a crash, or ``ingest`` resumed): nothing new
            was written.
    """

    intake_id: str
    outcome: IntakeOutcome
    document_id: str
    first_document_id: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is told about a file besides its bytes.

    Attributes:
        file_name: as the file system, the browser or the mail gave it (surrogates allowed).
        folder: relative folder it lay in, "/" between parts; empty at the top.
        origin: ``inbox``, ``upload``, ``ingest``, ``attachment`` or ``import``.
        given_customer_no: whose paper the sender says it is; checked when it is linked.
        batch: groups what was sent together.
        document_type: type code that the sender named.
        case_no: the business case it belongs to.
        parent_id: the document that it was attached to.
        source_path: what the intake list shows; empty: folder and name.
        source_key: fingerprint of the source (see :class:`~dossier.db.tables.Intake`).
        trouble_key: the ``source_key`` of an earlier note that it could not be taken; that row is
            used on.
    """

    file_name: str
    folder: str = ""
    origin: str = reading.UPLOAD
    given_customer_no: str | None = None
    batch: str | None = None
    document_type: str | None = None
    case_no: str | None = None
    parent_id: str | None = None
    source_path: str = ""
    source_key: str | None = None
    trouble_key: str | None = None

    def in_trouble(self) -> Arrival:
        """The same, noted under its ``trouble_key``: once it comes whole, its row is used on."""
        return replace(self, source_key=self.trouble_key)

    @property
    def shown_path(self) -> str:
        """The path for the intake list, storable."""
        path = self.source_path or f"{self.folder}/{self.file_name}".lstrip("/")
        return file_names.coded(path)


def accept(  # noqa: PLR0913 - the fields of an Arrival, spelled out for callers
    context: Context,
    viewer: Viewer,
    *,
    source: BinaryIO | Path,
    file_name: str,
    folder: str = "",
    origin: str = reading.UPLOAD,
    given_customer_no: str | None = None,
    batch: str | None = None,
    document_type: str | None = None,
    case_no: str | None = None,
    parent_id: str | None = None,
    source_path: str = "",
    source_key: str | None = None,
) -> IntakeResult:
    """Take one file in; see :class:`Arrival` for the arguments.

    Raises:
        ForbiddenError: the role may not upload.
        DiskFullError: no room; the source is untouched.
        TooLargeError: above ``max_file_bytes``; nothing is kept.
    """
    arrival = Arrival(
        file_name=file_name,
        folder=folder,
        origin=origin,
        given_customer_no=given_customer_no or None,
        batch=batch,
        document_type=document_type,
        case_no=case_no,
        parent_id=parent_id,
        source_path=source_path,
        source_key=source_key,
    )
    return take(context, viewer, source, arrival)


def take(
    context: Context, viewer: Viewer, source: BinaryIO | Path, arrival: Arrival
) -> IntakeResult:
    """Take one file in, as :func:`accept`."""
    viewer = demand(viewer, Permission.UPLOAD)
    known = find_known(context, arrival.source_key)
    if known is not None:
        return known
    stored = _keep_bytes(context, source)
    return _in_a_race(context, lambda session: _record(context, session, viewer, arrival, stored))


def find_known(context: Context, source_key: str | None) -> IntakeResult | None:
    """What became of this very drop before, None if it is new."""
    if source_key is None:
        return None
    with context.reading(INTAKE) as session:
        return _known(session, source_key)


def part_key(parent_id: str, index: int) -> str:
    """The ``source_key`` of the ``index``-th file that was taken out of a document (0-based)."""
    return hashlib.sha256(f"{parent_id}|{index}".encode()).hexdigest()


def parts(session: ScopedSession, parent_id: str, *, most: int) -> Iterator[Intake]:
    """The intake rows of what was taken out of a document, as they came, of the first ``most``.

    Every part has its row, so that nothing lies behind the first piece that has none: most papers
    have no parts, and each view of one asks.
    """
    for start in range(0, most, PARTS_AT_ONCE):
        indexes = range(start, min(most, start + PARTS_AT_ONCE))
        keys = [part_key(parent_id, index) for index in indexes]
        found = session.scalars(select(Intake).where(Intake.source_key.in_(keys))).all()
        rows = {row.source_key: row for row in found}
        yield from (rows[key] for key in keys if key in rows)
        if not rows:
            return


def parts_that_are_copies(session: ScopedSession, parent_id: str, *, most: int) -> list[str]:
    """Ids of the documents that parts of this one had come in as before, of the first ``most``."""
    rows = parts(session, parent_id, most=most)
    copies = (row.document_id for row in rows if row.outcome == IntakeOutcome.DUPLICATE)
    return list(dict.fromkeys(each for each in copies if each))


def given_customer(context: Context, folder: str) -> str | None:
    """The customer that the folder's first part names, if the register knows the number."""
    first = folder.split("/", 1)[0]
    if not first or not first.isascii() or len(first) > Customer.customer_no.type.length:
        return None
    with context.reading(INTAKE) as session:
        if session.get(Customer, first) is not None:
            return first
        return session.scalar(
            select(CustomerNumber.customer_no)
            .where(CustomerNumber.key == first, CustomerNumber.kind == "old_no")
            .limit(1)
        )


# -- setting aside, and trying again ------------------------------------------------------------


def refuse(
    context: Context,
    viewer: Viewer,
    arrival: Arrival,
    *,
    reason: str,
    detail: str = "",
    outcome: IntakeOutcome = IntakeOutcome.QUARANTINED,
) -> str:
    """Note a file that did not become a document; returns the intake row's id.

    ``quarantined``: it is no file, is empty, or larger than the limit, and is set aside.
    ``failed``: it could not be taken yet (no permission to read it) and stays where it is.
    Asking again for the same ``source_key`` writes nothing but what is another by now.
    """
    viewer = demand(viewer, Permission.UPLOAD)

    def note(session: ScopedSession) -> str:
        if arrival.source_key and (known := _intake_of(session, arrival.source_key)):
            if known.reason and known.document_id is None:
                known.outcome, known.reason, known.batch = outcome, reason, arrival.batch
            return known.id
        row = _intake_row(context, session, viewer, arrival, outcome)
        row.reason, row.detail = reason, detail[:400]
        facts = {"reason": reason}
        _note(context, session, viewer, "intake.refused", "intake", row.id, facts)
        return row.id

    return _in_a_race(context, note)


def quarantine(
    session: ScopedSession, document_id: str, *, context: Context, reason: str, detail: str = ""
) -> None:
    """Set a document aside with its reason, in the caller's transaction; its bytes stay."""
    now = context.clock.now()
    session.execute(
        update(Document)
        .where(Document.id == document_id)
        .values(state=DocumentState.QUARANTINED, problem=reason)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Intake)
        .where(Intake.document_id == document_id, Intake.outcome != IntakeOutcome.DUPLICATE)
        .values(
            outcome=IntakeOutcome.QUARANTINED, reason=reason, detail=detail[:400], changed_at=now
        )
        .execution_options(synchronize_session=False)
    )
    reading.touch(session, document_id, at=now)
    audit.note(
        session,
        INTAKE,
        "document.quarantined",
        at=now,
        object_kind="document",
        object_id=document_id,
        facts={"reason": reason},
    )


def retry(context: Context, viewer: Viewer, intake_id: str) -> str | None:
    """Try again what was set aside, or pages and copies that failed; returns the document's id.

    A row without a document (the file never came in) is marked as given back, and a worker moves
    the file from ``quarantine/`` into the inbox.

    Raises:
        ForbiddenError: the role may not manage intake.
        NotFoundError: no such row.
        NotPossibleError: it is a duplicate, nothing of it failed, or the file lies elsewhere.
        ConflictError: another of the same name is on its way.
    """
    viewer = demand(viewer, Permission.MANAGE_INTAKE)
    now = context.clock.now()
    with context.writing(INTAKE) as session:
        row = session.get(Intake, intake_id)
        if row is None or not _is_in_scope(context, viewer, row.document_id):
            raise NotFoundError(
                "no such intake entry; the ids are in the intake list (dossier intake list)",
                detail_zh="没有此收件记录；编号见收件列表（dossier intake list）",
            )
        if row.outcome == IntakeOutcome.DUPLICATE:
            raise NotPossibleError("a duplicate needs no retry", detail_zh="重复文件无需重试")
        if lies_elsewhere(row):
            raise NotPossibleError(
                "the file did not come in; bring it again", detail_zh="文件没有收入，请重新提交"
            )
        if row.document_id is None:
            coming_back.await_file(session, row, at=now)
        else:
            _read_again(context, session, row.document_id)
            row.outcome, row.reason, row.detail = IntakeOutcome.ACCEPTED, "", ""
            row.changed_at = now
        _note(context, session, viewer, RETRIED, "intake", row.id, {})
        return row.document_id


def lies_elsewhere(row: Intake) -> bool:
    """Whether only its owner can try again: it never came in, nor lies in a folder of ours."""
    return row.document_id is None and row.origin != INBOX


def requeue_stuck(context: Context) -> int:
    """Queue documents again that are not in yet and have no work: none should be; how many were."""
    unfinished = Document.state.in_([DocumentState.RECEIVED, DocumentState.READING])
    busy = select(WorkItem.id).where(
        WorkItem.subject == Document.id, WorkItem.state.in_(["ready", "leased"])
    )
    query = select(Document.id, Content.size_bytes, Document.source_pages).where(unfinished)
    stuck = query.join(Content, Content.sha256 == Document.sha256).where(~busy.exists())
    with context.reading(INTAKE) as session:
        if session.execute(stuck.limit(1)).first() is None:
            return 0
    with context.writing(INTAKE) as session:
        found = session.execute(stuck.limit(STUCK_BATCH)).all()
        part = reading.recognise_task  # of a stack: it has been read
        tasks = [part(key) if own else _read_task(context, key, size) for key, size, own in found]
        return len(queue.requeue(session, tasks, now=context.clock.now()))


def _is_in_scope(context: Context, viewer: Viewer, document_id: str | None) -> bool:
    if document_id is None or viewer.scope.everything:
        return True
    with context.reading(viewer) as session:
        return session.scalar(select(Document.id).where(Document.id == document_id)) is not None


def _read_again(context: Context, session: ScopedSession, document_id: str) -> None:
    now = context.clock.now()
    document = session.get_one(Document, document_id)
    failed_pages = reading.drop_failed_pages(session, document_id)
    failed_items = queue.retry(session, subject=document_id, now=now)
    if document.state != DocumentState.QUARANTINED and not failed_pages and not failed_items:
        raise NotPossibleError("nothing of it failed", detail_zh="该文件没有失败的步骤")
    if document.state == DocumentState.QUARANTINED or failed_pages:
        document.state, document.problem, document.failed_pages = DocumentState.RECEIVED, "", 0
        size = session.get_one(Content, document.sha256).size_bytes
        task = _read_task(context, document_id, size)
        queue.requeue(session, [replace(task, payload={"retried": True})], now=now)
    session.flush()
    reading.touch(session, document_id, at=now)


# -- the one transaction ------------------------------------------------------------------------


def _in_a_race(context: Context, write: Callable[[ScopedSession], T]) -> T:
    """Run ``write`` in a transaction; again when another process took a unique key first."""
    for attempt in range(RACE_ATTEMPTS):
        try:
            with context.writing(INTAKE) as session:
                return write(session)
        except IntegrityError:
            if attempt == RACE_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _record(
    context: Context, session: ScopedSession, viewer: Viewer, arrival: Arrival, stored: StoredFile
) -> IntakeResult:
    if arrival.source_key and (known := _known(session, arrival.source_key)):
        return known
    _keep_content(context, session, stored)
    first = _first_copy(session, viewer, stored.sha256, arrival.given_customer_no)
    if first is not None:
        return _duplicate(context, session, viewer, arrival, stored, first)
    return _new_document(context, session, viewer, arrival, stored)


def _keep_content(context: Context, session: ScopedSession, stored: StoredFile) -> None:
    """The content's row, locked, so that two senders of the same bytes come one after the other."""
    query = select(Content).where(Content.sha256 == stored.sha256).with_for_update()
    if session.scalar(query) is None:
        session.add(
            Content(
                sha256=stored.sha256, size_bytes=stored.size_bytes, stored_at=context.clock.now()
            )
        )
        session.flush()


def _first_copy(
    session: ScopedSession, viewer: Viewer, sha256: str, customer_no: str | None
) -> Document | None:
    """The document that these bytes are already, for this customer; None when they are new to it.

    Without a named customer any copy counts. A named one's own dossier comes first, then a copy of
    nobody yet; a copy of somebody else's does not count (peers.md §4, complaint 7), nor does one of
    a customer whom the sender may not know of: that it is here would be told.
    """
    copies = select(Document).where(Document.sha256 == sha256).order_by(Document.rowid).limit(1)
    nobodys = and_(Document.customer_no.is_(None), Document.given_customer_no.is_(None))
    if customer_no is None:
        return session.scalar(copies.where(or_(nobodys, scope_of(viewer, Document))))
    own = copies.where(
        (Document.customer_no == customer_no)
        | (Document.customer_no.is_(None) & (Document.given_customer_no == customer_no))
    )
    return session.scalar(own) or session.scalar(copies.where(nobodys))


def _duplicate(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    arrival: Arrival,
    stored: StoredFile,
    first: Document,
) -> IntakeResult:
    row = _intake_row(context, session, viewer, arrival, IntakeOutcome.DUPLICATE)
    row.sha256, row.size_bytes, row.document_id = stored.sha256, stored.size_bytes, first.id
    if arrival.given_customer_no and first.given_customer_no is None:
        _learn_customer(context, session, first, arrival.given_customer_no)
    _note(context, session, viewer, "intake.duplicate", "document", first.id, {})
    return IntakeResult(row.id, IntakeOutcome.DUPLICATE, first.id, first_document_id=first.id)


def _learn_customer(
    context: Context, session: ScopedSession, first: Document, customer_no: str
) -> None:
    """The second sender named a customer for a copy that nobody had claimed: link it again."""
    first.given_customer_no = customer_no
    if first.state == DocumentState.TO_ASSIGN:
        now = context.clock.now()
        queue.requeue(session, [reading.recognise_task(first.id)], now=now)


def _new_document(
    context: Context, session: ScopedSession, viewer: Viewer, arrival: Arrival, stored: StoredFile
) -> IntakeResult:
    now = context.clock.now()
    document = _document(context, session, arrival, stored)
    document.captured_unit_id = _captured_at(context, session, viewer, arrival)
    session.add(document)
    session.flush()
    session.add(
        Rendition(document_id=document.id, kind=RenditionKind.ORIGINAL, sha256=stored.sha256)
    )
    custody.begin(session, viewer, document, at=now)
    row = _intake_row(context, session, viewer, arrival, IntakeOutcome.ACCEPTED)
    row.sha256, row.size_bytes, row.document_id = stored.sha256, stored.size_bytes, document.id
    awaited = arrival.origin == reading.UPLOAD
    task = _read_task(context, document.id, stored.size_bytes, is_awaited=awaited)
    queue.enqueue(session, [task], now=now)
    outbox.mark_changed(session, outbox.DOCUMENTS, [document.id], at=now)
    _note(context, session, viewer, "document.received", "document", document.id, {})
    return IntakeResult(row.id, IntakeOutcome.ACCEPTED, document.id)


def _captured_at(
    context: Context, session: ScopedSession, viewer: Viewer, arrival: Arrival
) -> int | None:
    """The unit that captured it; a file in a file was captured where the outer one was (S3-18)."""
    if arrival.parent_id is None:
        return posts.unit_of(session, viewer.id, on=posts.today(context))
    return session.get_one(Document, arrival.parent_id).captured_unit_id


def _document(
    context: Context, session: ScopedSession, arrival: Arrival, stored: StoredFile
) -> Document:
    return Document(
        id=new_id(),
        rowid=next_rowid(session, Document),
        parent_id=arrival.parent_id,
        case_no=arrival.case_no,
        type_code=arrival.document_type,
        state=DocumentState.RECEIVED,
        captured_at=context.clock.now(),
        file_name=file_names.readable(file_names.base_name(arrival.file_name)),
        folder=file_names.shortened(file_names.coded(arrival.folder)),
        sha256=stored.sha256,
        given_customer_no=arrival.given_customer_no,
    )


def _read_task(
    context: Context, document_id: str, size_bytes: int, *, is_awaited: bool = False
) -> queue.Task:
    return queue.Task(
        kind=WorkKind.READ,
        subject=document_id,
        dedupe_key=f"read:{document_id}",
        priority=read_priority(size_bytes, is_awaited=is_awaited),
        max_attempts=context.settings.max_attempts,
    )


def _intake_row(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    arrival: Arrival,
    outcome: IntakeOutcome,
) -> Intake:
    """A new row, or the one that told of the trouble with this file before."""
    now = context.clock.now()
    row = _intake_of(session, arrival.trouble_key) if arrival.trouble_key else None
    if row is None or row.document_id is not None:
        row = Intake(id=new_id(), received_at=now)
        session.add(row)
    row.source_path, row.origin, row.batch = arrival.shown_path, arrival.origin, arrival.batch
    row.source_key, row.received_by = arrival.source_key, viewer.id
    row.outcome, row.reason, row.detail, row.changed_at = outcome, "", "", now
    return row


def _intake_of(session: ScopedSession, source_key: str) -> Intake | None:
    return session.scalar(select(Intake).where(Intake.source_key == source_key))


def _known(session: ScopedSession, source_key: str) -> IntakeResult | None:
    row = _intake_of(session, source_key)
    if row is None or row.document_id is None:
        return None
    is_copy = row.outcome == IntakeOutcome.DUPLICATE
    return IntakeResult(
        row.id,
        IntakeOutcome.DUPLICATE if is_copy else IntakeOutcome.ACCEPTED,
        row.document_id,
        first_document_id=row.document_id if is_copy else None,
        known=True,
    )


def _note(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    kind: str,
    object_id: str,
    facts: dict[str, str],
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=context.clock.now(),
        object_kind=kind,
        object_id=object_id,
        facts=facts,
    )


# -- bytes --------------------------------------------------------------------------------------


def _keep_bytes(context: Context, source: BinaryIO | Path) -> StoredFile:
    with ExitStack() as stack:
        stream = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        bounded = _Bounded(stream, context.settings.max_file_bytes)
        return context.store.put(cast(BinaryIO, bounded))


class _Bounded:
    """A stream that refuses to give more than a limit: uploads do not always tell their size."""

    def __init__(self, stream: BinaryIO, limit_bytes: int) -> None:
        self._stream = stream
        self._left = limit_bytes

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            TooLargeError: the limit is passed.
        """
        piece = self._stream.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise TooLargeError("above max_file_bytes", detail_zh="文件大小超出限制")
        return piece
