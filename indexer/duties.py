"""Duties that exactly one worker of an archive has at a time: each is guarded by an OS lock.

The lock ends with its process, kill -9 included, and another worker takes the duty over within a
second. No command needs to know who has it.
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from dossier.db import outbox
from dossier.db.changes import CommitWatch
from dossier.db.tables import WorkItem
from dossier.errors import DossierError
from dossier.hookspecs import Duty
from dossier.rules import rulebook
from dossier.services import audit_chain, audit_checkpoints, disclosure, intake, page_masks
from dossier.services.context import Context
from dossier.viewer import system_viewer
from dossier.work import queue
from dossier.work.kinds import WorkKind
from indexer import identity, rebuild
from indexer.drain import IndexFeeder
from indexer.intake_loop import IntakeLoop
from indexer.steps.job import where

TAKE_OVER_SECONDS = 1.0
"""How often a worker tries to get a duty that another has."""
FEED_SECONDS = 0.05
"""Pause between two looks at the outbox; a dropped file should be found within two seconds."""
REST_SHARE = 1.0
REST_MOST_SECONDS = 0.5
"""After a commit the feeder rests as long as it took: in a flood it gathers larger batches instead
of spending a core on commits of a few rows each."""
CHECK_INDEX_SECONDS = 3.0
"""How often an idle index is looked after: somebody may have removed its folder."""
KEEP_HOUSE_SECONDS = 1.0
SWEEP_SECONDS = 60.0
KEEP_DONE_SECONDS = 3600.0
"""Finished work on documents is told by the documents themselves; the rows only slow the queue."""
UNFINISHED_COPY_SECONDS = 24 * 3600.0
"""Copies that a crash left in the store; a running one is never that old."""
SYSTEM = system_viewer("housekeeping")
log = logging.getLogger(__name__)


class OsLock:
    """An exclusive lock on a file, released by the system when its process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def try_acquire(self) -> bool:
        """Take it if nobody has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give it back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def start(context: Context, duties: list[Duty], stop: threading.Event) -> list[threading.Thread]:
    """A thread for each duty: waits for its turn, then does it."""
    threads = [
        threading.Thread(
            target=_serve, args=(context, duty, stop), name=f"duty-{duty.name}", daemon=True
        )
        for duty in duties
    ]
    for thread in threads:
        thread.start()
    return threads


def _serve(context: Context, duty: Duty, stop: threading.Event) -> None:
    lock = OsLock(context.settings.home / "locks" / f"{duty.name}.lock")
    while not stop.is_set():
        if not lock.try_acquire():
            stop.wait(TAKE_OVER_SECONDS)
            continue
        try:
            duty.run(stop)
        except Exception as err:  # noqa: BLE001 - a duty must not end with one bad file
            fields = {"duty": duty.name, "error": where(err)}
            log.error("duty failed, it begins anew", extra=fields)  # noqa: TRY400 - see where()
            stop.wait(TAKE_OVER_SECONDS)
        finally:
            lock.release()


def all_duties(context: Context, *, watch: bool) -> list[Duty]:
    """Index, housekeeping and the plugins' duties; the inbox too where ``watch``.

    Raises:
        ConfigurationError: the inbox overlaps a folder that the product writes.
    """
    duties = [
        Duty("index", lambda stop: feed_index(context, stop)),
        Duty("house", lambda stop: keep_house(context, stop)),
        Duty("seal", lambda stop: seal_audit(context, stop)),
        Duty("masks", lambda stop: make_masks(context, stop)),
        *context.plugins.duties(context),
    ]
    if watch:
        intake_loop = IntakeLoop(context)
        duties.append(Duty("inbox", intake_loop.run))
    return duties


# -- the index ----------------------------------------------------------------------------------


TROUBLE_SECONDS = 5.0
"""Pause after index or database did not answer; shorter would only fill the log."""


def feed_index(context: Context, stop: threading.Event) -> None:
    """Work the outbox off whenever there is something in it; build the index when it is missing.

    A broken index or a locked database is logged and tried again: intake goes on meanwhile.
    """
    settings = context.settings
    feeder = IndexFeeder(context)
    commits = CommitWatch(context.database)
    busy = time.monotonic()
    checked = -CHECK_INDEX_SECONDS
    try:
        while not stop.is_set():
            if time.monotonic() - checked >= CHECK_INDEX_SECONDS:
                checked = time.monotonic()
                _look_after(context, feeder)
            began = time.monotonic()
            fed = _feed(context, feeder) if commits.may_have_changed() else False
            if fed is None:
                commits.forget()
                stop.wait(TROUBLE_SECONDS)
            elif fed:
                commits.forget()
                busy = time.monotonic()
                stop.wait(min(REST_MOST_SECONDS, REST_SHARE * (busy - began)))
            else:
                if feeder.holds and time.monotonic() - busy > settings.idle_release_seconds:
                    feeder.release()
                    context.database.dispose()  # idle connections: up to 16 MB of pages in each
                    give_memory_back()
                stop.wait(FEED_SECONDS)
    finally:
        feeder.release()


def give_memory_back() -> None:
    """Have the C library return freed memory to the system: it keeps some 150 MB otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is not None:
        trim(0)


def _look_after(context: Context, feeder: IndexFeeder) -> None:
    try:
        reason = context.index.needs_rebuild()
        if reason is None and not rebuild.is_requested(context):
            return
        feeder.release()
        feeder.try_acquire()
    except (DossierError, OperationalError) as err:
        log.warning("index not looked after", extra={"why": getattr(err, "code", "database")})


def _feed(context: Context, feeder: IndexFeeder) -> bool | None:
    """One batch; False when there was nothing to do, None when it could not be done now."""
    try:
        with context.reading(SYSTEM) as session:
            if not outbox.is_waiting(session) and not rebuild.is_requested(context):
                return False
        return feeder.try_acquire() and feeder.step() > 0
    except (DossierError, OperationalError) as err:
        log.warning("index waits", extra={"why": getattr(err, "code", "database")})
        return None


# -- masks --------------------------------------------------------------------------------------

MASKS_SECONDS = 0.2
"""Pause after some papers were masked: intake and search go first."""
MASKS_LOOK_SECONDS = 1.0
"""Between two looks; a paper that is shown before is masked while it is shown."""


def make_masks(context: Context, stop: threading.Event) -> None:
    """Make the masks of new and changed papers ahead; a showing never waits for this."""
    commits = CommitWatch(context.database)
    is_looked_at = False
    pause = MASKS_SECONDS
    while not stop.wait(pause):
        pause = MASKS_LOOK_SECONDS
        if not commits.may_have_changed():
            continue
        try:
            if not is_looked_at:
                page_masks.call_all_due_if_rules_changed(context)
                is_looked_at = True
            if page_masks.make_due(context):
                commits.forget()
                pause = MASKS_SECONDS
        except OperationalError:
            log.warning("database busy, masks wait")
            stop.wait(TROUBLE_SECONDS)


# -- the audit ----------------------------------------------------------------------------------


def seal_audit(context: Context, stop: threading.Event) -> None:
    """Chain and sign what was written into the audit; writers never wait for this (ADR 7)."""
    rules = rulebook.load(audit_chain.RULES)
    commits = CommitWatch(context.database)
    copied = float("-inf")
    while not stop.wait(float(rules["seal_every_seconds"])):
        if not commits.may_have_changed():
            continue
        try:
            if audit_chain.seal(context, SYSTEM):
                commits.forget()
        except OperationalError:
            log.warning("database busy, sealing waits")
            stop.wait(TROUBLE_SECONDS)
        except DossierError as err:
            log.error("audit not sealed", extra={"why": err.detail})  # noqa: TRY400 - its detail says all
            stop.wait(TROUBLE_SECONDS)
        if time.monotonic() - copied >= float(rules["checkpoint_every_seconds"]):
            copied = time.monotonic()
            _copy_checkpoint(context)


def _copy_checkpoint(context: Context) -> None:
    folder = context.settings.audit_checkpoints
    last = audit_chain.newest(context, SYSTEM) if folder is not None else None
    if folder is None or last is None:
        return
    try:
        audit_checkpoints.copy_to(folder, last)
    except OSError as err:
        log.error("audit checkpoint not copied", extra={"error": where(err)})  # noqa: TRY400 - see where()


# -- housekeeping -------------------------------------------------------------------------------


def keep_house(context: Context, stop: threading.Event) -> None:
    """Free what dead workers held, sweep what crashes left."""
    swept = -SWEEP_SECONDS
    while not stop.wait(KEEP_HOUSE_SECONDS):
        try:
            free_the_dead(context)
            disclosure.note_ended(context)
            if time.monotonic() - swept >= SWEEP_SECONDS:
                swept = time.monotonic()
                _sweep(context)
        except OperationalError:
            log.warning("database busy, housekeeping waits")


def _sweep(context: Context) -> None:
    sweep = getattr(context.store, "sweep", None)
    if sweep is not None:
        sweep(older_than_seconds=UNFINISHED_COPY_SECONDS, now=time.time())
    if stuck := intake.requeue_stuck(context):
        log.warning("documents without work were queued again", extra={"count": stuck})
    before = context.clock.now() - timedelta(seconds=KEEP_DONE_SECONDS)
    with context.writing(SYSTEM) as session:
        queue.purge_done(session, kinds=list(WorkKind), before=before)


def free_the_dead(context: Context) -> int:
    """Make work claimable at once whose worker is gone; returns how many items."""
    with context.reading(SYSTEM) as session:
        owners = session.scalars(
            select(WorkItem.lease_owner).where(WorkItem.state == "leased").distinct()
        ).all()
    dead = {owner for owner in owners if owner is not None and identity.is_dead(owner)}
    if not dead:
        return 0
    with context.writing(SYSTEM) as session:
        return queue.end_leases_of_the_dead(
            session, is_dead=dead.__contains__, now=context.clock.now()
        )
