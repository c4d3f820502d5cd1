"""What the reading of a document leaves in the records: pages as checkpoints, and what comes next.

Every function works in the caller's transaction, which also proves the lease, so that a worker that
slept past it writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from dossier.clock import local_date
from dossier.db import outbox
from dossier.db.correction_tables import FieldCorrection
from dossier.db.session import ScopedSession
from dossier.db.tables import Content, Document, DocumentField, Intake, Page, Rendition
from dossier.db.word_boxes import pack_words, unpack_words
from dossier.ports import StoredFile
from dossier.records import (
    Barcode,
    DocumentState,
    DocumentText,
    FieldValue,
    PageMeasures,
    PageReading,
    QuarantineReason,
    RenditionKind,
    ScanFacts,
    Sighting,
    SightingKind,
)
from dossier.services import sealed_fields, thresholds
from dossier.services.keys import Keyring
from dossier.work import queue
from dossier.work.kinds import RECOGNISE_PRIORITY, SEARCHABLE_PRIORITY, WorkKind

UPLOAD = "upload"
"""Origin of what somebody sent through a page or the API."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the pages of a document are.

    Attributes:
        stored: pages that have a row, failed ones included.
        failed: pages with an error.
        total: pages that there are.
    """

    stored: int
    failed: int
    total: int

    @property
    def is_complete(self) -> bool:
        """Whether every page was read or given up."""
        return self.stored >= self.total


def touch(session: ScopedSession, document_id: str, *, at: datetime) -> None:
    """Say that the document changed visibly: its revision rises, its index row is made anew."""
    session.execute(
        update(Document)
        .where(Document.id == document_id)
        .values(revision=Document.revision + 1)
        .execution_options(synchronize_session=False)
    )
    outbox.mark_changed(session, outbox.DOCUMENTS, [document_id], at=at)


def begin(session: ScopedSession, document_id: str, *, media_type: str, page_count: int) -> None:
    """Note what the first look told."""
    document = session.get_one(Document, document_id)
    document.media_type, document.page_count = media_type, page_count
    if document.state != DocumentState.CUT:  # a stack that is read again keeps its papers
        document.state = DocumentState.READING
    document.problem = ""
    content = session.get_one(Content, document.sha256)
    content.media_type = media_type
    session.flush()


def note_whole(session: ScopedSession, document_id: str, *, is_whole: bool) -> None:
    """Say on the document whether something of the file was left out."""
    session.get_one(Document, document_id).truncated = not is_whole
    session.flush()


def failed_reason(session: ScopedSession, document_id: str) -> str:
    """The error that most of the failed pages have."""
    return (
        session.scalar(
            select(Page.error)
            .where(Page.document_id == document_id, Page.error != "")
            .group_by(Page.error)
            .order_by(func.count().desc(), Page.error)
            .limit(1)
        )
        or ""
    )


def note_failed_pages(session: ScopedSession, document_id: str, failed: int) -> None:
    """Say on the document how many of its pages could not be read, and whether something is cut."""
    is_cut = or_(Page.truncated, Page.error == QuarantineReason.TRUNCATED)
    cut = select(Page.number).where(Page.document_id == document_id, is_cut).exists()
    document = session.get_one(Document, document_id)
    document.failed_pages = failed
    document.truncated = document.truncated or bool(session.scalar(select(cut)))
    session.flush()


def is_awaited(session: ScopedSession, document_id: str) -> bool:
    """Whether somebody uploaded it, who looks whether it is there."""
    uploaded = select(Intake.id).where(Intake.document_id == document_id, Intake.origin == UPLOAD)
    return session.scalar(uploaded.limit(1)) is not None


def stored_pages(session: ScopedSession, document_id: str) -> frozenset[int]:
    """Numbers of the pages that need no reading any more."""
    return frozenset(session.scalars(select(Page.number).where(Page.document_id == document_id)))


def progress(session: ScopedSession, document_id: str) -> Progress:
    """How far the pages of a document are."""
    stored, failed = session.execute(
        select(func.count(Page.number), func.count(Page.number).filter(Page.error != "")).where(
            Page.document_id == document_id
        )
    ).one()
    total = session.scalar(select(Document.page_count).where(Document.id == document_id)) or 0
    return Progress(stored, failed, total)


def store_pages(
    session: ScopedSession,
    document_id: str,
    readings: Iterable[PageReading],
    *,
    digital: bool,
    rendition_id: str | None = None,
) -> None:
    """Write pages down; a page that has a row already keeps it (the step was done before)."""
    known = stored_pages(session, document_id)
    session.add_all(
        _page(document_id, reading, digital=digital, rendition_id=rendition_id)
        for reading in readings
        if reading.number not in known
    )
    session.flush()


def drop_failed_pages(session: ScopedSession, document_id: str) -> int:
    """Forget pages that could not be read, so that they are tried again; returns how many."""
    result = session.execute(
        delete(Page)
        .where(Page.document_id == document_id, Page.error != "")
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def add_rendition(
    session: ScopedSession,
    document_id: str,
    stored: StoredFile,
    *,
    kind: RenditionKind,
    media_type: str,
    format_name: str,
    checks: Sequence[str] = (),
    at: datetime,
) -> str:
    """Note a copy of the document in the store, in place of an older one; returns its id."""
    if session.get(Content, stored.sha256) is None:
        session.add(
            Content(
                sha256=stored.sha256,
                size_bytes=stored.size_bytes,
                media_type=media_type,
                stored_at=at,
            )
        )
        session.flush()
    rendition = session.scalar(
        select(Rendition).where(Rendition.document_id == document_id, Rendition.kind == kind)
    )
    if rendition is None:
        rendition = Rendition(document_id=document_id, kind=kind)
        session.add(rendition)
    rendition.sha256, rendition.format, rendition.checks = stored.sha256, format_name, list(checks)
    session.flush()
    return rendition.id


def readings_of(session: ScopedSession, document_id: str) -> tuple[PageReading, ...]:
    """All pages of a document as they were read."""
    pages = session.scalars(
        select(Page).where(Page.document_id == document_id).order_by(Page.number)
    )
    return tuple(_reading(page) for page in pages)


def text_of(session: ScopedSession, document_id: str) -> DocumentText:
    """The document as plugin steps and linkers see it."""
    document = session.get_one(Document, document_id)
    return DocumentText(
        document_id=document.id,
        file_name=document.file_name,
        folder=document.folder,
        media_type=document.media_type,
        pages=readings_of(session, document_id),
        given_customer_no=document.given_customer_no,
        type_code=document.type_code,
        captured_on=local_date(document.captured_at),
        type_threshold=thresholds.in_force(session)[thresholds.TYPES],
    )


def replace_fields(
    session: ScopedSession, keyring: Keyring, document_id: str, fields: Iterable[FieldValue]
) -> None:
    """The values that the steps read on the document; those of an earlier run go.

    Of what a person corrected, that word stands, whatever is read now.
    """
    said = settled_names(session, document_id)
    session.execute(
        delete(DocumentField)
        .where(DocumentField.document_id == document_id, DocumentField.correction_id.is_(None))
        .execution_options(synchronize_session=False)
    )
    session.add_all(
        DocumentField(
            document_id=document_id,
            name=field.name,
            page=field.page,
            box=list(field.box) if field.box else None,
            confidence=field.confidence,
            **sealed_fields.columns(keyring, field.name, field.value[:400]),
        )
        for field in fields
        if field.name not in said
    )
    session.flush()


def settled_names(session: ScopedSession, document_id: str) -> frozenset[str]:
    """Names of the fields of a document that a person settled; ``type`` among them."""
    query = select(FieldCorrection.name).where(
        FieldCorrection.document_id == document_id, FieldCorrection.ended_at.is_(None)
    )
    return frozenset(session.scalars(query))


def recognise_task(document_id: str, *, max_attempts: int = 3) -> queue.Task:
    """Plugin steps and linking, once all pages are there."""
    return queue.Task(
        kind=WorkKind.RECOGNISE,
        subject=document_id,
        dedupe_key=f"recognise:{document_id}",
        priority=RECOGNISE_PRIORITY,
        max_attempts=max_attempts,
    )


def searchable_task(document_id: str, *, max_attempts: int = 3) -> queue.Task:
    """The searchable copy, when nothing more urgent waits."""
    return queue.Task(
        kind=WorkKind.SEARCHABLE,
        subject=document_id,
        dedupe_key=f"searchable:{document_id}",
        priority=SEARCHABLE_PRIORITY,
        max_attempts=max_attempts,
    )


def _page(
    document_id: str, reading: PageReading, *, digital: bool, rendition_id: str | None
) -> Page:
    return Page(
        document_id=document_id,
        number=reading.number,
        rendition_id=rendition_id,
        text=reading.text,
        boxes=pack_words(reading.words),
        width=reading.width,
        height=reading.height,
        rotation=reading.rotation,
        skew=reading.skew,
        confidence=reading.confidence,
        blank=reading.blank,
        digital=digital,
        barcodes=[asdict(barcode) for barcode in reading.barcodes],
        engine=reading.engine[:60],
        error=reading.error[:40],
        truncated=reading.truncated,
        sightings=[asdict(seen) for seen in reading.sightings],
        measures=asdict(reading.measures) if reading.measures else None,
    )


def _reading(page: Page) -> PageReading:
    return PageReading(
        number=page.number,
        text=page.text,
        words=unpack_words(page.boxes),
        width=page.width,
        height=page.height,
        rotation=page.rotation,
        skew=page.skew,
        confidence=page.confidence,
        blank=page.blank,
        barcodes=tuple(
            Barcode(text=code["text"], format=code["format"], box=tuple(code["box"]))
            for code in page.barcodes
        ),
        engine=page.engine,
        error=page.error,
        truncated=page.truncated,
        sightings=tuple(
            Sighting(
                kind=SightingKind(seen["kind"]),
                box=tuple(seen["box"]),
                is_there=seen["is_there"],
                confidence=seen["confidence"],
            )
            for seen in page.sightings
        ),
        measures=measures_of(page.measures),
    )


def measures_of(kept: Mapping[str, Any] | None) -> PageMeasures | None:
    """A page's measures from what is kept of them; None where nobody measured it."""
    if not kept:
        return None
    return PageMeasures(**{**kept, "facts": ScanFacts(**kept["facts"])})
