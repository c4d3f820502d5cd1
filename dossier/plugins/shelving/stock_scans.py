"""Scans of a stock-take: slot, box, volume or paper, judged at once by what the books say now.

Each person scans for oneself: the slot one stands before and the box that is open come with the
scan, so that several count one room at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from dossier.access import demand
from dossier.db import shelving as shelved
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.loans import number_of
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, PaperVolume, VolumeItem
from dossier.db.stock_tables import StockScan, StockTake
from dossier.errors import ConflictError, InvalidInputError
from dossier.plugins.shelving import boxes, rooms
from dossier.plugins.shelving import stock_takes as takes
from dossier.plugins.shelving.stock_takes import BOX, PAPER, VOLUME
from dossier.rules import reference_codes, shelf_codes
from dossier.rules.loan_states import WITH_BORROWER
from dossier.services import custody
from dossier.services.context import Context
from dossier.services.custody import HolderKind, OriginalState
from dossier.viewer import Permission, Viewer

SLOT, UNDO, NOTHING = "slot", "undo", ""
RIGHT, MISPLACED, OUT, UNKNOWN = "right", "misplaced", "out", "unknown"
UNDO_CODE = "UNDO"
"""A bar code that takes the last scan back: it is printed on the list, for a hand without keys."""
LOST = "lost"
"""In place of where it is: it was reported lost."""
OWN_SHOWN = 12
LEFT_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Judged:
    """What a code is, and whether it is where the books have it."""

    kind: str
    code: str
    verdict: str
    belongs: str = ""
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan as it was written down.

    Attributes:
        slot: the slot that one stands before now.
        box: the box that is open now.
    """

    id: int
    kind: str
    code: str
    verdict: str
    belongs: str
    slot: str
    box: str


@dataclass(frozen=True, slots=True)
class Bench:
    """What lies before one who counts.

    Attributes:
        slot: the slot that one stands before; empty: none yet.
        box: the box that is open; empty: none yet.
        last: one's own scans, the newest first.
        left: what the books have in that box or slot and nobody scanned yet.
    """

    slot: str
    box: str
    last: tuple[Scanned, ...]
    left: tuple[str, ...]


def scan(
    context: Context, viewer: Viewer, number: int, code: str, *, slot: str = "", box: str = ""
) -> Scanned:
    """Write down what was scanned, with what the books say of it.

    Args:
        context: the wired product.
        viewer: who counts.
        number: of the stock-take.
        code: what the scanner sent; ``UNDO`` takes one's last scan back.
        slot: the slot that one stands before; empty: none.
        box: the box that is open; empty: none.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such stock-take, slot or open box.
        InvalidInputError: nothing, a misread bar code, or a paper before any box.
        ConflictError: the counting is over, or it is not of this stock-take's place.
    """
    if shelf_codes.clean(code) == UNDO_CODE:
        return undo(context, viewer, number)
    viewer, now = demand(viewer, Permission.TAKE_STOCK), context.clock.now()
    with context.writing(viewer) as session:
        take = takes.in_state(takes.take_of(session, number, lock=True), takes.COUNTING)
        slot, box = _standing(session, take, slot, box)
        if shelf_codes.is_slot(code):
            slot, box = _slot(session, take, code), ""
            found = Judged(SLOT, slot, RIGHT)
        else:
            _check_order(take, code, slot, box)
            found = judge(session, code, slot, box)
            box = found.code if found.kind == BOX else box
        row = StockScan(
            take_number=number,
            at=now,
            by=viewer.id,
            kind=found.kind,
            code=found.code,
            verdict=found.verdict,
            belongs=found.belongs,
            document_id=found.document_id,
            slot_code=slot,
            box_code=box,
        )
        session.add(row)
        session.flush()
        return _scanned(row)


def undo(context: Context, viewer: Viewer, number: int) -> Scanned:
    """Take one's own last scan of a stock-take back; gives where one stands again.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such stock-take.
        ConflictError: the counting is over, or there is nothing to take back.
    """
    viewer, now = demand(viewer, Permission.TAKE_STOCK), context.clock.now()
    with context.writing(viewer) as session:
        takes.in_state(takes.take_of(session, number, lock=True), takes.COUNTING)
        rows = _own(session, viewer, number, 2)
        if not rows:
            raise ConflictError("Nothing to take back", detail_zh="没有可撤销的扫描")
        last, before = rows[0], rows[1] if len(rows) > 1 else None
        row = StockScan(
            take_number=number,
            at=now,
            by=viewer.id,
            kind=UNDO,
            code=last.code,
            verdict=RIGHT,
            document_id=last.document_id,
            slot_code=before.slot_code if before else "",
            box_code=before.box_code if before else "",
            undoes=last.id,
        )
        session.add(row)
        session.flush()
        return _scanned(row)


def bench(context: Context, viewer: Viewer, number: int) -> Bench:
    """Where one was when one scanned last, and what is still to be scanned there.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such stock-take.
    """
    viewer = demand(viewer, Permission.TAKE_STOCK)
    with context.reading(viewer) as session:
        take = takes.take_of(session, number)
        rows = _own(session, viewer, number, OWN_SHOWN)
        slot = rows[0].slot_code if rows else ""
        box = rows[0].box_code if rows else takes.area_of(take.place).box
        return Bench(slot, box, tuple(map(_scanned, rows)), tuple(_left(session, take, slot, box)))


def judge(session: ScopedSession, code: str, slot: str, box: str) -> Judged:
    """What a code is in the session's scope, and whether it may be where it was scanned.

    Raises:
        InvalidInputError: a bar code of a box that was misread.
    """
    if shelf_codes.is_box(code):
        return _box(session, code, slot)
    said = shelf_codes.clean(code)
    document = code.strip().lower()
    try:
        named = reference_codes.parse(said)
    except InvalidInputError:
        return _paper(session, document, document, box) or Judged(NOTHING, said, UNKNOWN)
    if not named.item:
        return _volume(session, str(named), box) or Judged(NOTHING, str(named), UNKNOWN)
    query = select(VolumeItem.document_id).where(
        VolumeItem.code == str(named), shelved.is_last_turn()
    )
    found = session.scalar(query)
    paper = _paper(session, found, str(named), box) if found else None
    return paper or Judged(NOTHING, str(named), UNKNOWN)


# -- parts ----------------------------------------------------------------------------------------


def _standing(session: ScopedSession, take: StockTake, slot: str, box: str) -> tuple[str, str]:
    """Where one says that one stands; both are codes of ours."""
    if slot:
        slot = _slot(session, take, slot)
    own = takes.area_of(take.place).box
    if box or own:
        box = boxes.box_of(session, shelf_codes.parse_box(box or own)).bar_code
    return slot, box


def _slot(session: ScopedSession, take: StockTake, code: str) -> str:
    found = rooms.slot_of(session, shelf_codes.parse_slot(code))
    if not takes.area_of(take.place).has_slot(found.code):
        raise ConflictError(
            f"Slot {found.code} is not in {take.place}, which is counted here",
            detail_zh=f"格位 {found.code} 不在本次盘点范围 {take.place} 内",
        )
    return found.code


def _check_order(take: StockTake, code: str, slot: str, box: str) -> None:
    own, is_box = takes.area_of(take.place).box, shelf_codes.is_box(code)
    if not shelf_codes.clean(code):
        raise InvalidInputError("Scan a code", detail_zh="请扫描条码")
    if own and is_box and str(shelf_codes.parse_box(code)) != own:
        raise ConflictError(
            f"This stock-take is of box {own} alone", detail_zh=f"本次只盘点档案盒 {own}"
        )
    if not own and not slot:
        raise InvalidInputError(
            "Scan the slot that you stand before first", detail_zh="请先扫描所在格位的标签"
        )
    if not is_box and not box:
        raise InvalidInputError("Scan the box first", detail_zh="请先扫描档案盒的条码")


def _box(session: ScopedSession, code: str, slot: str) -> Judged:
    bar_code = str(shelf_codes.parse_box(code))
    found = session.get(PaperBox, bar_code)
    if found is None:
        return Judged(NOTHING, bar_code, UNKNOWN)
    stands = found.slot_code or ""
    if not slot or (stands == slot and found.retired_at is None):
        return Judged(BOX, bar_code, RIGHT)
    return Judged(BOX, bar_code, MISPLACED, stands)


def _volume(session: ScopedSession, code: str, box: str) -> Judged | None:
    found = session.scalar(select(PaperVolume).where(PaperVolume.code == code))
    if found is None:
        return None
    if found.box_code == box:
        return Judged(VOLUME, code, RIGHT)
    return Judged(VOLUME, code, MISPLACED, found.box_code or "")


def _paper(session: ScopedSession, document_id: str, code: str, box: str) -> Judged | None:
    found = custody.of_document(session, document_id)
    if found is None:
        return None
    if found.state != OriginalState.WHOLE:
        return Judged(PAPER, code, OUT, LOST, document_id)
    if found.custodian_kind == HolderKind.PERSON:
        return Judged(PAPER, code, OUT, _loan(session, found), document_id)
    if found.custodian == box:
        return Judged(PAPER, code, RIGHT, document_id=document_id)
    home = shelved.home_of(session, [found.id]).get(found.id)
    at_home = home.box_bar_code if home else None
    belongs = at_home if at_home and at_home != box else found.custodian
    return Judged(PAPER, code, MISPLACED, belongs, document_id)


def _loan(session: ScopedSession, original: PaperOriginal) -> str:
    """The loan that has a paper; empty: a person has it without one."""
    query = select(Loan.number).where(
        Loan.original_id == original.id, Loan.state.in_(sorted(WITH_BORROWER))
    )
    number = session.scalar(query)
    return number_of(number) if number else ""


def _own(session: ScopedSession, viewer: Viewer, number: int, most: int) -> list[StockScan]:
    query = select(StockScan).where(
        StockScan.take_number == number, StockScan.by == viewer.id, takes.is_live()
    )
    return list(session.scalars(query.order_by(StockScan.id.desc()).limit(most)))


def _left(session: ScopedSession, take: StockTake, slot: str, box: str) -> list[str]:
    if take.state != takes.COUNTING:
        return []
    kinds = takes.kinds_of(take)
    if box and take.depth in kinds and take.depth != BOX:
        kind, where = take.depth, PaperBox.bar_code == box
    elif slot and BOX in kinds:
        kind, where = BOX, PaperBox.slot_code == slot
    else:
        return []
    query = takes.unseen(take, kind, takes.expected(take, kind)(where))
    return [row.code for row in session.execute(query.limit(LEFT_SHOWN))]


def _scanned(row: StockScan) -> Scanned:
    return Scanned(
        row.id, row.kind, row.code, row.verdict, row.belongs, row.slot_code, row.box_code
    )
