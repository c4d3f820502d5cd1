"""Volumes: a customer's papers get their reference codes once, and the volume gets its box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from dossier.access import demand
from dossier.clock import local_date
from dossier.db import shelving as shelved
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, PaperVolume, ShelfMove, VolumeItem
from dossier.db.tables import Customer, Document
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import boxes
from dossier.records import DocumentState
from dossier.rules import document_types, lending, reference_codes, shelf_codes, shelving
from dossier.rules.loan_states import HOLDS_ORIGINAL
from dossier.rules.reference_codes import RETENTIONS, ReferenceCode
from dossier.services import audit, custody, disclosure, filing, heads, papers
from dossier.services.context import Context
from dossier.services.custody import Holder, OriginalState
from dossier.services.views import CustomerHead, Shown
from dossier.viewer import Permission, Place, Viewer

FILED, BOXED, NOTED, READ = "paper.filed", "volume.boxed", "volume.noted", "volume.read"
VOLUME = "volume"
LONGEST_NOTE = 400
REFILED = "the paper belongs to another customer"


@dataclass(frozen=True, slots=True)
class Item:
    """A paper in a volume, as its list says it; ``first`` is where it begins, by pages."""

    number: int
    code: str
    document_id: str
    title: Shown
    type_label: str
    doc_date: date | None
    pages: int
    first: int


@dataclass(frozen=True, slots=True)
class VolumeView:
    """A volume with its items, as far as the viewer sees them.

    Attributes:
        hidden: items that the viewer does not see; their numbers stay free in the list.
    """

    id: str
    code: str
    head: CustomerHead
    nature: str
    year: int
    retention: str
    retention_current: str
    box: str | None
    slot: str | None
    position: int
    opened_at: datetime
    closed_at: datetime | None
    note: str
    items: tuple[Item, ...]
    pages: int
    hidden: int

    @property
    def first_day(self) -> date | None:
        """The oldest paper's day."""
        return min((one.doc_date for one in self.items if one.doc_date), default=None)

    @property
    def last_day(self) -> date | None:
        """The newest paper's day."""
        return max((one.doc_date for one in self.items if one.doc_date), default=None)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A customer's volumes, and how many papers are in none yet."""

    head: CustomerHead
    volumes: tuple[VolumeView, ...]
    unfiled: int


def file_papers(context: Context, viewer: Viewer, customer_no: str) -> tuple[str, ...]:
    """Give each paper of a customer that has none its reference code, in the open volume.

    The list goes by the catalogue, then by day. A volume that is full is closed and the next one
    opened. What lies in another customer's volume by mistake gets a new code here, and its old
    number there stays taken.

    Raises:
        ForbiddenError: the role has nothing to do with volumes.
        NotFoundError: no such customer in the viewer's scope.
    """
    viewer = demand(viewer, Permission.SHELVE)
    now = context.clock.now()
    with context.writing(viewer) as session:
        query = select(Customer).where(Customer.customer_no == customer_no).with_for_update()
        customer = session.scalar(query)
        if customer is None:
            raise NotFoundError("No such customer", detail_zh="没有此户号的客户")
        waiting = _unfiled(session, customer_no)
        codes = _give(context, session, viewer, customer, waiting, at=now)
        if codes:
            audit.note(
                session,
                viewer,
                FILED,
                at=now,
                object_kind="customer",
                object_id=customer_no,
                facts={"first": codes[0], "last": codes[-1], "count": len(codes)},
            )
    return codes


def put(context: Context, viewer: Viewer, volume_scan: str, box_scan: str) -> str:
    """Put a volume into a box; an empty box takes it out, to the desk. Gives the volume's code.

    Raises:
        ForbiddenError: the role has nothing to do with volumes.
        InvalidInputError: no volume's code, or a foreign bar code.
        NotFoundError: no such volume in the viewer's scope, or no such box.
        ConflictError: the box is full or out of use.
    """
    viewer = demand(viewer, Permission.SHELVE)
    code = str(volume_code(volume_scan))
    box_code = shelf_codes.parse_box(box_scan) if box_scan.strip() else None
    now = context.clock.now()
    with context.writing(viewer) as session:
        box = boxes.box_of(session, box_code, lock=True) if box_code else None
        row = _locked(session, code)
        if (row.box_code or "") == (box.bar_code if box else ""):
            return code
        if box is not None:
            _check_box(session, boxes.in_use(box), row)
        before = row.box_code or ""
        row.box_code = box.bar_code if box else None
        row.position = shelved.next_position(session, box.bar_code) if box else 0
        row.revision += 1
        to = box.bar_code if box else ""
        session.add(
            ShelfMove(
                kind=VOLUME, thing=row.id, from_place=before, to_place=to, at=now, by=viewer.id
            )
        )
        session.flush()
        at_hand = box.bar_code if box else lending.load().desk
        _lay_in(session, row, at_hand, by=viewer.id, at=now)
        facts = {"from_box": before, "to_box": to}
        audit.note(session, viewer, BOXED, at=now, object_kind=VOLUME, object_id=code, facts=facts)
    return code


def close(context: Context, viewer: Viewer, code: str, note: str) -> None:
    """Write the note at a volume's end (备考表); with it the volume takes no more papers.

    Raises:
        ForbiddenError: the role has nothing to do with volumes.
        InvalidInputError: no volume's code, or too long a note.
        NotFoundError: no such volume in the viewer's scope.
    """
    viewer = demand(viewer, Permission.SHELVE)
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE:
        raise InvalidInputError("Say it in fewer words", detail_zh="说明过长，请精简")
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = _locked(session, str(volume_code(code)))
        row.note, row.closed_at = note, row.closed_at or now
        row.revision += 1
        audit.note(session, viewer, NOTED, at=now, object_kind=VOLUME, object_id=row.code)


def of_customer(context: Context, viewer: Viewer, customer_no: str) -> Shelf:
    """A customer's volumes with their lists.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such customer in the viewer's scope.
    """
    viewer = demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        customer = heads.customer_in_scope(session, customer_no)
        here = disclosure.looking(
            context, session, viewer.at(Place.of_customer(customer)), customer_no
        )
        noted = audit.begin_read(context, here, READ, object_kind="customer", object_id=customer_no)
        viewer = replace(viewer, opening=here.opening)
        query = select(PaperVolume).where(PaperVolume.customer_no == customer_no)
        rows = session.scalars(query.order_by(PaperVolume.code)).all()
        found = _views(context, session, viewer, rows)
        head = heads.heads(session, viewer, [customer_no])[customer_no]
        unfiled = len(_unfiled(session, customer_no))
    noted.wait()
    return Shelf(head, found, unfiled)


def get(context: Context, viewer: Viewer, scan: str, *, action: str = READ) -> VolumeView:
    """One volume with its list; the look is noted.

    Raises:
        ForbiddenError: the role may not read customers.
        InvalidInputError: no volume's code.
        NotFoundError: no such volume in the viewer's scope.
    """
    viewer = demand(viewer, Permission.READ_CUSTOMER)
    code = str(volume_code(scan))
    with context.reading(viewer) as session:
        row = _in_scope(session.scalar(select(PaperVolume).where(PaperVolume.code == code)))
        noted = audit.begin_read(
            context, viewer, action, object_kind="customer", object_id=row.customer_no,
            facts={"volume": code},
        )  # fmt: skip
        (found,) = _views(context, session, viewer, [row])
    noted.wait()
    return found


def in_box(context: Context, viewer: Viewer, bar_code: str) -> tuple[VolumeView, ...]:
    """The volumes of a box that the viewer sees, in their places; the look is noted.

    Raises:
        ForbiddenError: the role may not read customers.
    """
    viewer = demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        noted = audit.begin_read(context, viewer, "box.read", object_kind="box", object_id=bar_code)
        query = select(PaperVolume).where(PaperVolume.box_code == bar_code)
        found = _views(
            context, session, viewer, session.scalars(query.order_by(PaperVolume.position)).all()
        )
    noted.wait()
    return found


def volume_code(scan: str) -> ReferenceCode:
    """The volume that a code names, of itself or of an item in it.

    Raises:
        InvalidInputError: it is no reference code.
    """
    return reference_codes.parse(scan).of_item(0)


# -- giving codes -------------------------------------------------------------------------------


def _unfiled(session: ScopedSession, customer_no: str) -> list[Document]:
    """Papers that have no code, or one in another customer's volume; as the list goes."""
    inside = (
        select(VolumeItem.id)
        .join(PaperVolume, PaperVolume.id == VolumeItem.volume_id)
        .where(
            VolumeItem.document_id == Document.id,
            PaperVolume.customer_no == customer_no,
            shelved.is_last_turn(),
        )
    )
    found = session.scalars(
        select(Document).where(
            Document.customer_no == customer_no,
            Document.state == DocumentState.FILED,
            ~inside.exists(),
        )
    )
    return sorted(found, key=_in_list)


def _in_list(document: Document) -> tuple[str, date, int]:
    return document.type_code or "~", document.doc_date or date.max, document.rowid


def _give(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    customer: Customer,
    waiting: Sequence[Document],
    *,
    at: datetime,
) -> tuple[str, ...]:
    codes: list[str] = []
    volume = _open_volume(session, customer.customer_no)
    pages, number = _so_far(session, volume)
    rules = shelving.load()
    for nth, document in enumerate(waiting):
        count = max(document.page_count, 1)
        is_full = number >= rules.volume_items or (number and pages + count > rules.volume_pages)
        if volume is not None and is_full:
            volume.closed_at = at
            volume = None
        if volume is None:
            volume = _new_volume(context, session, viewer, customer, waiting[nth:], at=at)
            pages = number = 0
        number, pages = number + 1, pages + count
        code = str(reference_codes.parse(volume.code).of_item(number))
        turn = _turns(session, document.id) + 1
        session.add(
            VolumeItem(
                volume_id=volume.id,
                number=number,
                document_id=document.id,
                turn=turn,
                code=code,
                pages=count,
                given_at=at,
                given_by=viewer.id,
                reason=REFILED if turn > 1 else "",
            )
        )
        document.reference_code = code
        filing.touch(session, document, at=at)
        codes.append(code)
    if volume is not None and volume.box_code:
        _lay_in(session, volume, volume.box_code, by=viewer.id, at=at)
    return tuple(codes)


def _open_volume(session: ScopedSession, customer_no: str) -> PaperVolume | None:
    query = select(PaperVolume).where(
        PaperVolume.customer_no == customer_no, PaperVolume.closed_at.is_(None)
    )
    return session.scalar(query.order_by(PaperVolume.opened_at.desc()).limit(1).with_for_update())


def _so_far(session: ScopedSession, volume: PaperVolume | None) -> tuple[int, int]:
    """Pages in a volume, and the last number that was given in it."""
    if volume is None:
        return 0, 0
    return (
        shelved.pages_in_volumes(session, [volume.id]).get(volume.id, 0),
        shelved.last_item(session, volume.id),
    )


def _new_volume(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    customer: Customer,
    papers: Sequence[Document],
    *,
    at: datetime,
) -> PaperVolume:
    kept = {document_types.retention(one.type_code, customer.category) for one in papers}
    retention = next((one for one in RETENTIONS if one in kept), RETENTIONS[1])
    nature, year = shelving.load().natures[customer.category], local_date(at).year
    fonds = context.settings.fonds
    number = shelved.next_volume_number(session, fonds, nature, year, retention)
    code = reference_codes.checked(ReferenceCode(fonds, nature, year, retention, number))
    row = PaperVolume(
        code=str(code),
        customer_no=customer.customer_no,
        fonds=fonds,
        nature=nature,
        year=year,
        retention=retention,
        number=number,
        retention_current=retention,
        opened_at=at,
        opened_by=viewer.id,
    )
    session.add(row)
    session.flush()
    return row


def _turns(session: ScopedSession, document_id: str) -> int:
    query = select(VolumeItem.turn).where(VolumeItem.document_id == document_id)
    return max(session.scalars(query), default=0)


# -- boxes --------------------------------------------------------------------------------------


def _check_box(session: ScopedSession, box: PaperBox, volume: PaperVolume) -> None:
    inside = shelved.pages_in_boxes(session, [box.bar_code]).get(box.bar_code, 0)
    more = shelved.pages_in_volumes(session, [volume.id]).get(volume.id, 0)
    if inside and inside + more > box.pages:  # what is too thick for any box goes alone
        raise ConflictError(
            f"Box {box.bar_code} is full: {inside} of {box.pages} pages lie in it, the volume has "
            f"{more}; take another box",
            detail_zh=f"档案盒 {box.bar_code} 已满：可装 {box.pages} 页，已装 {inside} 页，"
            f"此卷 {more} 页，请换用其他盒",
        )


def _lay_in(
    session: ScopedSession, volume: PaperVolume, place: str, *, by: str, at: datetime
) -> None:
    """A volume's originals are in its box, or on the desk; who has borrowed one keeps it."""
    lent = select(Loan.number).where(
        Loan.original_id == PaperOriginal.id, Loan.state.in_(sorted(HOLDS_ORIGINAL))
    )
    here = shelved.items_now(session, volume.id)
    rows = session.scalars(
        select(PaperOriginal)
        .where(
            PaperOriginal.document_id.in_(here),
            PaperOriginal.state == OriginalState.WHOLE,
            ~lent.exists(),
        )
        .with_for_update()
    )
    for row in rows:
        custody.hand(session, row, Holder.place(place), by=by, why=f"{BOXED}: {volume.code}", at=at)


def _locked(session: ScopedSession, code: str) -> PaperVolume:
    query = select(PaperVolume).where(PaperVolume.code == code).with_for_update()
    return _in_scope(session.scalar(query))


def _in_scope(found: PaperVolume | None) -> PaperVolume:
    if found is None:
        raise NotFoundError("No such volume", detail_zh="没有此案卷，请核对档号")
    return found


# -- views --------------------------------------------------------------------------------------


def _views(
    context: Context, session: ScopedSession, viewer: Viewer, rows: Sequence[PaperVolume]
) -> tuple[VolumeView, ...]:
    names = heads.heads(session, viewer, {row.customer_no for row in rows})
    items = _items(context, session, viewer, [row.id for row in rows])
    boxed = select(PaperBox.bar_code, PaperBox.slot_code).where(
        PaperBox.bar_code.in_({row.box_code for row in rows if row.box_code})
    )
    slots = {one.bar_code: one.slot_code for one in session.execute(boxed)}
    pages = shelved.pages_in_volumes(session, [row.id for row in rows])
    counts = shelved.items_in_volumes(session, [row.id for row in rows])
    return tuple(
        VolumeView(
            row.id,
            row.code,
            names[row.customer_no],
            row.nature,
            row.year,
            row.retention,
            row.retention_current,
            row.box_code,
            slots.get(row.box_code or ""),
            row.position,
            row.opened_at,
            row.closed_at,
            row.note,
            items.get(row.id, ()),
            pages.get(row.id, 0),
            counts.get(row.id, 0) - len(items.get(row.id, ())),
        )
        for row in rows
    )


def _items(
    context: Context, session: ScopedSession, viewer: Viewer, volume_ids: Sequence[str]
) -> dict[str, tuple[Item, ...]]:
    rows = session.scalars(
        select(VolumeItem)
        .where(VolumeItem.volume_id.in_(volume_ids), shelved.is_last_turn())
        .order_by(VolumeItem.volume_id, VolumeItem.number)
    ).all()
    query = papers.summary_query().where(Document.id.in_({row.document_id for row in rows}))
    seen = {
        one.id: one for one in papers.summaries(context, session, viewer, session.execute(query))
    }
    found: dict[str, list[Item]] = {}
    for row in rows:
        if row.document_id not in seen:
            continue
        paper = seen[row.document_id]
        own = found.setdefault(row.volume_id, [])
        first = own[-1].first + own[-1].pages if own else 1
        own.append(
            Item(
                row.number,
                row.code,
                paper.id,
                paper.title,
                paper.type_label,
                paper.doc_date,
                row.pages,
                first,
            )
        )
    return {volume: tuple(own) for volume, own in found.items()}
