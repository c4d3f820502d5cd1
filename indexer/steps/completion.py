"""What happens when the last page of a document is there, whichever worker read it."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.services import custody, intake, reading
from dossier.work import queue
from indexer.steps.job import Job


def complete_if_all_pages(job: Job, session: ScopedSession) -> bool:
    """Queue the next step once every page was read or given up; set aside if none could be read.

    Two workers may finish the last two runs of pages at the same time: the document's row is locked
    first, so that the later of them sees the other's pages.

    Returns:
        Whether the document is complete.
    """
    document_id = job.document_id
    session.scalar(select(Document.id).where(Document.id == document_id).with_for_update())
    state = reading.progress(session, document_id)
    if not state.is_complete:
        return False
    custody.settle(session, document_id)
    if state.failed and state.failed == state.stored:
        reason = reading.failed_reason(session, document_id)
        intake.quarantine(
            session, document_id, context=job.context, reason=reason, detail="no page could be read"
        )
        return True
    reading.note_failed_pages(session, document_id, state.failed)
    task = reading.recognise_task(document_id, max_attempts=job.context.settings.max_attempts)
    queue.requeue(session, [task], now=job.context.clock.now())
    return True
