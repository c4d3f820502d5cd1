"""``/api/v1/organisation``: the tree of a day, a place's history, changes, import."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import ConflictError, InvalidInputError, NotFoundError, TooLargeError
from dossier.plugins.people.uploads import ImportAnswer, import_sent
from dossier.rules.organisation import Change, PlaceKind, Wanted
from dossier.services import organisation, organisation_import, organisation_moves
from dossier.services import organisation_views as views
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import may_answer

REFUSALS = may_answer(InvalidInputError, NotFoundError, ConflictError, TooLargeError)
router = APIRouter(prefix="/organisation", tags=["organisation"], responses=REFUSALS)
Manager = Annotated[Viewer, requires(Permission.MANAGE_ORGANISATION, whole_company=True)]
Id = Annotated[int, Path(ge=1, lt=2**31)]
DAY = Query(description="A day in Shanghai; none: today")


class PlaceItem(BaseModel):
    """A unit, line or district."""

    model_config = ConfigDict(from_attributes=True)
    kind: str
    id: int
    name: str
    code: str


class UnitItem(BaseModel):
    """A unit with those below it."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    code: str
    lines: int
    districts: int
    children: list[UnitItem]


class StepItem(BaseModel):
    """What a place is from a day on; ``is_planned`` while that day is to come."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    place: PlaceItem
    since: date | None
    change: str
    name: str
    unit: str
    line: str
    is_open: bool
    successor: str
    is_own: bool
    reason: str
    noted_by: str
    noted_at: datetime | None
    is_planned: bool
    problem: str


class MoveItem(BaseModel):
    """How far the customers of a place have followed it."""

    model_config = ConfigDict(from_attributes=True)
    kind: str
    place: str
    total: int
    done: int
    created_at: datetime
    finished_at: datetime | None


class TreeAnswer(BaseModel):
    """The organisation on a day."""

    model_config = ConfigDict(from_attributes=True)
    on: date
    today: date
    roots: list[UnitItem]
    closed: list[PlaceItem]
    planned: list[StepItem]


class OrganisationAnswer(TreeAnswer):
    """The tree, and customers that are on their way."""

    moves: list[MoveItem]


class PlaceAnswer(BaseModel):
    """A place, what belongs to it, and its history, newest first."""

    model_config = ConfigDict(from_attributes=True)
    place: PlaceItem
    is_open: bool
    unit: PlaceItem | None
    line: PlaceItem | None
    customers: int
    units: list[PlaceItem]
    lines: list[PlaceItem]
    districts: list[PlaceItem]
    history: list[StepItem]


class ChangeWish(BaseModel):
    """A change on a day; what does not belong to its kind stays out."""

    model_config = ConfigDict(extra="forbid")
    change: Change = Field(description="founded, renamed, moved, merged or closed")
    kind: PlaceKind
    on: date
    reason: str = Field(max_length=200)
    place_id: int | None = Field(None, ge=1, lt=2**31)
    name: str = Field("", max_length=200)
    code: str = Field("", max_length=40)
    unit_id: int | None = Field(None, ge=1, lt=2**31)
    line_id: int | None = Field(None, ge=1, lt=2**31)
    successor_id: int | None = Field(None, ge=1, lt=2**31)


class ChangeMade(BaseModel):
    """The place that was founded or changed."""

    place_id: int


@router.get("", summary="The units of a day as a tree, and what is planned")
def show_tree(
    request: Request, viewer: Manager, on: Annotated[date | None, DAY] = None
) -> OrganisationAnswer:
    """For who manages the organisation of the whole company."""
    context = context_of(request)
    tree = TreeAnswer.model_validate(views.tree(context, viewer, on))
    moves = [MoveItem.model_validate(one) for one in organisation_moves.moves(context)]
    return OrganisationAnswer(**tree.model_dump(), moves=moves)


@router.get("/{kind}/{place_id}", summary="A unit, line or district with its history")
def show_place(request: Request, viewer: Manager, kind: PlaceKind, place_id: Id) -> PlaceAnswer:
    """What belongs to it, and what it was when."""
    return PlaceAnswer.model_validate(views.place(context_of(request), viewer, kind, place_id))


@router.post("/changes", status_code=201, summary="Found, rename, move, merge or close")
def make_change(request: Request, viewer: Manager, wish: ChangeWish) -> ChangeMade:
    """In force at once, or on its day."""
    wanted = Wanted(**wish.model_dump())
    return ChangeMade(place_id=organisation.change_place(context_of(request), viewer, wanted))


@router.delete("/changes/{change_id}", status_code=204, summary="Withdraw a planned change")
def withdraw_change(request: Request, viewer: Manager, change_id: Id) -> None:
    """Before its day; what came along with it is withdrawn too."""
    organisation.withdraw(context_of(request), viewer, change_id)


@router.post("/import", summary="Import units, lines and districts (CSV or XLSX as the body)")
async def import_file(
    request: Request,
    viewer: Manager,
    dry_run: Annotated[bool, Query(description="Check only")] = False,  # noqa: FBT002
) -> ImportAnswer:
    """Rows that are right are taken, the others are named; customers follow in the background."""
    read = partial(
        organisation_import.import_organisation, context_of(request), viewer, dry_run=dry_run
    )
    return await import_sent(request, read)
