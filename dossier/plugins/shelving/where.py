"""Where is it? From a paper, or from whatever code was scanned, to the slot on the shelf."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from dossier.access import demand
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, PaperVolume, ShelfSlot, VolumeItem
from dossier.errors import InvalidInputError
from dossier.plugins.shelving import rooms
from dossier.plugins.shelving.rooms import FaceView
from dossier.rules import reference_codes, shelf_codes
from dossier.services import audit, papers
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True)
class PaperPlace:
    """Where a paper belongs; empty where that is not said yet."""

    document_id: str
    customer_no: str
    code: str
    volume: str
    item: int
    box: str
    slot: str


def of_document(session: ScopedSession, document_id: str) -> PaperPlace | None:
    """Where a paper of the session's scope belongs; None: it is in no volume yet."""
    row = session.execute(
        select(
            VolumeItem.code,
            VolumeItem.number,
            PaperVolume.code.label("volume"),
            PaperVolume.box_code,
            PaperVolume.customer_no,
            PaperBox.slot_code,
        )
        .join(PaperVolume, PaperVolume.id == VolumeItem.volume_id)
        .join(PaperBox, PaperBox.bar_code == PaperVolume.box_code, isouter=True)
        .where(VolumeItem.document_id == document_id)
        .order_by(VolumeItem.turn.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return PaperPlace(
        document_id,
        row.customer_no,
        row.code,
        row.volume,
        row.number,
        row.box_code or "",
        row.slot_code or "",
    )


def look(
    context: Context, viewer: Viewer, document_id: str
) -> tuple[PaperPlace | None, FaceView | None]:
    """A paper's place, and the picture of the shelf where its box stands; the look is noted.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such paper in the viewer's scope.
    """
    viewer = demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        papers.in_scope(session, document_id)
        noted = audit.begin_read(
            context, viewer, "document.place_read", object_kind="document", object_id=document_id
        )
        place = of_document(session, document_id)
        face = _face(session, place.slot) if place and place.slot else None
    noted.wait()
    return place, face


def of_slot(context: Context, viewer: Viewer, scan: str) -> tuple[ShelfSlot, FaceView]:
    """A slot and the picture of the shelf that it is in.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        InvalidInputError: no slot's code.
        NotFoundError: there is no such slot.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        slot = rooms.slot_of(session, shelf_codes.parse_slot(scan))
        return slot, _face(session, slot.code)


def address(scan: str) -> str:
    """The page of what a scanned or typed code names: a box, a slot, a room or a volume.

    Raises:
        InvalidInputError: it is none of these.
    """
    if shelf_codes.is_box(scan):
        return f"/shelves/boxes/{shelf_codes.parse_box(scan)}"
    if shelf_codes.is_slot(scan):
        return f"/shelves/slots/{shelf_codes.parse_slot(scan)}"
    if shelf_codes.ROOM.fullmatch(shelf_codes.clean(scan)):
        return f"/shelves/rooms/{shelf_codes.clean(scan)}"
    try:
        code = reference_codes.parse(scan).of_item(0)
    except InvalidInputError as err:
        raise InvalidInputError(
            "This is no code of a box, slot, room or volume; scan the label once more",
            detail_zh="这不是档案盒、格位、库房或案卷的编码，请重新扫描标签",
        ) from err
    return f"/shelves/volumes/{code}"


def _face(session: ScopedSession, slot: str) -> FaceView:
    code = shelf_codes.parse_slot(slot)
    return rooms.face(session, code.room, code.column, code.face)
