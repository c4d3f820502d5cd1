"""Rows of batches: what may be listed, and what a side's word does to papers and shelves."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, select

from dossier.db import batches as stored
from dossier.db import shelving as shelved
from dossier.db.batch_tables import HandoverBatch, HandoverItem
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperVolume, ShelfMove
from dossier.db.tables import Document
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import boxes
from dossier.rules import lending, reference_codes, shelf_codes
from dossier.rules.loan_states import HOLDS_ORIGINAL
from dossier.services import custody
from dossier.services.custody import Holder, HolderKind, OriginalState
from dossier.viewer import Permission, Viewer

MOST_ITEMS: Final = 2000


class BatchState(StrEnum):
    """How far a batch is."""

    LISTING = "listing"
    HANDED = "handed"
    DIFFERS = "differs"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class Difference(StrEnum):
    """What the receiving side found otherwise than it was listed."""

    MISSING = "missing"
    EXTRA = "extra"
    PAGES = "pages"


class Outcome(StrEnum):
    """How a difference was settled: the paper is with the receiving side, or with the giving."""

    TAKEN = "taken"
    BACK = "back"


def number_of(number: int) -> str:
    """A batch's number as it is written."""
    return f"YJ{number:06d}"


def locked(session: ScopedSession, batch_id: str) -> HandoverBatch:
    """A batch for a change.

    Raises:
        NotFoundError: there is none.
    """
    query = select(HandoverBatch).where(HandoverBatch.id == batch_id).with_for_update()
    return known(session.scalar(query.execution_options(populate_existing=True)))


def known(found: HandoverBatch | None) -> HandoverBatch:
    """The batch.

    Raises:
        NotFoundError: there is none, or none that the viewer has to do with.
    """
    if found is None:
        raise unknown()
    return found


def unknown() -> NotFoundError:
    """The refusal, whether there is none or it is others'."""
    return NotFoundError("No such hand-over", detail_zh="没有此移交批次")


def demand_state(row: HandoverBatch, *states: BatchState) -> None:
    """Let pass what is possible as things stand.

    Raises:
        ConflictError: the batch is further, or not so far.
    """
    if row.state not in states:
        raise ConflictError(
            f"The hand-over is {row.state}; look at it again",
            detail_zh="该移交批次的状态已变化，不能执行此操作，请刷新查看",
        )


def items_of(session: ScopedSession, row: HandoverBatch) -> list[HandoverItem]:
    """The items that the session sees, in their order."""
    query = select(HandoverItem).where(HandoverItem.batch_number == row.number)
    return list(session.scalars(query.order_by(HandoverItem.id)))


def originals_named(session: ScopedSession, scan: str) -> tuple[str, list[PaperOriginal]]:
    """The whole papers that a code names, with the box or volume: a box, volume, item or document.

    Raises:
        InvalidInputError: it is no such code.
        NotFoundError: there is nothing of this code that the viewer knows of.
        ConflictError: there is more in it than the viewer sees.
    """
    scan = scan.strip()
    if shelf_codes.is_box(scan):
        box = boxes.in_use(boxes.box_of(session, shelf_codes.parse_box(scan)))
        inside = select(PaperVolume.id).where(PaperVolume.box_code == box.bar_code)
        volumes = list(session.scalars(inside.order_by(PaperVolume.position)))
        if len(volumes) != shelved.volumes_in(session, box.bar_code):
            raise _beyond()
        return box.bar_code, _in_volumes(session, volumes)
    if session.scalar(select(Document.id).where(Document.id == scan)) is not None:
        return "", _of(session, [scan])
    code = reference_codes.parse(scan)
    if code.item:
        query = select(Document.id).where(Document.reference_code == str(code))
        return "", _of(session, list(session.scalars(query)))
    volume = session.scalar(select(PaperVolume.id).where(PaperVolume.code == str(code)))
    if volume is None:
        raise NotFoundError("No such volume", detail_zh="没有此案卷，请核对档号")
    return str(code), _in_volumes(session, [volume])


def _in_volumes(session: ScopedSession, volumes: Iterable[str]) -> list[PaperOriginal]:
    ids = [one for volume in volumes for one in shelved.items_now(session, volume)]
    found = session.scalars(select(Document.id).where(Document.id.in_(ids))).all()
    if len(found) != len(ids):
        raise _beyond()
    return _of(session, ids)


def _of(session: ScopedSession, ids: list[str]) -> list[PaperOriginal]:
    query = select(PaperOriginal).where(
        PaperOriginal.document_id.in_(ids), PaperOriginal.state == OriginalState.WHOLE
    )
    found = {one.document_id: one for one in session.scalars(query.with_for_update())}
    return [found[one] for one in ids if one in found]


def _beyond() -> ConflictError:
    return ConflictError(
        "Some of the papers in it lie outside your area; who sees them all hands it over",
        detail_zh="其中有超出您权限范围的文件，请由有权查看全部文件的人员移交",
    )


def is_lent() -> ColumnElement[bool]:
    """Whether a loan has an original, or one is about to."""
    lent = select(Loan.number).where(
        Loan.original_id == PaperOriginal.id, Loan.state.in_(sorted(HOLDS_ORIGINAL))
    )
    return lent.exists()


def is_on_the_way() -> ColumnElement[bool]:
    """Whether an original is on a batch that is not over."""
    item = select(HandoverItem.id).where(
        HandoverItem.original_id == PaperOriginal.id, HandoverItem.is_open
    )
    return item.exists()


def those(
    session: ScopedSession, originals: Iterable[PaperOriginal], condition: ColumnElement[bool]
) -> set[str]:
    """The ids of the originals of which a condition holds."""
    wanted, found = [one.id for one in originals], set[str]()
    for at in range(0, len(wanted), shelved.AT_ONCE):
        some = PaperOriginal.id.in_(wanted[at : at + shelved.AT_ONCE])
        found.update(session.scalars(select(PaperOriginal.id).where(some, condition)))
    return found


def check_giver(viewer: Viewer, one: PaperOriginal, lent: Container[str]) -> None:
    """Who has a paper hands it over; what lies in a place, who looks after the shelves does.

    Raises:
        ConflictError: somebody else has it, it is lent, or it has left the house.
    """
    if one.id in lent:
        raise ConflictError(
            "A loan has one of the papers; it comes back first",
            detail_zh="其中有原件在借或待取，请先办理归还",
        )
    has_it = one.custodian_kind == HolderKind.PERSON and one.custodian == viewer.id
    in_house = one.custodian_kind == HolderKind.PLACE and one.custodian != lending.load().outside
    if not has_it and not (in_house and viewer.may(Permission.SHELVE)):
        raise ConflictError(
            "Only who has a paper hands it over; see where it is on its page",
            detail_zh="只能移交本人保管的原件；原件在何处见其文件页",
        )


def add(
    session: ScopedSession,
    row: HandoverBatch,
    originals: Iterable[PaperOriginal],
    listed_by: str,
    *,
    pages: dict[str, int],
) -> int:
    """Put papers on the list; how many were new.

    Raises:
        ConflictError: one is on another batch.
        InvalidInputError: too many.
    """
    wanted = {one.id: one for one in originals}
    taken = select(HandoverItem.original_id, HandoverItem.batch_number).where(
        HandoverItem.original_id.in_(wanted), HandoverItem.is_open
    )
    for original_id, number in session.execute(taken):
        if number != row.number:
            raise ConflictError(
                f"One of the papers is on {number_of(number)} already",
                detail_zh=f"其中有文件已列入 {number_of(number)}，请先撤回该批次",
            )
        del wanted[original_id]
    if len(wanted) + stored.all_items(session, row) > MOST_ITEMS:
        raise InvalidInputError(
            f"At most {MOST_ITEMS} papers in one batch", detail_zh=f"每批最多 {MOST_ITEMS} 件"
        )
    session.add_all(
        HandoverItem(
            batch_number=row.number,
            document_id=one.document_id,
            original_id=one.id,
            from_kind=one.custodian_kind,
            from_holder=one.custodian,
            listed_by=listed_by,
            pages=pages[one.document_id],
        )
        for one in wanted.values()
    )
    session.flush()
    return len(wanted)


def move(
    session: ScopedSession,
    row: HandoverBatch,
    item: HandoverItem,
    *,
    by: str,
    at: datetime,
    back: bool = False,
) -> bool:
    """The paper to the receiving side, or back to where it came from; False: it is elsewhere."""
    holder = Holder(HolderKind(item.from_kind), item.from_holder)
    there = Holder.place(row.to_place)
    source, target = (there, holder) if back else (holder, there)
    found = session.get(PaperOriginal, item.original_id)
    if found is None:
        return False
    original = custody.locked(session, item.original_id)
    is_there = (original.custodian_kind, original.custodian) == (source.kind, source.key)
    if original.state != OriginalState.WHOLE or not is_there:
        return False
    custody.hand(session, original, target, by=by, why=number_of(row.number), at=at)
    return True


def take_off_shelves(
    session: ScopedSession, row: HandoverBatch, codes: Iterable[str], *, by: str, at: datetime
) -> None:
    """Boxes that went over leave their slots, volumes that went without theirs leave their boxes.

    A box that leaves the house is out of use.
    """
    for code in sorted(set(codes) - {""}):
        if shelf_codes.is_box(code):
            box = boxes.box_of(session, shelf_codes.parse_box(code), lock=True)
            left, box.slot_code = box.slot_code or "", None
            box.retired_at = at if row.outside else box.retired_at
            box.revision += 1
            _moved(session, "box", code, left, by=by, at=at)
            continue
        query = select(PaperVolume).where(PaperVolume.code == code).with_for_update()
        volume = session.scalars(query).one()
        left, volume.box_code, volume.position = volume.box_code or "", None, 0
        volume.revision += 1
        _moved(session, "volume", volume.id, left, by=by, at=at)
    session.flush()


def _moved(
    session: ScopedSession, kind: str, thing: str, left: str, *, by: str, at: datetime
) -> None:
    if left:
        session.add(ShelfMove(kind=kind, thing=thing, from_place=left, to_place="", at=at, by=by))
