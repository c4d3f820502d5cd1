"""rooms, shelves and slots, boxes, volumes and their items, moves, readings of rooms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.append_only import protect


revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant
WRITTEN_ONCE = ("volume_item", "shelf_move", "room_reading")


def upgrade() -> None:
    """Go forward; where the papers of an archive lie now, a person has to say."""
    _shelves()
    _boxes()
    _written_once()
    for table in WRITTEN_ONCE:
        protect(op.get_bind(), table)


def _shelves() -> None:
    op.create_table(
        "storage_room",
        sa.Column("code", sa.String(length=3), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"]),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "shelf_column",
        sa.Column("room_code", sa.String(length=3), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("faces", sa.String(length=2), nullable=False),
        sa.Column("sections", sa.Integer(), nullable=False),
        sa.Column("layers", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("slot_width_mm", sa.Integer(), nullable=False),
        sa.CheckConstraint("faces in ('A','B','AB')", name="ck_column_faces"),
        sa.ForeignKeyConstraint(["room_code"], ["storage_room.code"]),
        sa.PrimaryKeyConstraint("room_code", "number"),
    )
    op.create_table(
        "shelf_slot",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("room_code", sa.String(length=3), nullable=False),
        sa.Column("column_number", sa.Integer(), nullable=False),
        sa.Column("face", sa.String(length=1), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        sa.Column("layer", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("walk", sa.String(length=24), nullable=False),
        sa.Column("width_mm", sa.Integer(), nullable=False),
        sa.Column("closed", sa.String(length=80), server_default="", nullable=False),
        sa.CheckConstraint("width_mm > 0", name="ck_slot_width"),
        sa.ForeignKeyConstraint(["room_code"], ["storage_room.code"]),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("ix_shelf_slot_walk", "shelf_slot", ["room_code", "walk"])


def _boxes() -> None:
    op.create_table(
        "paper_box",
        sa.Column("bar_code", sa.String(length=16), nullable=False),
        sa.Column("fonds", sa.String(length=4), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("width_mm", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("holds", sa.String(length=120), server_default="", nullable=False),
        sa.Column("slot_code", sa.String(length=16), nullable=True),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("retired_at", INSTANT(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("retired_at is null or slot_code is null", name="ck_box_retired"),
        sa.CheckConstraint("width_mm > 0 and pages > 0", name="ck_box_size"),
        sa.ForeignKeyConstraint(["slot_code"], ["shelf_slot.code"]),
        sa.PrimaryKeyConstraint("bar_code"),
        sa.UniqueConstraint("fonds", "number"),
    )
    op.create_index("ix_paper_box_slot_code", "paper_box", ["slot_code"])
    op.create_table(
        "paper_volume",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("fonds", sa.String(length=4), nullable=False),
        sa.Column("nature", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("retention", sa.String(length=3), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("retention_current", sa.String(length=3), nullable=False),
        sa.Column("box_code", sa.String(length=16), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("opened_at", INSTANT(), nullable=False),
        sa.Column("opened_by", sa.String(length=80), nullable=False),
        sa.Column("closed_at", INSTANT(), nullable=True),
        sa.Column("note", sa.String(length=400), server_default="", nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(box_code is null) = (position = 0)", name="ck_volume_position"),
        sa.ForeignKeyConstraint(["box_code"], ["paper_box.bar_code"]),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("fonds", "nature", "year", "retention", "number"),
    )
    op.create_index("ix_paper_volume_customer_no", "paper_volume", ["customer_no"])
    op.create_index("ix_paper_volume_box_code", "paper_volume", ["box_code"])


def _written_once() -> None:
    op.create_table(
        "volume_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("given_at", INSTANT(), nullable=False),
        sa.Column("given_by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["volume_id"], ["paper_volume.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("document_id", "turn"),
        sa.UniqueConstraint("volume_id", "number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "shelf_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("thing", sa.String(length=36), nullable=False),
        sa.Column("from_place", sa.String(length=16), server_default="", nullable=False),
        sa.Column("to_place", sa.String(length=16), server_default="", nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind in ('box','volume')", name="ck_move_kind"),
        sa.CheckConstraint("from_place <> to_place", name="ck_move_moves"),
        sa.ForeignKeyConstraint(["undoes"], ["shelf_move.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("undoes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shelf_move_thing", "shelf_move", ["thing"])
    op.create_index("ix_shelf_move_by", "shelf_move", ["by", "id"])
    op.create_table(
        "room_reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_code", sa.String(length=3), nullable=False),
        sa.Column("measured_at", INSTANT(), nullable=False),
        sa.Column("temperature_c", sa.Float(), nullable=False),
        sa.Column("humidity_percent", sa.Float(), nullable=False),
        sa.Column("noted_at", INSTANT(), nullable=False),
        sa.Column("noted_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["room_code"], ["storage_room.code"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_room_reading_room_code", "room_reading", ["room_code", "measured_at"])


def downgrade() -> None:
    """Go back."""
    for table in (*WRITTEN_ONCE, "paper_volume", "paper_box", "shelf_slot", "shelf_column"):
        op.drop_table(table)
    op.drop_table("storage_room")
