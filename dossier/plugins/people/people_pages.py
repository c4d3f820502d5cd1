"""``/people``: who there is, and one person with posts, roles and standing."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from dossier.errors import DossierError
from dossier.plugins.people.words import CHANGES, OUTCOMES, STATES, told
from dossier.services import accounts, organisation_views, people, posts, staff_change
from dossier.services.people import PeopleFilter
from dossier.services.posts import PostWish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
Manager = Annotated[
    Viewer, requires(Permission.MANAGE_USERS, by_session_only=True, whole_company=True)
]
Text = Annotated[str, Form(max_length=200)]
FormText = Annotated[str, Field(max_length=200)]
SHORT = Query(max_length=80)
DEEDS = {
    "disable": accounts.disable_user,
    "enable": accounts.enable_user,
    "unlock": accounts.unlock,
    "end-keys": accounts.end_all_keys,
}
"""What is done to one account by one button."""
UNIT = "unit"
DIGITS = 10
"""Of a number that does not fit the 31 bits of an id any more."""


@router.get("/people")
def show_people(
    request: Request,
    viewer: Manager,
    q: Annotated[str, SHORT] = "",
    unit: Annotated[str, SHORT] = "",
    role: Annotated[str, SHORT] = "",
    state: Annotated[str, SHORT] = "",
    cursor: str = "",
) -> Response:
    """The list, narrowed by words, unit, role and state."""
    return _list(request, viewer, q=q, unit=unit, role=role, state=state, cursor=cursor)


def _list(
    request: Request,
    viewer: Viewer,
    *,
    q: str = "",
    unit: str = "",
    role: str = "",
    state: str = "",
    cursor: str = "",
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    asked = PeopleFilter(q, number(unit) or None, role, state)
    found = people.list_people(context, viewer, asked, cursor=cursor or None)
    values = {"q": q, "unit": unit, "role": role, "state": state}
    return render(
        request,
        "people/people.html",
        status=error.status if error else 200,
        found=found,
        asked=values,
        units=_units(request, viewer),
        roles=sorted(context.roles.words.roles),
        states=STATES,
        next=_address(values | {"cursor": found.next_cursor or ""}) if found.next_cursor else "",
        least=context.settings.password_min_length,
        told=told(request, error),
    )


def _units(request: Request, viewer: Viewer) -> list[organisation_views.PlaceName]:
    found = organisation_views.choices(context_of(request), viewer)
    return [one for one in found if one.kind == UNIT]


def _address(values: dict[str, str]) -> str:
    return f"/people?{urlencode({key: value for key, value in values.items() if value})}"


class PersonForm(BaseModel):
    """The form of a person to be added."""

    name: FormText = ""
    display_name: FormText = ""
    staff_no: FormText = ""
    role: FormText = ""
    unit: FormText = ""
    password: Annotated[str, Field(max_length=1024)] = ""


@router.post("/people")
def add_person(request: Request, viewer: Manager, form: Annotated[PersonForm, Form()]) -> Response:
    """Make an account; without a password its owner comes by a proxy or an OpenID provider."""
    name = form.name.strip()
    try:
        people.add(
            context_of(request),
            viewer,
            name=name,
            display_name=form.display_name,
            staff_no=form.staff_no,
            role=form.role,
            unit_id=number(form.unit) or None,
            password=form.password or None,
        )
    except DossierError as error:
        return _list(request, viewer, error=error)
    return RedirectResponse(page_of(name), status_code=303)


def page_of(name: str, *, done: str = "") -> str:
    """The address of a person's page."""
    return f"/people/{quote(name, safe='')}{'?done=' + done if done else ''}"


@router.get("/people/{name}")
def show_person(
    request: Request, viewer: Manager, name: str, done: Annotated[str, SHORT] = ""
) -> Response:
    """One person."""
    return person_page(request, viewer, name, done=done)


def person_page(
    request: Request,
    viewer: Viewer,
    name: str,
    *,
    done: str = "",
    error: DossierError | None = None,
    report: staff_change.Report | None = None,
    wish: staff_change.StaffWish | None = None,
) -> Response:
    """The page, with what was refused or the report of a change that is asked about."""
    context, viewer = context_of(request), speaking(request, viewer)
    return render(
        request,
        "people/person.html",
        status=error.status if error else 200,
        found=people.person(context, viewer, name),
        changes=staff_change.changes_of(context, viewer, name),
        units=_units(request, viewer),
        roles=sorted(context.roles.words.roles),
        states=STATES,
        outcomes=OUTCOMES,
        kinds=CHANGES,
        today=posts.today(context),
        address=page_of(name),
        done=done,
        report=report,
        wish=wish,
        told=told(request, error),
        chinese=viewer.language.startswith("zh"),
    )


@router.post("/people/{name}/describe")
def describe(
    request: Request, viewer: Manager, name: str, display_name: Text = "", staff_no: Text = ""
) -> Response:
    """Set the person's own name and staff number."""
    try:
        people.describe(
            context_of(request), viewer, name, display_name=display_name, staff_no=staff_no
        )
    except DossierError as error:
        return person_page(request, viewer, name, error=error)
    return RedirectResponse(page_of(name), status_code=303)


@router.post("/people/{name}/account/{deed}")
def do_deed(request: Request, viewer: Manager, name: str, deed: str) -> Response:
    """Disable, enable, unlock, or end all logins and tokens."""
    try:
        if deed not in DEEDS:
            raise people.no_deed()
        DEEDS[deed](context_of(request), viewer, name)
    except DossierError as error:
        return person_page(request, viewer, name, error=error)
    return RedirectResponse(page_of(name, done=deed), status_code=303)


class PostForm(BaseModel):
    """The form of a post to be given."""

    unit: FormText = ""
    title: FormText = ""
    since: FormText = ""
    until: FormText = ""
    side: FormText = ""

    def wish(self) -> PostWish:
        """The post that is meant.

        Raises:
            InvalidInputError: not a day.
        """
        until = day_of(self.until) if self.until.strip() else None
        return PostWish(
            number(self.unit), self.title, day_of(self.since), until, is_side=bool(self.side)
        )


@router.post("/people/{name}/posts")
def add_post(
    request: Request, viewer: Manager, name: str, form: Annotated[PostForm, Form()]
) -> Response:
    """Give a post."""
    try:
        posts.add_post(context_of(request), viewer, name, form.wish())
    except DossierError as error:
        return person_page(request, viewer, name, error=error)
    return RedirectResponse(page_of(name), status_code=303)


@router.post("/people/{name}/posts/{post_id}/end")
def end_post(
    request: Request, viewer: Manager, name: str, post_id: str, last_day: Text = ""
) -> Response:
    """End a post with its last day."""
    try:
        posts.end_post(context_of(request), viewer, name, post_id, last_day=day_of(last_day))
    except DossierError as error:
        return person_page(request, viewer, name, error=error)
    return RedirectResponse(page_of(name), status_code=303)


def number(text: str) -> int:
    """An id of a form's choice; 0, which is nobody's, where nothing was chosen."""
    return int(text) if text.isdecimal() and len(text) < DIGITS else 0


def day_of(text: str) -> date:
    """A day as it is typed.

    Raises:
        InvalidInputError: it is none.
    """
    return people.day_of(text)
