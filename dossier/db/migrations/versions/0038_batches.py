"""batches of paper that are handed over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "handover_batch",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("giver_id", sa.String(length=36), nullable=False),
        sa.Column("to_place", sa.String(length=16), nullable=False),
        sa.Column("outside", sa.String(length=80), server_default="", nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("handed_at", INSTANT(), nullable=True),
        sa.Column("received_at", INSTANT(), nullable=True),
        sa.Column("received_by", sa.String(length=36), nullable=True),
        sa.Column("signatory", sa.String(length=80), server_default="", nullable=False),
        sa.Column("closed_at", INSTANT(), nullable=True),
        sa.CheckConstraint(
            "state in ('listing','handed','differs','done','withdrawn')", name="ck_batch_state"
        ),
        sa.CheckConstraint("received_by is null or received_by <> giver_id", name="ck_batch_sides"),
        sa.CheckConstraint(
            "(received_by is null) = (state in ('listing','handed','withdrawn'))",
            name="ck_batch_received",
        ),
        sa.ForeignKeyConstraint(["giver_id"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["received_by"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handover_batch_state", "handover_batch", ["state", "number"])
    op.create_table(
        "handover_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_number", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("original_id", sa.String(length=36), nullable=False),
        sa.Column("from_kind", sa.String(length=10), nullable=False),
        sa.Column("from_holder", sa.String(length=80), nullable=False),
        sa.Column("listed_by", sa.String(length=80), server_default="", nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("difference", sa.String(length=8), server_default="", nullable=False),
        sa.Column("outcome", sa.String(length=8), server_default="", nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("settled_at", INSTANT(), nullable=True),
        sa.Column("settled_by", sa.String(length=80), server_default="", nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "difference in ('','missing','extra','pages')", name="ck_item_difference"
        ),
        sa.CheckConstraint("outcome in ('','taken','back')", name="ck_item_outcome"),
        sa.CheckConstraint("outcome = '' or difference <> ''", name="ck_item_settled"),
        sa.ForeignKeyConstraint(["batch_number"], ["handover_batch.number"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handover_item_batch_number", "handover_item", ["batch_number"])
    op.create_index("ix_handover_item_document_id", "handover_item", ["document_id"])
    op.create_index("ix_handover_item_listed_by", "handover_item", ["listed_by"])
    one = sa.text("is_open and original_id <> ''")
    op.create_index(
        "uq_handover_item_original",
        "handover_item",
        ["original_id"],
        unique=True,
        sqlite_where=one,
        postgresql_where=one,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("handover_item")
    op.drop_table("handover_batch")
