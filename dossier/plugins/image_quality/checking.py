"""From the records to what is wrong with a paper's pages (S1-26, DA/T 31): a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, or_, select

from dossier.clock import local_date
from dossier.db.quality_tables import PageFinding
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Page
from dossier.records import Barcode, DocumentState, PageReading, Sighting, SightingKind
from dossier.rules import image_quality
from dossier.rules.image_quality import FAILS, Check, Finding, ScannedPage
from dossier.services.reading import measures_of

MOST_COMPARED = 3000
"""Pages of one customer among which the same one twice is looked for."""
NOT_CHECKED = frozenset({DocumentState.CUT, DocumentState.QUARANTINED})
"""Papers of a stack are checked each by itself; a file that was set aside has its own list."""


@dataclass(frozen=True, slots=True)
class FoundHere:
    """What is wrong with a page; of one that is there twice, where the other is."""

    page: int
    check: Check
    measured: float
    other: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A paper with what is wrong with its pages.

    Attributes:
        pages: their readings, without places of words.
        inspected: how many were checked; pages with a text of their own are not.
    """

    document: Document
    pages: Mapping[int, PageReading]
    inspected: int
    found: tuple[FoundHere, ...]

    @property
    def failing(self) -> Mapping[int, list[str]]:
        """Codes of the checks that fail, by page."""
        found: dict[int, list[str]] = defaultdict(list)
        for one in self.found:
            if one.check.severity == FAILS:
                found[one.page].append(one.check.code)
        return found


def check(session: ScopedSession, ids: Collection[str]) -> dict[str, Checked]:
    """These papers, as far as they exist and are checked."""
    query = select(Document).where(Document.id.in_(ids), Document.state.not_in(NOT_CHECKED))
    documents = {row.id: row for row in session.scalars(query)}
    pages = _pages(session, Page.document_id.in_(documents))
    twice = _Twice(session, documents.values(), pages)
    return {key: _checked(row, pages.get(key, {}), twice) for key, row in documents.items()}


def _checked(document: Document, pages: Mapping[int, PageReading], twice: _Twice) -> Checked:
    taken = local_date(document.captured_at)
    file_name = "" if document.source_pages is not None else document.file_name
    found: list[FoundHere] = []
    for number, page in pages.items():
        given = ScannedPage(page, document.media_type, file_name, document.type_code, taken)
        found += (_here(number, one) for one in image_quality.judge(given))
    row = image_quality.repeated(taken)
    if row is not None:
        found += (
            FoundHere(number, row, 1.0, other) for number, other in twice.of(document.id).items()
        )
    return Checked(document, pages, len(pages), tuple(found))


def _here(number: int, one: Finding) -> FoundHere:
    return FoundHere(number, one.check, one.measured)


def _pages(session: ScopedSession, condition: object) -> dict[str, dict[int, PageReading]]:
    """Scanned pages that were measured, and those that could not be read."""
    found: dict[str, dict[int, PageReading]] = defaultdict(dict)
    for row in session.execute(_columns().where(condition)):  # type: ignore[arg-type]
        found[row.document_id][row.number] = PageReading(
            number=row.number,
            text=row.text,
            rotation=row.rotation,
            skew=row.skew,
            blank=row.blank,
            error=row.error,
            truncated=row.truncated,
            barcodes=tuple(
                Barcode(one["text"], one["format"], (0, 0, 0, 0)) for one in row.barcodes
            ),
            sightings=tuple(
                Sighting(
                    SightingKind(one["kind"]), tuple(one["box"]), one["is_there"], one["confidence"]
                )
                for one in row.sightings
            ),
            measures=measures_of(row.measures),
        )
    return found


def _columns() -> Select[tuple[object, ...]]:
    scanned = and_(Page.digital.is_(False), or_(Page.measures.is_not(None), Page.error != ""))
    return (
        select(
            Page.document_id, Page.number, Page.text, Page.rotation, Page.skew, Page.blank,
            Page.error, Page.truncated, Page.barcodes, Page.sightings, Page.measures,
        )
        .where(scanned)
        .order_by(Page.document_id, Page.number)
    )  # fmt: skip


class _Twice:
    """Pages that are there twice: in their own paper, or in another of the same customer.

    Of the two only one is told: the later page of a paper, and of two papers the one that is
    checked while the other does not say so already.
    """

    def __init__(
        self,
        session: ScopedSession,
        documents: Collection[Document],
        pages: Mapping[str, Mapping[int, PageReading]],
    ) -> None:
        self._own = pages
        self._owner = {row.id: row.customer_no for row in documents if row.customer_no}
        numbers = set(self._owner.values())
        others = select(Document.id, Document.customer_no).where(
            Document.customer_no.in_(numbers), Document.state.not_in(NOT_CHECKED)
        )
        self._papers: dict[str, list[str]] = defaultdict(list)
        for key, number in session.execute(others):
            if number:
                self._papers[number].append(key)
        beside = {key for keys in self._papers.values() for key in keys} - set(pages)
        self._all = {**_pages(session, Page.document_id.in_(beside)), **pages} if beside else pages
        said = select(PageFinding.document_id, PageFinding.other_document_id).where(
            PageFinding.other_document_id.in_(list(pages))
        )
        self._said = {(one, other) for one, other in session.execute(said)} - {
            (one, other) for one in pages for other in pages
        }

    def of(self, document_id: str) -> dict[int, tuple[str, int]]:
        """Pages of a paper, each with where the other is."""
        own = self._own.get(document_id, {})
        found = dict(self._within(document_id, own))
        for number, other in self._beside(document_id, own):
            found.setdefault(number, other)
        return found

    def _within(
        self, document_id: str, own: Mapping[int, PageReading]
    ) -> Iterator[tuple[int, tuple[str, int]]]:
        before: list[PageReading] = []
        for number, page in sorted(own.items())[:MOST_COMPARED]:
            same = _first_alike(page, before)
            if same is not None:
                yield number, (document_id, same.number)
            before.append(page)

    def _beside(
        self, document_id: str, own: Mapping[int, PageReading]
    ) -> Iterator[tuple[int, tuple[str, int]]]:
        others = self._papers.get(self._owner.get(document_id, ""), [])
        count = 0
        for other in others:
            if other == document_id or (other, document_id) in self._said:
                continue
            theirs = list(self._all.get(other, {}).values())
            count += len(theirs)
            if count > MOST_COMPARED:
                return
            for number, page in own.items():
                same = _first_alike(page, theirs)
                if same is not None:
                    self._said.add((document_id, other))
                    yield number, (other, same.number)


def _first_alike(page: PageReading, others: Sequence[PageReading]) -> PageReading | None:
    return next((one for one in others if image_quality.is_same_page(page, one)), None)
