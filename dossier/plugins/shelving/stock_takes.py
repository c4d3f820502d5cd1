"""Stock-taking: begun for a room, a column or a box, counted by scans, worked off, closed (§6.2).

What is expected comes from the places and from custody: a paper that somebody has is not missing,
and what came to its place after the start was seen when it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from dossier.access import demand
from dossier.db import shelving as shelved
from dossier.db.loan_tables import PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, PaperVolume, ShelfColumn, ShelfMove, ShelfSlot
from dossier.db.shelving_tables import VolumeItem as Item
from dossier.db.stock_tables import StockFinding, StockScan, StockTake
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import boxes, rooms
from dossier.rules import shelf_codes
from dossier.services import audit
from dossier.services.account_names import account_names
from dossier.services.approval_rows import checked_text
from dossier.services.context import Context
from dossier.services.custody import HolderKind, OriginalState
from dossier.viewer import Permission, Viewer, system_viewer

SYSTEM = system_viewer("stock-taking")
"""Compares all that was counted, whoever counted it."""
STARTED, COUNTED, CLOSED, GIVEN_UP = (
    "stock.started", "stock.counted", "stock.closed", "stock.given_up",
)  # fmt: skip
STOCK: Final = "stock_take"
COUNTING, WORKED_OFF, CLOSED_STATE, ABANDONED = "counting", "counted", "closed", "given_up"
BOX, VOLUME, PAPER = "box", "volume", "paper"
DEPTHS: Final = (BOX, VOLUME, PAPER)
SHOWN = 50
_COLUMN = re.compile(r"(?P<room>K[0-9]{2})-(?P<column>[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Area:
    """What a stock-take is of."""

    room: str = ""
    column: int = 0
    """0: the whole room."""
    box: str = ""

    @property
    def boxes(self) -> ColumnElement[bool]:
        """The condition for the boxes that stand there."""
        if self.box:
            return PaperBox.bar_code == self.box
        slot = select(ShelfSlot.code).where(
            ShelfSlot.code == PaperBox.slot_code, ShelfSlot.room_code == self.room
        )
        if self.column:
            slot = slot.where(ShelfSlot.column_number == self.column)
        return slot.exists()

    def has_slot(self, code: str) -> bool:
        """Whether a slot is in it."""
        slot = shelf_codes.parse_slot(code)
        return slot.room == self.room and self.column in (0, slot.column)


@dataclass(frozen=True, slots=True)
class TakeView:
    """A stock-take.

    Attributes:
        expected: how many things the books have there, within the viewer's area.
        seen: how many of these were seen.
        open: findings that wait to be worked off.
    """

    number: int
    place: str
    depth: str
    state: str
    started_at: datetime
    started_by: str
    counted_at: datetime | None
    closed_at: datetime | None
    reason: str
    expected: int
    seen: int
    open: int

    @property
    def code(self) -> str:
        """What it is called on lists."""
        return f"PD{self.number:06}"


def start(context: Context, viewer: Viewer, place: str, depth: str) -> int:
    """Begin to count a room, a column of shelves or a box; its number.

    Raises:
        ForbiddenError: the role takes no stock.
        InvalidInputError: no such kind of place, or nothing that could be counted.
        NotFoundError: there is no such room, column or box.
    """
    viewer, now = demand(viewer, Permission.TAKE_STOCK), context.clock.now()
    if depth not in DEPTHS:
        raise InvalidInputError(
            f"Say what is counted: {', '.join(DEPTHS)}", detail_zh="请选择盘点到盒、卷还是件"
        )
    with context.writing(viewer) as session:
        code = _place(session, place)
        depth = PAPER if shelf_codes.is_box(code) and depth == BOX else depth
        row = StockTake(place=code, depth=depth, started_at=now, started_by=viewer.id)
        session.add(row)
        session.flush()
        _note(session, viewer, row, STARTED, now, {"place": code, "depth": depth})
        return row.number


def listed(
    context: Context, viewer: Viewer, before: int | None = None
) -> tuple[tuple[TakeView, ...], int | None]:
    """Stock-takes, the newest first, and where the next page begins.

    Raises:
        ForbiddenError: the role takes no stock.
    """
    viewer = demand(viewer, Permission.TAKE_STOCK)
    with context.reading(viewer) as session:
        query = select(StockTake).order_by(StockTake.number.desc()).limit(SHOWN + 1)
        if before is not None:
            query = query.where(StockTake.number < before)
        rows = session.scalars(query).all()
        names = account_names(session, {one.started_by for one in rows})
        views = tuple(_view(session, one, names) for one in rows[:SHOWN])
    return views, views[-1].number if len(rows) > SHOWN else None


def get(context: Context, viewer: Viewer, number: int) -> TakeView:
    """One stock-take.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such one.
    """
    viewer = demand(viewer, Permission.TAKE_STOCK)
    with context.reading(viewer) as session:
        row = take_of(session, number)
        return _view(session, row, account_names(session, {row.started_by}))


def close(context: Context, viewer: Viewer, number: int) -> None:
    """End a stock-take of which every finding is worked off.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such one.
        ConflictError: it is still counted, closed already, or something is open.
    """
    viewer, now = demand(viewer, Permission.TAKE_STOCK), context.clock.now()
    with context.writing(viewer) as session:
        row = in_state(take_of(session, number, lock=True), WORKED_OFF)
        left = select(func.count()).where(
            StockFinding.take_number == number, StockFinding.outcome == ""
        )
        if count := session.scalar(left):
            raise ConflictError(
                f"{count} findings are open; work them off first",
                detail_zh=f"还有 {count} 项差异未处理，请先处理完毕",
            )
        row.state, row.closed_at, row.closed_by = CLOSED_STATE, now, viewer.id
        _note(session, viewer, row, CLOSED, now, {})


def give_up(context: Context, viewer: Viewer, number: int, reason: str) -> None:
    """End a stock-take that is counted no further, with the reason; its scans stay.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such one.
        InvalidInputError: no reason.
        ConflictError: it was counted already.
    """
    viewer, now = demand(viewer, Permission.TAKE_STOCK), context.clock.now()
    said = checked_text(reason, missing_en="Say why", missing_zh="请填写原因")
    with context.writing(viewer) as session:
        row = in_state(take_of(session, number, lock=True), COUNTING)
        row.state, row.reason = ABANDONED, said
        row.closed_at, row.closed_by = now, viewer.id
        _note(session, viewer, row, GIVEN_UP, now, {})


def note_counted(session: ScopedSession, viewer: Viewer, row: StockTake, at: datetime) -> None:
    """Write down that the counting is over."""
    _note(session, viewer, row, COUNTED, at, {"expected": row.expected, "seen": row.seen})


# -- what others of this feature need -------------------------------------------------------------


def take_of(session: ScopedSession, number: int, *, lock: bool = False) -> StockTake:
    """A stock-take's row; who scans and who ends the counting take turns by its lock.

    Raises:
        NotFoundError: there is none.
    """
    query = select(StockTake).where(StockTake.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFoundError("No such stock-take", detail_zh="没有此盘点")
    return found


def in_state(row: StockTake, state: str) -> StockTake:
    """The stock-take, which is in this state.

    Raises:
        ConflictError: it is in another one; says what to do.
    """
    if row.state != state:
        raise ConflictError(
            "The stock-take is not at this step; load the page again",
            detail_zh="盘点已不在此步骤，请刷新页面",
        )
    return row


def area_of(place: str) -> Area:
    """What a stock-take's place means."""
    if shelf_codes.is_box(place):
        return Area(box=place)
    found = _COLUMN.fullmatch(place)
    return Area(found["room"], int(found["column"])) if found else Area(place)


def expected(row: StockTake, kind: str) -> Callable[..., Any]:
    """How to ask for what the books have in a stock-take's place, as far as the session sees it.

    Returns:
        A function of further conditions on the boxes; it gives the query for rows of ``code``,
        ``document_id``, ``box`` and ``slot``.
    """
    area = area_of(row.place)
    inside = [area.boxes, PaperBox.retired_at.is_(None)]

    def of_boxes(*more: ColumnElement[bool]) -> Any:
        return select(
            PaperBox.bar_code.label("code"),
            _none().label("document_id"),
            PaperBox.bar_code.label("box"),
            PaperBox.slot_code.label("slot"),
        ).where(*inside, ~_moved_since(BOX, PaperBox.bar_code, row.started_at), *more)

    def of_volumes(*more: ColumnElement[bool]) -> Any:
        return (
            select(
                PaperVolume.code,
                _none().label("document_id"),
                PaperBox.bar_code.label("box"),
                PaperBox.slot_code.label("slot"),
            )
            .join(PaperBox, PaperBox.bar_code == PaperVolume.box_code)
            .where(*inside, ~_moved_since(VOLUME, PaperVolume.id, row.started_at), *more)
        )

    def of_papers(*more: ColumnElement[bool]) -> Any:
        code = (
            select(Item.code)
            .where(Item.document_id == PaperOriginal.document_id, shelved.is_last_turn())
            .scalar_subquery()
        )
        return (
            select(
                func.coalesce(code, PaperOriginal.document_id).label("code"),
                PaperOriginal.document_id,
                PaperBox.bar_code.label("box"),
                PaperBox.slot_code.label("slot"),
            )
            .join(PaperBox, PaperBox.bar_code == PaperOriginal.custodian)
            .where(
                PaperOriginal.custodian_kind == HolderKind.PLACE,
                PaperOriginal.state == OriginalState.WHOLE,
                PaperOriginal.since <= row.started_at,
                *inside,
                *more,
            )
        )

    return {BOX: of_boxes, VOLUME: of_volumes, PAPER: of_papers}[kind]


def kinds_of(row: StockTake) -> tuple[str, ...]:
    """What a stock-take looks for one by one."""
    own = () if area_of(row.place).box else (BOX,)
    return own if row.depth == BOX else (*own, row.depth)


def unseen(row: StockTake, kind: str, query: Any) -> Any:
    """What of a query of :func:`expected` nobody scanned, by its codes."""
    inner = query.subquery()
    return select(inner).where(~_was_scanned(row, kind, inner.c.code)).order_by(inner.c.code)


def is_live() -> ColumnElement[bool]:
    """Whether a scan counts: it is none that takes another back, and was not taken back."""
    later = aliased(StockScan)
    undone = exists(select(later.id).where(later.undoes == StockScan.id))
    return (StockScan.undoes.is_(None)) & ~undone


# -- parts ----------------------------------------------------------------------------------------


def _place(session: ScopedSession, scan: str) -> str:
    code = shelf_codes.clean(scan)
    if shelf_codes.is_box(code):
        return boxes.in_use(boxes.box_of(session, shelf_codes.parse_box(code))).bar_code
    if shelf_codes.ROOM.fullmatch(code):
        return rooms.room_of(session, code).code
    found = _COLUMN.fullmatch(code)
    if found is None:
        raise InvalidInputError(
            "Scan a box, or give a room (K01) or a column (K01-03)",
            detail_zh="请扫描盒码，或填写库房（K01）、列（K01-03）",
        )
    if session.get(ShelfColumn, (found["room"], int(found["column"]))) is None:
        raise NotFoundError("No such shelf", detail_zh="没有此列")
    return code


def _view(session: ScopedSession, row: StockTake, names: Mapping[str, str]) -> TakeView:
    wanted, seen = row.expected, row.seen
    if row.state == COUNTING:
        wanted, seen = progress(session, row)
    left = select(func.count()).where(
        StockFinding.take_number == row.number, StockFinding.outcome == ""
    )
    return TakeView(
        row.number,
        row.place,
        row.depth,
        row.state,
        row.started_at,
        names.get(row.started_by, row.started_by),
        row.counted_at,
        row.closed_at,
        row.reason,
        wanted,
        seen,
        session.scalar(left) or 0,
    )


def progress(session: ScopedSession, row: StockTake) -> tuple[int, int]:
    """How much there is and how much of it was seen, counted by the database."""
    wanted = seen = 0
    for kind in kinds_of(row):
        inner = expected(row, kind)().subquery()
        counted = select(func.count()).select_from(inner)
        wanted += session.scalar(counted) or 0
        seen += session.scalar(counted.where(_was_scanned(row, kind, inner.c.code))) or 0
    return wanted, seen


def _was_scanned(row: StockTake, kind: str, code: Any) -> ColumnElement[bool]:
    return exists(
        select(StockScan.id).where(
            StockScan.take_number == row.number,
            StockScan.kind == kind,
            StockScan.code == code,
            is_live(),
        )
    )


def _moved_since(kind: str, thing: Any, at: datetime) -> ColumnElement[bool]:
    return exists(
        select(ShelfMove.id).where(
            ShelfMove.kind == kind, ShelfMove.thing == thing, ShelfMove.at > at
        )
    )


def _none() -> Any:
    return func.nullif("", "")


def _note(
    session: ScopedSession,
    viewer: Viewer,
    row: StockTake,
    action: str,
    at: datetime,
    facts: Mapping[str, Any],
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=at,
        object_kind=STOCK,
        object_id=str(row.number),
        facts=facts,
    )
