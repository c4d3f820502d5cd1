"""``/verification``: how far names and contacts are checked, and whom to check next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from dossier.plugins.verification import coverage, stale, words
from dossier.plugins.verification.standing import NOWHERE, Standing, Wish, wished
from dossier.rules import rulebook
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter(prefix="/verification")
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Asked = Annotated[Wish, Depends(wished)]
Cursor = Annotated[str | None, Query(max_length=400)]


@router.get("")
def show_real_names(
    request: Request, viewer: Reading, wish: Asked, cursor: Cursor = None
) -> Response:
    """Coverage of real names, as a picture and as a table; the customers behind it."""
    found = coverage.get(context_of(request), viewer, wish, cursor=cursor)
    return _draw(request, "real_names", "/verification", found, wish, words.RESULTS)


@router.get("/contacts")
def show_contacts(
    request: Request, viewer: Reading, wish: Asked, cursor: Cursor = None
) -> Response:
    """Whom a notice may not reach."""
    found = stale.get(context_of(request), viewer, wish, cursor=cursor)
    here = "/verification/contacts"
    return _draw(request, "contacts", here, found, wish, words.CONTACT_STATES)


def _draw(
    request: Request, name: str, here: str, found: Standing, wish: Wish, states: words.Words
) -> Response:
    chosen = wish.values
    return render(
        request,
        "verification/standing.html",
        name=name,
        base=here,
        found=found,
        chosen=chosen,
        states=states,
        words=words,
        nowhere=NOWHERE,
        is_filtered=any(chosen.values()),
        address=lambda **other: _address(here, {**chosen, **other}),
        categories=rulebook.load("categories")["categories"],
    )


def _address(here: str, values: Mapping[str, Any]) -> str:
    """This page with other choices; an empty one takes a choice away."""
    kept = {name: value for name, value in values.items() if value not in ("", None)}
    return f"{here}?{urlencode(kept)}" if kept else here
