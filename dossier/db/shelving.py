"""Where paper belongs, for every feature that sends somebody to fetch it or puts it back.

The contract between the shelves and whoever keeps custody (``paper_original``):

- Where an original *belongs* is told by its item, its volume, the volume's box and the box's slot:
  :func:`home_of`. Who *has* it is ``paper_original`` alone.
- ``custodian_kind = 'place'`` means that ``custodian`` is the bar code of a box (``KHQ018…``), or
  the code of a room (``K01``) for what lies on that room's desk: :func:`is_place`. Moving a box to
  another slot, so, changes nothing there; moving a volume to another box does
  (:func:`originals_in` tells which those are).
- Sort what is to be fetched by :attr:`Home.walk`: the order in which one walks through the room,
  aisle by aisle. What has no slot comes last.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from dossier.db.loan_tables import PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, PaperVolume, ShelfSlot, StorageRoom, VolumeItem

NOWHERE: Final = "~"
"""Sorts after every place."""
AT_ONCE: Final = 500
"""Ids in one query: SQLite takes no endless list."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where an original belongs.

    Attributes:
        box_bar_code: of its volume's box; None while the volume is in none.
        volume: the volume's reference code.
        item: its number in the volume, from 1.
        reference_code: its own, ``Q018-KH·DY·2025-D30-000123-004``.
        slot_code: where the box stands; None while it stands nowhere.
        walk: sorts as one walks; what stands nowhere comes last.
    """

    box_bar_code: str | None
    volume: str
    item: int
    reference_code: str
    slot_code: str | None
    walk: str


def home_of(session: ScopedSession, original_ids: Collection[str]) -> dict[str, Home]:
    """Where these originals belong; those that are in no volume yet are not in the answer."""
    found: dict[str, Home] = {}
    wanted = sorted(set(original_ids))
    for at in range(0, len(wanted), AT_ONCE):
        found |= _homes(session, wanted[at : at + AT_ONCE])
    return found


def _homes(session: ScopedSession, wanted: list[str]) -> dict[str, Home]:
    query = (
        select(
            PaperOriginal.id,
            PaperVolume.code,
            PaperVolume.box_code,
            VolumeItem.number,
            VolumeItem.code.label("item_code"),
            ShelfSlot.code.label("slot_code"),
            ShelfSlot.walk,
        )
        .join(VolumeItem, VolumeItem.document_id == PaperOriginal.document_id)
        .join(PaperVolume, PaperVolume.id == VolumeItem.volume_id)
        .join(PaperBox, PaperBox.bar_code == PaperVolume.box_code, isouter=True)
        .join(ShelfSlot, ShelfSlot.code == PaperBox.slot_code, isouter=True)
        .where(PaperOriginal.id.in_(wanted))
        .order_by(VolumeItem.turn)  # the last one counts
    )
    return {
        row.id: Home(
            row.box_code, row.code, row.number, row.item_code, row.slot_code, row.walk or NOWHERE
        )
        for row in session.execute(query)
    }


def is_place(session: ScopedSession, code: str) -> bool:
    """Whether a custodian of kind ``place`` may be called so: a box in use, or a room."""
    if session.get(StorageRoom, code) is not None:
        return True
    box = session.get(PaperBox, code)
    return box is not None and box.retired_at is None


def originals_in(session: ScopedSession, box_bar_code: str) -> list[str]:
    """Ids of the originals that belong into a box, whoever has them now."""
    query = (
        select(PaperOriginal.id, VolumeItem.turn, VolumeItem.document_id, PaperVolume.box_code)
        .join(VolumeItem, VolumeItem.document_id == PaperOriginal.document_id)
        .join(PaperVolume, PaperVolume.id == VolumeItem.volume_id)
        .order_by(VolumeItem.turn)
    )
    inside = (
        select(VolumeItem.document_id).join(PaperVolume).where(PaperVolume.box_code == box_bar_code)
    )
    last = {
        row.id: row.box_code
        for row in session.execute(query.where(VolumeItem.document_id.in_(inside)))
    }
    return sorted(one for one, box in last.items() if box == box_bar_code)
