"""The watch list, for the administrators who keep it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.plugins.anomalies import watched
from dossier.plugins.anomalies.rules import LISTS
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter()
HERE = "/watched-names"


@router.get(HERE)
def show_names(request: Request, viewer: Viewer = requires(Permission.MANAGE_WATCHED)) -> Response:
    """The list with a form for one more."""
    return render(
        request,
        "anomalies/watched.html",
        names=watched.list_names(context_of(request), viewer),
        lists=LISTS,
        longest=watched.LONGEST_NAME,
    )


@router.post(HERE)
def add_name(
    request: Request,
    kind: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    viewer: Viewer = requires(Permission.MANAGE_WATCHED),
) -> Response:
    """Put a name on the list."""
    watched.add_name(context_of(request), viewer, kind=kind, name=name)
    return RedirectResponse(HERE, status_code=303)


@router.post(f"{HERE}/{{name_id}}/remove")
def remove_name(
    request: Request, name_id: str, viewer: Viewer = requires(Permission.MANAGE_WATCHED)
) -> Response:
    """Take a name off the list."""
    watched.remove_name(context_of(request), viewer, name_id)
    return RedirectResponse(HERE, status_code=303)
