"""Durable work: rows with a lease and a fencing token, in the records' own database.

Three transactions an item: claim | the work itself with none open, the lease renewed | results,
finish and next items together. A worker that slept past its lease has its result refused, because
``finish`` updates by token and finds no row. One SQLAlchemy text serves SQLite and PostgreSQL
(``SKIP LOCKED`` vanishes on SQLite, where BEGIN IMMEDIATE does the same). See ADR 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from dossier.db.tables import WorkItem, new_id
from dossier.errors import LostLeaseError

RETRY_SECONDS = (2.0, 15.0, 120.0)
"""Pause before the 2nd, 3rd and later tries: short for a stumble, long for a trouble that stays."""


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


def claim(
    session: Session,
    *,
    owner: str,
    now: datetime,
    lease_seconds: float,
    kinds: Iterable[str] | None = None,
) -> Lease | None:
    """Lease the most urgent item that is ready, or whose lease ran out; None when there is none.

    An item whose last attempt lost its worker is marked failed instead of being given out again.
    """
    due = [WorkItem.state == "ready", WorkItem.run_at <= now]
    orphaned = [WorkItem.state == "leased", WorkItem.lease_until < now]
    query = (
        select(WorkItem)
        .where(or_(_all(due), _all(orphaned)))
        .order_by(WorkItem.priority, WorkItem.run_at, WorkItem.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if kinds is not None:
        query = query.where(WorkItem.kind.in_(list(kinds)))
    while (item := session.scalar(query)) is not None:
        if item.state == "leased" and item.attempt >= item.max_attempts:
            _mark_failed(item, "the worker died in the last attempt", now)
            session.flush()
            continue
        return _lease(item, owner, now, lease_seconds)
    return None


def _all(conditions: list[Any]) -> Any:
    first, *rest = conditions
    for condition in rest:
        first = first & condition
    return first


def _lease(item: WorkItem, owner: str, now: datetime, lease_seconds: float) -> Lease:
    item.state = "leased"
    item.attempt += 1
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
    )


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


def give_back(session: Session, lease: Lease, *, now: datetime) -> None:
    """Return an item unworked (the worker is asked to stop); the attempt does not count."""
    _update_ours(
        session,
        lease,
        {
            "state": "ready",
            "attempt": WorkItem.attempt - 1,
            "lease_token": None,
            "lease_until": None,
            "changed_at": now,
        },
    )


def fail(
    session: Session, lease: Lease, *, error: str, now: datetime, final: bool = False
) -> bool:
    """Note a failure: try again later, or for good when the attempts are used up.

    Args:
        error: a code or a short text without personal data.
        final: no further try would help.

    Returns:
        True when it is for good.

    Raises:
        LostLeaseError: another worker has it.
    """
    over = final or lease.is_last_attempt
    pause = RETRY_SECONDS[min(lease.attempt, len(RETRY_SECONDS)) - 1]
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
    result = session.execute(
        update(WorkItem)
        .where(WorkItem.subject == subject, WorkItem.state == "failed")
        .values(state="ready", attempt=0, run_at=now, changed_at=now, error="")
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def counts(session: Session) -> dict[str, int]:
    """Items by state."""
    rows = session.execute(select(WorkItem.state, func.count()).group_by(WorkItem.state))
    return {state: number for state, number in rows}


def _mark_failed(item: WorkItem, error: str, now: datetime) -> None:
    item.state = "failed"
    item.error = error
    item.lease_token = None
    item.lease_until = None
    item.changed_at = now


def _update_ours(session: Session, lease: Lease, values: dict[str, Any]) -> None:
    result = session.execute(
        update(WorkItem)
        .where(WorkItem.id == lease.item_id, WorkItem.lease_token == lease.token)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise LostLeaseError("the result was refused; another worker has the item")
