"""Who is looking, and what of: the value that every authorised call carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Permission(StrEnum):
    """What a route or use case may demand. Roles hold sets of these (rulebook/roles.yaml)."""

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
    REVEAL = "reveal"
    CHECK_CALLER = "check_caller"
    SIGNED_IN = "signed_in"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Scope:
    """Leaf tokens (``unit:17``, ``line:9``, ``district:204``) of what one may see, or all.

    A reorganisation touches no index row: the subtree is expanded when the viewer is made.
    """

    everything: bool = False
    units: frozenset[int] = frozenset()
    lines: frozenset[int] = frozenset()
    districts: frozenset[int] = frozenset()

    @property
    def tokens(self) -> frozenset[str]:
        """The scope as index tokens; meaningless when ``everything``."""
        return frozenset(
            [f"unit:{i}" for i in self.units]
            + [f"line:{i}" for i in self.lines]
            + [f"district:{i}" for i in self.districts]
        )


EVERYTHING = Scope(everything=True)
NOTHING = Scope()


class Field(StrEnum):
    """A masked value of a customer that may be opened for some minutes; PAGES are its papers."""

    NAME = "name"
    ID_NO = "id_no"
    PHONE = "phone"
    ADDRESS = "address"
    PAGES = "pages"


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

    Attributes:
        id: user id, or ``system:ocr`` for a job.
        name: account name, shown in the audit.
        role: the role's code.
        permissions: what the role may do.
        scope: what it may do it to.
        remote: address that the request came from, for the audit.
        purpose: why, where it was asked for.
        opening: what is open to it of the one customer that it looks at just now.
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

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it (the scope is a matter of the query)."""
        return permission in self.permissions

    @property
    def sees_clear(self) -> bool:
        """Whether personal values come unmasked."""
        return Permission.SEE_CLEAR in self.permissions

    def sees(self, value: Field) -> bool:
        """Whether this value of the customer at hand comes unmasked."""
        return self.sees_clear or (self.opening is not None and value in self.opening.fields)


def system_viewer(job: str, permissions: Iterable[Permission] = tuple(Permission)) -> Viewer:
    """The named viewer that a job runs as, e.g. ``system:ocr``; it is in the audit like anyone."""
    return Viewer(
        id=f"system:{job}",
        name=f"system:{job}",
        role="system",
        permissions=frozenset(permissions),
        scope=EVERYTHING,
    )
