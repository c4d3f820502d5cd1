"""The port to the search index: rows in, scoped queries in, ids with reasons out.

The index is a view of the records: it may be thrown away and built again at any moment. It takes
only a :class:`ScopedQuery`, and only ``dossier.access`` makes one (:func:`scoped`). Hits are ids;
whoever shows them reads the records through a session that checks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from dossier.errors import UnavailableError
from dossier.search.places import NamedPlace
from dossier.search.query import Query


class RowKind(StrEnum):
    """The two kinds of rows."""

    CUSTOMER = "customer"
    DOCUMENT = "document"


class SearchRight(StrEnum):
    """What a viewer may search by; what may not be searched cannot be probed digit by digit.

    An address is searched down to street or estate; its building and room with ADDRESS_DETAIL
    only, and with that alone what is masked on a page or in a title
    (:func:`dossier.rules.masking.closed_spans`), and files by their names. Whole ID numbers and
    bank accounts are found by keyed hash, never by a part (domain.md 4.3); an organisation's credit
    code by its parts with USCC_PARTIAL.
    """

    CUSTOMER_NO = "customer_no"
    METER_NO = "meter_no"
    NAME = "name"
    ADDRESS = "address"
    ADDRESS_DETAIL = "address_detail"
    PHONE = "phone"
    PHONE_PARTIAL = "phone_partial"
    ID_NO = "id_no"
    ID_LAST4 = "id_last4"
    USCC_PARTIAL = "uscc_partial"
    TEXT = "text"


class MatchReason(StrEnum):
    """Why a row matched; labels for people are in the locale files."""

    CUSTOMER_NO = "customer_no"
    METER_NO = "meter_no"
    NAME = "name"
    PHONE = "phone"
    ID_NO = "id_no"
    USCC = "uscc"
    ADDRESS = "address"
    PLACE = "place"
    CASE_NO = "case_no"
    REFERENCE_CODE = "reference_code"
    TYPE = "type"
    TITLE = "title"
    FILE = "file"
    TEXT = "text"
    ACCOUNT = "account"
    CATEGORY = "category"
    STATUS = "status"
    STATE = "state"
    YEAR = "year"
    MONTH = "month"
    DATE = "date"
    COMPLETENESS = "completeness"
    MISSING = "missing"


DOSSIER_FACETS = frozenset({"completeness", "missing"})
"""Facets of customers' own rows: they count dossiers, while all others count papers. Plugins may
add further ones (``IndexField.of_dossiers``)."""


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """What is searchable of one customer, in clear; the index folds and hashes it.

    Attributes:
        customer_no: the row's key.
        revision: the record's revision, given back by :meth:`SearchIndex.rows` for reconcile.
        order: unique over all customers, below 2**60; larger comes first among equals.
        name: present legal name.
        former_names: earlier names and aliases.
        id_nos: ID numbers and USCC; kept as keyed hash and last four. A USCC is public and nobody's
            ID number: it is kept in clear as well, for its beginning and end.
        former_addresses: not searched; masked on papers as the present one is.
        closed: account closed (comes after active ones).
        scope: leaf tokens, ``unit:17 line:9 district:204``.
        station: facet values, opaque (usually ids as text); empty if none.
        completeness: ``complete`` or ``incomplete``, empty while the dossier was not assessed; in
            the customer's own row only, not in those of the papers.
        missing: codes of the types of papers that lack; likewise.
        extra: plugins' keyword fields by their prefixed name.
    """

    customer_no: str
    revision: int
    order: int
    name: str
    former_names: tuple[str, ...] = ()
    old_customer_nos: tuple[str, ...] = ()
    meter_nos: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    id_nos: tuple[str, ...] = ()
    address: str = ""
    former_addresses: tuple[str, ...] = ()
    category: str = ""
    status: str = ""
    closed: bool = False
    station: str = ""
    line: str = ""
    district: str = ""
    completeness: str = ""
    missing: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """What is searchable of one document, with its customer's fields as they are now.

    When a customer changes, its documents' rows are written again with it.

    Attributes:
        document_id: the row's key.
        order: unique over all documents, below 2**60; larger comes first inside a group. Use
            :func:`document_order`.
        customer: None while the document is not assigned.
        file_name: as the file came in; all but its kind is masked (:func:`kind_ending
            <dossier.rules.file_names.kind_ending>`).
        type_label: Chinese name of the type; searched as words.
        year: facet value, ``"2026"`` or empty.
        month: facet value, ``"2026-03"`` or empty.
        station: facet values of the document itself (usually as at filing).
        page_texts: the pages' text in order, as stored.
        page_closed: what :func:`dossier.rules.masking.closed_spans` gives for each page, None where
            that is to be looked for; may be left out whole.
        secrecy: level; empty means open.
        quality: how its pages are scanned, the worst of them; empty where none was checked.
        findings: codes of the checks that say something of a page.
        late: why it is flagged as late.
        pairing: which half of it is there, paper or picture; empty while it is not filed.
    """

    document_id: str
    revision: int
    order: int
    customer: CustomerRow | None = None
    title: str = ""
    file_name: str = ""
    type_code: str = ""
    type_label: str = ""
    year: str = ""
    month: str = ""
    state: str = ""
    secrecy: str = ""
    case_no: str = ""
    reference_code: str = ""
    quality: str = ""
    findings: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    pairing: str = ""
    station: str = ""
    line: str = ""
    district: str = ""
    scope: tuple[str, ...] = ()
    page_texts: tuple[str, ...] = ()
    page_closed: tuple[Sequence[tuple[int, int]] | None, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Row = CustomerRow | DocumentRow


def document_order(yyyymmdd: int, rowid: int) -> int:
    """A unique sort key: by date, then by row (stack.md: one sort field, so it must be unique)."""
    return yyyymmdd * 10**10 + rowid


@dataclass(frozen=True, slots=True)
class RowKey:
    """Names a row over both kinds."""

    kind: RowKind
    key: str


@dataclass(frozen=True, slots=True)
class IndexedRow:
    """What the index says of a row, for reconcile."""

    kind: RowKind
    key: str
    revision: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a viewer may know of. The default is none at all.

    Attributes:
        unlimited: every row whatever its tokens (secrecy still counts).
        tokens: a row passes when it carries at least one of these.
        secrecy: levels that pass, besides open ones; None means every level.
        owners: customers whose rows pass, with all their papers.
        records: customers whose own rows pass, without their papers.
        also: further scopes that a row must pass too.
    """

    unlimited: bool = False
    tokens: frozenset[str] = frozenset()
    secrecy: frozenset[str] | None = frozenset()
    owners: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    also: tuple[Scope, ...] = ()


_SEAL = object()


@dataclass(frozen=True, slots=True)
class ScopedQuery:
    """A query that carries what its viewer may see; made by :func:`scoped` only.

    Attributes:
        filters: facet name → chosen values (any of them); filters of different names are ANDed.
        own: scope tokens of the viewer's own unit: its customers come first among equals.
        places: stations, lines and districts that the query names, as far as the viewer may know.
        of_dossiers: names of the facets that count dossiers.
    """

    query: Query
    scope: Scope
    rights: frozenset[SearchRight]
    filters: Mapping[str, tuple[str, ...]]
    own: frozenset[str]
    seal: object = field(repr=False, compare=False)
    places: tuple[NamedPlace, ...] = ()
    of_dossiers: frozenset[str] = DOSSIER_FACETS

    def __post_init__(self) -> None:
        """Refuse anything that was not made by :func:`scoped`.

        Raises:
            TypeError: made by hand.
        """
        if self.seal is not _SEAL:
            raise TypeError("only dossier.access makes a ScopedQuery (access.restrict)")


def scoped(
    query: Query,
    *,
    scope: Scope,
    rights: frozenset[SearchRight],
    filters: Mapping[str, tuple[str, ...]] | None = None,
    own: frozenset[str] = frozenset(),
    places: Iterable[NamedPlace] = (),
    of_dossiers: frozenset[str] = DOSSIER_FACETS,
) -> ScopedQuery:
    """Bind a query to a scope. To be called by ``dossier.access`` only (a test watches)."""
    frozen = MappingProxyType(dict(filters or {}))
    named = tuple(sorted(places))
    return ScopedQuery(query, scope, rights, frozen, own, _SEAL, named, of_dossiers)


@dataclass(frozen=True, slots=True)
class DocumentHit:
    """A document of a group, and why it is there (empty: through its customer only)."""

    document_id: str
    matched_on: tuple[MatchReason, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One customer of the answer, or one document that has no customer yet.

    Attributes:
        customer_no: None for a document that is not assigned.
        matched_on: reasons in the customer's own fields; empty when only papers match.
        document_count: exact number of this group's documents that match.
        documents: the first of them, best first.
    """

    customer_no: str | None
    matched_on: tuple[MatchReason, ...]
    document_count: int
    documents: tuple[DocumentHit, ...]


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A facet's value with the exact number of documents, or of dossiers."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """One page of groups with exact totals.

    Attributes:
        total: exact number of groups.
        total_documents: exact number of documents.
        facets: per asked name, largest count first; a facet does not filter itself.
        cursor: where the next page starts; None on the last page.
        generation: name of the index generation that answered.
    """

    groups: tuple[Group, ...]
    total: int
    total_documents: int
    facets: Mapping[str, tuple[FacetCount, ...]]
    cursor: str | None
    generation: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that a box may offer while one types.

    ``kind`` is ``customer`` (value: customer_no) or ``type`` (value: type code); whoever shows it
    reads and masks the label.
    """

    kind: str
    value: str
    matched_on: MatchReason


@dataclass(frozen=True, slots=True)
class GenerationState:
    """The generation that answers now.

    ``schema_fingerprint`` differs from the running program's when fields or analysis changed:
    build a new one beside it and publish that. ``engine`` names product and version, for people.
    """

    name: str
    schema_fingerprint: str
    rows: int
    size_bytes: int
    engine: str


class IndexBusyError(UnavailableError):
    """Another process holds the right to write the index; it will do the work."""

    code = "index_busy"
    title = "Another process writes the search index"
    title_zh = "检索索引正由其他进程写入"


class IndexWriter(Protocol):
    """The right to write, held by one process at a time; not to be shared between threads.

    Raises:
        UnavailableError: (every method) the index folder is gone, broken, or the disk is full.
    """

    def apply(self, *, upserts: Iterable[Row] = (), deletes: Iterable[RowKey] = ()) -> None:
        """Put rows in (replacing their older selves) and take rows out; visible after commit."""
        ...

    def commit(self) -> None:
        """Make durable and visible what was applied since the last commit."""
        ...


class GenerationBuilder(IndexWriter, Protocol):
    """Writes a new generation beside the live one."""

    name: str

    def publish(self) -> None:
        """Commit and swap: from now on readers in every process see this generation."""
        ...


class SearchIndex(Protocol):
    """An index of customers and documents. Reading is safe from any thread and process.

    Raises:
        UnavailableError: (every method) there is no index, or it is broken; the detail says what
            to do. Records and originals are not touched by that.
    """

    def search(
        self,
        query: ScopedQuery,
        *,
        size: int = 20,
        documents_per_group: int = 5,
        after: str | None = None,
        facets: Sequence[str] = (),
    ) -> SearchAnswer:
        """One page of groups in ranked order.

        Args:
            query: made by ``access.restrict``.
            size: groups on the page, 1..100.
            documents_per_group: documents shown of each group.
            after: the last answer's cursor.
            facets: names of facet fields to count.

        Raises:
            QueryError: unknown facet or filter; a cursor of another query, or broken.
        """
        ...

    def suggest(self, query: ScopedQuery, *, size: int = 10) -> tuple[Suggestion, ...]:
        """Customers and types that begin with what was typed, in scope."""
        ...

    def state(self) -> GenerationState:
        """The generation that answers now."""
        ...

    def count(self, kind: RowKind) -> int:
        """Rows of a kind, whatever the scope; for reconcile and metrics, never for a viewer."""
        ...

    def rows(self) -> Iterator[IndexedRow]:
        """Every row's key and revision; for reconcile."""
        ...

    def needs_rebuild(self) -> str | None:
        """Why a new generation must be built (missing, broken, other fields), or None."""
        ...

    def writer(self) -> AbstractContextManager[IndexWriter]:
        """Take the right to write the live generation; makes an empty one if there is none.

        Leaving without commit drops what was applied. kill -9 frees the right.

        Raises:
            IndexBusyError: another process, or another writer of this one, has it.
            UnavailableError: the live generation has other fields or is broken: rebuild.
        """
        ...

    def build(self) -> AbstractContextManager[GenerationBuilder]:
        """Take the right to write and build a new generation beside the live one.

        Leaving without ``publish`` removes what was built.

        Raises:
            IndexBusyError: another process has it.
        """
        ...

    def release(self) -> None:
        """Let go of memory and caches; the next call opens again."""
        ...

    def close(self) -> None:
        """Let go of everything; the object is not used again."""
        ...
