"""The forms of ``/roles/rights``: give and take roles, lend one's own; by a login, not a token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import (
    ConflictError,
    DossierError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from dossier.plugins.roles.role_pages import rights_page
from dossier.rules.limits import LARGEST_INTEGER
from dossier.services import delegations, role_grants
from dossier.services.role_grants import Days, Part
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires

router = APIRouter()
Manager = Annotated[Viewer, requires(Permission.MANAGE_USERS, by_session_only=True)]
Owner = Annotated[Viewer, requires(Permission.SIGNED_IN, by_session_only=True)]
Id = Annotated[int, Form(ge=1, le=LARGEST_INTEGER)]
Text = Annotated[str, Form(max_length=200)]


@router.post("/roles/grant")
def grant(  # noqa: PLR0913 - the fields of the form
    request: Request,
    viewer: Manager,
    user: Text,
    role: Text,
    kind: Text = "company",
    part: Text = "",
    unit: Text = "",
    first: Text = "",
    last: Text = "",
    reason: Text = "",
) -> Response:
    """Give a role."""

    def act() -> None:
        role_grants.grant(
            context_of(request),
            viewer,
            user=user,
            role=role,
            part=_part(kind, part.strip(), unit.strip()),
            days=Days(_day(first), _day(last)),
            reason=reason,
        )

    return _done(request, viewer, user, act)


@router.post("/roles/revoke")
def revoke(request: Request, viewer: Manager, user: Text, grant_id: Id) -> Response:
    """Take a role away."""
    context = context_of(request)
    return _done(request, viewer, user, lambda: role_grants.revoke(context, viewer, grant_id))


@router.post("/roles/lend")
def lend(
    request: Request,
    viewer: Owner,
    role: Text,
    to: Text,
    first: Text = "",
    last: Text = "",
    reason: Text = "",
) -> Response:
    """Lend one of one's own roles for some days."""

    def act() -> None:
        begins, ends = _day(first), _day(last)
        if begins is None or ends is None:
            raise InvalidInputError("Say from when until when", detail_zh="请填写起止日期")
        delegations.delegate(
            context_of(request),
            viewer,
            role=role,
            to=to.strip(),
            first=begins,
            last=ends,
            reason=reason,
        )

    return _done(request, viewer, viewer.name, act)


@router.post("/roles/give-back")
def give_back(
    request: Request,
    viewer: Owner,
    delegation_id: Id,
    user: Text = "",
) -> Response:
    """End a delegation before its day."""
    context = context_of(request)
    return _done(request, viewer, user, lambda: delegations.end(context, viewer, delegation_id))


def _done(request: Request, viewer: Viewer, user: str, act: Callable[[], None]) -> Response:
    """Back to the page; what was wrong with the form stands on it."""
    try:
        act()
    except (ConflictError, ForbiddenError, InvalidInputError, NotFoundError) as error:
        return _again(request, viewer, user, error)
    query = f"?{urlencode({'user': user})}" if user else ""
    return RedirectResponse(f"/roles/rights{query}", status_code=303)


def _again(request: Request, viewer: Viewer, user: str, error: DossierError) -> Response:
    try:
        return rights_page(request, viewer, user, error=error)
    except NotFoundError:
        return rights_page(request, viewer, viewer.name, error=error)


def _part(kind: str, name: str, unit: str) -> Part:
    if kind == "company":
        return Part()
    if not name:
        raise InvalidInputError("Name the place that the role is for", detail_zh="请填写授权范围")
    beside = unit or None
    made = {
        "unit": Part(unit=name),
        "line": Part(line=name, unit=beside),
        "district": Part(district=name, unit=beside),
        "case": Part(case_no=name),
        "customer": Part(customer_no=name),
    }
    if kind not in made:
        raise InvalidInputError("No such kind of place", detail_zh="没有此类范围")
    return made[kind]


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as err:
        raise InvalidInputError(
            "A day is written 2027-01-31", detail_zh="日期格式应为 2027-01-31"
        ) from err
