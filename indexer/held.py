"""A lease while it is worked on: renewed in the background, and proved at every write."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from dossier.db.session import ScopedSession
from dossier.errors import LostLeaseError, UnavailableError
from dossier.services.context import Context
from dossier.viewer import Viewer
from dossier.work import queue
from dossier.work.queue import Lease

RETRY_SECONDS = 0.5
"""Pause before a write is tried again while another program holds the database or it is full."""
log = logging.getLogger(__name__)

T = TypeVar("T")


def patiently(action: Callable[[], T], *, stop: threading.Event, what: str) -> T:
    """Do it, and again while the database is locked or full: finished work is too dear to drop.

    Raises:
        UnavailableError: asked to stop meanwhile.
    """
    while True:
        try:
            return action()
        except OperationalError as err:
            log.warning("database busy, trying again", extra={"what": what, "why": _reason(err)})
            if stop.wait(RETRY_SECONDS):
                raise UnavailableError("the database did not answer before the stop") from err


def _reason(err: OperationalError) -> str:
    return str(err.orig).splitlines()[0][:80] if err.orig else "unknown"


class HeldLease:
    """A claimed item in this worker's hands.

    Every write goes through :meth:`commit` or :meth:`finish`, which prolong the lease in the same
    transaction: a worker that was stopped past its lease writes nothing (LostLeaseError).
    """

    def __init__(
        self, context: Context, viewer: Viewer, lease: Lease, *, stop: threading.Event
    ) -> None:
        self.lease = lease
        self._context = context
        self._viewer = viewer
        self._stop = stop
        self._renewed = time.monotonic()
        self.done = 0
        self.total = 0

    @property
    def document_id(self) -> str:
        """The document that it is about."""
        return self.lease.subject

    def commit(self, write: Callable[[ScopedSession], T], *, durable: bool = True) -> T:
        """Write in one transaction, with the lease prolonged and the progress noted.

        Args:
            write: what is to be written.
            durable: False for what costs next to nothing to do again after a power cut.

        Raises:
            LostLeaseError: another worker has the item; nothing was written.
        """

        def once() -> T:
            with self._context.writing(self._viewer, durable=durable) as session:
                self._prolong(session)
                return write(session)

        result = patiently(once, stop=self._stop, what="commit")
        self._renewed = time.monotonic()
        return result

    def finish(self, write: Callable[[ScopedSession], None]) -> None:
        """Results, the item's end and the next items in one transaction.

        Raises:
            LostLeaseError: another worker has the item; nothing was written.
        """

        def once() -> None:
            with self._context.writing(self._viewer) as session:
                self._prolong(session)
                write(session)
                queue.finish(session, self.lease, now=self._context.clock.now())

        patiently(once, stop=self._stop, what="finish")

    def renew_if_due(self) -> None:
        """Prolong the lease when a third of it is over; for the keeper thread.

        Raises:
            LostLeaseError: another worker has the item.
        """
        if time.monotonic() - self._renewed < self._context.settings.lease_seconds / 3:
            return
        with self._context.writing(self._viewer, durable=False) as session:
            self._prolong(session)
        self._renewed = time.monotonic()

    def _prolong(self, session: ScopedSession) -> None:
        queue.renew(
            session,
            self.lease,
            now=self._context.clock.now(),
            lease_seconds=self._context.settings.lease_seconds,
            done=self.done,
            total=self.total,
        )


__all__ = ["HeldLease", "LostLeaseError", "patiently"]
