"""Where paper lies: rooms, shelves and slots, boxes, volumes and their items, and every move.

What stands where is a column of the box or volume, and every change of it a row of
:class:`ShelfMove` in the same transaction. Codes: :mod:`dossier.rules.shelf_codes`,
:mod:`dossier.rules.reference_codes`. Read across features by :mod:`dossier.db.shelving`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.append_only import protect_when_made
from dossier.db.tables import Table, new_id


class StorageRoom(Table):
    """A room (库房) in which paper is kept, with what is known of its building (S0-23)."""

    __tablename__ = "storage_room"
    code: Mapped[str] = mapped_column(String(3), primary_key=True)
    """``K01``; also the code of the room's desk, where what was taken out of its box lies."""
    name: Mapped[str] = mapped_column(String(80))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What a person noted for each item of ``rulebook/shelving.yaml``, by its code."""
    made_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)


class ShelfColumn(Table):
    """A column (列) of shelves and its shape; its slots are rows of their own."""

    __tablename__ = "shelf_column"
    room_code: Mapped[str] = mapped_column(ForeignKey("storage_room.code"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    faces: Mapped[str] = mapped_column(String(2))
    """``A``, ``B`` or ``AB``."""
    sections: Mapped[int]
    layers: Mapped[int]
    slots: Mapped[int]
    """On one layer of one section."""
    slot_width_mm: Mapped[int]
    __table_args__ = (CheckConstraint("faces in ('A','B','AB')", name="ck_column_faces"),)


class ShelfSlot(Table):
    """A slot (格): what has a code on its edge, and takes boxes as far as it is wide."""

    __tablename__ = "shelf_slot"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    room_code: Mapped[str] = mapped_column(ForeignKey("storage_room.code"))
    column_number: Mapped[int]
    face: Mapped[str] = mapped_column(String(1))
    section: Mapped[int]
    layer: Mapped[int]
    number: Mapped[int]
    walk: Mapped[str] = mapped_column(String(24))
    """Sorts as one walks through the room (``SlotCode.walk``)."""
    width_mm: Mapped[int]
    closed: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """Why nothing is put there now (a leak, a broken shelf); empty: it is in use."""
    __table_args__ = (
        Index("ix_shelf_slot_walk", "room_code", "walk"),
        CheckConstraint("width_mm > 0", name="ck_slot_width"),
    )


class PaperBox(Table):
    """A box (档案盒), named by the bar code on its face: the custodian of what lies in it."""

    __tablename__ = "paper_box"
    bar_code: Mapped[str] = mapped_column(String(16), primary_key=True)
    fonds: Mapped[str] = mapped_column(String(4))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    """A size of ``rulebook/shelving.yaml``."""
    width_mm: Mapped[int]
    """How much of a slot it takes."""
    pages: Mapped[int]
    """How many sheets go in."""
    holds: Mapped[str] = mapped_column(String(120), default="", server_default="")
    """What it is for, in words: a line, a district, a range."""
    slot_code: Mapped[str | None] = mapped_column(ForeignKey("shelf_slot.code"))
    """None: on the desk, not shelved yet, or taken out."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    retired_at: Mapped[datetime | None]
    """When it was taken out of use; its number is never given again."""
    revision: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        UniqueConstraint("fonds", "number"),
        Index("ix_paper_box_slot_code", "slot_code"),
        CheckConstraint("retired_at is null or slot_code is null", name="ck_box_retired"),
        CheckConstraint("width_mm > 0 and pages > 0", name="ck_box_size"),
    )


class PaperVolume(Table):
    """A volume (案卷) of one customer's papers; its part of the reference code never changes."""

    __tablename__ = "paper_volume"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    """The reference code without an item: ``Q018-KH·DY·2025-D30-000123``."""
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    fonds: Mapped[str] = mapped_column(String(4))
    nature: Mapped[str] = mapped_column(String(2))
    year: Mapped[int]
    retention: Mapped[str] = mapped_column(String(3))
    """As it was when the code was given."""
    number: Mapped[int]
    retention_current: Mapped[str] = mapped_column(String(3))
    """What a later appraisal says; it rewrites no code (domain.md §3.4)."""
    box_code: Mapped[str | None] = mapped_column(ForeignKey("paper_box.bar_code"))
    position: Mapped[int] = mapped_column(default=0)
    """Its place in the box, from 1; 0: in none."""
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(400), default="", server_default="")
    """What the sheet at its end (备考表) says besides the counts."""
    revision: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        UniqueConstraint("fonds", "nature", "year", "retention", "number"),
        Index("ix_paper_volume_customer_no", "customer_no"),
        Index("ix_paper_volume_box_code", "box_code"),
        CheckConstraint("(box_code is null) = (position = 0)", name="ck_volume_position"),
    )


class VolumeItem(Table):
    """An item (件): which paper has which number of a volume, and so its reference code.

    Append-only. What was put into a wrong customer's volume gets a later row elsewhere
    (``turn`` 2, 3, …), which is the one that counts; the old number stays taken.
    """

    __tablename__ = "volume_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    volume_id: Mapped[str] = mapped_column(ForeignKey("paper_volume.id"))
    number: Mapped[int]
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"))
    turn: Mapped[int] = mapped_column(default=1)
    code: Mapped[str] = mapped_column(String(80), unique=True)
    pages: Mapped[int]
    """Sheets' sides as they were counted when it was put in."""
    given_at: Mapped[datetime]
    given_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Why it has another one than before; empty for the first."""
    __table_args__ = (
        UniqueConstraint("volume_id", "number"),
        UniqueConstraint("document_id", "turn"),
        {"sqlite_autoincrement": True},
    )


class ShelfMove(Table):
    """A box that came to another slot, or a volume to another box. Append-only."""

    __tablename__ = "shelf_move"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(6))
    """``box`` or ``volume``."""
    thing: Mapped[str] = mapped_column(String(36))
    """The box's bar code, or the volume's id."""
    from_place: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """The slot or box that it left; empty: it was in none."""
    to_place: Mapped[str] = mapped_column(String(16), default="", server_default="")
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    undoes: Mapped[int | None] = mapped_column(ForeignKey("shelf_move.id"), unique=True)
    """The move that this one takes back; each is taken back once."""
    __table_args__ = (
        CheckConstraint("kind in ('box','volume')", name="ck_move_kind"),
        CheckConstraint("from_place <> to_place", name="ck_move_moves"),
        Index("ix_shelf_move_thing", "thing"),
        Index("ix_shelf_move_by", "by", "id"),
        {"sqlite_autoincrement": True},
    )


class RoomReading(Table):
    """What the instruments of a room showed. Append-only."""

    __tablename__ = "room_reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    room_code: Mapped[str] = mapped_column(ForeignKey("storage_room.code"))
    measured_at: Mapped[datetime]
    temperature_c: Mapped[float]
    humidity_percent: Mapped[float]
    noted_at: Mapped[datetime]
    noted_by: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    __table_args__ = (
        Index("ix_room_reading_room_code", "room_code", "measured_at"),
        {"sqlite_autoincrement": True},
    )


protect_when_made(VolumeItem.__table__)
protect_when_made(ShelfMove.__table__)
protect_when_made(RoomReading.__table__)
SCOPED_BY_SHELVING = (PaperVolume,)
"""Seen by who sees the customer whose papers are in it."""
ITEMS_OF_VOLUMES = (VolumeItem,)
"""Seen by who sees the paper."""
