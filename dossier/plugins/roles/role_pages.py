"""``/roles``: the matrix in force. ``/roles/rights``: what may this person do, and why?"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dossier.clock import local_date
from dossier.errors import DossierError
from dossier.plugins.roles.table import MatrixTable
from dossier.rules import sources
from dossier.services import delegations, rights, role_grants
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter()
Somebody = Annotated[Viewer, requires(Permission.SIGNED_IN)]
LONGEST = 80
"""Characters of an account's name and of a role's code."""


@router.get("/roles")
def show_matrix(
    request: Request,
    viewer: Somebody,
    role: Annotated[str, Query(max_length=LONGEST)] = "",
) -> Response:
    """The matrix in force today: actions down, roles across; with ``role`` that column alone."""
    context = context_of(request)
    today = local_date(context.clock.now())
    words = context.roles.words
    chosen = [words.roles[role]] if role in words.roles else list(words.roles.values())
    return render(
        request,
        "roles/matrix.html",
        matrix=context.roles.on(today),
        table=MatrixTable(context.roles, today, chosen),
        roles=list(words.roles.values()),
        chosen=role if role in words.roles else "",
        words=list(words.of_cells.values()),
        mine={one.role for one in viewer.reaches},
        **_sources(),
    )


@router.get("/roles/rights")
def show_rights(
    request: Request,
    viewer: Somebody,
    user: Annotated[str, Query(max_length=LONGEST)] = "",
) -> Response:
    """Each action with yes or no, by which grant and rule; one's own where nobody is named."""
    return rights_page(request, viewer, user.strip())


def rights_page(
    request: Request, viewer: Viewer, user: str, *, error: DossierError | None = None
) -> Response:
    """The page of a person, with what went wrong with a form on it."""
    context = context_of(request)
    name = user or viewer.name
    seeing = viewer.may(Permission.SEE_RIGHTS) or viewer.may(Permission.MANAGE_USERS)
    return render(
        request,
        "roles/rights.html",
        status=error.status if error else 200,
        found=rights.explain(context, viewer, name),
        grants=role_grants.list_grants(context, viewer, name),
        lent=delegations.list_delegations(context, viewer, name),
        people=rights.people(context, viewer) if viewer.may(Permission.SEE_RIGHTS) else (),
        roles=context.roles.words.roles,
        is_own=name == viewer.name,
        seeing=seeing,
        today=_day(request),
        error=error,
        **_sources(),
    )


def _sources() -> dict[str, Any]:
    """What the rules' sources are, for the pages."""
    return {"cited": sources.cited, "sources": list(sources.sources().values())}


def _day(request: Request) -> date:
    return local_date(context_of(request).clock.now())
