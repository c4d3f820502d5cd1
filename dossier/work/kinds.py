"""The kinds of work on a document or intake row, and which goes first.

Priorities are smaller-first. What is quick and what a person waits for comes before what takes
long, so that one giant file does not make everyone wait (peers.md §8, failure 8); a document that
was begun is brought to its end before the next is begun.
"""

from __future__ import annotations

from enum import StrEnum


class WorkKind(StrEnum):
    """What is to be done with the subject: a document's id, where nothing else is said."""

    READ = "read"
    """Look at the file, take born-digital text, share out the pages that need OCR."""
    PAGES = "pages"
    """OCR of a run of pages."""
    RECOGNISE = "recognise"
    """Plugin steps, then whose paper it is."""
    SEARCHABLE = "searchable"
    """The searchable copy beside the original."""
    GIVE_BACK = "give_back"
    """A file that never became a document goes back into the inbox (subject: the intake row)."""
    NOTICE = "notice"
    """An e-mail or a call to another system (subject: the notice); the senders' duty does these."""


AFTERWARDS = (WorkKind.SEARCHABLE, WorkKind.NOTICE)
"""What no document waits for."""


GIVE_BACK_PRIORITY = 5
RECOGNISE_PRIORITY = 5
READ_AWAITED_PRIORITY = 8
"""A file that somebody uploaded, and looks at, goes before thousands that lie in the inbox."""
READ_PRIORITY = 10
READ_LARGE_PRIORITY = 20
"""Files above :data:`LARGE_FILE_BYTES`."""
LARGE_FILE_BYTES = 8 * 1024 * 1024
"""Above this a file is rather a stack of scans than a letter; looking into it takes seconds."""
DIGITAL_PAGES_PRIORITY = 30
OCR_AWAITED_PRIORITY = 40
"""The first pages of an uploaded file; a stack's later ones wait with all others."""
OCR_PRIORITY = 50
OCR_LATEST_PRIORITY = 90
"""The first pages of every document compete alike, later runs of a long one come after them; from
here on all are alike."""
SEARCHABLE_PRIORITY = 200

OCR_RUN_PAGES = 4
"""Pages of one item: about ten seconds of OCR, so that several workers share a long document and
claiming costs next to nothing."""
DIGITAL_RUN_PAGES = 200
"""Born-digital pages take milliseconds; above this they are shared out as well."""


def read_priority(size_bytes: int, *, is_awaited: bool = False) -> int:
    """How soon a fresh file is looked at; awaited is what a person uploaded."""
    if size_bytes > LARGE_FILE_BYTES:
        return READ_LARGE_PRIORITY
    return READ_AWAITED_PRIORITY if is_awaited else READ_PRIORITY


def ocr_priority(run_index: int, *, is_awaited: bool = False) -> int:
    """How soon the ``run_index``-th (0-based) run of a document's pages is read."""
    if is_awaited and run_index == 0:
        return OCR_AWAITED_PRIORITY
    return min(OCR_PRIORITY + run_index, OCR_LATEST_PRIORITY)
