"""Files without pages: text by an extractor, a typeset view, attachments as children."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.errors import StepFailedError, UnreadableFileError
from dossier.ports import StoredFile
from dossier.records import Extraction, PageReading, QuarantineReason, RenditionKind
from dossier.rules import file_names
from dossier.services import reading
from indexer.steps import inner_files
from indexer.steps.completion import complete_if_all_pages
from indexer.steps.job import Job, Original

PDF = "application/pdf"
log = logging.getLogger(__name__)


def run(job: Job, original: Original, *, media_type: str) -> None:
    """Extract, typeset, take the attachments in, and store the pages with the end of the step.

    Raises:
        UnreadableFileError: with the quarantine reason.
        StepFailedError: a child broke a limit or crashed.
    """
    extraction = job.readers.extract(
        original.path, media_type=media_type, file_name=original.file_name
    )
    pages, view = _typeset(job, extraction)
    if not pages:
        raise UnreadableFileError(QuarantineReason.NO_PAGES, "nothing to show in it")
    all_taken = inner_files.take(job, original, extraction.attachments)
    cut = extraction.truncated or not all_taken
    job.held.finish(lambda session: _store(job, session, extraction, pages, view, cut=cut))


def _typeset(job: Job, extraction: Extraction) -> tuple[Sequence[PageReading], StoredFile | None]:
    """The view and its pages; in the last attempt the bare text if no view can be drawn."""
    with tempfile.TemporaryDirectory(dir=job.workspace) as folder:
        out = Path(folder) / "view.pdf"
        try:
            pages = job.readers.typeset(extraction, out=out)
        except StepFailedError:
            if not job.held.lease.is_last_attempt:
                raise
            log.warning("no view could be drawn, text only", extra={"id": job.document_id})
            return extraction.pages, None
        with out.open("rb") as stream:
            return pages, job.context.store.put(stream)


def _store(
    job: Job,
    session: ScopedSession,
    extraction: Extraction,
    pages: Sequence[PageReading],
    view: StoredFile | None,
    *,
    cut: bool,
) -> None:
    now = job.context.clock.now()
    rendition_id = None
    if view is not None:
        rendition_id = reading.add_rendition(
            session,
            job.document_id,
            view,
            kind=RenditionKind.VIEW,
            media_type=PDF,
            format_name="PDF",
            at=now,
        )
    document = session.get_one(Document, job.document_id)
    document.page_count = len(pages)
    document.truncated = cut
    document.title = document.title or file_names.shortened(extraction.title, limit=400)
    session.flush()
    reading.store_pages(session, job.document_id, pages, digital=True, rendition_id=rendition_id)
    complete_if_all_pages(job, session)
    reading.touch(session, job.document_id, at=now)
