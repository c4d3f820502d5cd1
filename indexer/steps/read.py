"""The first step: look at the file, take its own text, share out the pages that need OCR."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from dossier.db.session import ScopedSession
from dossier.errors import LimitExceededError, StepFailedError, UnreadableFileError
from dossier.ports import DocumentProbe
from dossier.records import PageReading, QuarantineReason
from dossier.rules import signing_places
from dossier.services import reading, scanning
from dossier.work import queue
from dossier.work.kinds import (
    DIGITAL_PAGES_PRIORITY,
    DIGITAL_RUN_PAGES,
    OCR_RUN_PAGES,
    WorkKind,
    ocr_priority,
)
from indexer.steps import inner_files, text_file
from indexer.steps.completion import complete_if_all_pages
from indexer.steps.job import HandBackError, Job, Original

COMMIT_PAGES = 50
"""Born-digital pages of one commit: a second's work, and a few hundred KiB."""
LOOKING_DPI = 100
"""Of the picture of a born-digital page that is looked at: print is known already."""
SUFFIXES = {b"BM": ".bmp", b"\xff\xd8": ".jpg"}
"""By what a picture begins with; the third that a renderer gives is PNG."""
log = logging.getLogger(__name__)


def run(job: Job) -> None:
    """Read what is quick; leave pictures of pages to ``pages`` items that all workers share.

    Raises:
        UnreadableFileError: the file is to be set aside, with the reason.
        StepFailedError: a child broke a limit or crashed.
        ScannerUnavailableError: no verdict on malware now; the item waits.
    """
    original = job.original()
    scanning.demand_clean(job.context, original.path)
    probe = job.readers.probe(original.path, file_name=original.file_name)
    if probe.page_count and len(probe.digital) != probe.page_count:
        raise UnreadableFileError(QuarantineReason.INTERNAL, "the inspector contradicts itself")
    job.held.total = probe.page_count
    if probe.page_count == 0:
        job.held.commit(lambda session: _begin(job, session, probe), durable=False)
        text_file.run(job, original, media_type=probe.media_type)
        return
    is_whole = inner_files.take_from_pages(job, original, probe)
    _read_pages(job, original, probe, is_whole=is_whole)


def _read_pages(job: Job, original: Original, probe: DocumentProbe, *, is_whole: bool) -> None:
    """A letter's few pages are stored with the end of the step: one transaction, not three."""
    digital = _missing(job, [n for n, own in enumerate(probe.digital, 1) if own])
    pictures = _missing(job, [n for n, own in enumerate(probe.digital, 1) if not own])
    found: list[PageReading] = []
    fallen: list[int] = []
    if len(digital) <= COMMIT_PAGES:
        found, fallen = own_text(job, original, digital)
        job.held.done += len(found)
    else:
        job.held.commit(lambda session: _begin(job, session, probe), durable=False)
        if len(digital) <= DIGITAL_RUN_PAGES:
            fallen = _read_digital(job, original, digital)
    later = digital if len(digital) > DIGITAL_RUN_PAGES else []

    def write(session: ScopedSession) -> None:
        _begin(job, session, probe)
        reading.note_whole(session, job.document_id, is_whole=is_whole)
        reading.store_pages(session, job.document_id, found, digital=True)
        _share_out(job, session, sorted(pictures + fallen), later)

    job.held.finish(write)


def _begin(job: Job, session: ScopedSession, probe: DocumentProbe) -> None:
    reading.begin(
        session, job.document_id, media_type=probe.media_type, page_count=probe.page_count
    )


def _missing(job: Job, numbers: Sequence[int]) -> list[int]:
    with job.context.reading(job.viewer) as session:
        stored = reading.stored_pages(session, job.document_id)
    return [number for number in numbers if number not in stored]


def _read_digital(job: Job, original: Original, numbers: Sequence[int]) -> list[int]:
    """Store the pages' own text; returns those whose text cannot be had, they go to OCR."""
    fallen: list[int] = []
    for run_of_pages in in_runs(numbers, COMMIT_PAGES):
        if job.should_yield() and run_of_pages[0] != numbers[0]:
            raise HandBackError
        found, failed = own_text(job, original, run_of_pages)
        fallen += failed
        job.held.done += len(found)
        store_digital(job, found)
    return fallen


def store_digital(job: Job, found: Sequence[PageReading]) -> None:
    """Commit born-digital pages; to read them again costs milliseconds."""
    if found:
        job.held.commit(
            lambda session: reading.store_pages(session, job.document_id, found, digital=True),
            durable=False,
        )


def own_text(
    job: Job, original: Original, numbers: Sequence[int]
) -> tuple[list[PageReading], list[int]]:
    """Readings of born-digital pages, and the numbers of those whose text cannot be had."""
    readings = {number: _own_page(job, original, number) for number in numbers}
    found = [reading for reading in readings.values() if reading is not None]
    return found, [number for number, reading in readings.items() if reading is None]


def _own_page(job: Job, original: Original, number: int) -> PageReading | None:
    """The page's own text; None when it cannot be had.

    A reader that vanished says nothing about the page: whoever killed it, a fresh one tries again
    before the page goes to OCR, which reads worse and costs a hundred times as much.
    """
    for attempt in range(1, job.context.settings.max_attempts + 1):
        try:
            found = job.readers.read_digital(original.path, page_number=number)
            return _looked_at(job, original, found)
        except UnreadableFileError as err:
            code = str(err.code)
            break
        except StepFailedError as err:
            code = str(err.code)
            if isinstance(err, LimitExceededError) and err.limit != "start":
                break
            log.warning("own text failed", extra={"page": number, "try": attempt, "code": code})
    log.info("no own text, page goes to OCR", extra={"page": number, "code": code})
    return None


def _looked_at(job: Job, original: Original, found: PageReading) -> PageReading:
    """With what is seen on its picture, where somebody is asked to sign or seal on the page.

    What is drawn of a page that has text of its own is worth a look only there; without it the
    page is as good.
    """
    if not signing_places.has_places(found.text):
        return found
    try:
        return look_at(job, original, found)
    except (UnreadableFileError, StepFailedError) as err:
        log.warning("page not looked at", extra={"page": found.number, "code": str(err.code)})
        return found


def look_at(job: Job, original: Original, found: PageReading) -> PageReading:
    """The reading with what is seen on the page's picture.

    Raises:
        UnreadableFileError: the page cannot be drawn.
        StepFailedError: a child broke a limit or crashed.
    """
    picture = job.readers.render(
        original.path, page_number=found.number, width=None, dpi=LOOKING_DPI
    )
    with tempfile.NamedTemporaryFile(dir=job.workspace, suffix=suffix_of(picture)) as file:
        file.write(picture)
        file.flush()
        return job.readers.look(Path(file.name), found, digital=True)


def suffix_of(picture: bytes) -> str:
    """Of a picture's file name, which engines may go by."""
    return next((end for begin, end in SUFFIXES.items() if picture.startswith(begin)), ".png")


def _share_out(
    job: Job, session: ScopedSession, pictures: Sequence[int], digital: Sequence[int]
) -> None:
    """The next items: runs of pages, or the recognition when nothing is left to read."""
    now = job.context.clock.now()
    is_awaited = bool(pictures) and reading.is_awaited(session, job.document_id)
    queue.requeue(session, _runs(job, pictures, digital, is_awaited=is_awaited), now=now)
    complete_if_all_pages(job, session)
    reading.touch(session, job.document_id, at=now)


def _runs(
    job: Job, pictures: Sequence[int], digital: Sequence[int], *, is_awaited: bool
) -> list[queue.Task]:
    tasks = [
        _pages_task(job, "own", run_of_pages, DIGITAL_PAGES_PRIORITY)
        for run_of_pages in in_runs(digital, DIGITAL_RUN_PAGES)
    ]
    tasks += [
        _pages_task(job, "ocr", run_of_pages, ocr_priority(index, is_awaited=is_awaited))
        for index, run_of_pages in enumerate(in_runs(pictures, OCR_RUN_PAGES))
    ]
    return tasks


def _pages_task(job: Job, mode: str, numbers: Sequence[int], priority: int) -> queue.Task:
    return queue.Task(
        kind=WorkKind.PAGES,
        subject=job.document_id,
        dedupe_key=f"pages:{job.document_id}:{mode}:{numbers[0]}",
        payload={"mode": mode, "pages": list(numbers)},
        priority=priority,
        max_attempts=job.context.settings.max_attempts,
    )


def in_runs(numbers: Sequence[int], length: int) -> Iterator[Sequence[int]]:
    """The numbers in pieces of ``length``."""
    for start in range(0, len(numbers), length):
        yield numbers[start : start + length]
