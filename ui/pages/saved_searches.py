"""Saving a search under a name, and forgetting searches."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from dossier.services import kept_searches
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui.pages.asked import read_address
from ui.pages.login import inside

router = APIRouter()


@router.post("/searches")
def save(
    request: Request,
    name: Annotated[str, Form(max_length=200)],
    search: Annotated[str, Form(max_length=20_000)],
    viewer: Viewer = requires(Permission.SEARCH),
) -> Response:
    """Keep the search whose address is ``search``, and go back to it."""
    back = inside(search)
    asked = read_address(QueryParams(urlsplit(back).query))
    kept_searches.save(context_of(request), viewer, name=name, q=asked.q, filters=asked.filters)
    return RedirectResponse(back, status_code=303)


@router.post("/searches/forget")
def forget(
    request: Request,
    kept: Annotated[str, Form(max_length=36)] = "",
    viewer: Viewer = requires(Permission.SEARCH),
) -> Response:
    """Delete one, or all recent ones."""
    context = context_of(request)
    if kept:
        kept_searches.forget(context, viewer, kept)
    else:
        kept_searches.forget_recent(context, viewer)
    return RedirectResponse("/", status_code=303)
