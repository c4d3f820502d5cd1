"""Boxes: made with their bar codes, put into slots by two scans, moved, taken out, undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dossier.access import demand
from dossier.db import shelving as shelved
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, ShelfMove, ShelfSlot
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import arrivals, rooms
from dossier.plugins.shelving.rooms import Fill
from dossier.rules import shelf_codes, shelving
from dossier.rules.shelf_codes import BoxCode
from dossier.services import audit
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

MADE, MOVED, RETIRED = "box.made", "box.moved", "box.retired"
BOX = "box"
MOST_AT_ONCE = 200
LONGEST_HOLDS = 120
MOVES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Moved:
    """What a scan did; ``move_id`` is None where the box stood there already."""

    box: str
    left: str
    came_to: str
    move_id: int | None


@dataclass(frozen=True, slots=True)
class MoveLine:
    """One move of a box or volume."""

    id: int
    at: datetime
    by: str
    left: str
    came_to: str
    is_undo: bool


@dataclass(frozen=True, slots=True)
class BoxView:
    """A box, where it stands, and how full it is."""

    bar_code: str
    kind: str
    holds: str
    slot: str | None
    pages: Fill
    """Pages instead of mm."""
    volumes: int
    retired: bool
    moves: tuple[MoveLine, ...]


def make(context: Context, viewer: Viewer, kind: str, count: int, holds: str) -> tuple[str, ...]:
    """New boxes; their bar codes.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        InvalidInputError: an unknown size, none or too many at once, or too long a text.
    """
    viewer = demand(viewer, Permission.SHELVE)
    size = shelving.load().boxes.get(kind)
    holds = " ".join(holds.split())
    if size is None or not 1 <= count <= MOST_AT_ONCE or len(holds) > LONGEST_HOLDS:
        raise InvalidInputError(
            f"Choose a size and 1 to {MOST_AT_ONCE} boxes",
            detail_zh=f"请选择盒型，数量 1–{MOST_AT_ONCE}",
        )
    now, fonds = context.clock.now(), context.settings.fonds
    with context.writing(viewer) as session:
        first = shelved.next_box_number(session, fonds)
        codes = [shelf_codes.box_code(fonds, first + nth) for nth in range(count)]
        session.add_all(
            PaperBox(
                bar_code=str(one),
                fonds=fonds,
                number=one.number,
                kind=kind,
                width_mm=size.width_mm,
                pages=size.pages,
                holds=holds,
                made_at=now,
                made_by=viewer.id,
            )
            for one in codes
        )
        session.flush()
        audit.note(
            session,
            viewer,
            MADE,
            at=now,
            object_kind=BOX,
            object_id=str(codes[0]),
            facts={"count": count, "kind": kind},
        )
    return tuple(map(str, codes))


def move(context: Context, viewer: Viewer, box_scan: str, slot_scan: str) -> Moved:
    """Put a box into a slot, wherever it stood; an empty slot takes it out, to the desk.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        InvalidInputError: a foreign or misread bar code, or no slot's code.
        NotFoundError: there is no such box or slot.
        ConflictError: the slot is full or closed, or the box is out of use.
    """
    viewer = demand(viewer, Permission.SHELVE)
    box_code = shelf_codes.parse_box(box_scan)
    slot_code = shelf_codes.parse_slot(slot_scan) if slot_scan.strip() else None
    with context.writing(viewer) as session:
        # the slot's row first: two who fill one slot wait for each other, and count what is there
        slot = rooms.slot_of(session, slot_code, lock=True) if slot_code else None
        box = box_of(session, box_code, lock=True)
        return _put(context, session, viewer, box, slot)


def undo(context: Context, viewer: Viewer, move_id: int) -> Moved:
    """Take the last move of a box back.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        NotFoundError: no such move.
        ConflictError: the box was moved on since, or its old slot is full by now.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.writing(viewer) as session:
        found = session.get(ShelfMove, move_id)
        if found is None or found.kind != BOX:
            raise NotFoundError("No such move", detail_zh="没有此移位记录")
        old = shelf_codes.parse_slot(found.from_place) if found.from_place else None
        slot = rooms.slot_of(session, old, lock=True) if old else None
        box = box_of(session, shelf_codes.parse_box(found.thing), lock=True)
        if last_move(session, BOX, box.bar_code) != move_id or found.undoes is not None:
            raise ConflictError(
                "The box was moved since; look where it stands",
                detail_zh="该盒之后又移动过，不能撤销，请查看现位置",
            )
        return _put(context, session, viewer, box, slot, undoes=move_id)


def retire(context: Context, viewer: Viewer, scan: str) -> None:
    """Take an empty box out of use, and off its shelf; its number is never given again.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        InvalidInputError: a foreign bar code.
        NotFoundError: there is no such box.
        ConflictError: something lies in it, or it is out of use already.
    """
    viewer = demand(viewer, Permission.SHELVE)
    now = context.clock.now()
    with context.writing(viewer) as session:
        box = in_use(box_of(session, shelf_codes.parse_box(scan), lock=True))
        if shelved.volumes_in(session, box.bar_code):
            raise ConflictError(
                "Volumes lie in the box; put them into another one first",
                detail_zh="盒内还有案卷，请先移入其他盒",
            )
        _put(context, session, viewer, box, None)
        box.retired_at = now
        audit.note(session, viewer, RETIRED, at=now, object_kind=BOX, object_id=box.bar_code)


def moved(context: Context, viewer: Viewer, move_id: int) -> Moved | None:
    """What a move did, to be shown with its undoing; None where it is no box's last one any more.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        found = session.get(ShelfMove, move_id)
        if found is None or found.kind != BOX or last_move(session, BOX, found.thing) != move_id:
            return None
        is_undo = found.undoes is not None
        left, to = found.from_place, found.to_place
        return Moved(found.thing, left, to, None if is_undo else move_id)


def get(context: Context, viewer: Viewer, scan: str) -> BoxView:
    """One box, without what lies in it.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        InvalidInputError: a foreign bar code.
        NotFoundError: there is no such box.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        return view(session, box_of(session, shelf_codes.parse_box(scan)))


def view(session: ScopedSession, box: PaperBox) -> BoxView:
    """A box with its fill and last moves."""
    pages = shelved.pages_in_boxes(session, [box.bar_code]).get(box.bar_code, 0)
    return BoxView(
        box.bar_code,
        box.kind,
        box.holds,
        box.slot_code,
        Fill(pages, box.pages),
        shelved.volumes_in(session, box.bar_code),
        box.retired_at is not None,
        moves_of(session, BOX, box.bar_code),
    )


def in_no_slot(context: Context, viewer: Viewer) -> tuple[str, ...]:
    """Bar codes of the boxes that stand nowhere: what is to be shelved.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        query = select(PaperBox.bar_code).where(
            PaperBox.slot_code.is_(None), PaperBox.retired_at.is_(None)
        )
        return tuple(session.scalars(query.order_by(PaperBox.bar_code).limit(MOST_AT_ONCE)))


def box_of(session: ScopedSession, code: BoxCode, *, lock: bool = False) -> PaperBox:
    """A box's row.

    Raises:
        NotFoundError: there is none; says what to do.
    """
    query = select(PaperBox).where(PaperBox.bar_code == str(code))
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFoundError(
            f"No box {code} was ever made here; is it another archive's?",
            detail_zh=f"本馆没有档案盒 {code}，请确认是否为外单位的盒",
        )
    return found


def in_use(box: PaperBox) -> PaperBox:
    """The box, which may be filled and moved.

    Raises:
        ConflictError: it was taken out of use.
    """
    if box.retired_at is not None:
        raise ConflictError(
            f"Box {box.bar_code} is out of use; take another one",
            detail_zh=f"档案盒 {box.bar_code} 已停用，请换用其他盒",
        )
    return box


def moves_of(session: ScopedSession, kind: str, thing: str) -> tuple[MoveLine, ...]:
    """The last moves of a box or volume, the newest first."""
    rows = session.scalars(
        select(ShelfMove)
        .where(ShelfMove.kind == kind, ShelfMove.thing == thing)
        .order_by(ShelfMove.id.desc())
        .limit(MOVES_SHOWN)
    ).all()
    names = account_names(session, {row.by for row in rows})
    return tuple(
        MoveLine(
            row.id,
            row.at,
            names.get(row.by, row.by),
            row.from_place,
            row.to_place,
            row.undoes is not None,
        )
        for row in rows
    )


def last_move(session: ScopedSession, kind: str, thing: str) -> int | None:
    """The id of the newest move of a box or volume."""
    return session.scalar(
        select(func.max(ShelfMove.id)).where(ShelfMove.kind == kind, ShelfMove.thing == thing)
    )


def _put(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    box: PaperBox,
    slot: ShelfSlot | None,
    *,
    undoes: int | None = None,
) -> Moved:
    left, to = box.slot_code or "", slot.code if slot else ""
    in_use(box)
    if left == to:
        return Moved(box.bar_code, left, to, None)
    if slot is not None:
        _check_room(session, box, slot)
    now = context.clock.now()
    box.slot_code = to or None
    box.revision += 1
    row = ShelfMove(
        kind=BOX,
        thing=box.bar_code,
        from_place=left,
        to_place=to,
        at=now,
        by=viewer.id,
        undoes=undoes,
    )
    session.add(row)
    session.flush()
    if slot is not None:
        arrivals.lay_in(session, box, slot.room_code, by=viewer.id, at=now)
    audit.note(
        session,
        viewer,
        MOVED,
        at=now,
        object_kind=BOX,
        object_id=box.bar_code,
        facts={"from_slot": left, "to_slot": to},
    )
    return Moved(box.bar_code, left, to, row.id)


def _check_room(session: ScopedSession, box: PaperBox, slot: ShelfSlot) -> None:
    if slot.closed:
        raise ConflictError(
            f"Slot {slot.code} is closed: {slot.closed}",
            detail_zh=f"格位 {slot.code} 已停用（{slot.closed}），请换其他格位",
        )
    query = select(func.sum(PaperBox.width_mm)).where(PaperBox.slot_code == slot.code)
    used = session.scalar(query) or 0
    if used + box.width_mm > slot.width_mm:
        raise ConflictError(
            f"Slot {slot.code} is full: {used} of {slot.width_mm} mm are taken, the box needs "
            f"{box.width_mm} mm; choose another slot",
            detail_zh=f"格位 {slot.code} 已满：宽 {slot.width_mm} 毫米，已占 {used} 毫米，"
            f"此盒需 {box.width_mm} 毫米，请换其他格位",
        )
