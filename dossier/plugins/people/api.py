"""``/api/v1/people``: who there is, posts, staff changes with a preview, import."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotPossibleError,
    QueryError,
    TooLargeError,
    UnavailableError,
)
from dossier.plugins.people.uploads import ImportAnswer, import_sent
from dossier.services import people, people_import, posts, staff_change
from dossier.services.people import PeopleFilter
from dossier.services.posts import PostWish
from dossier.services.staff_change import StaffWish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import may_answer

REFUSALS = may_answer(
    InvalidInputError,
    QueryError,
    NotFoundError,
    ConflictError,
    NotPossibleError,
    TooLargeError,
    UnavailableError,
)
router = APIRouter(tags=["people"], responses=REFUSALS)
Manager = Annotated[Viewer, requires(Permission.MANAGE_USERS, whole_company=True)]
Name = Annotated[str, Field(max_length=80)]
UnitId = Annotated[int, Field(ge=1, lt=2**31)]


class PostItem(BaseModel):
    """A post; ``valid_to`` is its last day."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    unit: str
    unit_id: int
    title: str
    is_side: bool
    valid_from: date
    valid_to: date | None
    is_now: bool


class RoleItem(BaseModel):
    """A role with its time; no unit: the whole company."""

    model_config = ConfigDict(from_attributes=True)
    role: str
    unit: str
    valid_from: datetime | None
    valid_to: datetime | None
    is_now: bool


class PersonItem(BaseModel):
    """A person: ``name`` is the account, ``display_name`` the person's own."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    display_name: str
    staff_no: str
    state: str
    leaves_on: date | None
    posts: list[PostItem]
    roles: list[RoleItem]


class PeopleAnswer(BaseModel):
    """A page of people."""

    items: list[PersonItem]
    next_cursor: str | None
    total: int


class LineItem(BaseModel):
    """One thing that somebody has, and what becomes of it."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    title_zh: str
    title_en: str
    count: int
    outcome: str
    problem_zh: str
    problem_en: str


class ChangeItem(BaseModel):
    """A staff change with its report."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    kind: str
    on: date
    state: str
    successor: str
    reason: str
    problem: str
    noted_by: str
    noted_at: datetime
    done_at: datetime | None
    lines: list[LineItem]


class PersonAnswer(BaseModel):
    """One person."""

    model_config = ConfigDict(from_attributes=True)
    person: PersonItem
    sessions: int
    tokens: int
    last_login: datetime | None
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    changes: list[ChangeItem]


class Words(BaseModel):
    """The person's own name and staff number; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    display_name: str | None = Field(None, max_length=80)
    staff_no: str | None = Field(None, max_length=40)


class PostBody(BaseModel):
    """A post to be given."""

    model_config = ConfigDict(extra="forbid")
    unit_id: UnitId
    title: str = Field(max_length=60)
    valid_from: date
    valid_to: date | None = None
    is_side: bool = False


class PostEnd(BaseModel):
    """The last day of a post."""

    last_day: date


class ChangeBody(BaseModel):
    """Somebody leaves, or goes to another post, from a day on."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["leave", "move"]
    on: date
    reason: str = Field(max_length=200)
    successor: str = Field("", max_length=80)
    unit_id: UnitId | None = None
    title: str = Field("", max_length=60)
    role: str = Field("", max_length=30)


class PreviewAnswer(BaseModel):
    """What a staff change would do; with problems it is refused."""

    person: str
    successor: str
    lines: list[LineItem]
    is_possible: bool


@router.get("/people", summary="People, by account name")
def list_people(
    request: Request,
    viewer: Manager,
    q: Annotated[str, Query(max_length=80)] = "",
    unit: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    role: Annotated[str, Query(max_length=30)] = "",
    state: Annotated[Literal["", "active", "locked", "leaving", "disabled"], Query()] = "",
    cursor: str = "",
) -> PeopleAnswer:
    """Those of a unit and all below it, of a role, in a state."""
    asked = PeopleFilter(q, unit, role, state)
    found = people.list_people(context_of(request), viewer, asked, cursor=cursor or None)
    items = [PersonItem.model_validate(one) for one in found.items]
    return PeopleAnswer(items=items, next_cursor=found.next_cursor, total=found.total)


@router.get("/people/{name}", summary="One person, with staff changes and their reports")
def show_person(request: Request, viewer: Manager, name: Name) -> PersonAnswer:
    """By account name."""
    context = context_of(request)
    found = people.person(context, viewer, name)
    changes = [
        ChangeItem.model_validate(one) for one in staff_change.changes_of(context, viewer, name)
    ]
    shown = {
        field: getattr(found, field) for field in PersonAnswer.model_fields if field != "changes"
    }
    person = PersonItem.model_validate(shown.pop("person"))
    return PersonAnswer(person=person, changes=changes, **shown)


@router.patch("/people/{name}", status_code=204, summary="Set name and staff number")
def describe(request: Request, viewer: Manager, name: Name, words: Words) -> None:
    """A staff number is one person's."""
    people.describe(
        context_of(request),
        viewer,
        name,
        display_name=words.display_name,
        staff_no=words.staff_no,
    )


@router.post("/people/{name}/posts", status_code=204, summary="Give a post")
def add_post(request: Request, viewer: Manager, name: Name, post: PostBody) -> None:
    """Main posts do not overlap."""
    posts.add_post(context_of(request), viewer, name, PostWish(**post.model_dump()))


@router.post("/people/{name}/posts/{post_id}/end", status_code=204, summary="End a post")
def end_post(request: Request, viewer: Manager, name: Name, post_id: str, end: PostEnd) -> None:
    """With its last day."""
    posts.end_post(context_of(request), viewer, name, post_id, last_day=end.last_day)


@router.post("/people/{name}/staff-change/preview", summary="What a staff change would do")
def preview(request: Request, viewer: Manager, name: Name, body: ChangeBody) -> PreviewAnswer:
    """Nothing is written."""
    wish = StaffWish(**body.model_dump())
    report = staff_change.preview(context_of(request), viewer, name, wish)
    return PreviewAnswer(
        person=report.person,
        successor=report.successor,
        lines=[LineItem.model_validate(one) for one in report.lines],
        is_possible=not report.problems,
    )


@router.post("/people/{name}/staff-change", status_code=201, summary="Leave, or go elsewhere")
def change_staff(request: Request, viewer: Manager, name: Name, body: ChangeBody) -> ChangeItem:
    """All of it in one action today, or on its day; refused whole where something is in the way."""
    wish = StaffWish(**body.model_dump())
    return ChangeItem.model_validate(
        staff_change.change_staff(context_of(request), viewer, name, wish)
    )


@router.delete("/staff-changes/{change_id}", status_code=204, summary="Withdraw a planned one")
def withdraw(request: Request, viewer: Manager, change_id: str) -> None:
    """Before its day."""
    staff_change.withdraw(context_of(request), viewer, change_id)


@router.post("/people-import", summary="Import people (CSV or XLSX as the body)")
async def import_file(
    request: Request,
    viewer: Manager,
    dry_run: Annotated[bool, Query(description="Check only")] = False,  # noqa: FBT002
) -> ImportAnswer:
    """Rows that are right are taken, the others are named by row and column."""
    read = partial(people_import.import_people, context_of(request), viewer, dry_run=dry_run)
    return await import_sent(request, read)
