"""Durable work: rows with a lease and a fencing token, in the records' own database.

Three transactions an item: claim | the work itself with none open, the lease renewed | results,
finish and next items together. A worker that slept past its lease has its result refused, because
``finish`` updates by token and finds no row. One SQLAlchemy text serves SQLite and PostgreSQL
(``SKIP LOCKED`` vanishes on SQLite, where BEGIN IMMEDIATE does the same). See ADR 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from dossier.db.tables import WorkItem, new_id
from dossier.errors import LostLeaseError

RETRY_SECONDS = (2.0, 15.0, 120.0)
"""Pause before the 2nd, 3rd and later tries: short for a stumble, long for a trouble that stays."""
MAX_DEATHS = 25
"""Foreign bytes are read in killable children, so a worker that vanishes was nearly always ended by
somebody else (kill -9, power): that must never cost a document. An item at which so many workers
died in a row is set aside all the same, lest it takes the house down for ever."""

_ACTIVE = WorkItem.state.in_([literal_column("'ready'"), literal_column("'leased'")])
# Spelled out, not bound: SQLite takes the partial index only if it sees the same text.


@dataclass(frozen=True, slots=True)
class Task:
    """Work to be queued. ``dedupe_key`` makes "once" a constraint."""

    kind: str
    subject: str
    dedupe_key: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 100
    delay_seconds: float = 0.0
    max_attempts: int = 3


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed item; ``token`` is what proves that it is still ours."""

    item_id: str
    kind: str
    subject: str
    payload: Mapping[str, Any]
    attempt: int
    max_attempts: int
    token: str
    priority: int
    deaths: int = 0

    @property
    def is_poison(self) -> bool:
        """Whether too many workers died over it: set it aside without another try."""
        return self.deaths > MAX_DEATHS

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure now is final."""
        return self.attempt >= self.max_attempts


def enqueue(session: Session, tasks: Iterable[Task], *, now: datetime) -> list[str]:
    """Queue tasks in the caller's transaction; a key that exists already is left as it is.

    Returns:
        Ids of the items that are new.
    """
    tasks = list(tasks)
    keys = [task.dedupe_key for task in tasks]
    known = set(session.scalars(select(WorkItem.dedupe_key).where(WorkItem.dedupe_key.in_(keys))))
    items = []
    for task in tasks:
        if task.dedupe_key in known:
            continue
        known.add(task.dedupe_key)
        items.append(_item(task, now))
    session.add_all(items)
    session.flush()
    return [item.id for item in items]


def _item(task: Task, now: datetime) -> WorkItem:
    return WorkItem(
        id=new_id(),
        kind=task.kind,
        subject=task.subject,
        dedupe_key=task.dedupe_key,
        payload=dict(task.payload),
        priority=task.priority,
        run_at=now + timedelta(seconds=task.delay_seconds),
        max_attempts=task.max_attempts,
        created_at=now,
        changed_at=now,
    )


def requeue(session: Session, tasks: Iterable[Task], *, now: datetime) -> list[str]:
    """Queue tasks again though they were done or failed before; ready or leased ones stay.

    Returns:
        Ids of the items that are new or ready again.
    """
    tasks = list(tasks)
    by_key = {task.dedupe_key: task for task in tasks}
    over = session.scalars(
        select(WorkItem).where(
            WorkItem.dedupe_key.in_(list(by_key)), WorkItem.state.in_(["done", "failed"])
        )
    ).all()
    for item in over:
        task = by_key[item.dedupe_key]
        _make_ready(item, now, run_at=now + timedelta(seconds=task.delay_seconds))
        item.payload, item.priority = dict(task.payload), task.priority
    return [item.id for item in over] + enqueue(session, tasks, now=now)


def claim(
    session: Session,
    *,
    owner: str,
    now: datetime,
    lease_seconds: float,
    kinds: Iterable[str] | None = None,
    least_urgent_below: int | None = None,
) -> Lease | None:
    """Lease the most urgent item that is ready, or whose lease ran out; None when there is none.

    Args:
        session: a writing session; the claim counts once it is committed.
        owner: who claims.
        now: the present.
        lease_seconds: how long it is ours without renewing.
        kinds: only these; None means all.
        least_urgent_below: turn the order round, among priorities below this one. Asked for now
            and then, so that the late pages of a giant do not wait for ever behind small files.
    """
    query = _through_open_work(select(WorkItem).where(*_claimable(now, kinds)))
    if least_urgent_below is None:
        query = query.order_by(WorkItem.priority, WorkItem.run_at)
    else:
        query = query.where(WorkItem.priority < least_urgent_below)
        query = query.order_by(WorkItem.priority.desc(), WorkItem.run_at)
    item = session.scalar(query.limit(1).with_for_update(skip_locked=True))
    return None if item is None else _lease(item, owner, now, lease_seconds)


def _through_open_work(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Have SQLite walk the small index of open work in its order.

    Left to itself it sorts all open items at each claim, or, after ANALYZE of an empty queue, scans
    the whole table.
    """
    return query.with_hint(WorkItem, "INDEXED BY ix_work_item_ready", "sqlite")


def has_due(
    session: Session,
    *,
    now: datetime,
    kinds: Iterable[str] | None = None,
    more_urgent_than: int | None = None,
) -> bool:
    """Whether :func:`claim` would find something: a look without the writer's lock.

    Args:
        session: may be a reading one.
        now: the present.
        kinds: only these; None means all.
        more_urgent_than: only items of a smaller priority number count, and only ready ones.
    """
    query = _through_open_work(select(WorkItem.id).where(*_claimable(now, kinds)))
    if more_urgent_than is not None:
        query = query.where(WorkItem.priority < more_urgent_than, WorkItem.state == "ready")
    return session.scalar(query.limit(1)) is not None


def _claimable(now: datetime, kinds: Iterable[str] | None) -> list[ColumnElement[bool]]:
    conditions = [
        _ACTIVE,
        or_(
            and_(WorkItem.state == "ready", WorkItem.run_at <= now),
            and_(WorkItem.state == "leased", WorkItem.lease_until < now),
        ),
    ]
    if kinds is not None:
        conditions.append(WorkItem.kind.in_(list(kinds)))
    return conditions


def _lease(item: WorkItem, owner: str, now: datetime, lease_seconds: float) -> Lease:
    if item.state == "leased":
        item.deaths += 1
    else:
        item.attempt += 1
    item.state = "leased"
    item.lease_owner = owner
    item.lease_token = new_id()
    item.lease_until = now + timedelta(seconds=lease_seconds)
    item.changed_at = now
    return Lease(
        item_id=item.id,
        kind=item.kind,
        subject=item.subject,
        payload=dict(item.payload),
        attempt=item.attempt,
        max_attempts=item.max_attempts,
        token=item.lease_token,
        priority=item.priority,
        deaths=item.deaths,
    )


def end_leases_of_the_dead(
    session: Session, *, is_dead: Callable[[str], bool], now: datetime
) -> int:
    """End leases whose owner is known to be gone, so that nobody waits for them to run out.

    A wrong ``is_dead`` costs a repeated step, never a double result: the token guards those.

    Returns:
        How many items may be claimed at once by now.
    """
    leased = and_(_ACTIVE, WorkItem.state == "leased", WorkItem.lease_until >= now)
    owners = session.scalars(select(WorkItem.lease_owner).where(leased).distinct()).all()
    dead = [owner for owner in owners if owner is not None and is_dead(owner)]
    if not dead:
        return 0
    result = session.execute(
        update(WorkItem)
        .where(leased, WorkItem.lease_owner.in_(dead))
        .values(lease_until=now - timedelta(seconds=1))
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def renew(
    session: Session,
    lease: Lease,
    *,
    now: datetime,
    lease_seconds: float,
    done: int | None = None,
    total: int | None = None,
) -> None:
    """Prolong the lease, and write the progress down.

    Raises:
        LostLeaseError: the lease belongs to another worker by now; stop, the work is theirs.
    """
    values: dict[str, Any] = {
        "lease_until": now + timedelta(seconds=lease_seconds),
        "changed_at": now,
    }
    if done is not None:
        values["progress_done"] = done
    if total is not None:
        values["progress_total"] = total
    _update_ours(session, lease, values)


def finish(session: Session, lease: Lease, *, now: datetime) -> None:
    """Mark done, in the same transaction as the results and the next items.

    Raises:
        LostLeaseError: so that the caller's transaction is rolled back with its results.
    """
    _update_ours(
        session,
        lease,
        {"state": "done", "lease_token": None, "lease_until": None, "changed_at": now, "error": ""},
    )


def give_back(session: Session, lease: Lease, *, now: datetime, pause_seconds: float = 0.0) -> None:
    """Return an item unworked; the attempt does not count.

    Args:
        session: a writing session.
        lease: what is handed back.
        now: the present.
        pause_seconds: nobody takes it before; for a trouble that is not the item's own.

    Raises:
        LostLeaseError: another worker has it.
    """
    _update_ours(
        session,
        lease,
        {
            "state": "ready",
            "attempt": WorkItem.attempt - 1,
            "run_at": now + timedelta(seconds=pause_seconds),
            "lease_token": None,
            "lease_until": None,
            "changed_at": now,
        },
    )


def fail(
    session: Session,
    lease: Lease,
    *,
    error: str,
    now: datetime,
    final: bool = False,
    pauses: Sequence[float] = RETRY_SECONDS,
) -> bool:
    """Note a failure: try again later, or for good when the attempts are used up.

    Args:
        session: a writing session.
        lease: what failed.
        now: the present.
        error: a code or a short text without personal data.
        final: no further try would help.
        pauses: seconds before the second, third, … try; later ones wait as long as the last.

    Returns:
        True when it is for good.

    Raises:
        LostLeaseError: another worker has it.
    """
    over = final or lease.is_last_attempt
    pause = pauses[min(lease.attempt, len(pauses)) - 1]
    _update_ours(
        session,
        lease,
        {
            "state": "failed" if over else "ready",
            "run_at": now + timedelta(seconds=pause),
            "lease_token": None,
            "lease_until": None,
            "error": error[:400],
            "changed_at": now,
        },
    )
    return over


def retry(session: Session, *, subject: str, now: datetime) -> int:
    """Make failed items of a subject ready again, with all their attempts; returns how many."""
    failed = session.scalars(
        select(WorkItem).where(WorkItem.subject == subject, WorkItem.state == "failed")
    ).all()
    for item in failed:
        _make_ready(item, now, run_at=now)
    return len(failed)


def purge_done(
    session: Session, *, kinds: Iterable[str], before: datetime, limit: int = 1000
) -> int:
    """Forget finished items of kinds whose once-only is guarded elsewhere; returns how many."""
    old = (
        select(WorkItem.id)
        .where(WorkItem.state == "done", WorkItem.kind.in_(list(kinds)))
        .where(WorkItem.changed_at < before)
        .limit(limit)
    )
    result = session.execute(
        delete(WorkItem).where(WorkItem.id.in_(old)).execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def counts(session: Session) -> dict[str, int]:
    """Items by state."""
    rows = session.execute(select(WorkItem.state, func.count()).group_by(WorkItem.state))
    return dict(rows.all())


def _make_ready(item: WorkItem, now: datetime, *, run_at: datetime) -> None:
    item.state = "ready"
    item.attempt = 0
    item.deaths = 0
    item.run_at = run_at
    item.changed_at = now
    item.error = ""
    item.progress_done = 0


def _update_ours(session: Session, lease: Lease, values: dict[str, Any]) -> None:
    result = session.execute(
        update(WorkItem)
        .where(WorkItem.id == lease.item_id, WorkItem.lease_token == lease.token)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise LostLeaseError("the result was refused; another worker has the item")
