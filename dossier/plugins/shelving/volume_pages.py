"""A customer's volumes, a paper's place on the shelf, and what is printed for a volume."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import prints, volumes, where
from dossier.plugins.shelving.answers import as_pdf, drawn
from dossier.plugins.shelving.prints import HandOver
from dossier.plugins.shelving.volumes import VolumeView
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui.locales import speaking

router = APIRouter()
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Shelving = Annotated[Viewer, requires(Permission.SHELVE)]
Text = Annotated[str, Form(max_length=1000)]
Code = Annotated[str, Path(max_length=80)]
PRINTED = "volume.printed"
REFUSED = (ConflictError, InvalidInputError, NotFoundError)
Printed = Literal["cover", "list", "note"]


@router.get("/documents/{document_id}/place")
def show_place(request: Request, viewer: Reading, document_id: str) -> Response:
    """Where is it? The slot on the picture of the shelf."""
    viewer = speaking(request, viewer)
    place, face = where.look(context_of(request), viewer, document_id)
    return drawn(request, viewer, "place.html", document_id=document_id, place=place, face=face)


@router.get("/customers/{customer_no}/volumes")
def show_volumes(request: Request, viewer: Reading, customer_no: str) -> Response:
    """The customer's volumes with their lists."""
    return _volumes(request, viewer, customer_no)


@router.post("/customers/{customer_no}/volumes")
def file_papers(request: Request, viewer: Shelving, customer_no: str) -> Response:
    """Give each paper that has none its reference code."""
    volumes.file_papers(context_of(request), viewer, customer_no)
    return RedirectResponse(f"/customers/{customer_no}/volumes", status_code=303)


@router.get("/shelves/volumes/{code}")
def show_volume(request: Request, viewer: Shelving, code: Code) -> Response:
    """One volume: its list, its box, what is printed for it."""
    return _volume(request, viewer, code)


@router.post("/shelves/volumes/{code}/box")
def put(request: Request, viewer: Shelving, code: Code, box: Text = "") -> Response:
    """Put it into the box that was scanned; an empty field takes it out."""
    try:
        volumes.put(context_of(request), viewer, code, box)
    except REFUSED as error:
        return _volume(request, viewer, code, error=error)
    return RedirectResponse(f"/shelves/volumes/{code}", status_code=303)


@router.post("/shelves/volumes/{code}/note")
def close(request: Request, viewer: Shelving, code: Code, note: Text = "") -> Response:
    """Close it with the note at its end."""
    try:
        volumes.close(context_of(request), viewer, code, note)
    except InvalidInputError as error:
        return _volume(request, viewer, code, error=error)
    return RedirectResponse(f"/shelves/volumes/{code}", status_code=303)


@router.get("/shelves/volumes/{code}/print/{what}", response_class=Response)
def print_volume(request: Request, viewer: Shelving, code: Code, what: Printed) -> Response:
    """Cover, list or note of a volume as PDF; the print is noted first."""
    context = context_of(request)
    volume = _to_print(context, speaking(request, viewer), code)
    make = {"cover": prints.cover, "list": prints.item_list, "note": prints.note}[what]
    return as_pdf(what, make(volume, made_at=context.clock.now()))


@router.post("/shelves/volumes/{code}/hand-over", response_class=Response)
def print_hand_over(
    request: Request, viewer: Shelving, code: Code, giver: Text = "", taker: Text = ""
) -> Response:
    """A list for two signatures as PDF: what is in the volume, counted."""
    context = context_of(request)
    volume = _to_print(context, speaking(request, viewer), code)
    rows = tuple((one.code, str(one.title) or one.type_label, one.pages) for one in volume.items)
    handed = HandOver("档案移交清单", giver[:40], taker[:40], rows)
    return as_pdf("hand-over", prints.hand_over(handed, made_at=context.clock.now()))


# -- parts --------------------------------------------------------------------------------------


def _to_print(context: Context, viewer: Viewer, code: str) -> VolumeView:
    return volumes.get(context, viewer, code, action=PRINTED)


def _volumes(request: Request, viewer: Viewer, customer_no: str) -> Response:
    viewer = speaking(request, viewer)
    shelf = volumes.of_customer(context_of(request), viewer, customer_no)
    return drawn(request, viewer, "volumes.html", shelf=shelf)


def _volume(
    request: Request, viewer: Viewer, code: str, *, error: DossierError | None = None
) -> Response:
    viewer = speaking(request, viewer)
    volume = volumes.get(context_of(request), viewer, code)
    return drawn(
        request, viewer, "volume.html", error=error, volume=volume, longest=volumes.LONGEST_NOTE
    )
