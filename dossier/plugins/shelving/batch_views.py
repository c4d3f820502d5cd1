"""Batches of paper as their lists and pages say them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from dossier.access import demand
from dossier.db import batches as stored
from dossier.db import shelving as shelved
from dossier.db.batch_tables import HandoverBatch, HandoverItem
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import StorageRoom
from dossier.db.tables import Document
from dossier.plugins.shelving import batch_rows as rows
from dossier.plugins.shelving.batch_rows import BatchState
from dossier.rules import lending
from dossier.services import audit, cursors, papers
from dossier.services.context import Context
from dossier.services.role_grants import account_names
from dossier.services.views import DocumentSummary
from dossier.viewer import Permission, Viewer

READ, BATCH = "batch.read", "batch"
PAGE = 50


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
class Batches:
    """A page of batches, the newest first."""

    items: tuple[BatchView, ...]
    next_cursor: str | None


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
        counts = stored.counts(session, found)
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


def _people(found: Collection[HandoverBatch]) -> set[str]:
    return {one.giver_id for one in found} | {one.received_by for one in found if one.received_by}


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
        viewer, row, account_names(session, _people([row])), stored.counts(session, [row]).get(
            row.number, (0, 0)
        ),
    )  # fmt: skip
    shown = tuple(_item_view(one, found.get(one.document_id)) for one in seen)
    return replace(head, items=shown, hidden=stored.all_items(session, row) - len(seen))


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
