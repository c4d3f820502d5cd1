"""The answers' shapes for the OpenAPI document; what is sent is written by searchapi.answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

FILTER_PARAMETER: dict[str, Any] = {
    "name": "filter",
    "in": "query",
    "style": "form",
    "description": (
        "Written as filter.NAME=VALUE, repeatable; NAME is a facet: type, category, station, line, "
        "district, year, month (2026-03), state, status. Values of one name are ORed, names are "
        "ANDed."
    ),
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
UPLOAD_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    "customer_no": {"type": "string"},
                    "document_type": {"type": "string"},
                    "case_no": {"type": "string"},
                },
            }
        }
    },
}

# Lists of a fixed length: generators of clients and tests know no tuples (prefixItems).
Range = Annotated[list[int], Field(min_length=2, max_length=2)]
Row = Annotated[list[str], Field(min_length=2, max_length=2)]
Box = Annotated[list[float], Field(min_length=4, max_length=4)]


class Customer(BaseModel):
    """The lines that name a customer."""

    customer_no: str
    name: str
    status: str
    category: str
    address: str
    station: str
    line: str
    district: str
    masked: bool


class Snippet(BaseModel):
    """A piece of a page with the hits in it."""

    page: int
    text: str
    highlights: list[Range]


class MatchedLike(BaseModel):
    """A word of the query that does not stand there itself, and what does."""

    kind: str = Field(description="synonym or one_differs")
    asked: str
    found: str
    label: str


class DocumentHit(BaseModel):
    """A document of a hit."""

    id: str
    title: str
    file_name: str = Field(description="As the file came in; ***.pdf where it is masked")
    type: str | None
    type_label: str
    state: str
    doc_date: date | None
    page_count: int
    matched_on: list[str]
    snippets: list[Snippet]
    like: list[MatchedLike] = Field(description="Words that were matched by what is like them")


class Hit(BaseModel):
    """A customer with its papers; customer is null for a paper of nobody yet."""

    customer: Customer | None
    matched_on: list[str]
    document_count: int
    documents: list[DocumentHit]


class FacetValue(BaseModel):
    """A facet's value and its number of documents."""

    value: str
    label: str
    count: int


class DidYouMean(BaseModel):
    """Another query for one that found nothing."""

    q: str
    reason: str
    total: int
    customers: list[Customer]


class NamedPlace(BaseModel):
    """A word that was also taken for a station, line or district."""

    text: str
    facet: str
    values: list[str]


class SearchAnswer(BaseModel):
    """One page of hits."""

    hits: list[Hit]
    facets: dict[str, list[FacetValue]]
    total: int
    total_documents: int
    next_cursor: str | None
    took_ms: float
    pending: int
    lag_seconds: float
    degraded: bool = Field(description="From the records, because the index does not answer")
    notes: list[str] = Field(description="Codes of what was not taken as written")
    remarks: list[str] = Field(description="The same in words")
    did_you_mean: list[DidYouMean] = Field(description="Only when nothing was found")
    places: list[NamedPlace] = Field(description="Words that name a place; filter by its values")


class Suggestion(BaseModel):
    """Something to offer."""

    kind: str
    value: str
    label: str
    matched_on: str
    filters: dict[str, list[str]] = {}
    status: str = ""
    q: str = ""


class Suggestions(BaseModel):
    """What to offer while one types."""

    items: list[Suggestion]


Text = Annotated[str, Field(max_length=400)]
"""Of a body; half characters, which nothing here can keep, are refused with its length."""


class SearchToSave(BaseModel):
    """A search and the name to keep it under."""

    model_config = ConfigDict(extra="forbid")
    name: Text
    q: str = Field("", max_length=10_000)
    filters: dict[Text, list[Text]] = Field(default_factory=dict, max_length=20)


class KeptSearch(BaseModel):
    """A saved search, or a recent one (its name is empty)."""

    id: str
    name: str
    q: str
    filters: dict[str, list[str]]
    at: datetime


class KeptSearches(BaseModel):
    """One's own searches."""

    items: list[KeptSearch]
    next_cursor: str | None
    total: int


class DocumentSummary(BaseModel):
    """A line of a list."""

    id: str
    customer_no: str | None
    title: str
    type: str | None
    type_label: str
    state: str
    doc_date: date | None
    captured_at: datetime
    page_count: int
    reference_code: str | None
    problem: str
    readable: bool = Field(description="Its pages, or some of them, are open to who asks")


class Documents(BaseModel):
    """A list of documents."""

    items: list[DocumentSummary]
    next_cursor: str | None
    total: int


class PersonalNumber(BaseModel):
    """An identity number as the viewer sees it."""

    kind: str
    value: str


class HistoryEntry(BaseModel):
    """Something that happened."""

    at: datetime
    action: str
    actor: str
    facts: dict[str, Any]


class PanelView(BaseModel):
    """A plugin's section."""

    name: str
    title_zh: str
    title_en: str
    rows: list[Row]
    problem: str
    href: str


class Opening(BaseModel):
    """What masked values are open to the viewer for some minutes, and what for."""

    id: str
    fields: list[str]
    until: datetime
    purpose: str


class CallerChecked(BaseModel):
    """Whether what a caller said is right."""

    matches: bool


class CustomerRecord(Customer):
    """A customer's record."""

    id_type: str
    ids: list[PersonalNumber]
    meters: list[str]
    phones: list[str]
    old_customer_nos: list[str]
    voltage: str
    capacity_kva: float | None
    opened_on: date | None
    fee_control: bool
    revision: int
    updated_at: datetime
    documents: Documents
    history: list[HistoryEntry]
    panels: list[PanelView]
    opening: Opening | None
    completeness: dict[str, Any] | None = Field(
        description="What /customers/{customer_no}/completeness says; null where off or refused"
    )


class LinkOption(BaseModel):
    """A customer that a waiting paper may belong to."""

    customer_no: str
    confidence: float
    reasons: list[str]


class Link(BaseModel):
    """Whose paper it is, how sure, and why."""

    confidence: float | None
    reasons: list[str]
    candidates: list[LinkOption] = Field(
        default_factory=list,
        description="Left out unless it waits to be assigned and the viewer may assign",
    )


class DocumentField(BaseModel):
    """A value that was read."""

    name: str
    value: str
    page: int
    box: Box | None
    confidence: float
    corrected: bool = Field(description="A person said it; what was read does not count")


class PageDetail(BaseModel):
    """A page that was read."""

    number: int
    width: int
    height: int
    confidence: float
    blank: bool
    digital: bool
    engine: str
    error: str
    truncated: bool


class Rendition(BaseModel):
    """A copy: original, searchable or view."""

    kind: str
    format: str
    sha256: str
    size_bytes: int
    checks: list[str]


class Relation(BaseModel):
    """A document beside this one."""

    id: str
    title: str
    type_label: str
    state: str


class SearchableCopy(BaseModel):
    """The copy beside the original, while there is none."""

    state: str = Field(description="being_made or failed")
    error: str
    intake_id: str = Field(description="What to try again (POST /intake/{id}/retry), if you may")


class StackPart(BaseModel):
    """A paper that was cut out of a stack."""

    id: str
    customer_no: str | None
    type: str | None
    state: str
    source_pages: list[int]


class Document(BaseModel):
    """All that is known of a document."""

    id: str
    state: str
    customer_no: str | None
    customer: Customer | None
    link: Link
    case_no: str | None
    title: str
    file_name: str
    type: str | None
    type_label: str
    doc_date: date | None
    captured_at: datetime
    reference_code: str | None
    media_type: str
    sha256: str
    size_bytes: int
    pages: int
    failed_pages: int
    truncated: bool
    problem: str
    fields: list[DocumentField]
    page_details: list[PageDetail]
    renditions: list[Rendition]
    searchable_copy: SearchableCopy | None = Field(
        description="Work on the searchable copy that waits, runs or failed; null when all is done"
    )
    parent: Relation | None
    children: list[Relation]
    parts: list[StackPart] = Field(description="Of a stack that was cut: its papers")
    source_pages: list[int] = Field(description="Of such a paper: which pages of its parent")
    copies: list[Relation]
    revision: int
    history: list[HistoryEntry]
    panels: list[PanelView]
    opening: Opening | None


class UploadedFile(BaseModel):
    """What became of a file."""

    id: str | None = Field(description="null for an empty file, of which nothing can be kept")
    status_url: str | None
    file_name: str
    outcome: str
    intake_id: str
    reason: str = Field(description="Why it was set aside; empty when it was not")


class UploadedFiles(BaseModel):
    """What became of several files."""

    items: list[UploadedFile]


Uploaded = UploadedFile | UploadedFiles


class Boxes(BaseModel):
    """Hits in pixels of a picture of this size."""

    width: int
    height: int
    boxes: list[Box]


class IntakeEntry(BaseModel):
    """A file that came in."""

    id: str
    source_path: str
    origin: str
    document_id: str | None
    outcome: str
    state: str
    step: str
    since: datetime
    received_at: datetime
    attempt: int
    error: str
    reason: str
    progress: Range = Field(description="Pages read, pages there are")
    may_retry: bool
    retries: int = Field(description="How often it was tried again and is in trouble all the same")
    retried_at: datetime | None


class IntakeList(BaseModel):
    """What came in, and how much is in which state."""

    items: list[IntakeEntry]
    counts: dict[str, int]
    next_cursor: str | None
    total: int


class AuditEntry(BaseModel):
    """A row of the audit record; ``sealed`` says whether the chain of seals covers it.

    ``outside``: it was on something outside the reader's scope, and does not say on what.
    ``facts``: what else the row says, in codes: by which approval, why, until when; a number that
    the reader may not know is ``outside``.
    """

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    object_kind: str
    object_id: str
    object_name: str
    outcome: str
    purpose: str
    remote: str
    page: int
    count: int | None
    sealed: bool
    outside: bool
    facts: dict[str, Any]


class AuditList(BaseModel):
    """A page of the audit record."""

    items: list[AuditEntry]
    next_cursor: str | None
    total: int


class Retried(BaseModel):
    """A file that is tried again."""

    id: str
    document_id: str | None


class Health(BaseModel):
    """The process answers."""

    status: str


class Readiness(BaseModel):
    """What answers, and what the index does not show yet."""

    status: str
    database: bool
    index: bool
    workers: int
    pending: int
    lag_seconds: float
    remedy: str
