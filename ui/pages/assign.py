"""To be assigned: the page on one side, whose it may be on the other, one key to decide."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.records import Box
from dossier.services import assigning, documents, pages, search
from dossier.services.context import Context
from dossier.services.views import CustomerHead, DocumentView, PageBoxes, SearchRequest
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui.locales import speaking
from ui.rendering import render

router = APIRouter()
FOUND: Final = 9
"""Customers offered by the box on this page: what one key can choose."""
TELLING: Final = ("customer_no", "meter_no", "id_no", "name", "customer_name")
"""Fields that tell whose paper it is; the first that has a place is shown on the picture."""


@router.get("/assign")
def show_first(
    request: Request, undo: str = "", viewer: Viewer = requires(Permission.ASSIGN)
) -> Response:
    """The oldest paper that waits, or the page that says that none does."""
    context, viewer = context_of(request), speaking(request, viewer)
    first, _ = assigning.waiting(context, viewer)
    if first is None:
        return render(request, "assign.html", doc=None, undo=undo)
    return _show(request, context, viewer, first.id, undo=undo)


@router.get("/assign/{document_id}")
def show_one(
    request: Request,
    document_id: str,
    page: int = Query(1, ge=1, le=1_000_000),
    find: str = "",
    undo: str = "",
    viewer: Viewer = requires(Permission.ASSIGN),
) -> Response:
    """One paper that waits; ``find`` looks for another customer."""
    context, viewer = context_of(request), speaking(request, viewer)
    return _show(request, context, viewer, document_id, page=page, find=find.strip(), undo=undo)


@router.post("/assign/undo")
def undo_last(
    request: Request, last: Annotated[str, Form()], viewer: Viewer = requires(Permission.ASSIGN)
) -> Response:
    """Take the last assignment back and show that paper again."""
    document_id, _, revision = last.rpartition(".")
    number = int(revision) if revision.isdecimal() else -1
    assigning.undo(context_of(request), viewer, document_id, revision=number)
    return RedirectResponse(f"/assign/{document_id}", status_code=303)


@router.post("/assign/{document_id}")
def choose(
    request: Request,
    document_id: str,
    customer_no: Annotated[str, Form(min_length=1, max_length=16)],
    revision: Annotated[int, Form()],
    viewer: Viewer = requires(Permission.ASSIGN),
) -> Response:
    """File the paper and go to the next one."""
    context = context_of(request)
    _, following = assigning.waiting(context, viewer, document_id)
    now = assigning.assign(context, viewer, document_id, customer_no, revision=revision)
    return _go_to(following, undo=f"{document_id}.{now}")


@router.post("/assign/{document_id}/skip")
def skip(
    request: Request,
    document_id: str,
    undo: Annotated[str, Form(max_length=80)] = "",
    viewer: Viewer = requires(Permission.ASSIGN),
) -> Response:
    """Leave the paper for later; what was decided last can be undone still."""
    return _go_to(assigning.skip(context_of(request), viewer, document_id), undo=undo)


def _go_to(document_id: str | None, *, undo: str = "") -> Response:
    tail = f"?{urlencode({'undo': undo})}" if undo else ""
    path = f"/assign/{document_id}" if document_id else "/assign"
    return RedirectResponse(path + tail, status_code=303)


def _show(
    request: Request,
    context: Context,
    viewer: Viewer,
    document_id: str,
    *,
    page: int = 1,
    find: str = "",
    undo: str = "",
) -> Response:
    waiting, following = assigning.waiting(context, viewer, document_id)
    doc = documents.get(context, viewer, document_id)
    number = min(page, max(doc.page_count, 1))
    listing = assigning.list_to_assign(context, viewer, size=1)
    return render(
        request,
        "assign.html",
        doc=doc,
        waiting=waiting,
        page_number=number,
        boxes=_size(context, viewer, doc, number),
        spot=_spot(doc, number),
        find=find,
        others=_find(context, viewer, find),
        undo=undo,
        ahead=following,
        total=listing.total,
    )


def _find(context: Context, viewer: Viewer, q: str) -> list[CustomerHead]:
    if not q:
        return []
    answer = search.search(context, viewer, SearchRequest(q=q, size=FOUND))
    return [hit.customer for hit in answer.hits if hit.customer is not None]


def _size(context: Context, viewer: Viewer, doc: DocumentView, number: int) -> PageBoxes:
    if not any(one.number == number for one in doc.pages):
        return PageBoxes(0, 0, ())
    return pages.boxes(context, viewer, doc.id, number)


def _spot(doc: DocumentView, number: int) -> Box | None:
    """Where the most telling field of the page stands."""
    places = {one.name: one.box for one in doc.fields if one.page == number and one.box}
    return next((places[name] for name in TELLING if name in places), None)
