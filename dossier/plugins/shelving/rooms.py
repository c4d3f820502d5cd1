"""Rooms, columns and slots: made once, filled by boxes, closed where nothing may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from dossier.access import demand
from dossier.db import shelving as shelved
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, ShelfColumn, ShelfSlot, StorageRoom
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.rules import shelf_codes, shelving
from dossier.rules.shelf_codes import SlotCode
from dossier.rules.shelving import ColumnShape
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

CHANGED = "shelf.changed"
LONGEST_NAME, LONGEST_REASON = 80, 80
MOST_COLUMNS = 99
MOST = {"sections": 40, "layers": 9, "slots": 40}
WIDTHS_MM = range(20, 2_001)


@dataclass(frozen=True, slots=True)
class Fill:
    """How much of a width is taken."""

    used_mm: int
    width_mm: int

    @property
    def percent(self) -> int:
        """Rounded down: what says 100 is full."""
        return self.used_mm * 100 // self.width_mm if self.width_mm else 0


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column with its fill."""

    number: int
    shape: ColumnShape
    fill: Fill
    boxes: int


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room with its columns."""

    code: str
    name: str
    profile: Mapping[str, str]
    columns: tuple[ColumnLine, ...]
    fill: Fill
    boxes: int
    slots: int


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot as the picture shows it."""

    code: str
    face: str
    section: int
    layer: int
    number: int
    fill: Fill
    boxes: tuple[str, ...]
    closed: str


@dataclass(frozen=True, slots=True)
class FaceView:
    """One face of a column: sections side by side, layers from the top down, slots in a row.

    Attributes:
        layers: from the top down; each a tuple of sections, each a tuple of slots.
    """

    room: str
    room_name: str
    column: int
    face: str
    layers: tuple[tuple[tuple[SlotView, ...], ...], ...]


def listed(context: Context, viewer: Viewer) -> tuple[RoomView, ...]:
    """All rooms.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        rows = session.scalars(select(StorageRoom).order_by(StorageRoom.code)).all()
        return tuple(_room(session, row) for row in rows)


def get(context: Context, viewer: Viewer, room_code: str) -> RoomView:
    """One room.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        NotFoundError: no such room.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        return _room(session, room_of(session, room_code))


def make(context: Context, viewer: Viewer, code: str, name: str) -> str:
    """A new room.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        InvalidInputError: no code of a room, or no name.
        ConflictError: there is one of this code.
    """
    viewer = demand(viewer, Permission.SHELVE)
    code, name = shelf_codes.clean(code), " ".join(name.split())
    if not shelf_codes.ROOM.fullmatch(code):
        raise InvalidInputError("A room is called K01 to K99", detail_zh="库房编号格式为 K01")
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInputError("Give the room a name", detail_zh="请填写库房名称")
    now = context.clock.now()
    with context.writing(viewer) as session:
        if session.get(StorageRoom, code) is not None:
            raise ConflictError(f"There is a room {code}", detail_zh=f"库房 {code} 已存在")
        session.add(StorageRoom(code=code, name=name, profile={}, made_at=now))
        session.flush()
        audit.note(session, viewer, CHANGED, at=now, object_kind="room", object_id=code)
    return code


def add_column(
    context: Context, viewer: Viewer, room_code: str, number: int, shape: ColumnShape
) -> int:
    """A new column with all its slots; how many those are.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        NotFoundError: no such room.
        InvalidInputError: it would be larger than codes can say, or of no width.
        ConflictError: there is one of this number.
    """
    viewer = demand(viewer, Permission.SHELVE)
    _check_shape(number, shape)
    now = context.clock.now()
    with context.writing(viewer) as session:
        room = room_of(session, room_code)
        if session.get(ShelfColumn, (room.code, number)) is not None:
            raise ConflictError(f"Column {number} is there", detail_zh=f"第 {number} 列已存在")
        row = ShelfColumn(
            room_code=room.code,
            number=number,
            faces=shape.faces,
            sections=shape.sections,
            layers=shape.layers,
            slots=shape.slots,
            slot_width_mm=shape.slot_width_mm,
        )
        session.add(row)
        codes = shelf_codes.slots_of(
            room.code,
            number,
            faces=shape.faces,
            sections=shape.sections,
            layers=shape.layers,
            slots=shape.slots,
        )
        session.add_all(_slot(one, shape.slot_width_mm) for one in codes)
        session.flush()
        audit.note(
            session,
            viewer,
            CHANGED,
            at=now,
            object_kind="room",
            object_id=room.code,
            facts={"column": number, "slots": len(codes)},
        )
    return len(codes)


def close_slot(context: Context, viewer: Viewer, code: str, reason: str) -> None:
    """Nothing is put into a slot any more; an empty reason opens it again. What is there stays.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        InvalidInputError: no slot's code, or too long a reason.
        NotFoundError: no such slot.
    """
    viewer = demand(viewer, Permission.SHELVE)
    reason = " ".join(reason.split())
    if len(reason) > LONGEST_REASON:
        raise InvalidInputError("Say it in fewer words", detail_zh="说明过长，请精简")
    with context.writing(viewer) as session:
        slot = slot_of(session, shelf_codes.parse_slot(code), lock=True)
        slot.closed = reason
        audit.note(
            session,
            viewer,
            CHANGED,
            at=context.clock.now(),
            object_kind="slot",
            object_id=slot.code,
            facts={"closed": bool(reason)},
        )


def face(session: ScopedSession, room_code: str, column: int, side: str) -> FaceView:
    """What one sees before a face of a column; the caller looked at the viewer's rights.

    Raises:
        NotFoundError: no such column, or no such face of it.
    """
    room = room_of(session, room_code)
    row = session.get(ShelfColumn, (room.code, column))
    if row is None or side not in row.faces:
        raise NotFoundError("No such shelf", detail_zh="没有此列或此面")
    slots = session.scalars(
        select(ShelfSlot)
        .where(
            ShelfSlot.room_code == room.code,
            ShelfSlot.column_number == column,
            ShelfSlot.face == side,
        )
        .order_by(ShelfSlot.section, ShelfSlot.number)
    ).all()
    boxes = _boxes_in(session, [one.code for one in slots])
    views = [_slot_view(one, boxes.get(one.code, [])) for one in slots]
    layers = tuple(
        tuple(
            tuple(one for one in views if (one.layer, one.section) == (layer, section))
            for section in range(1, row.sections + 1)
        )
        for layer in range(row.layers, 0, -1)
    )
    return FaceView(room.code, room.name, column, side, layers)


def faces(context: Context, viewer: Viewer, room_code: str, column: int) -> tuple[FaceView, ...]:
    """Both faces of a column.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        NotFoundError: no such column.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        row = session.get(ShelfColumn, (room_of(session, room_code).code, column))
        if row is None:
            raise NotFoundError("No such shelf", detail_zh="没有此列")
        return tuple(face(session, room_code, column, side) for side in row.faces)


def room_of(session: ScopedSession, code: str) -> StorageRoom:
    """A room's row.

    Raises:
        NotFoundError: there is none.
    """
    found = session.get(StorageRoom, shelf_codes.clean(code))
    if found is None:
        raise NotFoundError("No such room", detail_zh="没有此库房")
    return found


def slot_of(session: ScopedSession, code: SlotCode, *, lock: bool = False) -> ShelfSlot:
    """A slot's row.

    Raises:
        NotFoundError: there is none; says what to do.
    """
    query = select(ShelfSlot).where(ShelfSlot.code == str(code))
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFoundError(
            f"There is no slot {code}; look at the label on the shelf",
            detail_zh=f"没有格位 {code}，请核对架上的格位标签",
        )
    return found


# -- parts --------------------------------------------------------------------------------------


def _room(session: ScopedSession, row: StorageRoom) -> RoomView:
    used = shelved.width_used(session, row.code)
    slots = session.execute(
        select(ShelfSlot.code, ShelfSlot.column_number, ShelfSlot.width_mm).where(
            ShelfSlot.room_code == row.code
        )
    ).all()
    counted = (
        select(ShelfSlot.column_number, func.count().label("boxes"))
        .join(PaperBox, PaperBox.slot_code == ShelfSlot.code)
        .where(ShelfSlot.room_code == row.code)
        .group_by(ShelfSlot.column_number)
    )
    boxes = {one.column_number: one.boxes for one in session.execute(counted)}
    columns = session.scalars(
        select(ShelfColumn).where(ShelfColumn.room_code == row.code).order_by(ShelfColumn.number)
    )
    lines = []
    for one in columns:
        own = [slot for slot in slots if slot.column_number == one.number]
        fill = Fill(sum(used.get(s.code, 0) for s in own), sum(s.width_mm for s in own))
        shape = ColumnShape(one.faces, one.sections, one.layers, one.slots, one.slot_width_mm)
        lines.append(ColumnLine(one.number, shape, fill, boxes.get(one.number, 0)))
    return RoomView(
        row.code,
        row.name,
        dict(row.profile),
        tuple(lines),
        Fill(sum(used.values()), sum(slot.width_mm for slot in slots)),
        sum(boxes.values()),
        len(slots),
    )


def _boxes_in(session: ScopedSession, slots: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    query = select(PaperBox.slot_code, PaperBox.bar_code, PaperBox.width_mm).where(
        PaperBox.slot_code.in_(slots)
    )
    for row in session.execute(query.order_by(PaperBox.bar_code)):
        found.setdefault(str(row.slot_code), []).append((row.bar_code, row.width_mm))
    return found


def _slot_view(row: ShelfSlot, boxes: Sequence[tuple[str, int]]) -> SlotView:
    used = sum(width for _, width in boxes)
    return SlotView(
        row.code,
        row.face,
        row.section,
        row.layer,
        row.number,
        Fill(used, row.width_mm),
        tuple(code for code, _ in boxes),
        row.closed,
    )


def _slot(code: SlotCode, width_mm: int) -> ShelfSlot:
    return ShelfSlot(
        code=str(code),
        room_code=code.room,
        column_number=code.column,
        face=code.face,
        section=code.section,
        layer=code.layer,
        number=code.number,
        walk=code.walk,
        width_mm=width_mm,
    )


def _check_shape(number: int, shape: ColumnShape) -> None:
    counts = {"sections": shape.sections, "layers": shape.layers, "slots": shape.slots}
    fits = all(1 <= count <= MOST[name] for name, count in counts.items())
    narrowest = min(one.width_mm for one in shelving.load().boxes.values())
    if not 1 <= number <= MOST_COLUMNS or shape.faces not in {"A", "B", "AB"} or not fits:
        raise InvalidInputError(
            "A column has face A, B or both, up to 40 sections, 9 layers and 40 slots on a layer",
            detail_zh="列号 1–99；面为 A、B 或 AB；节、格最多 40，层最多 9",
        )
    if shape.slot_width_mm not in WIDTHS_MM or shape.slot_width_mm < narrowest:
        raise InvalidInputError("A slot is 20 to 2000 mm wide", detail_zh="格宽应为 20–2000 毫米")
