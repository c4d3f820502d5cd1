"""Paper and picture side by side (双归档, S0-04): which half of a filed paper is missing, or where.

A paper that nobody scanned is not known here at all: what can lack is its paper, or what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, case, exists, func, select

from dossier.access import demand
from dossier.db import shelving
from dossier.db.loan_tables import PaperOriginal
from dossier.db.shelving_tables import PaperVolume, VolumeItem
from dossier.db.tables import Document
from dossier.errors import InvalidInputError
from dossier.records import DocumentState
from dossier.services import audit, cursors, paper_flags, papers
from dossier.services.context import Context
from dossier.services.views import DocumentSummary
from dossier.viewer import Permission, Viewer

LISTED, LISTING = "pairing.read", "pairing"
LOST, NO_PAPER, BAD_PICTURE = "paper_lost", "no_paper", "bad_picture"
NO_VOLUME, NO_BOX, BOTH = "no_volume", "no_box", "both"
HALVES: Final = (LOST, NO_PAPER, BAD_PICTURE, NO_VOLUME, NO_BOX, BOTH)
"""What is wrong first comes first; each paper is in one of them."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Pairing:
    """Counts of all that the viewer sees, and a page of the papers of one kind."""

    counts: Mapping[str, int]
    half: str
    items: tuple[DocumentSummary, ...]
    next_cursor: str | None

    @property
    def total(self) -> int:
        """All filed papers."""
        return sum(self.counts.values())


def listed(
    context: Context, viewer: Viewer, half: str = NO_VOLUME, cursor: str | None = None
) -> Pairing:
    """Filed papers by what their pair lacks; the oldest first. The look is noted.

    Raises:
        ForbiddenError: the role has nothing to do with shelves, or may not read customers.
        InvalidInputError: no such kind.
        QueryError: the cursor is broken.
    """
    viewer = demand(demand(viewer, Permission.SHELVE), Permission.READ_CUSTOMER)
    if half not in HALVES:
        raise InvalidInputError(
            f"No such kind; there are {', '.join(HALVES)}", detail_zh="没有此配对状态"
        )
    after = cursors.unpack(context.keyring, f"{LISTING}:{half}", cursor) if cursor else 0
    filed = Document.state == DocumentState.FILED
    with context.reading(viewer) as session:
        noted = audit.begin_read(
            context, viewer, LISTED, object_kind="list", object_id=LISTING, facts={"half": half}
        )
        counted = select(_half().label("half"), func.count().label("papers")).where(filed)
        found = {row.half: row.papers for row in session.execute(counted.group_by("half"))}
        query = papers.summary_query().where(filed, _half() == half, Document.rowid > after)
        rows = session.execute(query.order_by(Document.rowid).limit(PAGE + 1)).all()
        items = papers.summaries(context, session, viewer, rows[:PAGE])
    noted.wait()
    more = len(rows) > PAGE
    next_cursor = (
        cursors.pack(context.keyring, f"{LISTING}:{half}", rows[PAGE - 1].rowid) if more else None
    )
    return Pairing({one: found.get(one, 0) for one in HALVES}, half, items, next_cursor)


def _half() -> ColumnElement[str]:
    """The first of :data:`HALVES` that holds for a paper."""
    original = select(PaperOriginal.id).where(PaperOriginal.document_id == Document.id)
    is_whole = paper_flags.has_paper()
    item = (
        select(VolumeItem.id)
        .join(PaperVolume, PaperVolume.id == VolumeItem.volume_id)
        .where(
            VolumeItem.document_id == Document.id,
            PaperVolume.customer_no == Document.customer_no,
            shelving.is_last_turn(),
        )
    )
    return case(
        (and_(~is_whole, exists(original)), LOST),
        (~is_whole, NO_PAPER),
        (~paper_flags.is_read(), BAD_PICTURE),
        (~item.exists(), NO_VOLUME),
        (~item.where(PaperVolume.box_code.is_not(None)).exists(), NO_BOX),
        else_=BOTH,
    )
