"""Draining the outbox into the index: read keys, read the truth, write, delete what was read."""

from __future__ import annotations

import logging
from contextlib import ExitStack

from dossier.db import outbox
from dossier.db.tables import IndexChange
from dossier.errors import UnavailableError
from dossier.search.port import IndexBusyError, IndexWriter, Row, RowKey, RowKind
from dossier.services import page_masks
from dossier.services.context import Context
from dossier.viewer import system_viewer
from indexer import rebuild
from indexer.present import customer_rows, document_rows

VIEWER = system_viewer("index")
BATCH = 400
"""Changes of one commit: large enough that commits are rare in a flood, small enough for memory
(400 documents of 20 pages are some 30 MB of text) and for the two-second goal."""
log = logging.getLogger(__name__)


class IndexFeeder:
    """Holds the right to write the index while it can, and works the outbox off.

    One for a worker process; not to be shared between threads.
    """

    def __init__(self, context: Context) -> None:
        """Prepare; nothing is opened yet."""
        self._context = context
        self._stack: ExitStack | None = None
        self._writer: IndexWriter | None = None

    @property
    def holds(self) -> bool:
        """Whether this process has the right to write."""
        return self._writer is not None

    def try_acquire(self) -> bool:
        """Take the right to write if nobody has it; makes the index anew first when it must be.

        Returns:
            True when held now. False when another process has it or the index cannot be opened
            (that is logged; intake goes on).
        """
        if self.holds:
            return True
        stack = ExitStack()
        try:
            if reason := self._context.index.needs_rebuild():
                rebuild.rebuild(self._context, reason=reason)
            self._writer = stack.enter_context(self._context.index.writer())
        except IndexBusyError:
            return False
        except UnavailableError as err:
            log.warning("index cannot be written", extra={"code": err.code})
            return False
        self._stack = stack
        return True

    def step(self) -> int:
        """Work off one batch; returns how many changes it was, 0 when there was nothing.

        Raises:
            UnavailableError: the index broke meanwhile; the right is given back, nothing is lost.
        """
        if self._writer is None:
            return 0
        if rebuild.is_requested(self._context):
            self.release()
            rebuild.rebuild(self._context, reason="requested")
            return 1
        with self._context.reading(VIEWER) as session:
            changes = outbox.waiting(session, limit=BATCH)
            if not changes:
                return 0
            upserts, deletes = self._rows(session, changes)
        try:
            self._writer.apply(upserts=upserts, deletes=deletes)
            self._writer.commit()
        except UnavailableError:
            self.release()
            raise
        # Rows that come back after a power cut are drained once more, to the same effect.
        with self._context.writing(VIEWER, durable=False) as session:
            outbox.drop(session, [change.id for change in changes])
            page_masks.call_due(session, {c.key for c in changes if c.index == outbox.DOCUMENTS})
        return len(changes)

    def _rows(self, session: object, changes: list[IndexChange]) -> tuple[list[Row], list[RowKey]]:
        customers = {c.key for c in changes if c.index == outbox.CUSTOMERS}
        documents = {c.key for c in changes if c.index == outbox.DOCUMENTS}
        found_customers = customer_rows(self._context, session, customers)  # type: ignore[arg-type]
        found_documents = document_rows(self._context, session, documents)  # type: ignore[arg-type]
        upserts: list[Row] = [*found_customers.values(), *found_documents.values()]
        deletes = [RowKey(RowKind.CUSTOMER, key) for key in customers - found_customers.keys()]
        deletes += [RowKey(RowKind.DOCUMENT, key) for key in documents - found_documents.keys()]
        return upserts, deletes

    def release(self) -> None:
        """Give the right to write back, with the writer's memory; also when the index broke."""
        stack, self._stack, self._writer = self._stack, None, None
        if stack is None:
            return
        try:
            stack.close()
        except UnavailableError as err:
            log.warning("the index was broken when it was let go", extra={"code": err.code})
