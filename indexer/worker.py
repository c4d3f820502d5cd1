"""A worker: claims items one after the other, does them, and keeps its leases alive meanwhile.

Three transactions an item (ADR 3): claim | work with none open | results, finish and next items.
The dangerous part runs in killable children; models are loaded when there is work and let go when
there is none.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from dossier.db.changes import CommitWatch
from dossier.db.session import ScopedSession
from dossier.db.tables import Worker as WorkerRow
from dossier.errors import (
    DossierError,
    LostLeaseError,
    NotFoundError,
    StepFailedError,
    UnavailableError,
    UnreadableFileError,
)
from dossier.records import QuarantineReason
from dossier.services import coming_back, intake
from dossier.services.context import Context
from dossier.viewer import system_viewer
from dossier.work import queue
from dossier.work.kinds import SEARCHABLE_PRIORITY, WorkKind
from dossier.work.queue import Lease
from indexer import aside, duties, identity
from indexer.end_signals import EndSignals
from indexer.held import HeldLease, patiently
from indexer.steps import pages, read, recognise, searchable
from indexer.steps.job import OCR, HandBackError, Job, reason_of, where

POLL_SECONDS = 0.05
"""Felt by nobody; an idle worker only looks at a file's time (see CommitWatch)."""
TURN_EVERY = 8
"""Every so many claims the least urgent reading is taken: small files must not starve it."""
KEEPER_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
UNAVAILABLE_SECONDS = 5.0
"""Pause after disk or database took nothing; the item is handed back, its attempt not counted."""
FORGET_WORKER_SECONDS = 24 * 3600.0
VIEWER = system_viewer("worker")
log = logging.getLogger(__name__)


def _give_back(job: Job) -> None:
    aside.give_back(job.context, job.held.lease.subject)
    job.held.finish(lambda _session: None)


STEPS: Mapping[str, Callable[[Job], None]] = {
    WorkKind.READ: read.run,
    WorkKind.PAGES: pages.run,
    WorkKind.RECOGNISE: recognise.run,
    WorkKind.SEARCHABLE: searchable.run,
    WorkKind.GIVE_BACK: _give_back,
}


@dataclass(frozen=True)
class WorkerOptions:
    """How a worker runs.

    Attributes:
        watch: whether it may have the duty of the inbox.
        until_idle: end when nothing is left to do (``ingest`` alone).
    """

    watch: bool = True
    until_idle: bool = False


def run(context: Context, options: WorkerOptions | None = None) -> None:
    """Work until SIGTERM or Ctrl-C; the whole body of a worker process.

    Raises:
        ConfigurationError: the inbox overlaps a folder that the product writes.
    """
    worker = Worker(context, options or WorkerOptions())
    with EndSignals(worker.stop):
        worker.run()


class Worker:
    """The loop, its keeper thread, and its duties."""

    def __init__(self, context: Context, options: WorkerOptions) -> None:
        self.stop = threading.Event()
        self.id = identity.worker_id()
        self._context = context
        self._options = options
        self._held: HeldLease | None = None
        self._claims = 0
        self._is_flowing = False
        self._commits = CommitWatch(context.database)
        self._workspace = context.settings.home / "tmp" / self.id
        self._duties = duties.all_duties(context, watch=options.watch)

    def run(self) -> None:
        """Claim and work until :attr:`stop` is set."""
        self._prepare()
        threads = duties.start(self._context, self._duties, self.stop)
        keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        keeper.start()
        try:
            while not self.stop.is_set():
                if not (self._commits.may_have_changed() and self.work_once()):
                    self.stop.wait(POLL_SECONDS)
        finally:
            self.stop.set()
            self._context.readers.close()
            for thread in [*threads, keeper]:
                thread.join(timeout=5)
            self._leave()

    def work_once(self) -> bool:
        """Do one item; False when there was none or the database did not answer."""
        try:
            lease = self._claim()
        except OperationalError:
            log.warning("database busy, no work claimed")
            self.stop.wait(1.0)
            return False
        if lease is None:
            return False
        self._work(lease)
        self._commits.forget()
        return True

    # -- claiming -------------------------------------------------------------------------------

    def _claim(self) -> Lease | None:
        is_flowing, self._is_flowing = self._is_flowing, False
        if not (is_flowing or self._is_any_due()):
            return None
        self._claims += 1
        is_turned = self._claims % TURN_EVERY == 0
        with self._context.writing(VIEWER, durable=False) as session:
            lease = queue.claim(
                session,
                owner=self.id,
                now=self._context.clock.now(),
                lease_seconds=self._context.settings.lease_seconds,
                kinds=STEPS,
                least_urgent_below=SEARCHABLE_PRIORITY if is_turned else None,
            )
        self._is_flowing = lease is not None
        return lease

    def _is_any_due(self) -> bool:
        """A look without the writer's lock; after an item there is mostly another."""
        with self._context.reading(VIEWER) as session:
            return queue.has_due(session, now=self._context.clock.now(), kinds=STEPS)

    def _should_yield(self) -> bool:
        held = self._held
        if self.stop.is_set() or held is None:
            return True
        with self._context.reading(VIEWER) as session:
            return queue.has_due(
                session,
                now=self._context.clock.now(),
                kinds=STEPS,
                more_urgent_than=held.lease.priority,
            )

    # -- working --------------------------------------------------------------------------------

    def _work(self, lease: Lease) -> None:
        held = HeldLease(self._context, OCR, lease, stop=self.stop)
        self._held = held
        job = Job(self._context, held, self._should_yield, self._workspace)
        try:
            if lease.is_poison:
                _fail(job, "workers died over it", QuarantineReason.INTERNAL, final=True)
            else:
                self._do(job)
        except LostLeaseError:
            log.warning("result refused, the lease was lost", extra={"kind": lease.kind})
        except UnavailableError as err:
            log.warning("work waits", extra={"kind": lease.kind, "why": err.code})
        finally:
            self._held = None

    def _do(self, job: Job) -> None:
        lease = job.held.lease
        if lease.payload.get("retried"):
            aside.take_back(self._context, lease.subject)
        try:
            STEPS[lease.kind](job)
        except HandBackError:
            self._hand_back(job, pause_seconds=0.0)
        except LostLeaseError:
            raise
        except UnavailableError as err:
            log.warning("work waits", extra={"kind": lease.kind, "why": err.code})
            self._hand_back(job, pause_seconds=UNAVAILABLE_SECONDS)
        except UnreadableFileError as err:
            _fail(job, err.detail or err.reason, err.reason, final=True)
        except StepFailedError as err:
            _fail(job, err.code, reason_of(err))
        except NotFoundError as err:
            _fail(job, err.detail, QuarantineReason.INTERNAL, final=True)
        except DossierError as err:
            _fail(job, err.code, QuarantineReason.INTERNAL)
        except Exception as err:  # noqa: BLE001 - the file is set aside, the rest goes on
            log.error("step failed", extra={"kind": lease.kind, "error": where(err)})  # noqa: TRY400
            _fail(job, type(err).__name__, QuarantineReason.INTERNAL)

    def _hand_back(self, job: Job, *, pause_seconds: float) -> None:
        def once() -> None:
            with self._context.writing(VIEWER, durable=False) as session:
                queue.give_back(
                    session,
                    job.held.lease,
                    now=self._context.clock.now(),
                    pause_seconds=pause_seconds,
                )

        patiently(once, stop=self.stop, what="hand back")

    # -- keeping --------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Renew the lease and show that we live; a locked database is tried again."""
        beat = 0.0
        while not self.stop.wait(KEEPER_SECONDS):
            try:
                held = self._held
                if held is not None:
                    held.renew_if_due()
                if time.monotonic() - beat >= HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    self._beat()
            except LostLeaseError:
                continue  # the main thread hears it at its next write
            except OperationalError:
                log.warning("database busy, heartbeat waits")

    def _beat(self) -> None:
        now = self._context.clock.now()
        held = self._held
        with self._context.writing(VIEWER, durable=False) as session:
            row = session.get(WorkerRow, self.id)
            if row is None:
                row = WorkerRow(
                    id=self.id, pid=psutil.Process().pid, host=identity.place(), started_at=now
                )
                session.add(row)
            row.heartbeat, row.rss_bytes = now, psutil.Process().memory_info().rss
            row.doing = f"{held.lease.kind}:{held.lease.subject}" if held else ""
            row.stopping = self.stop.is_set()

    def _prepare(self) -> None:
        self._workspace.mkdir(parents=True, exist_ok=True)
        _clear_dead_workspaces(self._workspace.parent)
        patiently(self._beat, stop=self.stop, what="register")
        duties.free_the_dead(self._context)

    def _leave(self) -> None:
        shutil.rmtree(self._workspace, ignore_errors=True)
        try:
            with self._context.writing(VIEWER) as session:
                session.execute(delete(WorkerRow).where(WorkerRow.id == self.id))
        except OperationalError:
            log.warning("database busy, not signed off")


def _clear_dead_workspaces(folder: Path) -> None:
    for workspace in folder.iterdir():
        if identity.is_dead(workspace.name):
            shutil.rmtree(workspace, ignore_errors=True)


# -- failing ------------------------------------------------------------------------------------


def _fail(job: Job, error: str, reason: str, *, final: bool = False) -> None:
    """Note a failure; when it is for good, set the document aside or go on without the step."""
    set_aside: list[str] = []

    def write(session: ScopedSession) -> None:
        set_aside.clear()
        over = queue.fail(
            session,
            job.held.lease,
            error=error,
            now=job.context.clock.now(),
            final=final,
        )
        if over and _consequence(job, session, reason, error):
            set_aside.append(job.document_id)

    job.held.commit(write)
    for document_id in set_aside:
        aside.set_aside(job.context, document_id)


def _consequence(job: Job, session: ScopedSession, reason: str, detail: str) -> bool:
    """What a final failure means; True when the document was set aside."""
    kind = job.held.lease.kind
    if kind == WorkKind.PAGES:
        pages.give_up(job, session, code=reason)
        return False
    if kind == WorkKind.SEARCHABLE:
        return False  # the document is whole without it; the item keeps the error
    if kind == WorkKind.GIVE_BACK:
        now = job.context.clock.now()
        coming_back.did_not_come(session, job.held.lease.subject, reason=reason, at=now)
        return False
    intake.quarantine(
        session, job.document_id, context=job.context, reason=reason, detail=detail[:200]
    )
    return True
