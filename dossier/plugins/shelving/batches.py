"""Papers that one side hands over to another, each side with its own word (S2-10, S2-11, S0-04).

The giving side lists what it has and hands it over; the receiving side, another person, counts and
confirms. Who has the papers changes with that word, and not before. What is missing, was not listed
or has another number of pages is named item by item and settled one by one; then the batch is done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, select

from dossier.access import demand
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
from dossier.services import audit, cursors, papers
from dossier.services.context import Context
from dossier.services.custody import HolderKind, OriginalState
from dossier.services.role_grants import account_names
from dossier.services.views import DocumentSummary
from dossier.viewer import Permission, Viewer

MADE, LISTED, HANDED, RECEIVED, SETTLED, WITHDRAWN, READ = (
    "batch.made", "batch.listed", "batch.handed", "batch.received", "batch.settled",
    "batch.withdrawn", "batch.read",
)  # fmt: skip
BATCH = "batch"
PAGE = 50
MOST_PAGES = 100_000
MOST_EXTRA = 200
LONGEST_NAME = 80
LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class ItemView:
    """One paper of a batch; ``paper`` is None where nobody could say which one it is."""

    id: int
    paper: DocumentSummary | None
    code: str
    listed_by: str
    pages: int
    counted: int | None
    difference: str
    outcome: str
    note: str

    @property
    def is_unsettled(self) -> bool:
        """Whether somebody has to say what became of it."""
        return bool(self.difference and not self.outcome)


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as its list says it.

    Attributes:
        to: the room or place that it goes to.
        hidden: items that the viewer does not see.
        mine: the viewer is the giving side.
    """

    id: str
    number: str
    state: BatchState
    giver: str
    to: str
    outside: str
    receiver: str
    signatory: str
    made_at: datetime
    handed_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    count: int
    pages: int
    items: tuple[ItemView, ...] = ()
    hidden: int = 0
    mine: bool = False

    @property
    def unsettled(self) -> int:
        """Differences that are open."""
        return sum(one.is_unsettled for one in self.items)


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


@dataclass(frozen=True, slots=True)
class Batches:
    """A page of batches, the newest first."""

    items: tuple[BatchView, ...]
    next_cursor: str | None


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
        on_the_way = select(HandoverItem.id).where(
            HandoverItem.original_id == PaperOriginal.id, HandoverItem.is_open
        )
        query = select(PaperOriginal).where(
            PaperOriginal.custodian_kind == HolderKind.PERSON,
            PaperOriginal.custodian == viewer.id,
            PaperOriginal.state == OriginalState.WHOLE,
            ~rows.is_lent(),
            ~on_the_way.exists(),
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
        count = rows.all_items(session, row)
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
        rows.close_items(session, row)
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
        if len(items) != rows.all_items(session, row):
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


# -- views ----------------------------------------------------------------------------------------


def get(context: Context, viewer: Viewer, batch_id: str) -> BatchView:
    """One batch with its items, for its giving side and for who looks after the shelves.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such batch that the viewer has to do with.
    """
    viewer = demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        query = select(HandoverBatch).where(HandoverBatch.id == batch_id)
        row = rows.known(session.scalar(query))
        if row.giver_id != viewer.id and not viewer.may(Permission.SHELVE):
            raise rows.unknown()
        noted = audit.begin_read(context, viewer, READ, object_kind=BATCH, object_id=row.id)
        found = _view(context, session, viewer, row)
    noted.wait()
    return found


def listed(context: Context, viewer: Viewer, cursor: str | None = None) -> Batches:
    """The batches that the viewer gives, and all for who looks after the shelves.

    Raises:
        ForbiddenError: the role may not read customers.
        QueryError: the cursor is broken.
    """
    viewer = demand(viewer, Permission.READ_CUSTOMER)
    query = select(HandoverBatch).order_by(HandoverBatch.number.desc()).limit(PAGE + 1)
    if not viewer.may(Permission.SHELVE):
        query = query.where(HandoverBatch.giver_id == viewer.id)
    if cursor:
        last = cursors.unpack(context.keyring, BATCH, cursor)
        query = query.where(HandoverBatch.number < last)
    with context.reading(viewer) as session:
        found = session.scalars(query).all()
        names = account_names(session, _people(found))
        counts = _counts(session, found)
        items = tuple(
            _head(viewer, row, names, counts.get(row.number, (0, 0))) for row in found[:PAGE]
        )
    more = len(found) > PAGE
    next_cursor = cursors.pack(context.keyring, BATCH, found[PAGE - 1].number) if more else None
    return Batches(items, next_cursor)


def places(context: Context, viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """Where a batch may go in the house: code and name.

    Raises:
        ForbiddenError: the role may not read customers.
    """
    viewer, rules = demand(viewer, Permission.READ_CUSTOMER), lending.load()
    with context.reading(viewer) as session:
        query = select(StorageRoom.code, StorageRoom.name).order_by(StorageRoom.code)
        rooms = [(row.code, row.name) for row in session.execute(query)]
    receiving = rules.receiving, rules.place_name(rules.receiving, viewer.language)
    return (*rooms, receiving)


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
    for one in originals:
        rows.check_giver(session, viewer, one)
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
    if one is not None and (one.id in known or rows.is_on_the_way(session, one.id)):
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
    rows.close_items(session, row, settled_only=True)
    if not rows.unsettled(session, row):
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


def _people(found: Collection[HandoverBatch]) -> set[str]:
    return {one.giver_id for one in found} | {one.received_by for one in found if one.received_by}


def _counts(session: ScopedSession, found: Collection[HandoverBatch]) -> dict[int, tuple[int, int]]:
    """Items and pages on the lists, whatever the session sees of them."""
    item = HandoverItem.__table__
    query = (
        select(item.c.batch_number, func.count(), func.sum(item.c.pages))
        .where(item.c.batch_number.in_([one.number for one in found]))
        .where(item.c.difference != Difference.EXTRA)
        .group_by(item.c.batch_number)
    )
    return {
        number: (count, int(pages)) for number, count, pages in session.connection().execute(query)
    }


def _head(
    viewer: Viewer, row: HandoverBatch, names: Mapping[str, str], counted: tuple[int, int]
) -> BatchView:
    return BatchView(
        row.id,
        rows.number_of(row.number),
        BatchState(row.state),
        names.get(row.giver_id, row.giver_id),
        row.outside or lending.load().place_name(row.to_place, viewer.language),
        row.outside,
        names.get(row.received_by or "", row.received_by or ""),
        row.signatory,
        row.made_at,
        row.handed_at,
        row.received_at,
        row.closed_at,
        *counted,
        mine=row.giver_id == viewer.id,
    )


def _view(
    context: Context, session: ScopedSession, viewer: Viewer, row: HandoverBatch
) -> BatchView:
    items = rows.items_of(session, row)
    ids = sorted({one.document_id for one in items} - {""})
    found: dict[str, DocumentSummary] = {}
    for start in range(0, len(ids), shelved.AT_ONCE):
        query = papers.summary_query().where(Document.id.in_(ids[start : start + shelved.AT_ONCE]))
        lines = papers.summaries(context, session, viewer, session.execute(query).all())
        found |= {one.id: one for one in lines}
    seen = [one for one in items if not one.document_id or one.document_id in found]
    head = _head(
        viewer, row, account_names(session, _people([row])), _counts(session, [row]).get(
            row.number, (0, 0)
        ),
    )  # fmt: skip
    shown = tuple(_item_view(one, found.get(one.document_id)) for one in seen)
    return replace(head, items=shown, hidden=rows.all_items(session, row) - len(seen))


def _item_view(item: HandoverItem, paper: DocumentSummary | None) -> ItemView:
    return ItemView(
        item.id,
        paper,
        (paper.reference_code if paper else None) or "",
        item.listed_by,
        item.pages,
        item.counted,
        item.difference,
        item.outcome,
        item.note,
    )
