"""``/organisation``: the tree today and on another day, a place's history, changes with reasons."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import APIRouter, Form, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from dossier.errors import DossierError, InvalidInputError
from dossier.plugins.people.people_pages import day_of, number
from dossier.plugins.people.words import KINDS, STEPS, told
from dossier.rules.organisation import Change, PlaceKind, Wanted
from dossier.services import organisation, organisation_moves
from dossier.services import organisation_views as views
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter()
Code = TypeVar("Code", Change, PlaceKind)
Manager = Annotated[
    Viewer, requires(Permission.MANAGE_ORGANISATION, by_session_only=True, whole_company=True)
]
Id = Annotated[int, Path(ge=1, lt=2**31)]
Text = Annotated[str, Field(max_length=200)]


@router.get("/organisation")
def show_tree(
    request: Request, viewer: Manager, on: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The tree of a day."""
    return _tree(request, viewer, on=on)


def _tree(
    request: Request, viewer: Viewer, *, on: str = "", error: DossierError | None = None
) -> Response:
    context = context_of(request)
    try:
        day = day_of(on) if on else None
    except InvalidInputError as wrong:
        day, error = None, wrong
    return render(
        request,
        "people/organisation.html",
        status=error.status if error else 200,
        tree=views.tree(context, viewer, day),
        moves=organisation_moves.moves(context),
        choices=views.choices(context, viewer),
        kinds=KINDS,
        steps=STEPS,
        told=told(request, error),
    )


@router.get("/organisation/{kind}/{place_id}")
def show_place(request: Request, viewer: Manager, kind: str, place_id: Id) -> Response:
    """A unit, line or district with its history, and what can be done with it."""
    return _place(request, viewer, kind, place_id)


def _place(
    request: Request,
    viewer: Viewer,
    kind: str,
    place_id: int,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    return render(
        request,
        "people/place.html",
        status=error.status if error else 200,
        found=views.place(context, viewer, kind, place_id),
        choices=views.choices(context, viewer),
        kinds=KINDS,
        steps=STEPS,
        told=told(request, error),
    )


class ChangeForm(BaseModel):
    """The form of a change; what does not belong to its kind stays empty."""

    change: Text = ""
    kind: Text = ""
    place_id: Text = ""
    on: Text = ""
    name: Text = ""
    code: Text = ""
    unit: Text = ""
    line: Text = ""
    successor: Text = ""
    reason: Text = ""

    def wanted(self) -> Wanted:
        """What somebody wants.

        Raises:
            InvalidInputError: no such kind of change or place, or no day.
        """
        return Wanted(
            _one_of(Change, self.change),
            _one_of(PlaceKind, self.kind),
            day_of(self.on),
            number(self.place_id) or None,
            self.name,
            self.code,
            number(self.unit) or None,
            number(self.line) or None,
            number(self.successor) or None,
            self.reason,
        )


@router.post("/organisation/changes")
def make_change(request: Request, viewer: Manager, form: Annotated[ChangeForm, Form()]) -> Response:
    """Found, rename, move, merge or close, on a day and with a reason."""
    place = number(form.place_id)
    try:
        made = organisation.change_place(context_of(request), viewer, form.wanted())
    except DossierError as error:
        if place and form.kind in KINDS:
            return _place(request, viewer, form.kind, place, error)
        return _tree(request, viewer, error=error)
    return RedirectResponse(f"/organisation/{form.kind}/{made}", status_code=303)


def _one_of(codes: type[Code], text: str) -> Code:
    try:
        return codes(text)
    except ValueError as err:
        raise InvalidInputError(
            "Choose what is to be done", detail_zh="请选择要办理的事项"
        ) from err


@router.post("/organisation/changes/{change_id}/withdraw")
def withdraw(request: Request, viewer: Manager, change_id: Id) -> Response:
    """Take back a planned change."""
    try:
        organisation.withdraw(context_of(request), viewer, change_id)
    except DossierError as error:
        return _tree(request, viewer, error=error)
    return RedirectResponse("/organisation", status_code=303)
