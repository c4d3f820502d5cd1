"""The matrix, rights, grants and delegations for programs; changes by a session, not a token."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.clock import local_date
from dossier.errors import InvalidInputError
from dossier.rules.limits import LARGEST_INTEGER
from dossier.rules.role_matrix import Cell
from dossier.services import delegations, rights, role_grants
from dossier.services.rights import Ground
from dossier.services.role_grants import Days, Part
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, READING, may_answer

router = APIRouter(tags=["roles"])
OPEN = may_answer(InvalidInputError)
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Owner = Annotated[Viewer, requires(Permission.SIGNED_IN, by_session_only=True)]
Manager = Annotated[Viewer, requires(Permission.MANAGE_USERS, by_session_only=True)]
Id = Annotated[int, Path(ge=1, le=LARGEST_INTEGER)]
User = Annotated[str, Query(max_length=80, description="Account name; empty: oneself")]


class WayItem(BaseModel):
    """A scope word with its conditions."""

    scope: str
    conditions: list[str]


class CellItem(BaseModel):
    """What a role may of an action."""

    action: str
    role: str
    ways: list[WayItem]
    since: date
    until: date | None = Field(description="First day on which it no longer holds")
    source: str
    note: str


class ActionItem(BaseModel):
    """An action of the matrix."""

    model_config = ConfigDict(from_attributes=True)
    code: str
    zh: str
    en: str
    is_built: bool


class RoleItem(BaseModel):
    """A role of the matrix."""

    model_config = ConfigDict(from_attributes=True)
    code: str
    zh: str
    en: str
    is_separated: bool


class MatrixAnswer(BaseModel):
    """The matrix in force on a day; without cells nobody may anything."""

    day: date
    effective_from: date | None
    source: str
    roles: list[RoleItem]
    actions: list[ActionItem]
    cells: list[CellItem]


class GroundItem(BaseModel):
    """Why somebody may do something."""

    verdict: str = Field(description="yes, by_click, on_request or not_here")
    role: str
    kind: str
    part: str
    lent_by: str
    until: datetime | None
    rule: CellItem


class RightItem(BaseModel):
    """An action with its grounds."""

    action: str
    verdict: str = Field(description="yes, by_click, on_request or no")
    is_built: bool
    grounds: list[GroundItem]


class RightsAnswer(BaseModel):
    """What a person may do now."""

    user: str
    at: datetime
    is_disabled: bool
    items: list[RightItem]


class GrantItem(BaseModel):
    """A role that somebody holds."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    user: str
    role: str
    kind: str
    part: str
    valid_from: datetime | None
    valid_to: datetime | None
    state: str
    granted_by: str
    reason: str


class GrantList(BaseModel):
    """Roles of a person."""

    items: list[GrantItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


class GrantWish(BaseModel):
    """A role to be given; of unit, line, district, case and customer one (a unit beside a line)."""

    model_config = ConfigDict(extra="forbid")
    user: str = Field(max_length=80)
    role: str = Field(max_length=30)
    unit: str | None = Field(None, max_length=200)
    line: str | None = Field(None, max_length=200)
    district: str | None = Field(None, max_length=200)
    case_no: str | None = Field(None, max_length=40)
    customer_no: str | None = Field(None, max_length=16)
    first: date | None = None
    last: date | None = None
    reason: str = Field("", max_length=200)


class DelegationItem(BaseModel):
    """A role that is lent."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    role: str
    kind: str
    part: str
    holder: str
    delegate: str
    valid_from: datetime
    valid_to: datetime
    state: str
    made_by: str
    reason: str


class DelegationList(BaseModel):
    """Delegations that are not over."""

    items: list[DelegationItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


class DelegationWish(BaseModel):
    """A role to be lent; ``holder`` by who manages users only."""

    model_config = ConfigDict(extra="forbid")
    role: str = Field(max_length=30)
    to: str = Field(max_length=80)
    first: date
    last: date
    reason: str = Field(max_length=200)
    holder: str | None = Field(None, max_length=80)


class Made(BaseModel):
    """Ids of what was made."""

    ids: list[int]


@router.get("/roles", responses=OPEN, summary="The role matrix in force")
def show_matrix(request: Request, viewer: Somebody, day: date | None = None) -> MatrixAnswer:  # noqa: ARG001
    """Today's, or that of another day."""
    context = context_of(request)
    on = day or local_date(context.clock.now())
    matrix, words = context.roles.on(on), context.roles.words
    cells = [cell for cell in matrix.cells if cell.holds_on(on)] if matrix else []
    return MatrixAnswer(
        day=on,
        effective_from=matrix.since if matrix else None,
        source=matrix.source if matrix else "",
        roles=[RoleItem.model_validate(one) for one in words.roles.values()],
        actions=[ActionItem.model_validate(one) for one in words.actions.values()],
        cells=[_cell(one) for one in cells],
    )


@router.get("/rights", responses=READING, summary="What may this person do, and why?")
def show_rights(request: Request, viewer: Somebody, user: User = "") -> RightsAnswer:
    """Action by action; others' for who may see their rights."""
    found = rights.explain(context_of(request), viewer, user or viewer.name)
    items = [
        RightItem(
            action=line.action.code,
            verdict=line.verdict,
            is_built=line.action.is_built,
            grounds=[_ground(one) for one in line.grounds],
        )
        for line in found.lines
    ]
    return RightsAnswer(user=found.user, at=found.at, is_disabled=found.is_disabled, items=items)


def _ground(one: Ground) -> GroundItem:
    return GroundItem(
        verdict=one.verdict,
        role=one.role.code,
        kind=one.kind,
        part=one.part,
        lent_by=one.holder,
        until=one.until,
        rule=_cell(one.cell),
    )


def _cell(cell: Cell) -> CellItem:
    return CellItem(
        action=cell.action,
        role=cell.role,
        ways=[
            WayItem(scope=way.scope.value, conditions=sorted(way.conditions)) for way in cell.ways
        ],
        since=cell.since,
        until=cell.until,
        source=cell.source,
        note=cell.note,
    )


@router.get("/grants", responses=READING, summary="Roles of a person")
def list_grants(request: Request, viewer: Somebody, user: User = "") -> GrantList:
    """In force and to come; others' for who may see their rights."""
    found = role_grants.list_grants(context_of(request), viewer, user or viewer.name)
    items = [GrantItem.model_validate(one) for one in found]
    return GrantList(items=items, total=len(items))


@router.post("/grants", status_code=201, responses=CHANGING, summary="Give a role")
def grant(request: Request, viewer: Manager, wish: GrantWish) -> Made:
    """Not to oneself, and no two separated ones."""
    part = Part(wish.unit, wish.line, wish.district, wish.case_no, wish.customer_no)
    made = role_grants.grant(
        context_of(request),
        viewer,
        user=wish.user,
        role=wish.role,
        part=part,
        days=Days(wish.first, wish.last),
        reason=wish.reason,
    )
    return Made(ids=[made])


@router.delete("/grants/{grant_id}", status_code=204, responses=READING, summary="Take a role away")
def revoke(request: Request, viewer: Manager, grant_id: Id) -> None:
    """It counts from the next request."""
    role_grants.revoke(context_of(request), viewer, grant_id)


@router.get("/delegations", responses=READING, summary="Roles that are lent")
def list_delegations(request: Request, viewer: Somebody, user: User = "") -> DelegationList:
    """From and to a person; others' for who may see their rights."""
    found = delegations.list_delegations(context_of(request), viewer, user or viewer.name)
    items = [DelegationItem.model_validate(one) for one in found]
    return DelegationList(items=items, total=len(items))


@router.post("/delegations", status_code=201, responses=CHANGING, summary="Lend a role")
def delegate(request: Request, viewer: Owner, wish: DelegationWish) -> Made:
    """For whole days, today or later; it ends when its holder loses the role."""
    made = delegations.delegate(
        context_of(request),
        viewer,
        role=wish.role,
        to=wish.to,
        first=wish.first,
        last=wish.last,
        reason=wish.reason,
        holder=wish.holder,
    )
    return Made(ids=list(made))


@router.delete(
    "/delegations/{delegation_id}", status_code=204, responses=READING, summary="End a delegation"
)
def end_delegation(request: Request, viewer: Owner, delegation_id: Id) -> None:
    """By its holder, who has it, or who manages users."""
    delegations.end(context_of(request), viewer, delegation_id)
