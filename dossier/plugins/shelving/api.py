"""``/api/v1/shelves`` for scanners and other programs; a paper's place; a customer's volumes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import NotFoundError
from dossier.plugins.shelving import boxes, pairing, rooms, volumes, where
from dossier.plugins.shelving.where import PaperPlace
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, LISTING, READING, may_answer

router = APIRouter(tags=["shelves"])
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Shelving = Annotated[Viewer, requires(Permission.SHELVE)]
Scan = Annotated[str, Path(max_length=60, description="As a scanner sends it")]
MoveId = Annotated[int, Path(ge=1, lt=2**31)]


class FillItem(BaseModel):
    """How much is taken."""

    model_config = ConfigDict(from_attributes=True)
    used: int = Field(validation_alias="used_mm")
    of: int = Field(validation_alias="width_mm")
    percent: int


class RoomItem(BaseModel):
    """A room; its fill in mm of slots."""

    model_config = ConfigDict(from_attributes=True)
    code: str
    name: str
    slots: int
    boxes: int
    fill: FillItem


class RoomList(BaseModel):
    """All rooms."""

    items: list[RoomItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


class BoxItem(BaseModel):
    """A box; its fill in pages."""

    model_config = ConfigDict(from_attributes=True)
    bar_code: str
    kind: str
    holds: str
    slot: str | None
    volumes: int
    retired: bool
    fill: FillItem = Field(validation_alias="pages")


class MoveWish(BaseModel):
    """Two scans."""

    model_config = ConfigDict(extra="forbid")
    box: str = Field(max_length=60, description="The box's bar code")
    slot: str = Field("", max_length=60, description="The slot's code; empty: off the shelf")


class MoveItem(BaseModel):
    """What a scan did."""

    model_config = ConfigDict(from_attributes=True)
    move_id: int | None = Field(description="None where the box stood there already")
    box: str
    left: str = Field(description="Slot; empty: the desk")
    came_to: str


class PlaceItem(BaseModel):
    """Where a paper belongs."""

    model_config = ConfigDict(from_attributes=True)
    document_id: str
    reference_code: str = Field(validation_alias="code", description="Empty: in no volume yet")
    volume: str
    item: int = Field(description="0: in no volume yet")
    box: str = Field(description="Bar code; empty: in none yet")
    slot: str = Field(description="Empty: the box stands nowhere yet")


class VolumeItemAnswer(BaseModel):
    """A paper of a volume."""

    number: int
    reference_code: str
    document_id: str
    title: str
    doc_date: date | None
    pages: int


class VolumeAnswer(BaseModel):
    """A volume with its list."""

    code: str
    retention: str = Field(description="Y, D30 or D10, as it is now")
    box: str | None
    slot: str | None
    pages: int
    closed: bool
    items: list[VolumeItemAnswer]


class VolumesAnswer(BaseModel):
    """A customer's volumes."""

    customer_no: str
    unfiled: int = Field(description="Papers without a reference code")
    volumes: list[VolumeAnswer]


class PairItem(BaseModel):
    """A filed paper of the kind that was asked for."""

    document_id: str
    customer_no: str | None
    type: str | None
    title: str
    reference_code: str | None


class PairingAnswer(BaseModel):
    """Filed papers by what their pair of paper and picture lacks."""

    counts: dict[str, int]
    half: str
    items: list[PairItem]
    next_cursor: str | None


class Given(BaseModel):
    """Reference codes that were given now."""

    codes: list[str]


@router.get("/shelves/rooms", responses=may_answer(), summary="All rooms with their fill")
def list_rooms(request: Request, viewer: Shelving) -> RoomList:
    """By their codes."""
    found = [RoomItem.model_validate(one) for one in rooms.listed(context_of(request), viewer)]
    return RoomList(items=found, total=len(found))


@router.get("/shelves/pairing", responses=LISTING, summary="Which half of a paper is missing")
def list_pairing(
    request: Request,
    viewer: Shelving,
    half: Annotated[str, Query(max_length=20, examples=list(pairing.HALVES))] = pairing.NO_VOLUME,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> PairingAnswer:
    """Counts of all kinds, and the papers of one, the oldest first."""
    found = pairing.listed(context_of(request), viewer, half, cursor)
    return PairingAnswer(
        counts=dict(found.counts),
        half=found.half,
        items=[
            PairItem(
                document_id=one.id,
                customer_no=one.customer_no,
                type=one.type,
                title=str(one.title),
                reference_code=one.reference_code,
            )
            for one in found.items
        ],
        next_cursor=found.next_cursor,
    )


@router.get("/shelves/boxes/{code}", responses=READING, summary="A box by its bar code")
def read_box(request: Request, viewer: Shelving, code: Scan) -> BoxItem:
    """Where it stands, and how full it is."""
    return BoxItem.model_validate(boxes.get(context_of(request), viewer, code))


@router.post("/shelves/moves", status_code=201, responses=CHANGING, summary="Put a box into a slot")
def move_box(request: Request, viewer: Shelving, wish: MoveWish) -> MoveItem:
    """Refused where the slot is full, closed or unknown, or the bar code another archive's."""
    moved = boxes.move(context_of(request), viewer, wish.box, wish.slot)
    return MoveItem.model_validate(moved)


@router.post(
    "/shelves/moves/{move_id}/undo", status_code=201, responses=CHANGING, summary="Take it back"
)
def undo_move(request: Request, viewer: Shelving, move_id: MoveId) -> MoveItem:
    """The last move of a box only."""
    return MoveItem.model_validate(boxes.undo(context_of(request), viewer, move_id))


@router.get(
    "/documents/{document_id}/place", responses=may_answer(NotFoundError), summary="Where is it?"
)
def read_place(request: Request, viewer: Reading, document_id: str) -> PlaceItem:
    """Volume, item, box and slot of a paper; all empty while it is in no volume."""
    place, _ = where.look(context_of(request), viewer, document_id)
    return PlaceItem.model_validate(place or PaperPlace(document_id, "", "", "", 0, "", ""))


@router.get(
    "/customers/{customer_no}/volumes",
    responses=may_answer(NotFoundError),
    summary="A customer's volumes with their lists",
)
def list_volumes(request: Request, viewer: Reading, customer_no: str) -> VolumesAnswer:
    """By their codes."""
    shelf = volumes.of_customer(context_of(request), viewer, customer_no)
    return VolumesAnswer(
        customer_no=customer_no,
        unfiled=shelf.unfiled,
        volumes=[
            VolumeAnswer(
                code=one.code,
                retention=one.retention_current,
                box=one.box,
                slot=one.slot,
                pages=one.pages,
                closed=one.closed_at is not None,
                items=[
                    VolumeItemAnswer(
                        number=each.number,
                        reference_code=each.code,
                        document_id=each.document_id,
                        title=str(each.title),
                        doc_date=each.doc_date,
                        pages=each.pages,
                    )
                    for each in one.items
                ],
            )
            for one in shelf.volumes
        ],
    )


@router.post(
    "/customers/{customer_no}/volumes",
    status_code=201,
    responses=CHANGING,
    summary="Give reference codes",
)
def file_papers(request: Request, viewer: Shelving, customer_no: str) -> Given:
    """To each of the customer's papers that has none; a code stays for good."""
    return Given(codes=list(volumes.file_papers(context_of(request), viewer, customer_no)))
