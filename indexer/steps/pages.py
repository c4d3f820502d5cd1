"""OCR of a run of pages, each committed on its own: the checkpoint that a kill -9 cannot undo."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dossier.db.session import ScopedSession
from dossier.errors import LimitExceededError, StepFailedError, UnreadableFileError
from dossier.records import PageReading
from dossier.rules.page_notes import with_notes
from dossier.services import reading
from indexer.steps.completion import complete_if_all_pages
from indexer.steps.job import HandBackError, Job, Original, reason_of
from indexer.steps.read import own_text, store_digital, suffix_of

OCR_DPI = 200
"""What the OCR engine was tuned on (stack.md, OCR)."""
LIMIT_TRIES = 2
"""A page that broke a limit is tried once more in a fresh child, alone; more only costs time."""
FRESH_SECONDS = 2.0
FRESH_MORE_PER_PAGE = 0.05
FRESH_MOST_SECONDS = 10.0
"""A long document's index row is made anew at most every 2 s, growing to 10 s with its pages: each
time means all its text again, so a fixed pace would cost more and more."""
log = logging.getLogger(__name__)


def run(job: Job) -> None:
    """Read the item's pages that have no row yet.

    Raises:
        HandBackError: something more urgent waits; the pages read so far are kept.
        LostLeaseError: the item is another worker's by now.
    """
    payload = job.held.lease.payload
    numbers = _missing(job, payload["pages"])
    original = job.original()
    if payload["mode"] == "own":
        numbers = _read_own(job, original, numbers)
    pace = _Pace(job)
    last: list[PageReading] = []
    for number in numbers:
        if job.should_yield():
            raise HandBackError
        page = read_page(job, original, number)
        if number == numbers[-1]:
            last.append(page)
        else:
            pace.store(page)
    job.held.done += len(last)
    job.held.finish(lambda session: _finish(job, session, last))


def give_up(job: Job, session: ScopedSession, *, code: str) -> None:
    """Mark the item's missing pages as failed, so that the document's other pages live on."""
    numbers = set(job.held.lease.payload["pages"]) - reading.stored_pages(session, job.document_id)
    failed = [PageReading(number=number, error=code) for number in sorted(numbers)]
    _finish(job, session, failed)


def _finish(job: Job, session: ScopedSession, last: Sequence[PageReading]) -> None:
    """The last page is committed with the end of its run.

    A document that is complete gets its index row anew by the recognition, which comes before all
    other work, with type and customer in it: once, not twice.
    """
    reading.store_pages(session, job.document_id, last, digital=False)
    if not complete_if_all_pages(job, session):
        reading.touch(session, job.document_id, at=job.context.clock.now())


def _missing(job: Job, numbers: list[int]) -> list[int]:
    with job.context.reading(job.viewer) as session:
        stored = reading.stored_pages(session, job.document_id)
    job.held.total = len(numbers)
    job.held.done = sum(number in stored for number in numbers)
    return [number for number in numbers if number not in stored]


def _read_own(job: Job, original: Original, numbers: list[int]) -> list[int]:
    found, failed = own_text(job, original, numbers)
    job.held.done += len(found)
    store_digital(job, found)
    return failed


class _Pace:
    """Commits pages; makes the index row anew now and then, not at every page."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._shown = time.monotonic()
        self._pages = 0

    def store(self, page: PageReading) -> None:
        """Commit one page."""
        job = self._job
        job.held.done += 1
        show = time.monotonic() - self._shown >= self._interval()

        def write(session: ScopedSession) -> int:
            reading.store_pages(session, job.document_id, [page], digital=False)
            if show:
                reading.touch(session, job.document_id, at=job.context.clock.now())
            return reading.progress(session, job.document_id).stored if show else self._pages

        self._pages = job.held.commit(write)
        if show:
            self._shown = time.monotonic()

    def _interval(self) -> float:
        return min(FRESH_SECONDS + FRESH_MORE_PER_PAGE * self._pages, FRESH_MOST_SECONDS)


def read_page(job: Job, original: Original, number: int) -> PageReading:
    """Draw the page and read it; a failure is tried again alone, then noted on the page."""
    tries = job.context.settings.max_attempts
    for attempt in range(1, tries + 1):
        try:
            return _ocr(job, original, number)
        except UnreadableFileError as err:
            return PageReading(number=number, error=err.reason)
        except StepFailedError as err:
            is_limit = isinstance(err, LimitExceededError)
            log.warning("page failed", extra={"page": number, "try": attempt, "code": err.code})
            if attempt == tries or (is_limit and attempt >= LIMIT_TRIES):
                return PageReading(number=number, error=reason_of(err))
    raise AssertionError("unreachable: max_attempts is at least 1")


def _with_facts(job: Job, original: Original, found: PageReading) -> PageReading:
    """What the file tells of the scan beside what was measured on its picture."""
    if found.measures is None:
        return found
    facts = job.readers.scan_facts(original.path, page_number=found.number)
    return replace(found, measures=replace(found.measures, facts=facts))


def _ocr(job: Job, original: Original, number: int) -> PageReading:
    picture = job.readers.render(original.path, page_number=number, width=None, dpi=OCR_DPI)
    with tempfile.NamedTemporaryFile(dir=job.workspace, suffix=suffix_of(picture)) as file:
        file.write(picture)
        file.flush()
        found = job.readers.read_page(Path(file.name), page_number=number, dpi=OCR_DPI)
    found = _with_facts(job, original, found)
    damage = job.readers.damage(original.path, page_number=number)
    if damage and not found.text:
        raise UnreadableFileError(damage, "a picture on the page is damaged, and nothing was read")
    found = replace(found, truncated=found.truncated or damage is not None)
    return with_notes(found, job.readers.notes(original.path, page_number=number))
