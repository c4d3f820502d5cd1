"""Looking for malware: before anything else opens a file, and before its bytes are given out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.errors import NotPossibleError, UnreadableFileError
from dossier.records import DocumentState, QuarantineReason
from dossier.rules.limits import ReadingLimits
from dossier.services import intake
from dossier.services.context import Context
from dossier.viewer import system_viewer

SCANNING = system_viewer("scanning")
"""Knows of every part of a file, whoever asks for it."""
UNSAFE = frozenset({QuarantineReason.MALWARE, QuarantineReason.NOT_SCANNED})


def demand_clean(context: Context, path: Path) -> None:
    """Let a file pass, or refuse it with what was found; without a scanner every file passes.

    Raises:
        UnreadableFileError: ``malware`` with the signature's name, or ``not_scanned``.
        ScannerUnavailableError: no verdict now; the file waits and is asked for again.
    """
    if context.scanner is None:
        return
    found = context.scanner.scan(path).signature
    if found:
        raise UnreadableFileError(QuarantineReason.MALWARE, found[:200])


def demand_safe(context: Context, document: Document) -> None:
    """Refuse to give out a file that is infected or waits for its verdict, or that holds one.

    Raises:
        NotPossibleError: it is infected, or not scanned yet.
    """
    with context.reading(SCANNING) as session:
        held = _with_parts(session, document)
        unsafe = any(_is_unsafe(context, one) for one in held)
    if unsafe:
        raise NotPossibleError(
            "The file or one inside it is infected, or was not checked for malware yet; it is not "
            "given out",
            detail_zh="文件或其中所含文件含恶意代码或尚未查毒，不能取出",
        )


def _is_unsafe(context: Context, document: Document) -> bool:
    waits = context.scanner is not None and document.state == DocumentState.RECEIVED
    return waits or document.problem in UNSAFE


def _with_parts(session: ScopedSession, document: Document) -> Iterator[Document]:
    """A paper and what was taken out of it, however deep; also parts that had come in before."""
    waiting, seen = [document], {document.id}
    while waiting:
        whole = waiting.pop()
        yield whole
        rows = intake.parts(session, whole.id, most=ReadingLimits().members)
        fresh = {row.document_id for row in rows if row.document_id} - seen
        seen |= fresh
        waiting += session.scalars(select(Document).where(Document.id.in_(fresh)))
