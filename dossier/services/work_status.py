"""What is under way: the intake list, counts, pages a minute, what is left, who works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from dossier.access import demand
from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, Document, Intake, Page, WorkItem
from dossier.db.tables import Worker as WorkerRow
from dossier.errors import InvalidInputError, NotFoundError
from dossier.records import DocumentState, IntakeOutcome, IntakeState
from dossier.services import cursors, papers
from dossier.services.context import Context
from dossier.services.intake import RETRIED, lies_elsewhere
from dossier.viewer import Permission, Viewer, system_viewer
from dossier.work.kinds import AFTERWARDS, WorkKind

STATUS = system_viewer("status")
"""Counts are of the whole archive; names of files are shown to those who may see the intake."""
ALIVE_SECONDS = 20.0
"""A worker beats every 5 s; after four missed beats it is gone or stopped."""
RATE_MINUTES = 5
"""Pages a minute are counted over the last minutes; a single page of OCR takes seconds."""
FEWEST_MINUTES = 1
"""Minutes of work that must be known before a rate is told."""
LISTING = "intake"
MOST = 200
"""Largest page of the list."""
_TROUBLE = (IntakeState.FAILED, IntakeState.NO_COPY)
_Copy = aliased(WorkItem)
_COPY_FAILED = (_Copy.kind == WorkKind.SEARCHABLE, _Copy.state == "failed")
_ACTIVE = WorkItem.state.in_([literal_column("'ready'"), literal_column("'leased'")])


@dataclass(frozen=True, slots=True)
class IntakeItem:
    """One file in the intake list.

    Attributes:
        id: of the intake row.
        source_path: as it came, printable.
        origin: ``inbox``, ``upload``, ``ingest``, ``attachment`` or ``import``.
        document_id: of the document, of the first copy when a duplicate, None when it is none.
        outcome: an :class:`~dossier.records.IntakeOutcome`.
        state: an :class:`IntakeState`.
        step: the work that runs or waits (:class:`~dossier.work.kinds.WorkKind`), empty if none.
        since: when it came into this state.
        received_at: when it came in.
        attempt: tries of the step so far.
        error: code or short text of what went wrong last, at least the quarantine reason; empty
            when nothing did.
        reason: the quarantine reason; empty when not set aside.
        progress: pages read and pages there are; (0, 0) when not known yet.
        may_retry: whether a retry would do anything.
        retries: how often somebody had it tried again, where it stays in trouble all the same.
        retried_at: when that was last; None when nobody did.
        first_reason: of a duplicate, why its first copy was set aside; empty when it was not.
    """

    id: str
    source_path: str
    origin: str
    document_id: str | None
    outcome: str
    state: str
    step: str
    since: datetime
    received_at: datetime
    attempt: int
    error: str
    reason: str
    progress: tuple[int, int]
    may_retry: bool
    retries: int = 0
    retried_at: datetime | None = None
    first_reason: str = ""


@dataclass(frozen=True, slots=True)
class IntakePage:
    """A page of the list with the counts of everything by state."""

    items: tuple[IntakeItem, ...]
    next_cursor: str | None
    total: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Throughput:
    """How fast it goes and what is left.

    Attributes:
        pages_per_minute: pages read in the last minutes.
        pages_left: pages of begun documents that are not read yet.
        files_left: files whose pages are not known yet.
        minutes_left: at this pace; None when it stands still or nothing is left.
        workers: workers alive.
        pending: index rows that wait.
        lag_seconds: age of the oldest of them.
        oldest_seconds: age of the oldest piece of work that waits or runs.
    """

    pages_per_minute: float
    pages_left: int
    files_left: int
    minutes_left: float | None
    workers: int
    pending: int
    lag_seconds: float
    oldest_seconds: float


def list_intake(
    context: Context,
    viewer: Viewer,
    *,
    states: Sequence[str] = (),
    cursor: str | None = None,
    size: int = 50,
    batch: str | None = None,
) -> IntakePage:
    """The newest files first, a page at a time: those whose documents are in the viewer's scope.

    Counts are of the whole archive; who sees masked sees no file names.

    Args:
        context: the wired parts.
        viewer: needs ``see_intake``.
        states: only these :class:`IntakeState`; empty means all.
        cursor: the last page's ``next_cursor``.
        size: rows of a page, 1..200.
        batch: only what was sent together.

    Raises:
        ForbiddenError: the role may not see the intake.
        InvalidInputError: an unknown state.
        QueryError: the cursor is broken or of another list.
    """
    viewer = demand(viewer, Permission.SEE_INTAKE)
    wanted = _wanted(states)
    before = cursors.unpack(context.keyring, LISTING, cursor) if cursor else None
    query = _rows(wanted, batch)
    if not viewer.scope.everything:
        keeper = func.coalesce(Intake.handed_to, Intake.received_by)
        own = and_(Intake.document_id.is_(None), keeper == viewer.id)
        query = query.where(or_(Document.id.is_not(None), own))
    with context.reading(viewer) as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        if before is not None:
            query = query.where(Intake.id < before)
        rows = session.execute(query.order_by(Intake.id.desc()).limit(min(size, MOST) + 1)).all()
        shown = rows[: min(size, MOST)]
        items = [
            replace(item, source_path=str(papers.path_of(viewer, item.source_path)))
            for item in _items(session, [(row[0], row[1]) for row in shown])
        ]
    with context.reading(STATUS) as session:
        numbers = counts_of(session, batch=batch)
        items = _with_retries(session, items)
    more = len(rows) > len(shown)
    following = cursors.pack(context.keyring, LISTING, shown[-1][0].id) if more else None
    return IntakePage(tuple(items), following, total, numbers)


def get_own(context: Context, viewer: Viewer, intake_id: str) -> IntakeItem:
    """One file that this viewer sent; for whoever may upload, be the list open to them or not.

    Raises:
        ForbiddenError: the role may not upload.
        NotFoundError: no such file, or somebody else's.
    """
    viewer = demand(viewer, Permission.UPLOAD)
    own = (Intake.id == intake_id, Intake.received_by == viewer.id)
    with context.reading(viewer) as session:
        row = session.execute(_rows([], None).where(*own)).one_or_none()
        if row is None:
            raise NotFoundError("No such file among those that you sent")
        item = _items(session, [(row[0], row[1])])[0]
    return replace(item, source_path=str(papers.path_of(viewer, item.source_path)))


def counts(context: Context, viewer: Viewer) -> dict[str, int]:
    """Files by :class:`IntakeState`.

    Raises:
        ForbiddenError: the role may not see the intake.
    """
    viewer = demand(viewer, Permission.SEE_INTAKE)
    with context.reading(STATUS) as session:
        return counts_of(session)


def throughput(context: Context) -> Throughput:
    """How fast it goes and what is left; figures without names, for every page's footer."""
    now = context.clock.now()
    with context.reading(STATUS) as session:
        rate = _pages_per_minute(session, now)
        pages_left = _pages_left(session)
        files = session.scalar(select(func.count()).where(_ACTIVE, WorkItem.kind == WorkKind.READ))
        on_files = WorkItem.kind != WorkKind.NOTICE
        oldest = session.scalar(select(func.min(WorkItem.created_at)).where(_ACTIVE, on_files))
        backlog = outbox.backlog(session)
        workers = live_workers(session, now)
    return Throughput(
        pages_per_minute=rate,
        pages_left=pages_left,
        files_left=int(files or 0),
        minutes_left=pages_left / rate if rate and pages_left else None,
        workers=workers,
        pending=backlog.pending,
        lag_seconds=backlog.lag_seconds(now),
        oldest_seconds=(now - oldest).total_seconds() if oldest else 0.0,
    )


def live_workers(session: ScopedSession, now: datetime) -> int:
    """How many workers beat lately."""
    since = now - timedelta(seconds=ALIVE_SECONDS)
    query = select(func.count()).where(WorkerRow.heartbeat >= since, WorkerRow.stopping.is_(False))
    return session.scalar(query) or 0


def _pages_per_minute(session: ScopedSession, now: datetime) -> float:
    """From finished items; those older than an hour are purged, so the sum stays small.

    0 while less than a minute is known: a rate of the first seconds would tell nothing.
    """
    since = now - timedelta(minutes=RATE_MINUTES)
    pages, first = session.execute(
        select(func.sum(WorkItem.progress_done), func.min(WorkItem.changed_at)).where(
            WorkItem.state == "done",
            WorkItem.kind.in_([WorkKind.READ, WorkKind.PAGES]),
            WorkItem.changed_at >= since,
        )
    ).one()
    minutes = (now - first).total_seconds() / 60 if first else 0.0
    if minutes < FEWEST_MINUTES:
        return 0.0
    running = session.scalar(
        select(func.sum(WorkItem.progress_done)).where(_ACTIVE, WorkItem.state == "leased")
    )
    return float((pages or 0) + (running or 0)) / minutes


def _pages_left(session: ScopedSession) -> int:
    reading = Document.state == DocumentState.READING
    there = session.scalar(select(func.sum(Document.page_count)).where(reading))
    read = session.scalar(
        select(func.count(Page.number))
        .join(Document, Page.document_id == Document.id)
        .where(reading)
    )
    return max(0, (there or 0) - (read or 0))


# -- counts -------------------------------------------------------------------------------------


def counts_of(session: ScopedSession, *, batch: str | None = None) -> dict[str, int]:
    """Files by :class:`IntakeState`; every file is in exactly one."""
    numbers = dict.fromkeys(IntakeState, 0)
    mine = [Intake.batch == batch] if batch else []
    outcomes = session.execute(
        select(Intake.outcome, func.count())
        .where(Intake.outcome != IntakeOutcome.ACCEPTED, *mine)
        .group_by(Intake.outcome)
    )
    for outcome, number in outcomes:
        numbers[_OUTCOME_STATES[IntakeOutcome(outcome)]] += number
    settled = _settled(session, batch)
    for state, document_state, number in session.execute(_active_by_state(mine)):
        numbers[IntakeState(state)] += number
        settled[document_state] = settled.get(document_state, 0) - number
    uncopied = session.scalar(_without_copy(mine)) or 0
    numbers[IntakeState.NO_COPY] += uncopied
    numbers[IntakeState.FILED] -= uncopied
    for document_state, number in settled.items():
        numbers[_DOCUMENT_STATES.get(DocumentState(document_state), IntakeState.QUEUED)] += number
    return {str(state): number for state, number in numbers.items()}


_OUTCOME_STATES = {
    IntakeOutcome.QUEUED: IntakeState.QUEUED,
    IntakeOutcome.RUNNING: IntakeState.RUNNING,
    IntakeOutcome.DUPLICATE: IntakeState.DUPLICATE,
    IntakeOutcome.QUARANTINED: IntakeState.FAILED,
    IntakeOutcome.FAILED: IntakeState.FAILED,
}
_DOCUMENT_STATES = {
    DocumentState.TO_ASSIGN: IntakeState.TO_ASSIGN,
    DocumentState.FILED: IntakeState.FILED,
    DocumentState.CUT: IntakeState.FILED,
}
_DONE = (DocumentState.FILED, DocumentState.CUT)
"""Nothing of the file itself waits; a stack's papers are listed where they wait."""


def _settled(session: ScopedSession, batch: str | None) -> dict[str, int]:
    """Accepted files by their document's state; without a batch straight from the index on it."""
    query = select(Document.state, func.count()).group_by(Document.state)
    if batch:
        query = query.join(Intake, Intake.document_id == Document.id).where(
            Intake.batch == batch, Intake.outcome == IntakeOutcome.ACCEPTED
        )
    else:
        query = query.where(Document.state != DocumentState.QUARANTINED)
    found = dict(session.execute(query).all())
    if not batch:  # papers that were cut out of a stack came in no file of their own
        parts = select(Document.state, func.count()).where(
            Document.source_pages.is_not(None), Document.state != DocumentState.QUARANTINED
        )
        for state, number in session.execute(parts.group_by(Document.state)):
            found[state] = found.get(state, 0) - number
    return found


def _without_copy(mine: list[ColumnElement[bool]]) -> Select[tuple[int]]:
    """How many filed papers are without the searchable copy that was tried."""
    return (
        select(func.count(Intake.id))
        .select_from(_Copy)
        .join(Document, Document.id == _Copy.subject)
        .join(Intake, Intake.document_id == Document.id)
        .where(*_COPY_FAILED, Intake.outcome == IntakeOutcome.ACCEPTED, *mine)
        .where(Document.state == DocumentState.FILED, ~_has_work())
    )


def _active_by_state(mine: list[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """Files with work that waits or runs: how it stands, the document's state, and how many."""
    work = (
        select(
            WorkItem.subject,
            case(
                (func.max(case((WorkItem.state == "leased", 1), else_=0)) == 1, "running"),
                (func.max(case((WorkItem.error != "", 1), else_=0)) == 1, "waiting"),
                else_="queued",
            ).label("state"),
        )
        .where(_ACTIVE, WorkItem.kind.not_in(AFTERWARDS))
        .group_by(WorkItem.subject)
        .subquery()
    )
    return (
        select(work.c.state, Document.state, func.count())
        .select_from(work)
        .join(Document, Document.id == work.c.subject)
        .join(Intake, Intake.document_id == Document.id)
        .where(Intake.outcome == IntakeOutcome.ACCEPTED, *mine)
        .group_by(work.c.state, Document.state)
    )


# -- the list -----------------------------------------------------------------------------------


def _wanted(states: Sequence[str]) -> list[IntakeState]:
    try:
        return [IntakeState(state) for state in states]
    except ValueError as err:
        known = ", ".join(IntakeState)
        raise InvalidInputError(f"Unknown state; known are {known}") from err


def _rows(wanted: Sequence[IntakeState], batch: str | None) -> Select[*tuple[Any, ...]]:
    query = select(Intake, Document).outerjoin(Document, Document.id == Intake.document_id)
    if batch:
        query = query.where(Intake.batch == batch)
    if wanted:
        query = query.where(or_(*(_in_state(state) for state in wanted)))
    return query


def _in_state(state: IntakeState) -> ColumnElement[bool]:
    """Rows that :func:`_state_of` would give this state."""
    accepted = Intake.outcome == IntakeOutcome.ACCEPTED
    leased, failed_before = _has_work(WorkItem.state == "leased"), _has_work(WorkItem.error != "")
    some = _has_work()
    settled = Document.state.in_(list(_DOCUMENT_STATES))
    match state:
        case IntakeState.DUPLICATE:
            return Intake.outcome == IntakeOutcome.DUPLICATE
        case IntakeState.FAILED:
            return Intake.outcome.in_([IntakeOutcome.QUARANTINED, IntakeOutcome.FAILED])
        case IntakeState.RUNNING:
            return and_(accepted, leased)
        case IntakeState.WAITING:
            return and_(accepted, ~leased, failed_before)
        case IntakeState.QUEUED:
            fresh = and_(accepted, ~leased, ~failed_before, or_(some, ~settled))
            return or_(Intake.outcome == IntakeOutcome.QUEUED, fresh)
        case IntakeState.TO_ASSIGN:
            return and_(accepted, ~some, Document.state == DocumentState.TO_ASSIGN)
        case IntakeState.FILED | IntakeState.NO_COPY:
            filed = and_(accepted, ~some, Document.state.in_(_DONE))
            uncopied = _has_copy_failed()
            return and_(filed, uncopied if state is IntakeState.NO_COPY else ~uncopied)


def _has_work(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        select(WorkItem.id)
        .where(
            _ACTIVE,
            WorkItem.subject == Intake.document_id,
            WorkItem.kind.not_in(AFTERWARDS),
            *conditions,
        )
        .exists()
    )


def _has_copy_failed() -> ColumnElement[bool]:
    query = select(_Copy.id).where(*_COPY_FAILED, _Copy.subject == Intake.document_id)
    return query.exists()


def _items(
    session: ScopedSession, rows: Sequence[tuple[Intake, Document | None]]
) -> list[IntakeItem]:
    ids = [intake.document_id for intake, _ in rows if intake.document_id]
    work: dict[str, list[WorkItem]] = {}
    open_work = select(WorkItem).where(
        WorkItem.subject.in_(ids), or_(_ACTIVE, WorkItem.state == "failed")
    )
    for item in session.scalars(open_work):
        work.setdefault(item.subject, []).append(item)
    counted = select(Page.document_id, func.count()).where(Page.document_id.in_(ids))
    pages = dict(session.execute(counted.group_by(Page.document_id)).all())
    found = []
    for row, document in rows:
        key = row.document_id or ""
        found.append(_item(row, document, work.get(key, []), pages.get(key, 0)))
    return found


def _item(
    intake: Intake, document: Document | None, work: Sequence[WorkItem], pages: int
) -> IntakeItem:
    is_own = intake.outcome != IntakeOutcome.DUPLICATE
    current = min(work, key=_nearness, default=None) if is_own else None
    state = _state_of(intake, document, work)
    return IntakeItem(
        id=intake.id,
        source_path=intake.source_path,
        origin=intake.origin,
        document_id=intake.document_id,
        outcome=intake.outcome,
        state=state,
        step=current.kind if current else "",
        since=current.changed_at if current else intake.changed_at,
        received_at=intake.received_at,
        attempt=current.attempt if current else 0,
        error=(current.error if current else "") or intake.detail or intake.reason,
        reason=intake.reason,
        progress=(pages, document.page_count) if document else (0, 0),
        may_retry=is_own
        and not lies_elsewhere(intake)
        and (
            state in {IntakeState.FAILED, IntakeState.WAITING}
            or any(item.state == "failed" for item in work)
            or bool(document and document.failed_pages)
        ),
        first_reason=document.problem
        if document and not is_own and document.state == DocumentState.QUARANTINED
        else "",
    )


def _with_retries(session: ScopedSession, items: Sequence[IntakeItem]) -> list[IntakeItem]:
    """The items, those that are in trouble with the tries that did not help."""
    ids = [item.id for item in items if item.state in _TROUBLE]
    query = (
        select(AuditEvent.object_id, func.count(), func.max(AuditEvent.at))
        .where(AuditEvent.object_id.in_(ids), AuditEvent.object_kind == "intake")
        .where(AuditEvent.action == RETRIED)
        .group_by(AuditEvent.object_id)
    )
    tried = {key: (times, last) for key, times, last in session.execute(query)} if ids else {}
    none: tuple[int, datetime | None] = (0, None)
    told = ((item, *tried.get(item.id, none)) for item in items)
    return [replace(item, retries=times, retried_at=last) for item, times, last in told]


def _nearness(item: WorkItem) -> tuple[int, int]:
    """What is worth showing first: running, then waiting, then failed work."""
    return {"leased": 0, "ready": 1}.get(item.state, 2), item.priority


def _state_of(intake: Intake, document: Document | None, work: Sequence[WorkItem]) -> IntakeState:
    if intake.outcome != IntakeOutcome.ACCEPTED:
        return _OUTCOME_STATES[IntakeOutcome(intake.outcome)]
    active = [item for item in work if item.state != "failed" and item.kind not in AFTERWARDS]
    if any(item.state == "leased" for item in active):
        return IntakeState.RUNNING
    if any(item.error for item in active):
        return IntakeState.WAITING
    if active or document is None:
        return IntakeState.QUEUED
    state = _DOCUMENT_STATES.get(DocumentState(document.state), IntakeState.QUEUED)
    failed = any(item.state == "failed" and item.kind in AFTERWARDS for item in work)
    return IntakeState.NO_COPY if failed and state is IntakeState.FILED else state
