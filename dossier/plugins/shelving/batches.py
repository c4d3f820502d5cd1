"""Papers that one side hands over to another, each side with its own word (S2-10, S2-11, S0-04).

The giving side lists what it has and hands it over; the receiving side, another person, counts and
confirms. Who has the papers changes with that word, and not before. What is missing, was not listed
or has another number of pages is named item by item and settled one by one; then the batch is done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from dossier.access import demand
from dossier.db import batches as stored
from dossier.db import shelving as shelved
from dossier.db.batch_tables import HandoverBatch, HandoverItem
from dossier.db.loan_tables import PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import StorageRoom, VolumeItem
from dossier.db.tables import Document
from dossier.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import batch_rows as rows
from dossier.plugins.shelving.batch_rows import BatchState, Difference, Outcome
from dossier.rules import lending
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.custody import HolderKind, OriginalState
from dossier.viewer import Permission, Viewer

MADE, LISTED, HANDED, RECEIVED, SETTLED, WITHDRAWN = (
    "batch.made", "batch.listed", "batch.handed", "batch.received", "batch.settled",
    "batch.withdrawn",
)  # fmt: skip
BATCH = "batch"
MOST_PAGES = 100_000
MOST_EXTRA = 200
LONGEST_NAME = 80
LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class Found:
    """What the receiving side found.

    Attributes:
        counted: pages by item; what is not in it was counted as it was listed.
        missing: items that were not there.
        extra: what came and was not on the list: codes or ids, or words where there is none.
        signatory: who signed for the archive outside.
    """

    counted: Mapping[int, int] = field(default_factory=dict)
    missing: Collection[int] = ()
    extra: Collection[str] = ()
    signatory: str = ""


# -- the giving side ------------------------------------------------------------------------------


def make(context: Context, viewer: Viewer, to: str, *, outside: str = "") -> str:
    """A new batch that the viewer gives, to a room, the receiving desk or an archive outside.

    Returns:
        Its id.

    Raises:
        ForbiddenError: the role brings in no papers.
        InvalidInputError: neither a room nor an archive outside, or both.
    """
    viewer = _giving(viewer)
    to, outside = to.strip().upper(), " ".join(outside.split())
    if bool(to) == bool(outside) or len(outside) > LONGEST_NAME:
        raise InvalidInputError(
            "Say which room it goes to, or which archive outside",
            detail_zh="请选择接收库房，或填写接收的外单位",
        )
    places, now = lending.load(), context.clock.now()
    with context.writing(viewer) as session:
        if to and to != places.receiving and session.get(StorageRoom, to) is None:
            raise InvalidInputError("There is no such room", detail_zh="没有此库房")
        if outside and not viewer.may(Permission.SHELVE):
            raise ForbiddenError(
                "The archive room hands over to archives outside",
                detail_zh="向外单位移交由档案室办理",
            )
        row = HandoverBatch(
            state=BatchState.LISTING,
            giver_id=viewer.id,
            to_place=to or places.outside,
            outside=outside,
            made_at=now,
        )
        session.add(row)
        session.flush()
        _note(session, viewer, row, MADE, at=now)
        return row.id


def add(context: Context, viewer: Viewer, batch_id: str, scan: str) -> int:
    """List what a code names: a box or volume with all in it, an item, or a paper by its id.

    Returns:
        How many papers came onto the list.

    Raises:
        ForbiddenError: the role brings in no papers.
        NotFoundError: no such batch of the viewer's, or nothing of this code.
        InvalidInputError: no such code, or too many papers.
        ConflictError: somebody else has one of them, it is lent, or on another batch.
    """
    viewer, now = _giving(viewer), context.clock.now()
    with context.writing(viewer) as session:
        row = _listing(session, viewer, batch_id)
        listed_by, originals = rows.originals_named(session, scan)
        if not originals:
            raise NotFoundError("There is no paper of this code", detail_zh="此编码下没有纸质原件")
        return _add(session, viewer, row, originals, listed_by, at=now)


def add_own(context: Context, viewer: Viewer, batch_id: str) -> int:
    """List all papers that the viewer has and that are neither lent nor on another batch.

    Raises:
        ForbiddenError: the role brings in no papers.
        NotFoundError: no such batch of the viewer's.
        InvalidInputError: too many papers.
    """
    viewer, now = _giving(viewer), context.clock.now()
    with context.writing(viewer) as session:
        row = _listing(session, viewer, batch_id)
        query = select(PaperOriginal).where(
            PaperOriginal.custodian_kind == HolderKind.PERSON,
            PaperOriginal.custodian == viewer.id,
            PaperOriginal.state == OriginalState.WHOLE,
            ~rows.is_lent(),
            ~rows.is_on_the_way(),
        )
        originals = session.scalars(query.order_by(PaperOriginal.since).with_for_update()).all()
        return _add(session, viewer, row, list(originals), "", at=now)


def remove(context: Context, viewer: Viewer, batch_id: str, item_id: int) -> None:
    """Take an item off the list.

    Raises:
        ForbiddenError: the role brings in no papers.
        NotFoundError: no such batch of the viewer's, or no such item.
        ConflictError: it is handed over already.
    """
    viewer, now = _giving(viewer), context.clock.now()
    with context.writing(viewer) as session:
        row = _listing(session, viewer, batch_id)
        session.delete(_item(session, row, item_id))
        _note(session, viewer, row, LISTED, at=now, count=-1)


def hand(context: Context, viewer: Viewer, batch_id: str) -> None:
    """The giving side's word: this is what goes over. The list is closed with it.

    Raises:
        ForbiddenError: the role brings in no papers.
        NotFoundError: no such batch of the viewer's.
        ConflictError: nothing is on the list, or it is handed over already.
    """
    viewer, now = _giving(viewer), context.clock.now()
    with context.writing(viewer) as session:
        row = _listing(session, viewer, batch_id)
        count = stored.all_items(session, row)
        if not count:
            raise ConflictError("Nothing is on the list", detail_zh="清单为空，请先添加文件")
        row.state, row.handed_at = BatchState.HANDED, now
        _note(session, viewer, row, HANDED, at=now, count=count)


def withdraw(context: Context, viewer: Viewer, batch_id: str) -> None:
    """The giving side takes it back before it was received; the papers are free again.

    Raises:
        ForbiddenError: the role brings in no papers.
        NotFoundError: no such batch of the viewer's.
        ConflictError: it was received.
    """
    viewer, now = _giving(viewer), context.clock.now()
    with context.writing(viewer) as session:
        row = _own(session, viewer, batch_id)
        rows.demand_state(row, BatchState.LISTING, BatchState.HANDED)
        row.state, row.closed_at = BatchState.WITHDRAWN, now
        stored.close_items(session, row)
        _note(session, viewer, row, WITHDRAWN, at=now)


# -- the receiving side ---------------------------------------------------------------------------


def receive(context: Context, viewer: Viewer, batch_id: str, found: Found) -> BatchState:
    """The receiving side's word: what came, counted. With it the papers change hands.

    Raises:
        ForbiddenError: the role has nothing to do with shelves, or it is the viewer's own batch.
        NotFoundError: no such batch, or an item that is not in it.
        InvalidInputError: a count out of bounds, too much that was not listed, or nobody signed.
        ConflictError: it is not handed over, or has papers outside the viewer's area.
    """
    viewer, now = _receiving(viewer), context.clock.now()
    signatory = " ".join(found.signatory.split())
    _check_found(found, signatory)
    with context.writing(viewer) as session:
        row = rows.locked(session, batch_id)
        rows.demand_state(row, BatchState.HANDED)
        _other_side(viewer, row)
        if row.outside and not signatory:
            raise InvalidInputError(
                "Say who signed for the archive outside", detail_zh="请填写外单位签收人"
            )
        items = rows.items_of(session, row)
        if len(items) != stored.all_items(session, row):
            raise ConflictError(
                "Some of the papers lie outside your area; who sees them all receives it",
                detail_zh="其中有超出您权限范围的文件，请由有权查看全部文件的人员接收",
            )
        if ({*found.counted} | {*found.missing}) - {one.id for one in items}:
            raise NotFoundError("No such item in the batch", detail_zh="批次中没有此项")
        row.received_at, row.received_by, row.signatory = now, viewer.id, signatory
        row.state = BatchState.DIFFERS  # written before its papers move
        for one in items:
            _receive_one(session, viewer, row, one, found, at=now)
        rows.take_off_shelves(
            session, row, {one.listed_by for one in items if one.difference != Difference.MISSING},
            by=viewer.id, at=now,
        )  # fmt: skip
        known = {one.original_id for one in items}
        for said in found.extra:
            _extra(session, row, said, known)
        session.flush()
        _settle_batch(session, row, at=now)
        differing = [one for one in rows.items_of(session, row) if one.difference]
        _note(session, viewer, row, RECEIVED, at=now, count=len(items), differ=len(differing))
        return BatchState(row.state)


def settle(
    context: Context,
    viewer: Viewer,
    batch_id: str,
    item_id: int,
    *,
    outcome: str,
    note: str,
) -> None:
    """Say what became of a difference: the paper is taken after all, or is the giving side's.

    Raises:
        ForbiddenError: the role has nothing to do with shelves, or it is the viewer's own batch.
        NotFoundError: no such batch or item.
        InvalidInputError: neither taken nor back, or no word on it.
        ConflictError: it is settled, or the paper is elsewhere meanwhile.
    """
    viewer, now, note = _receiving(viewer), context.clock.now(), " ".join(note.split())
    if outcome not in set(Outcome) or not note or len(note) > LONGEST_NOTE:
        raise InvalidInputError(
            "Choose taken or back, and say what was found",
            detail_zh="请选择“已接收”或“退回移交方”，并填写核查情况",
        )
    with context.writing(viewer) as session:
        row = rows.locked(session, batch_id)
        rows.demand_state(row, BatchState.DIFFERS)
        _other_side(viewer, row)
        item = _item(session, row, item_id)
        if not item.difference or item.outcome:
            raise ConflictError("It is settled", detail_zh="该项无差异或已办结")
        is_here = item.difference == Difference.PAGES
        moves = bool(item.original_id) and (outcome == Outcome.BACK) == is_here
        if moves and not rows.move(session, row, item, by=viewer.id, at=now, back=is_here):
            raise ConflictError(
                "The paper went elsewhere meanwhile; see its page, and settle it the other way",
                detail_zh="该原件已转往他处，请查看其流向后另行处理",
            )
        item.outcome, item.settled_at, item.settled_by = outcome, now, viewer.id
        item.note = note if not item.note else f"{item.note} — {note}"[:LONGEST_NOTE]
        session.flush()
        _settle_batch(session, row, at=now)
        _note(session, viewer, row, SETTLED, at=now, item=item.id, outcome=outcome)


# -- parts ----------------------------------------------------------------------------------------


def _giving(viewer: Viewer) -> Viewer:
    return demand(demand(viewer, Permission.READ_CUSTOMER), Permission.UPLOAD)


def _receiving(viewer: Viewer) -> Viewer:
    return demand(demand(viewer, Permission.READ_CUSTOMER), Permission.SHELVE)


def _own(session: ScopedSession, viewer: Viewer, batch_id: str) -> HandoverBatch:
    row = rows.locked(session, batch_id)
    if row.giver_id != viewer.id:
        raise rows.unknown()
    return row


def _listing(session: ScopedSession, viewer: Viewer, batch_id: str) -> HandoverBatch:
    row = _own(session, viewer, batch_id)
    rows.demand_state(row, BatchState.LISTING)
    return row


def _other_side(viewer: Viewer, row: HandoverBatch) -> None:
    if row.giver_id == viewer.id:
        raise ForbiddenError(
            "Who hands over does not receive; somebody else counts and confirms",
            detail_zh="移交人不能自己接收，请由另一人清点并确认",
        )


def _item(session: ScopedSession, row: HandoverBatch, item_id: int) -> HandoverItem:
    query = select(HandoverItem).where(
        HandoverItem.batch_number == row.number, HandoverItem.id == item_id
    )
    found = session.scalar(query)
    if found is None:
        raise NotFoundError("No such item in the batch", detail_zh="批次中没有此项")
    return found


def _add(
    session: ScopedSession,
    viewer: Viewer,
    row: HandoverBatch,
    originals: list[PaperOriginal],
    listed_by: str,
    *,
    at: datetime,
) -> int:
    lent = rows.those(session, originals, rows.is_lent())
    for one in originals:
        rows.check_giver(viewer, one, lent)
    pages = _pages(session, {one.document_id for one in originals})
    count = rows.add(session, row, originals, listed_by, pages=pages)
    _note(session, viewer, row, LISTED, at=at, count=count, listed_by=listed_by)
    return count


def _pages(session: ScopedSession, ids: Collection[str]) -> dict[str, int]:
    """As they were counted when they were put into volumes, else as they were scanned."""
    listed, found = sorted(ids), dict[str, int]()
    for start in range(0, len(listed), shelved.AT_ONCE):
        some = listed[start : start + shelved.AT_ONCE]
        scanned = select(Document.id, Document.page_count).where(Document.id.in_(some))
        found |= {row.id: row.page_count for row in session.execute(scanned)}
        bound = select(VolumeItem.document_id, VolumeItem.pages).where(
            VolumeItem.document_id.in_(some)
        )
        found |= {
            row.document_id: row.pages for row in session.execute(bound.order_by(VolumeItem.turn))
        }
    return {key: max(count, 1) for key, count in found.items()}


def _check_found(found: Found, signatory: str) -> None:
    if any(not 1 <= one <= MOST_PAGES for one in found.counted.values()):
        raise InvalidInputError(
            "Count the pages; at least 1, or mark it missing",
            detail_zh="请清点页数，至少 1 页；未见到的请标为缺少",
        )
    if len(found.extra) > MOST_EXTRA or len(signatory) > LONGEST_NAME:
        raise InvalidInputError(
            f"At most {MOST_EXTRA} papers that were not listed",
            detail_zh=f"清单外的文件一次最多 {MOST_EXTRA} 件",
        )


def _receive_one(
    session: ScopedSession,
    viewer: Viewer,
    row: HandoverBatch,
    item: HandoverItem,
    found: Found,
    *,
    at: datetime,
) -> None:
    """What is there changes hands; what went elsewhere since it was listed counts as missing."""
    if item.id in found.missing:
        item.difference = Difference.MISSING
        return
    if not rows.move(session, row, item, by=viewer.id, at=at):
        item.difference, item.note = Difference.MISSING, "列入清单后已转往他处"
        return
    item.counted = found.counted.get(item.id, item.pages)
    if item.counted != item.pages:
        item.difference = Difference.PAGES


def _extra(session: ScopedSession, row: HandoverBatch, said: str, known: set[str]) -> None:
    said = " ".join(said.split())[:LONGEST_NOTE]
    if not said:
        return
    try:
        _, originals = rows.originals_named(session, said)
    except (InvalidInputError, NotFoundError, ConflictError):
        originals = []  # nobody knows it by this: it is described in words
    one = originals[0] if len(originals) == 1 else None
    if one is not None and (one.id in known or rows.those(session, [one], rows.is_on_the_way())):
        one = None
    if one is not None:
        known.add(one.id)
    session.add(
        HandoverItem(
            batch_number=row.number,
            document_id=one.document_id if one else "",
            original_id=one.id if one else "",
            from_kind=one.custodian_kind if one else "",
            from_holder=one.custodian if one else "",
            pages=0,
            difference=Difference.EXTRA,
            note=said,
        )
    )


def _settle_batch(session: ScopedSession, row: HandoverBatch, *, at: datetime) -> None:
    """It is done when no difference is open; the papers of what is settled are free."""
    stored.close_items(session, row, settled_only=True)
    if not stored.unsettled(session, row):
        row.state, row.closed_at = BatchState.DONE, at
    session.flush()


def _note(
    session: ScopedSession,
    viewer: Viewer,
    row: HandoverBatch,
    action: str,
    *,
    at: datetime,
    **facts: object,
) -> None:
    said = {"number": rows.number_of(row.number), "to": row.to_place, **facts}
    audit.note(session, viewer, action, at=at, object_kind=BATCH, object_id=row.id, facts=said)
