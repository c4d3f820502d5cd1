"""Looking for malware: before anything else opens a file, and before its bytes are given out."""

from __future__ import annotations

from pathlib import Path

from dossier.db.tables import Document
from dossier.errors import NotPossibleError, UnreadableFileError
from dossier.records import DocumentState, QuarantineReason
from dossier.services.context import Context

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
    """Refuse to give out a file that is infected, or that waits for its verdict.

    Raises:
        NotPossibleError: it is infected, or not scanned yet.
    """
    waits = context.scanner is not None and document.state == DocumentState.RECEIVED
    if document.problem in UNSAFE or waits:
        raise NotPossibleError(
            "The file is infected, or was not checked for malware yet; it is not given out",
            detail_zh="文件含恶意代码或尚未查毒，不能取出",
        )
