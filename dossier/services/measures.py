"""Counts and states for those who run the product: no names, no numbers of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, Intake, Worker, WorkItem
from dossier.errors import UnavailableError
from dossier.services.context import Context
from dossier.viewer import system_viewer

METRICS = system_viewer("metrics")
SILENT_LEASES = 2.0
"""A worker that gave no sign of life for so many lease times counts as gone."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What a scrape shows."""

    pending: int
    lag_seconds: float
    index_answers: bool
    workers: int
    customers: int
    work: Mapping[tuple[str, str], int]
    intake: Mapping[str, int]
    documents: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be answered; ``status`` is ``ready`` or ``unavailable``."""

    status: str
    database: bool
    index: bool
    workers: int
    pending: int
    lag_seconds: float
    remedy: str = ""


def read(context: Context) -> Measures:
    """The measures now."""
    with context.reading(METRICS) as session:
        backlog = outbox.backlog(session)
        return Measures(
            pending=backlog.pending,
            lag_seconds=backlog.lag_seconds(context.clock.now()),
            index_answers=index_problem(context) is None,
            workers=_workers(context, session),
            customers=session.scalar(select(func.count()).select_from(Customer)) or 0,
            work={(kind, state): n for (kind, state), n in _work(session).items()},
            intake=_single(_counts(session, Intake.outcome)),
            documents=_single(_counts(session, Document.state)),
        )


def readiness(context: Context) -> Readiness:
    """Whether database and index answer."""
    try:
        with context.reading(METRICS) as session:
            backlog = outbox.backlog(session)
            workers = _workers(context, session)
    except OperationalError:
        remedy = "The database does not answer; look at the disk and at who locks it"
        return Readiness(
            status="unavailable",
            database=False,
            index=False,
            workers=0,
            pending=0,
            lag_seconds=0.0,
            remedy=remedy,
        )
    problem = index_problem(context)
    return Readiness(
        status="ready" if problem is None else "unavailable",
        database=True,
        index=problem is None,
        workers=workers,
        pending=backlog.pending,
        lag_seconds=backlog.lag_seconds(context.clock.now()),
        remedy=problem or "",
    )


def index_problem(context: Context) -> str | None:
    """Why the index does not answer and what to do; None when it does."""
    try:
        context.index.state()
    except UnavailableError as err:
        return err.detail or err.title
    return None


def _work(session: ScopedSession) -> Mapping[tuple[str, ...], int]:
    return _counts(session, WorkItem.kind, WorkItem.state)


def _workers(context: Context, session: ScopedSession) -> int:
    seen_after = context.clock.now() - timedelta(
        seconds=context.settings.lease_seconds * SILENT_LEASES
    )
    query = select(func.count()).select_from(Worker).where(Worker.heartbeat >= seen_after)
    return session.scalar(query) or 0


def _counts(session: ScopedSession, *columns: Any) -> dict[tuple[str, ...], int]:
    rows = session.execute(select(*columns, func.count()).group_by(*columns))
    return {tuple(row[:-1]): row[-1] for row in rows}


def _single(counts: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    return {key[0]: count for key, count in counts.items()}
