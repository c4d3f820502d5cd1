"""Where paper belongs, for every feature that sends somebody to fetch it or puts it back.

The contract between the shelves and whoever keeps custody (``paper_original``):

- Where an original *belongs* is told by its item, its volume, the volume's box and the box's slot:
  :func:`home_of`. Who *has* it is ``paper_original`` alone.
- ``custodian_kind = 'place'`` means that ``custodian`` is the bar code of a box (``KHQ018…``), the
  code of a room (``K01``) for what lies on that room's desk, or a place of ``lending.yaml`` on the
  way: :func:`is_place` knows the first two. Moving a box to
  another slot, so, changes nothing there; moving a volume to another box does
  (:func:`originals_in` tells which those are).
- Sort what is to be fetched by :attr:`Home.walk`: the order in which one walks through the room,
  aisle by aisle. What has no slot comes last.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, text

from dossier.db.loan_tables import PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperBox, PaperVolume, ShelfSlot, StorageRoom, VolumeItem

NOWHERE: Final = "~"
"""Sorts after every place."""
AT_ONCE: Final = 500
"""Ids in one query: SQLite takes no endless list."""
ADVISORY_LOCK: Final = 711_003
"""PostgreSQL's, for numbers of boxes and volumes (see :mod:`dossier.db.rowids`)."""


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


def is_last_turn() -> ColumnElement[bool]:
    """Whether an item is where its paper belongs now: a paper that was filed again has several.

    Of all there are, whatever the session sees.
    """
    item = VolumeItem.__table__
    later = item.alias()
    again = select(later.c.id).where(
        later.c.document_id == item.c.document_id, later.c.turn > item.c.turn
    )
    return ~again.correlate(item).exists()


# -- counts and numbers, whoever asks: what fits does not depend on what one may see -----------


def pages_in_boxes(session: ScopedSession, bar_codes: Collection[str]) -> dict[str, int]:
    """How many pages lie in these boxes, by what was counted when they were put into volumes."""
    return _counted(session, PaperVolume.__table__.c.box_code, bar_codes)


def pages_in_volumes(session: ScopedSession, volume_ids: Collection[str]) -> dict[str, int]:
    """The same for volumes."""
    return _counted(session, PaperVolume.__table__.c.id, volume_ids)


def _counted(session: ScopedSession, key: Any, wanted: Collection[str]) -> dict[str, int]:
    if not wanted:
        return {}
    item, volume = VolumeItem.__table__, PaperVolume.__table__
    query = (
        select(key, func.sum(item.c.pages))
        .select_from(item.join(volume, volume.c.id == item.c.volume_id))
        .where(key.in_(sorted(wanted)), is_last_turn())
        .group_by(key)
    )
    return {code: int(pages) for code, pages in session.connection().execute(query)}


def width_used(session: ScopedSession, room_code: str) -> dict[str, int]:
    """How much of each slot of a room is taken, in mm; free ones are not in the answer."""
    query = (
        select(ShelfSlot.code, func.sum(PaperBox.width_mm))
        .join(PaperBox, PaperBox.slot_code == ShelfSlot.code)
        .where(ShelfSlot.room_code == room_code)
        .group_by(ShelfSlot.code)
    )
    return {code: int(width) for code, width in session.execute(query)}


def next_box_number(session: ScopedSession, fonds: str) -> int:
    """The first free number of a box; ours until the transaction ends."""
    _alone(session)
    return (
        session.scalar(select(func.max(PaperBox.number)).where(PaperBox.fonds == fonds)) or 0
    ) + 1


def next_volume_number(
    session: ScopedSession, fonds: str, nature: str, year: int, retention: str
) -> int:
    """The first free number of a volume of this kind; ours until the transaction ends."""
    _alone(session)
    volume = PaperVolume.__table__  # all there are, whatever the session sees
    highest = session.connection().scalar(
        select(func.max(volume.c.number)).where(
            volume.c.fonds == fonds,
            volume.c.nature == nature,
            volume.c.year == year,
            volume.c.retention == retention,
        )
    )
    return (highest or 0) + 1


def last_item(session: ScopedSession, volume_id: str) -> int:
    """The highest number that was given in a volume; 0: none."""
    item = VolumeItem.__table__
    query = select(func.max(item.c.number)).where(item.c.volume_id == volume_id)
    return int(session.connection().scalar(query) or 0)


def items_now(session: ScopedSession, volume_id: str) -> list[str]:
    """Ids of the papers whose place is in a volume now, whatever the session sees."""
    item = VolumeItem.__table__
    query = select(item.c.document_id).where(item.c.volume_id == volume_id, is_last_turn())
    return list(session.connection().scalars(query.order_by(item.c.number)))


def items_in_volumes(session: ScopedSession, volume_ids: Collection[str]) -> dict[str, int]:
    """How many papers have their place in these volumes now; empty ones are not in the answer."""
    item = VolumeItem.__table__
    query = (
        select(item.c.volume_id, func.count())
        .where(item.c.volume_id.in_(sorted(volume_ids)), is_last_turn())
        .group_by(item.c.volume_id)
    )
    return {volume: int(count) for volume, count in session.connection().execute(query)}


def next_position(session: ScopedSession, box_bar_code: str) -> int:
    """The place behind the last volume of a box."""
    volume = PaperVolume.__table__
    highest = session.connection().scalar(
        select(func.max(volume.c.position)).where(volume.c.box_code == box_bar_code)
    )
    return (highest or 0) + 1


def volumes_in(session: ScopedSession, box_bar_code: str) -> int:
    """How many volumes lie in a box, whatever the session sees."""
    volume = PaperVolume.__table__
    query = select(func.count()).where(volume.c.box_code == box_bar_code)
    return int(session.connection().scalar(query) or 0)


def _alone(session: ScopedSession) -> None:
    """SQLite's writers are alone anyway; PostgreSQL's that give numbers wait for each other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:number)"), {"number": ADVISORY_LOCK})
