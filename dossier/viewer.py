"""Who is looking, and what of: the value that every authorised call carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache, reduce
from operator import or_
from typing import Any


class Permission(StrEnum):
    """What a route or use case may demand; actions give them (rulebook/actions.yaml)."""

    SEARCH = "search"
    READ_CUSTOMER = "read_customer"
    READ_CONTENT = "read_content"
    READ_ORIGINAL = "read_original"
    SEE_CLEAR = "see_clear"
    SEE_POOL = "see_pool"
    EXPORT = "export"
    UPLOAD = "upload"
    ASSIGN = "assign"
    SEE_INTAKE = "see_intake"
    MANAGE_INTAKE = "manage_intake"
    IMPORT = "import"
    OPERATE = "operate"
    MANAGE_USERS = "manage_users"
    MANAGE_ORGANISATION = "manage_organisation"
    READ_AUDIT = "read_audit"
    PRINT = "print"
    SEE_LOOKERS = "see_lookers"
    MANAGE_WATCHED = "manage_watched_names"
    SEE_CONTACT = "see_contact"
    REVEAL = "reveal"
    CHECK_CALLER = "check_caller"
    SEE_RIGHTS = "see_rights"
    APPROVE = "approve"
    WAIVE = "waive"
    AMEND_RULES = "amend_rules"
    SEND_EVENTS = "send_events"
    VERIFY = "verify"
    PULL_CHANGES = "pull_changes"
    SETTLE = "settle_differences"
    RUN_CAMPAIGNS = "run_campaigns"
    BORROW = "borrow"
    LEND = "lend"
    SHELVE = "shelve"
    TAKE_STOCK = "take_stock"
    HAND_OUT = "hand_out"
    SIGNED_IN = "signed_in"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object lies: what a scope is held against.

    Attributes:
        customer_no: the customer's own, or its owner's for a paper; None for a paper of nobody.
        case_no: of a document.
        is_record: a customer's line in the register, not a paper.
        document_id: of a paper.
        page: of that paper, where one page is meant; 0: what stands on no page of it.
    """

    unit_id: int | None = None
    line_id: int | None = None
    district_id: int | None = None
    customer_no: str | None = None
    case_no: str | None = None
    is_record: bool = False
    document_id: str | None = None
    page: int | None = None

    def on(self, page: int) -> Place:
        """One page of the paper."""
        return replace(self, page=page)

    @classmethod
    def of_customer(cls, row: Any) -> Place:
        """Of a row with a customer's columns."""
        return cls(row.unit_id, row.line_id, row.district_id, row.customer_no, is_record=True)

    @classmethod
    def of_document(cls, row: Any) -> Place:
        """Of a row with a document's columns."""
        return cls(
            row.unit_id,
            row.line_id,
            row.district_id,
            row.customer_no,
            row.case_no,
            document_id=row.id,
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """What one may see: leaves (``unit:17``, ``line:9``, ``district:204``, ``case:…``), or all.

    A reorganisation touches no index row: the subtree is expanded when the viewer is made.

    Attributes:
        cases: papers of these cases.
        customers: these customers with all their papers.
        records: these customers' lines in the register only, because a case is theirs.
        documents: these papers alone, because somebody approved it.
        pages: these pages alone, as (document id, page), because they were lent.
    """

    everything: bool = False
    units: frozenset[int] = frozenset()
    lines: frozenset[int] = frozenset()
    districts: frozenset[int] = frozenset()
    cases: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    pages: frozenset[tuple[str, int]] = frozenset()

    @property
    def tokens(self) -> frozenset[str]:
        """The scope as index tokens, customers left out; meaningless when ``everything``."""
        return frozenset(
            [f"unit:{i}" for i in self.units]
            + [f"line:{i}" for i in self.lines]
            + [f"district:{i}" for i in self.districts]
            + [f"case:{i}" for i in self.cases]
        )

    @property
    def has_area(self) -> bool:
        """Whether it is a part of the company, not only cases and single customers."""
        return self.everything or bool(self.units or self.lines or self.districts)

    def __or__(self, other: Scope) -> Scope:
        """What either of them reaches."""
        if self.everything or other.everything:
            return EVERYTHING
        return Scope(
            units=self.units | other.units,
            lines=self.lines | other.lines,
            districts=self.districts | other.districts,
            cases=self.cases | other.cases,
            customers=self.customers | other.customers,
            records=self.records | other.records,
            documents=self.documents | other.documents,
            pages=self.pages | other.pages,
        )

    def __le__(self, other: Scope) -> bool:
        """Whether the other surely reaches as far."""
        return other.everything or (not self.everything and self | other == other)

    def plain(self) -> dict[str, Any]:
        """The scope as plain values, to be kept in a row and read by :meth:`of_plain`."""
        parts = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: part if part is True else sorted(part) for name, part in parts if part}

    @classmethod
    def of_plain(cls, kept: Mapping[str, Any]) -> Scope:
        """The scope that was kept."""
        parts: dict[str, Any] = {
            name: part if part is True else frozenset(part) for name, part in kept.items()
        }
        return cls(**parts)

    def covers(self, place: Place) -> bool:
        """Whether an object that has an owner lies within it."""
        return (
            self.everything
            or place.unit_id in self.units
            or place.line_id in self.lines
            or place.district_id in self.districts
            or place.customer_no in self.customers
            or (place.case_no in self.cases)
            or (place.document_id in self.documents)
            or ((place.document_id, place.page) in self.pages)
            or (place.is_record and place.customer_no in self.records)
        )

    def touches(self, place: Place) -> bool:
        """Whether it reaches some pages of a paper, where the paper as a whole is asked for."""
        return place.page is None and any(one == place.document_id for one, _ in self.pages)

    def covers_pool(self, place: Place) -> bool:
        """Whether a paper of nobody lies within it, for who may see such papers."""
        in_unit = place.unit_id in self.units or place.unit_id is None
        return self.everything or (self.has_area and in_unit)


EVERYTHING = Scope(everything=True)
NOTHING = Scope()
KNOWS_RECORDS = frozenset(
    {Permission.SEARCH, Permission.READ_CUSTOMER, Permission.READ_CONTENT, Permission.SEE_INTAKE}
)
"""Permissions by which somebody learns of rows; a grant without any widens no scope."""
OF_A_PART = frozenset(
    {Permission.SIGNED_IN, Permission.READ_CUSTOMER, Permission.READ_CONTENT, Permission.PRINT}
)
"""What some pages of a paper open of it as a whole. Who shows a page asks for that page."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one grant gives: these permissions, within this scope and nowhere else.

    Attributes:
        role: the role's code.
        delegated_by: id of whose grant it is, where it was lent for a time.
        grant_id: which grant; 0 for what is no grant.
        approval_id: of the request that somebody approved, where that gives it.
        loan: number of the loan that gives it.
        purpose: what that loan is for.
        until: when that loan is over.
    """

    permissions: frozenset[Permission]
    scope: Scope
    role: str = ""
    delegated_by: str = ""
    grant_id: int = 0
    approval_id: str = ""
    loan: str = ""
    purpose: str = ""
    until: datetime | None = None

    def covers(self, place: Place) -> bool:
        """Whether an object lies within it."""
        if place.customer_no is None:
            return Permission.SEE_POOL in self.permissions and self.scope.covers_pool(place)
        return self.scope.covers(place)


@dataclass(frozen=True, slots=True)
class Sight:
    """Rows that one question is about: what has an owner, and papers of nobody."""

    owned: Scope
    pool: Scope


@dataclass(frozen=True, slots=True)
class Ask:
    """An action that a role may do after somebody else approved (a cell marked ``approval``).

    Attributes:
        action: its code.
        permissions: what an approval opens, for the one thing that was asked for.
        within: where that thing must lie.
    """

    action: str
    permissions: frozenset[Permission]
    within: Scope = EVERYTHING


class Field(StrEnum):
    """A masked value of a customer that may be opened for some minutes; PAGES are its papers."""

    NAME = "name"
    ID_NO = "id_no"
    PHONE = "phone"
    ADDRESS = "address"
    PAGES = "pages"


CONTACT = frozenset({Field.PHONE, Field.ADDRESS})
"""What of the register a crew needs to find and call a customer."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What of the customer at hand is open to a viewer, until when, and what for.

    Made by :mod:`dossier.services.disclosure` for one look at one customer, never for a search.
    """

    id: str
    customer_no: str
    fields: frozenset[Field]
    until: datetime
    purpose: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person, token or named job on whose behalf something is read or written.

    A permission counts within the scope of the grants that give it. So a use case says what it is
    about to do (:func:`dossier.access.demand` gives the viewer for that), and whoever shows
    something of an object asks :meth:`at` first. A viewer of whom neither was asked has what holds
    everywhere: ``sees_clear`` is then true only if every grant says so.

    Attributes:
        id: user id, or ``system:ocr`` for a job.
        name: account name, shown in the audit.
        role: the role's code.
        permissions: what the viewer may do somewhere; a ceiling over ``reaches``.
        scope: what may be known of, or what the last permission asked for reaches.
        remote: address that the request came from, for the audit.
        purpose: why, where it was asked for.
        opening: what is open to it of the one customer that it looks at just now.
        reaches: what each grant gives; none given: one of ``permissions`` and ``scope``.
        asked: permissions that this use case needs, all of them for each row.
        is_placed: cut down to one object by :meth:`at`.
        asks: what may be asked for.
        is_limited: comes by a token that is limited to a part of its owner's permissions.
    """

    id: str
    name: str
    role: str
    permissions: frozenset[Permission]
    scope: Scope = field(default=NOTHING)
    remote: str = ""
    purpose: str = ""
    language: str = "zh_CN"
    opening: Opening | None = None
    reaches: tuple[Reach, ...] = ()
    asked: frozenset[Permission] = frozenset()
    is_placed: bool = False
    asks: tuple[Ask, ...] = ()
    is_limited: bool = False

    def __post_init__(self) -> None:
        """Without grants told apart there is one."""
        if not self.reaches:
            whole = (Reach(self.permissions, self.scope, self.role),)
            object.__setattr__(self, "reaches", whole)

    def may(self, permission: Permission) -> bool:
        """Whether it is allowed: at the object after :meth:`at`, else somewhere."""
        return permission in self.permissions

    @property
    def sees_by_an_end(self) -> bool:
        """Whether what it sees of the object in view was opened for a time, and ends."""
        return self.opening is not None or any(one.approval_id or one.loan for one in self.reaches)

    @property
    def loans(self) -> tuple[Reach, ...]:
        """The loans that reach the object in view."""
        return tuple(one for one in self.reaches if one.loan) if self.is_placed else ()

    def reads_page(self, row: Any, number: int) -> bool:
        """Whether this page of a document (a row with its columns) may be read; 0: the rest."""
        if not any(one.scope.pages for one in self.reaches):
            return self.may(Permission.READ_CONTENT)
        return self.at(Place.of_document(row).on(number)).may(Permission.READ_CONTENT)

    def only_pages(self, row: Any, permission: Permission) -> tuple[int, ...]:
        """The pages of a document that a permission reaches; empty where it reaches all."""
        there = [one for one in self.reaches if permission in one.permissions]
        if any(one.covers(Place.of_document(row)) for one in there):
            return ()
        pages = {page for one in there for document, page in one.scope.pages if document == row.id}
        return tuple(sorted(pages))

    def asks_for(self, permission: Permission) -> str:
        """The action by which a permission may be asked for; empty where it is simply refused."""
        return next((one.action for one in self.asks if permission in one.permissions), "")

    def extent(self, permission: Permission) -> Scope:
        """How far the grants reach that give a permission; ``NOTHING`` where none does."""
        return united(one.scope for one in self.reaches if permission in one.permissions)

    def under(self, permission: Permission) -> Viewer:
        """The viewer about to use a permission: sees what the grants reach that give it."""
        if len(self.reaches) == 1:
            return self
        scope = united(one.scope for one in self.reaches if permission in one.permissions)
        if permission in self.asked and scope == self.scope:
            return self
        return replace(self, scope=scope, asked=self.asked | {permission})

    def at_customer(self, row: Any) -> Viewer:
        """:meth:`at` for a row with a customer's columns."""
        return self if len(self.reaches) == 1 else self.at(Place.of_customer(row))

    def at_document(self, row: Any) -> Viewer:
        """:meth:`at` for a row with a document's columns."""
        return self if len(self.reaches) == 1 else self.at(Place.of_document(row))

    def at(self, place: Place) -> Viewer:
        """The viewer as far as one object goes: what the grants give that reach it."""
        if len(self.reaches) == 1:
            return self
        there = tuple(one for one in self.reaches if one.covers(place) or one.scope.touches(place))
        held = frozenset[Permission]().union(
            *(
                one.permissions if one.covers(place) else one.permissions & OF_A_PART
                for one in there
            )
        )
        return replace(
            self,
            permissions=self.permissions & held,
            scope=united(one.scope for one in there),
            reaches=there or (Reach(frozenset(), NOTHING),),
            is_placed=True,
        )

    @property
    def sights(self) -> tuple[Sight, ...]:
        """The rows that are seen: those of all of these."""
        if len(self.reaches) == 1:
            pool = self.scope if Permission.SEE_POOL in self.permissions else NOTHING
            return (Sight(self.scope, pool),)
        return _sights(self.reaches, self.asked, self.permissions)

    @property
    def sees_clear(self) -> bool:
        """Whether personal values come unmasked."""
        return self._shown(Permission.SEE_CLEAR)

    def sees(self, value: Field) -> bool:
        """Whether this value of the customer at hand comes unmasked (domain.md 4.7)."""
        if self.sees_clear or (value in CONTACT and self._shown(Permission.SEE_CONTACT)):
            return True
        return self.opening is not None and value in self.opening.fields

    def _shown(self, permission: Permission) -> bool:
        if permission not in self.permissions:
            return False
        if self.is_placed or len(self.reaches) == 1:
            return True
        return any(
            group and all(permission in one.permissions for one in group)
            for group in _groups(self.reaches, self.asked)
        )


def united(scopes: Iterable[Scope]) -> Scope:
    """What any of these reaches."""
    return reduce(or_, scopes, NOTHING)


def _groups(reaches: tuple[Reach, ...], asked: frozenset[Permission]) -> list[list[Reach]]:
    """The grants by which rows are reached: every row by one of each group."""
    if not asked:
        return [[one for one in reaches if one.permissions & KNOWS_RECORDS]]
    return [[one for one in reaches if wanted in one.permissions] for wanted in sorted(asked)]


@lru_cache(maxsize=1024)
def _sights(
    reaches: tuple[Reach, ...], asked: frozenset[Permission], ceiling: frozenset[Permission]
) -> tuple[Sight, ...]:
    sees_pool = Permission.SEE_POOL in ceiling
    found = (
        Sight(
            united(one.scope for one in group),
            united(
                one.scope for one in group if sees_pool and Permission.SEE_POOL in one.permissions
            ),
        )
        for group in _groups(reaches, asked)
    )
    return tuple(dict.fromkeys(found))


def system_viewer(job: str, permissions: Iterable[Permission] = tuple(Permission)) -> Viewer:
    """The named viewer that a job runs as, e.g. ``system:ocr``; it is in the audit like anyone."""
    return Viewer(
        id=f"system:{job}",
        name=f"system:{job}",
        role="system",
        permissions=frozenset(permissions),
        scope=EVERYTHING,
    )
