"""What the reading use cases give: frozen values, already cut and masked for one viewer.

Both doors lay these out; neither masks anything itself. Codes (``status``, ``state``,
``matched_on``, ``outcome``, reasons) are stable and are labelled by the door's locale; ``*_label``
fields come in the viewer's language (``viewer.language``).

The use cases (all take the wired :class:`~dossier.services.context.Context` and the viewer first)::

    search.search(context, viewer, request: SearchRequest) -> SearchAnswer
    suggesting.suggest(context, viewer, q: str, *, size: int = 10) -> tuple[SuggestionView, ...]
    customers.get(context, viewer, customer_no) -> CustomerRecord         # notes a read record
    customers.documents(context, viewer, customer_no, *, cursor=None, size=50)
        -> Listing[DocumentSummary]
    documents.get(context, viewer, document_id) -> DocumentView           # notes a read record
    documents.texts(context, viewer, document_id, *, q="") -> tuple[PageText, ...]
    documents.original(context, viewer, document_id) -> ReleasedFile
    documents.pdf(context, viewer, document_id) -> ReleasedFile
    documents.change(context, viewer, document_id, change: DocumentChange, *, revision)
        -> DocumentView
    pages.image(context, viewer, document_id, number, *, width=1000, q="", strip=False) -> PageImage
    pages.boxes(context, viewer, document_id, number, *, q="") -> PageBoxes
    pages.hits(context, viewer, document_id, *, q) -> tuple[PageHits, ...]
    uploads.accept(context, viewer, files, form: UploadForm) -> tuple[UploadedFile, ...]

Each raises :class:`~dossier.errors.ForbiddenError` when the role may not, and
:class:`~dossier.errors.NotFoundError` both for what does not exist and for what is out of scope.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from dossier.hookspecs import Panel
from dossier.records import Box
from dossier.search.places import NamedPlace
from dossier.services.audit import Receipt
from dossier.viewer import Opening

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Shown:
    """A personal value as this viewer sees it: str, format, HTML and JSON are ``text``.

    The clear value is not in here when ``masked``, so nothing that prints, logs or serialises it
    can leak. Made by :func:`dossier.services.personal.shown`.
    """

    text: str
    masked: bool = False

    def __str__(self) -> str:
        """What may be seen."""
        return self.text

    def __format__(self, spec: str) -> str:
        """What may be seen, laid out."""
        return format(self.text, spec)

    def __html__(self) -> str:
        """What may be seen, escaped, for templates."""
        return html.escape(self.text)

    def __bool__(self) -> bool:
        """Whether there is a value at all."""
        return bool(self.text)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """One page of a list: ``{items, next_cursor, total}`` in JSON."""

    items: tuple[Item, ...]
    next_cursor: str | None
    total: int


# -- one box ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What was asked of the one box.

    Attributes:
        q: as typed; empty means everything in scope.
        filters: facet name → chosen values (any of them).
        facets: names of facets to count.
        cursor: the last answer's ``next_cursor``.
        size: customers on a page, 1..100.
    """

    q: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    cursor: str | None = None
    size: int = 20


@dataclass(frozen=True, slots=True)
class CustomerHead:
    """The lines that name a customer everywhere.

    ``category`` is LR LN HV IM PV, ``status`` a code; the three places are names.
    """

    customer_no: str
    name: Shown
    status: str
    category: str
    address: Shown
    station: str
    line: str
    district: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a page's text (masked first) with ``highlights`` as [start, end) offsets in it."""

    page: int
    text: str
    highlights: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class MatchedLike:
    """A word of the query that does not stand there itself, and what does.

    Attributes:
        kind: ``synonym`` or ``one_differs`` (one character, as a reader or writer mistakes it).
        asked: the word as typed.
        found: what stands there instead; nothing that is masked is ever told.
        label: all of it in words of the viewer's language.
    """

    kind: str
    asked: str
    found: str
    label: str


@dataclass(frozen=True, slots=True)
class DocumentHit:
    """A document of a hit. ``matched_on`` is empty when only its customer matched."""

    id: str
    title: Shown
    file_name: Shown
    type: str | None
    type_label: str
    state: str
    doc_date: date | None
    page_count: int
    matched_on: tuple[str, ...]
    snippets: tuple[Snippet, ...]
    like: tuple[MatchedLike, ...] = ()
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One customer with its matching papers; ``customer`` is None for a paper of nobody yet.

    ``document_count`` is the exact number of its matching papers, ``documents`` the first of them;
    ``matched_on`` holds the customer's own reasons first, then those of ``documents``.
    """

    customer: CustomerHead | None
    matched_on: tuple[str, ...]
    document_count: int
    documents: tuple[DocumentHit, ...]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet, its label in the viewer's language, the exact number of documents."""

    value: str
    label: str
    count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class DidYouMean:
    """Another query for one that found nothing: how it differs, its hits, the first customers."""

    q: str
    reason: str
    total: int
    customers: tuple[CustomerHead, ...]


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """One page of hits.

    Attributes:
        total: exact number of hits (customers, and papers of nobody).
        total_documents: exact number of documents.
        pending: keys that wait to be put into the index.
        lag_seconds: age of the oldest of them.
        degraded: the index does not answer; an exact number was looked up in the records.
        notes: codes of what was not taken as written (``unbalanced_quote``, …).
        remarks: the same in words of the viewer's language.
        did_you_mean: other queries, when this one found nothing.
        places: stations, lines and districts that the words were also taken for.
    """

    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    total: int
    total_documents: int
    next_cursor: str | None
    took_ms: float
    pending: int
    lag_seconds: float
    degraded: bool = False
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    did_you_mean: tuple[DidYouMean, ...] = ()
    places: tuple[NamedPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """Something to offer while one types.

    A ``customer`` (value: customer_no, with its ``status``), a ``type``, a ``station``, ``line`` or
    ``district`` (value: its facet's), or one of the viewer's own searches, ``saved`` or ``recent``
    (value: its words, with its ``filters``). A ``type`` may be of what other words find: ``q``.
    """

    kind: str
    value: str
    label: str
    matched_on: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    status: str = ""
    q: str = ""


# -- customers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """An identity number or USCC as the viewer sees it."""

    kind: str
    value: Shown


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A line of a list of documents.

    Attributes:
        readable: its pages are open to the viewer, or some of them.
    """

    id: str
    customer_no: str | None
    title: Shown
    type: str | None
    type_label: str
    state: str
    doc_date: date | None
    captured_at: datetime
    page_count: int
    reference_code: str | None
    problem: str
    readable: bool


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that happened: ``action`` is the audit's code, ``actor`` the account's name.

    ``facts`` are the audit's own, JSON values throughout.
    """

    at: datetime
    action: str
    actor: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Approved:
    """What somebody else approved of the thing in view: which action, until when, what for."""

    id: str
    action_zh: str
    action_en: str
    until: datetime
    purpose: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer as the register knows it, with its papers and its history.

    ``is_clear``: nothing of it is masked to this viewer; ``approved``: by which approvals more is
    open than the role alone opens.
    """

    head: CustomerHead
    id_type: str
    ids: tuple[PersonalNumber, ...]
    meters: tuple[str, ...]
    phones: tuple[Shown, ...]
    old_customer_nos: tuple[str, ...]
    voltage: str
    capacity_kva: float | None
    opened_on: date | None
    fee_control: bool
    revision: int
    updated_at: datetime
    documents: Listing[DocumentSummary]
    history: tuple[HistoryEntry, ...]
    panels: tuple[Panel, ...] = ()
    opening: Opening | None = None
    is_clear: bool = False
    approved: tuple[Approved, ...] = ()


# -- documents ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkOption:
    """A customer in the viewer's scope that a waiting document may belong to; reasons as codes."""

    customer_no: str
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Whose paper it is: how sure (0..1), and why, as codes.

    ``candidates`` are whose it may be while it waits; None when it does not, or when the viewer may
    not assign.
    """

    confidence: float | None
    reasons: tuple[str, ...]
    candidates: tuple[LinkOption, ...] | None = None


@dataclass(frozen=True, slots=True)
class FieldView:
    """A value that was read on a document, masked for the viewer; ``box`` None where masked."""

    name: str
    value: Shown
    page: int
    box: Box | None
    confidence: float
    corrected: bool = False
    """A person said it."""


@dataclass(frozen=True, slots=True)
class PageSummary:
    """What is known of a page: picture size in pixels, confidence 0..1, an error code or empty."""

    number: int
    width: int
    height: int
    confidence: float
    blank: bool
    digital: bool
    engine: str
    error: str
    truncated: bool


@dataclass(frozen=True, slots=True)
class RenditionView:
    """A copy of the document: ``original``, ``searchable`` or ``view``."""

    kind: str
    format: str
    sha256: str
    size_bytes: int
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentRelation:
    """A document beside this one: an attachment, the mail it came with, another copy."""

    id: str
    title: Shown
    type_label: str
    state: str


@dataclass(frozen=True, slots=True)
class PartView:
    """A paper that was cut out of a stack: which of its pages it is."""

    id: str
    customer_no: str | None
    type: str | None
    state: str
    source_pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CopyState:
    """A searchable copy that is not there (yet).

    Attributes:
        state: ``being_made`` or ``failed``.
        error: code or short text of what went wrong at the last try; empty when nothing did.
        intake_id: what to try again; empty for who may not, or when there is nothing to try.
    """

    state: str
    error: str = ""
    intake_id: str = ""


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with everything but its bytes.

    ``pages`` are those that were read so far, ``page_count`` all that there are.
    """

    id: str
    customer: CustomerHead | None
    customer_no: str | None
    case_no: str | None
    title: Shown
    file_name: Shown
    type: str | None
    type_label: str
    state: str
    doc_date: date | None
    captured_at: datetime
    reference_code: str | None
    media_type: str
    sha256: str
    size_bytes: int
    page_count: int
    failed_pages: int
    truncated: bool
    problem: str
    link: Link
    fields: tuple[FieldView, ...]
    pages: tuple[PageSummary, ...]
    renditions: tuple[RenditionView, ...]
    parent: DocumentRelation | None
    children: tuple[DocumentRelation, ...]
    copies: tuple[DocumentRelation, ...]
    revision: int
    history: tuple[HistoryEntry, ...] = ()
    panels: tuple[Panel, ...] = ()
    opening: Opening | None = None
    may_take_original: bool = False
    only_pages: tuple[int, ...] = ()
    only_printed: tuple[int, ...] = ()
    is_clear: bool = False
    approved: tuple[Approved, ...] = ()
    searchable_copy: CopyState | None = None
    problem_plugin: str = ""
    """The plugin and what of it failed, where ``problem`` is ``plugin``."""
    parts: tuple[PartView, ...] = ()
    """Of a stack its papers; empty for anything else."""
    source_pages: tuple[int, ...] = ()
    """Of a paper in a stack, its ``parent``: which of the stack's pages it is."""


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text as the viewer sees it (masks have the length of what they hide)."""

    page: int
    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What is to be changed of a document; None leaves it as it is.

    ``to_nobody`` takes the customer away again (back to "to be assigned").
    """

    customer_no: str | None = None
    type: str | None = None
    title: str | None = None
    doc_date: date | None = None
    to_nobody: bool = False


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """A file that may leave: it cannot be made without the receipt of a committed read record.

    ``paper_name`` is a stem that says which paper it is and names no person.
    """

    receipt: Receipt
    path: Path
    media_type: str
    file_name: str
    size_bytes: int
    sha256: str
    paper_name: str


# -- pages --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page's picture. ``etag`` changes with content, masks and size.

    ``placeholder`` says why there is no picture of the page itself: ``not_read_yet``,
    ``unreadable`` or ``no_hit`` (a strip was asked and nothing matched); body is then a small
    neutral picture. ``is_passing``: it shows what was opened for a time, so that no copy may stay.
    """

    receipt: Receipt
    body: bytes
    media_type: str
    etag: str
    width: int
    height: int
    placeholder: str = ""
    is_passing: bool = False


@dataclass(frozen=True, slots=True)
class PageBoxes:
    """Where the query stands on the page, in pixels of a picture of ``width`` × ``height``.

    ``hits`` says of each box which of the page's highlights it belongs to, from 0.
    """

    width: int
    height: int
    boxes: tuple[Box, ...]
    hits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PageHits:
    """How often the query stands on a page (for the dots on thumbnails and next/previous hit)."""

    page: int
    count: int


# -- upload -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UploadForm:
    """What came with the files; all optional."""

    customer_no: str | None = None
    document_type: str | None = None
    case_no: str | None = None


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """What became of one uploaded file.

    ``outcome`` is an :class:`~dossier.records.IntakeOutcome`; ``document_id`` of a duplicate is the
    first copy's, of an empty file, which is set aside, None; ``reason`` is then the quarantine
    reason, of a duplicate that of a first copy that was set aside. ``state`` is where the file
    stands later, an :class:`~dossier.records.IntakeState`; empty at once after it was sent.
    """

    file_name: str
    outcome: str
    intake_id: str
    document_id: str | None
    reason: str = ""
    state: str = ""
