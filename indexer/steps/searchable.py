"""The searchable copy beside the untouched original; if it cannot be made, that is only noted."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.ports import SearchablePdf, StoredFile
from dossier.records import DocumentState, RenditionKind
from dossier.services import reading
from indexer.steps.job import Job

PDF = "application/pdf"


def run(job: Job) -> None:
    """Make the copy from the readings that exist, and store it as a rendition.

    Raises:
        StepFailedError: no copy as good as the original could be made.
    """
    with job.context.reading(job.viewer) as session:
        document = session.get(Document, job.document_id)
        if document is None or document.state == DocumentState.CUT:
            job.held.finish(lambda _session: None)  # a part that was withdrawn, or a stack
            return
        readings = reading.readings_of(session, job.document_id)
    pages = document.source_pages
    original = job.original(document.parent_id if pages else None)
    with tempfile.TemporaryDirectory(dir=job.workspace) as folder:
        made = job.readers.make_searchable(
            original.path,
            media_type=original.media_type,
            readings=readings,
            out=Path(folder) / "searchable.pdf",
            **({"pages": pages} if pages else {}),
        )
        with made.path.open("rb") as stream:
            stored = job.context.store.put(stream)
    _finish(job, made, stored, pages)


def _finish(job: Job, made: SearchablePdf, stored: StoredFile, pages: Sequence[int] | None) -> None:
    def write(session: ScopedSession) -> None:
        held = session.get(Document, job.document_id)
        if held is None or held.source_pages != pages:
            return  # it was cut otherwise meanwhile, and another item makes that copy
        reading.add_rendition(
            session,
            job.document_id,
            stored,
            kind=RenditionKind.SEARCHABLE,
            media_type=PDF,
            format_name=made.format,
            checks=made.checks,
            at=job.context.clock.now(),
        )

    job.held.finish(write)
