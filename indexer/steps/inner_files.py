"""Files inside a file (attachments, members, pasted pictures) become documents of their own."""

from __future__ import annotations

import hashlib
import io
import logging
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from dossier.db.tables import Document, Intake
from dossier.errors import StepFailedError
from dossier.ports import DocumentProbe
from dossier.records import Attachment, QuarantineReason
from dossier.rules import file_names
from dossier.rules.limits import ReadingLimits
from dossier.services import intake
from indexer.steps.job import Job, Original

PDF = "application/pdf"
MAX_NESTING = ReadingLimits().nesting
log = logging.getLogger(__name__)


def take_from_pages(job: Job, original: Original, probe: DocumentProbe) -> bool:
    """Take in what lies in a file with pages besides them; False when something was left out.

    Raises:
        StepFailedError: a limit was broken, and there are attempts left; in the last one the pages
            are worth more than the attachments.
    """
    if probe.media_type != PDF:
        return True
    try:
        found = job.readers.inner_files(
            original.path, file_name=original.file_name, digital=probe.digital
        )
    except StepFailedError as err:
        if not job.held.lease.is_last_attempt:
            raise
        log.warning("attachments left out", extra={"id": job.document_id, "code": err.code})
        return False
    return take(job, original, found.attachments) and not found.truncated


def take(job: Job, original: Original, attachments: Sequence[Attachment]) -> bool:
    """Each becomes a document of its own, once however often; False when they lie too deep.

    What was taken at an earlier reading is known by its bytes, in whatever order the parts come.
    """
    if not attachments:
        return True
    if _depth(job) >= MAX_NESTING:
        return False
    batch, path, case_no = _sent_with(job)
    taken = _taken(job)
    index = taken.total()
    for attachment in attachments:
        content = hashlib.sha256(attachment.content).hexdigest() if attachment.content else ""
        if taken[content]:
            taken[content] -= 1
            continue
        arrival = intake.Arrival(
            file_name=attachment.name,
            folder=original.folder,
            origin="attachment",
            given_customer_no=original.given_customer_no,
            batch=batch,
            case_no=case_no,
            parent_id=original.document_id,
            source_path=f"{path}/{attachment.name}",
            source_key=intake.part_key(original.document_id, index),
        )
        _take(job, arrival, attachment)
        index += 1
    return True


def _taken(job: Job) -> Counter[str]:
    """SHA-256 of the parts that were taken before, and how often each; empty for empty ones."""
    with job.context.reading(job.viewer) as session:
        rows = intake.parts(session, job.document_id, most=ReadingLimits().members)
        return Counter(row.sha256 or "" for row in rows)


def _take(job: Job, arrival: intake.Arrival, attachment: Attachment) -> None:
    if not attachment.content:
        intake.refuse(job.context, job.viewer, arrival, reason=QuarantineReason.EMPTY)
        return
    intake.take(job.context, job.viewer, io.BytesIO(attachment.content), arrival)


def _sent_with(job: Job) -> tuple[str | None, str, str | None]:
    """The batch that the parent came in, its path in the intake list, and its case.

    Who sees a paper by its case sees what lies in it.
    """
    with job.context.reading(job.viewer) as session:
        row = session.scalar(
            select(Intake).where(Intake.document_id == job.document_id).order_by(Intake.id).limit(1)
        )
        case_no = session.scalar(select(Document.case_no).where(Document.id == job.document_id))
    batch, path = (row.batch, file_names.decoded(row.source_path)) if row else (None, "")
    return batch, path, case_no


def _depth(job: Job) -> int:
    """How many files this one was taken out of."""
    depth = 0
    with job.context.reading(job.viewer) as session:
        parent = session.scalar(select(Document.parent_id).where(Document.id == job.document_id))
        while parent is not None and depth <= MAX_NESTING:
            depth += 1
            parent = session.scalar(select(Document.parent_id).where(Document.id == parent))
    return depth
