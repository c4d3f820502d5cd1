"""A staff change on a person's page: asked about first, then done or planned."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from dossier.errors import DossierError, NotFoundError
from dossier.plugins.people.people_pages import day_of, number, page_of, person_page
from dossier.services import staff_change
from dossier.services.staff_change import StaffWish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires

router = APIRouter()
Manager = Annotated[
    Viewer, requires(Permission.MANAGE_USERS, by_session_only=True, whole_company=True)
]
Text = Annotated[str, Field(max_length=200)]
ASK = "ask"


class StaffForm(BaseModel):
    """The form of a staff change; unit, title and role only for another post."""

    kind: Text = ""
    on: Text = ""
    successor: Text = ""
    reason: Text = ""
    unit: Text = ""
    title: Text = ""
    role: Text = ""
    step: Text = ASK

    def wish(self) -> StaffWish:
        """What somebody wants.

        Raises:
            InvalidInputError: no day.
        """
        return StaffWish(
            self.kind,
            day_of(self.on),
            self.successor.strip(),
            self.reason,
            number(self.unit) or None,
            self.title,
            self.role,
        )


@router.post("/people/{name}/change")
def change(
    request: Request, viewer: Manager, name: str, form: Annotated[StaffForm, Form()]
) -> Response:
    """Show the report first (``step=ask``); then do it, or plan it for its day."""
    wish: StaffWish | None = None
    try:
        wish = form.wish()
        if form.step == ASK:
            report = staff_change.preview(context_of(request), viewer, name, wish)
            return person_page(request, viewer, name, report=report, wish=wish)
        done = staff_change.change_staff(context_of(request), viewer, name, wish)
    except NotFoundError as error:
        if not error.detail_zh:  # it is the successor: the page of nobody is refused anyway
            error.detail_zh = "没有此账号，请核对接任人的账号"
        return person_page(request, viewer, name, error=error, wish=wish)
    except DossierError as error:
        return person_page(request, viewer, name, error=error, wish=wish)
    return RedirectResponse(page_of(name, done=done.state), status_code=303)


@router.post("/people/{name}/change/{change_id}/withdraw")
def withdraw(request: Request, viewer: Manager, name: str, change_id: str) -> Response:
    """Take back a planned one."""
    try:
        staff_change.withdraw(context_of(request), viewer, change_id)
    except DossierError as error:
        return person_page(request, viewer, name, error=error)
    return RedirectResponse(page_of(name, done="withdrawn"), status_code=303)
