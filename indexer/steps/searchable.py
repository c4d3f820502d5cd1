"""The searchable copy beside the untouched original; if it cannot be made, that is only noted."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dossier.db.session import ScopedSession
from dossier.ports import SearchablePdf, StoredFile
from dossier.records import RenditionKind
from dossier.services import reading
from indexer.steps.job import Job

PDF = "application/pdf"


def run(job: Job) -> None:
    """Make the copy from the readings that exist, and store it as a rendition.

    Raises:
        StepFailedError: no copy as good as the original could be made.
    """
    original = job.original()
    with job.context.reading(job.viewer) as session:
        readings = reading.readings_of(session, job.document_id)
    with tempfile.TemporaryDirectory(dir=job.workspace) as folder:
        made = job.readers.make_searchable(
            original.path,
            media_type=original.media_type,
            readings=readings,
            out=Path(folder) / "searchable.pdf",
        )
        with made.path.open("rb") as stream:
            stored = job.context.store.put(stream)
    _finish(job, made, stored)


def _finish(job: Job, made: SearchablePdf, stored: StoredFile) -> None:
    def write(session: ScopedSession) -> None:
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
