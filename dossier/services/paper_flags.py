"""What the search says of papers besides their columns: scanned how, late, which half is there.

The same is asked before and after a change: where it differs, the paper's row is written again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, exists, or_, select

from dossier.db.late_tables import LateFlag
from dossier.db.loan_tables import PaperOriginal
from dossier.db.quality_tables import PageFinding, Rescan, ScanState
from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.records import DocumentState
from dossier.search.values import (
    ACCEPTED,
    BOTH,
    FAILED,
    NEITHER,
    PAPER_ONLY,
    PASSED,
    PICTURE_ONLY,
    REMARKED,
    RESCANNED,
)
from dossier.services.custody import OriginalState

ASKED_AT_ONCE = 500
"""Papers of one question, below SQLite's limit of bound values."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """How the pages of a paper are scanned; nothing where none was checked.

    Attributes:
        quality: a code of :data:`dossier.search.values.QUALITIES`.
        findings: codes of the checks that fail or are told (``rulebook/image_quality.yaml``).
    """

    quality: str = ""
    findings: tuple[str, ...] = ()


NOT_CHECKED = Scanned()


def scanned(session: ScopedSession, ids: Collection[str]) -> dict[str, Scanned]:
    """Of those of these papers that were checked; three queries for each 500."""
    found: dict[str, Scanned] = {}
    for some in _parts(ids):
        found |= _scanned(session, some)
    return found


def _scanned(session: ScopedSession, ids: list[str]) -> dict[str, Scanned]:
    codes: dict[str, set[str]] = defaultdict(set)
    findings = select(PageFinding.document_id, PageFinding.code)
    for key, code in session.execute(findings.where(PageFinding.document_id.in_(ids))):
        codes[key].add(code)
    asked: dict[str, set[str]] = defaultdict(set)
    rescans = select(Rescan.document_id, Rescan.state)
    for key, state in session.execute(rescans.where(Rescan.document_id.in_(ids))):
        asked[key].add(state)
    states = select(ScanState.document_id, ScanState.failing)
    rows = session.execute(states.where(ScanState.document_id.in_(ids), ScanState.pages > 0))
    return {
        key: Scanned(_quality(failing, codes[key], asked[key]), tuple(sorted(codes[key])))
        for key, failing in rows
    }


def _quality(failing: int, codes: Collection[str], asked: Collection[str]) -> str:
    """The worst that is to be said of a paper; one that fails again is not asked for, and fails."""
    if not failing:
        return REMARKED if codes else PASSED
    if "open" in asked:
        return FAILED
    return next((state for state in (RESCANNED, ACCEPTED) if state in asked), FAILED)


def late(session: ScopedSession, ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Why these papers are flagged as late (S3-03); a query for each 500."""
    found: dict[str, tuple[str, ...]] = {}
    for some in _parts(ids):
        flags = select(LateFlag.document_id, LateFlag.reason).order_by(LateFlag.reason)
        for key, reason in session.execute(flags.where(LateFlag.document_id.in_(some))):
            found[key] = (*found.get(key, ()), reason)
    return found


def pairing(session: ScopedSession, ids: Collection[str]) -> Mapping[str, str]:
    """Which half of these papers is there, of those that are filed (S0-04); one query for 500."""
    half = case(
        (and_(has_paper(), is_read()), BOTH),
        (has_paper(), PAPER_ONLY),
        (is_read(), PICTURE_ONLY),
        else_=NEITHER,
    )
    query = select(Document.id, half).where(Document.state == DocumentState.FILED)
    return {
        key: found
        for some in _parts(ids)
        for key, found in session.execute(query.where(Document.id.in_(some)))
    }


def has_paper() -> ColumnElement[bool]:
    """Whether a document's original is there, or the certified copy in its place."""
    original = select(PaperOriginal.id).where(PaperOriginal.document_id == Document.id)
    return exists(original.where(PaperOriginal.state == OriginalState.WHOLE))


def is_read() -> ColumnElement[bool]:
    """Whether the picture of a document is there to its last page."""
    unread = or_(Document.failed_pages > 0, Document.problem != "", Document.page_count == 0)
    return ~unread


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    listed = sorted(ids)
    for start in range(0, len(listed), ASKED_AT_ONCE):
        yield listed[start : start + ASKED_AT_ONCE]
