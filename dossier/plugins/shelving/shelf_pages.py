"""``/shelves``: rooms, pictures of shelves, boxes, and the field that two scans go into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import boxes, climate, pairing, prints, rooms, volumes, where
from dossier.plugins.shelving.answers import as_pdf, drawn
from dossier.rules import shelf_codes, shelving
from dossier.rules.shelving import ColumnShape
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui.locales import speaking

router = APIRouter()
HERE = "/shelves"
Shelving = Annotated[Viewer, requires(Permission.SHELVE)]
Text = Annotated[str, Form(max_length=400)]
Number = Annotated[int, Form(ge=0, le=10_000)]
Code = Annotated[str, Path(max_length=60)]
Asked = Annotated[str, Query(max_length=60)]
REFUSED = (ConflictError, InvalidInputError, NotFoundError)
MOST_LABELS = 200


class ColumnForm(BaseModel):
    """What a new column is like."""

    number: Annotated[int, Field(ge=0, le=10_000)] = 0
    faces: Annotated[str, Field(max_length=10)] = ""
    sections: Annotated[int, Field(ge=0, le=10_000)] = 0
    layers: Annotated[int, Field(ge=0, le=10_000)] = 0
    slots: Annotated[int, Field(ge=0, le=10_000)] = 0
    slot_width_mm: Annotated[int, Field(ge=0, le=10_000)] = 0


@router.get(HERE)
def show_rooms(
    request: Request,
    viewer: Shelving,
    box: Asked = "",
    moved: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """The field for scans, the rooms, and the boxes that stand nowhere."""
    return _home(request, viewer, box=box, moved=moved)


@router.post(HERE + "/scan")
def scan(request: Request, viewer: Shelving, code: Text = "", box: Text = "") -> Response:
    """A box, then its slot: it is moved. Anything else leads to its page."""
    try:
        if box and shelf_codes.is_slot(code):
            made = boxes.move(context_of(request), viewer, box, code)
            return _to(f"{HERE}?moved={made.move_id}" if made.move_id else f"{HERE}?box={made.box}")
        if shelf_codes.is_box(code):
            return _to(f"{HERE}?box={boxes.get(context_of(request), viewer, code).bar_code}")
        return _to(where.address(code))
    except REFUSED as error:
        return _home(request, viewer, box=box, error=error)


@router.post(HERE + "/undo")
def undo(
    request: Request, viewer: Shelving, move_id: Annotated[int, Form(ge=0, lt=2**31)] = 0
) -> Response:
    """The box back to where it stood."""
    try:
        made = boxes.undo(context_of(request), viewer, move_id)
    except REFUSED as error:
        return _home(request, viewer, error=error)
    return _to(f"{HERE}?moved={made.move_id}")


@router.post(HERE + "/rooms")
def make_room(request: Request, viewer: Shelving, code: Text = "", name: Text = "") -> Response:
    """A new room, and to its page."""
    try:
        made = rooms.make(context_of(request), viewer, code, name)
    except REFUSED as error:
        return _home(request, viewer, error=error)
    return _to(f"{HERE}/rooms/{made}")


@router.get(HERE + "/rooms/{room}")
def show_room(request: Request, viewer: Shelving, room: Code) -> Response:
    """Its columns with their fill, its air, and what is known of it."""
    return _room(request, viewer, room)


@router.post(HERE + "/rooms/{room}/columns")
def add_column(
    request: Request, viewer: Shelving, room: Code, wanted: Annotated[ColumnForm, Form()]
) -> Response:
    """One more column of shelves."""
    shape = ColumnShape(
        wanted.faces, wanted.sections, wanted.layers, wanted.slots, wanted.slot_width_mm
    )
    return _done(
        request,
        viewer,
        room,
        lambda: rooms.add_column(context_of(request), viewer, room, wanted.number, shape),
    )


@router.post(HERE + "/rooms/{room}/readings")
def note_reading(
    request: Request,
    viewer: Shelving,
    room: Code,
    temperature: Annotated[float, Form()] = float("nan"),
    humidity: Annotated[float, Form()] = float("nan"),
    note: Text = "",
) -> Response:
    """What the instruments show now."""
    return _done(
        request,
        viewer,
        room,
        lambda: climate.note_reading(
            context_of(request),
            viewer,
            room,
            temperature_c=temperature,
            humidity_percent=humidity,
            note=note,
        ),
    )


@router.post(HERE + "/rooms/{room}/profile")
async def describe(request: Request, viewer: Shelving, room: Code) -> Response:
    """What is known of the building."""
    form = await request.form()
    known = shelving.load().profile
    said = {code: str(form.get(code, "")) for code in known if code in form}
    return _done(
        request, viewer, room, lambda: climate.describe(context_of(request), viewer, room, said)
    )


@router.get(HERE + "/rooms/{room}/columns/{number}")
def show_column(
    request: Request, viewer: Shelving, room: Code, number: Annotated[int, Path(ge=1, le=99)]
) -> Response:
    """Both faces of a column, slot by slot."""
    faces = rooms.faces(context_of(request), viewer, room, number)
    return drawn(request, viewer, "column.html", faces=faces, marked="")


@router.get(HERE + "/rooms/{room}/columns/{number}/labels", response_class=Response)
def print_slot_labels(
    request: Request,
    viewer: Shelving,
    room: Code,
    number: Annotated[int, Path(ge=1, le=99)],
    sheet: Asked = "",
    skip: Annotated[int, Query(ge=0, le=100)] = 0,
) -> Response:
    """Labels for the slots of a column as PDF, as one walks along it."""
    context = context_of(request)
    faces = rooms.faces(context, viewer, room, number)
    formats = shelving.load().labels
    chosen = formats.get(sheet) or next(iter(formats.values()))
    body = prints.labels(
        prints.slot_labels(faces), chosen, skip=skip % chosen.count, made_at=context.clock.now()
    )
    return as_pdf("slots", body)


@router.get(HERE + "/slots/{code}")
def show_slot(request: Request, viewer: Shelving, code: Code) -> Response:
    """A slot on the picture of its shelf, with what stands there."""
    return _slot(request, viewer, code)


@router.post(HERE + "/slots/{code}")
def close_slot(request: Request, viewer: Shelving, code: Code, reason: Text = "") -> Response:
    """Close it with a reason; without one it is open again."""
    try:
        rooms.close_slot(context_of(request), viewer, code, reason)
    except InvalidInputError as error:
        return _slot(request, viewer, code, error=error)
    return _to(f"{HERE}/slots/{code}")


@router.post(HERE + "/boxes")
def make_boxes(
    request: Request, viewer: Shelving, kind: Text = "", count: Number = 1, holds: Text = ""
) -> Response:
    """New boxes, and to the labels of them."""
    try:
        made = boxes.make(context_of(request), viewer, kind, count, holds)
    except REFUSED as error:
        return _home(request, viewer, error=error)
    return _to(f"{HERE}?box={made[0]}")


@router.get(HERE + "/boxes/{code}")
def show_box(request: Request, viewer: Shelving, code: Code) -> Response:
    """What lies in a box, how full it is, where it stands and stood."""
    return _box(request, viewer, code)


@router.post(HERE + "/boxes/{code}/volumes")
def put_volume(
    request: Request, viewer: Shelving, code: Code, volume: Text = "", out: Text = ""
) -> Response:
    """Put the volume whose code was scanned into the box, or take one out of it."""
    try:
        volumes.put(context_of(request), viewer, volume or out, code if volume else "")
    except REFUSED as error:
        return _box(request, viewer, code, error=error)
    return _to(f"{HERE}/boxes/{code}")


@router.post(HERE + "/boxes/{code}/take")
def take_out(request: Request, viewer: Shelving, code: Code) -> Response:
    """Off the shelf, to the desk."""
    made = boxes.move(context_of(request), viewer, code, "")
    return _to(f"{HERE}?moved={made.move_id}" if made.move_id else f"{HERE}?box={made.box}")


@router.post(HERE + "/boxes/{code}/retire")
def retire(request: Request, viewer: Shelving, code: Code) -> Response:
    """An empty box out of use."""
    try:
        boxes.retire(context_of(request), viewer, code)
    except ConflictError as error:
        return _box(request, viewer, code, error=error)
    return _to(f"{HERE}/boxes/{code}")


@router.get(HERE + "/pairing")
def show_pairing(
    request: Request,
    viewer: Shelving,
    half: Asked = pairing.NO_VOLUME,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Which half of a filed paper is missing."""
    viewer = speaking(request, viewer)
    found = pairing.listed(context_of(request), viewer, half, cursor)
    return drawn(request, viewer, "pairing.html", found=found)


@router.get(HERE + "/labels", response_class=Response)
def print_labels(
    request: Request,
    viewer: Shelving,
    box: Annotated[list[str] | None, Query(max_length=MOST_LABELS)] = None,
    sheet: Asked = "",
    skip: Annotated[int, Query(ge=0, le=100)] = 0,
    spines: Annotated[bool, Query()] = False,  # noqa: FBT002 - a field of the form
) -> Response:
    """Labels of boxes, or strips for their backs, as PDF; without a box: all that stand nowhere."""
    context = context_of(request)
    wanted = box or list(boxes.in_no_slot(context, viewer))
    found = [boxes.get(context, viewer, one) for one in wanted]
    if not found:
        raise NotFoundError("No box to print for", detail_zh="没有需要打印的档案盒")
    now = context.clock.now()
    if spines:
        inside = [(one, volumes.in_box(context, viewer, one.bar_code)) for one in found]
        return as_pdf("spines", prints.spines(inside, made_at=now))
    formats = shelving.load().labels
    chosen = formats.get(sheet) or next(iter(formats.values()))
    texts = [prints.box_label(one, context.settings.fonds) for one in found]
    return as_pdf("labels", prints.labels(texts, chosen, skip=skip % chosen.count, made_at=now))


# -- parts --------------------------------------------------------------------------------------


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)


def _done(request: Request, viewer: Viewer, room: str, act: Callable[[], object]) -> Response:
    try:
        act()
    except (ConflictError, InvalidInputError) as error:
        return _room(request, viewer, room, error=error)
    return _to(f"{HERE}/rooms/{room}")


def _home(
    request: Request,
    viewer: Viewer,
    *,
    box: str = "",
    moved: int = 0,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    try:
        held = boxes.get(context, viewer, box) if box else None
    except REFUSED as wrong:
        held, error = None, error or wrong
    return drawn(
        request,
        viewer,
        "rooms.html",
        error=error,
        found=rooms.listed(context, viewer),
        held=held,
        moved=boxes.moved(context, viewer, moved) if moved else None,
        waiting=boxes.in_no_slot(context, viewer),
    )


def _room(
    request: Request, viewer: Viewer, room: str, *, error: DossierError | None = None
) -> Response:
    context = context_of(request)
    return drawn(
        request,
        viewer,
        "room.html",
        error=error,
        room=rooms.get(context, viewer, room),
        air=climate.air(context, viewer, room),
    )


def _slot(
    request: Request, viewer: Viewer, code: str, *, error: DossierError | None = None
) -> Response:
    slot, face = where.of_slot(context_of(request), viewer, code)
    return drawn(request, viewer, "slot.html", error=error, slot=slot, face=face)


def _box(
    request: Request, viewer: Viewer, code: str, *, error: DossierError | None = None
) -> Response:
    context = context_of(request)
    box = boxes.get(context, viewer, code)
    face = where.of_slot(context, viewer, box.slot)[1] if box.slot else None
    inside = volumes.in_box(context, speaking(request, viewer), box.bar_code)
    return drawn(request, viewer, "box.html", error=error, box=box, face=face, inside=inside)
