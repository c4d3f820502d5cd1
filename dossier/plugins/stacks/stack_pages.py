"""``/stacks/{id}``: the pages in rows of papers; cuts are moved by hand, by key or by form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import DossierError, InvalidInputError
from dossier.plugins.stacks.words import FINDINGS, REMARKS
from dossier.rules import document_types
from dossier.services import stack_decisions, stack_views
from dossier.services.stack_decisions import Wanted
from dossier.services.stack_views import CutView, StackPart, StackView
from dossier.services.stacks import pages_in_words
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
HERE = "/stacks/{document_id}"
Assigning = Annotated[Viewer, requires(Permission.ASSIGN)]
MOST_PAGES = 20_000
"""Digits and commas of an order of pages, at most: a form is not without end."""


@dataclass(frozen=True, slots=True)
class Row:
    """A paper with its pages, each with the cut before it where one is likely; None: left out."""

    part: StackPart | None
    pages: tuple[tuple[int, CutView | None], ...]


@router.get(HERE)
def show_stack(request: Request, document_id: str, viewer: Assigning) -> Response:
    """The stack as it is cut."""
    return _show(request, viewer, document_id)


@router.post(HERE)
async def set_cuts(request: Request, document_id: str, viewer: Assigning) -> Response:
    """Cut it as the form says."""
    form = await request.form()
    given = {name: str(value) for name, value in form.items()}
    starts = {str(value) for value in form.getlist("start")}
    aside = {str(value) for value in form.getlist("aside")}
    return _decided(request, viewer, document_id, given, starts, aside)


@router.post(HERE + "/undo")
def undo_cuts(
    request: Request,
    document_id: str,
    viewer: Assigning,
    revision: Annotated[int | None, Form()] = None,
) -> Response:
    """As it was before the last decision."""
    stack_decisions.undo(context_of(request), viewer, document_id, revision=revision)
    return _back(document_id)


def _decided(
    request: Request,
    viewer: Viewer,
    document_id: str,
    given: Mapping[str, str],
    starts: set[str],
    aside: set[str],
) -> Response:
    context = context_of(request)
    view = stack_views.get(context, viewer, document_id)
    try:
        wanted = _wanted(view, given, starts, aside)
        revision = int(given["revision"]) if given.get("revision", "").isdecimal() else None
        stack_decisions.decide(context, viewer, document_id, wanted, revision=revision)
    except InvalidInputError as err:
        return _show(request, viewer, document_id, error=err)
    return _back(document_id)


def _wanted(
    view: StackView, given: Mapping[str, str], starts: set[str], aside: set[str]
) -> list[Wanted]:
    """The papers that the form asks for; what it says again as it is was not said."""
    there = {part.pages[0]: part for part in view.parts if part.pages}
    groups: list[list[int]] = []
    for word in given.get("order", "")[:MOST_PAGES].split(","):
        if not word.isdecimal() or word in aside:
            continue
        if word in starts or not groups:
            groups.append([])
        groups[-1].append(int(word))
    return [_paper(tuple(pages), there.get(pages[0]), given) for pages in groups]


def _paper(pages: tuple[int, ...], now: StackPart | None, given: Mapping[str, str]) -> Wanted:
    kind = given.get(f"type.{pages[0]}", "") or None
    number = given.get(f"customer.{pages[0]}", "").replace(" ", "")
    present = now.customer.customer_no if now and now.customer else ""
    return Wanted(
        pages,
        None if now and kind == now.type else kind,
        None if number == present else number,
    )


def _back(document_id: str) -> Response:
    return RedirectResponse(f"/stacks/{document_id}", status_code=303)


def _show(
    request: Request, viewer: Viewer, document_id: str, *, error: DossierError | None = None
) -> Response:
    viewer = speaking(request, viewer)
    view = stack_views.get(context_of(request), viewer, document_id)
    rows = _rows(view)
    return render(
        request,
        "stacks/stack.html",
        status=error.status if error else 200,
        view=view,
        rows=rows,
        order=",".join(str(number) for row in rows for number, _ in row.pages),
        types=document_types.catalogue().types,
        is_chinese=not viewer.language.startswith("en"),
        findings=FINDINGS,
        remarks=REMARKS,
        in_words=pages_in_words,
        error=_told(viewer, error),
    )


def _told(viewer: Viewer, error: DossierError | None) -> str:
    if error is None:
        return ""
    return error.detail if viewer.language.startswith("en") else error.detail_zh or error.detail


def _rows(view: StackView) -> list[Row]:
    """Papers as they lie in the file, and the pages that are in none where they lie."""
    cuts = {one.before: one for one in view.cuts}
    found = [
        (min(part.pages), Row(part, tuple((number, cuts.get(number)) for number in part.pages)))
        for part in view.parts
        if part.pages
    ]
    found += [(number, Row(None, ((number, cuts.get(number)),))) for number in view.aside]
    return [row for _, row in sorted(found, key=lambda one: one[0])]
