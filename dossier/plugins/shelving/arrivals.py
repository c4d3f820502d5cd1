"""A box that came with a batch is shelved: its papers, which lay on the room's desk, are in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dossier.db.batch_tables import HandoverItem
from dossier.db.loan_tables import PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox
from dossier.services import custody
from dossier.services.custody import Holder, HolderKind, OriginalState


def lay_in(session: ScopedSession, box: PaperBox, room: str, *, by: str, at: datetime) -> None:
    """What was handed over in a box, and lies in the room since, is in its box again."""
    came = select(HandoverItem.original_id).where(
        HandoverItem.listed_by == box.bar_code, HandoverItem.is_open.is_(False)
    )
    query = select(PaperOriginal).where(
        PaperOriginal.id.in_(came),
        PaperOriginal.state == OriginalState.WHOLE,
        PaperOriginal.custodian_kind == HolderKind.PLACE,
        PaperOriginal.custodian == room,
    )
    for one in session.scalars(query.with_for_update()):
        custody.hand(session, one, Holder.place(box.bar_code), by=by, why="归位", at=at)
