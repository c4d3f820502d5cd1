"""What a step works with, and how it hands an item back before it is done."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dossier.db.tables import Content, Document
from dossier.errors import LimitExceededError, NotFoundError
from dossier.records import QuarantineReason
from dossier.services.context import Context
from dossier.services.readers import Readers
from dossier.viewer import Viewer, system_viewer
from indexer.held import HeldLease

OCR = system_viewer("ocr")
"""Jobs run as named viewers; this one is in the audit for everything that reading writes."""

REASON_OF_LIMIT = {
    "time": QuarantineReason.TIME_LIMIT,
    "start": QuarantineReason.TIME_LIMIT,
    "memory": QuarantineReason.MEMORY_LIMIT,
    "pixels": QuarantineReason.TOO_MANY_PIXELS,
}


class HandBackError(Exception):
    """Not a failure: something more urgent waits, or the worker is to stop; pages done are kept."""


@dataclass(frozen=True)
class Original:
    """The file that a document is."""

    document_id: str
    path: Path
    sha256: str
    size_bytes: int
    file_name: str
    folder: str
    media_type: str
    given_customer_no: str | None
    parent_id: str | None


@dataclass(frozen=True)
class Job:
    """One claimed item with all that its step needs.

    Attributes:
        context: the wired parts.
        held: the lease; all writes go through it.
        should_yield: whether to hand the item back between two pages.
        workspace: a folder of this worker for temporary files.
        viewer: as whom the step reads and writes.
    """

    context: Context
    held: HeldLease
    should_yield: Callable[[], bool]
    workspace: Path
    viewer: Viewer = OCR

    @property
    def document_id(self) -> str:
        """The document that it is about."""
        return self.held.document_id

    @property
    def readers(self) -> Readers:
        """Readers of foreign bytes, in killable children."""
        return self.context.readers

    def original(self, of: str | None = None) -> Original:
        """The document's original, at a readable path; ``of`` another one, the stack it lies in.

        Raises:
            NotFoundError: the document, or its bytes in the store.
        """
        with self.context.reading(self.viewer) as session:
            document = session.get(Document, of or self.document_id)
            if document is None:
                raise NotFoundError("no such document")
            content = session.get_one(Content, document.sha256)
        return Original(
            document_id=document.id,
            path=self.context.store.path(document.sha256),
            sha256=document.sha256,
            size_bytes=content.size_bytes,
            file_name=document.file_name,
            folder=document.folder,
            media_type=document.media_type,
            given_customer_no=document.given_customer_no,
            parent_id=document.parent_id,
        )


def reason_of(err: Exception) -> QuarantineReason:
    """The quarantine reason for a limit that was broken or a child that crashed."""
    if isinstance(err, LimitExceededError):
        return REASON_OF_LIMIT.get(err.limit, QuarantineReason.INTERNAL)
    return QuarantineReason.INTERNAL


def where(err: BaseException) -> str:
    """Kind and place of an error, without its message: that may quote a document."""
    frames = traceback.extract_tb(err.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(err).__name__} at {place}"
