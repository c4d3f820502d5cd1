"""stock-takes with their scans and findings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.append_only import protect


revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "stock_take",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("depth", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started_at", INSTANT(), nullable=False),
        sa.Column("started_by", sa.String(length=80), nullable=False),
        sa.Column("counted_at", INSTANT(), nullable=True),
        sa.Column("counted_by", sa.String(length=80), server_default="", nullable=False),
        sa.Column("expected", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_at", INSTANT(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.CheckConstraint(
            "state in ('counting','counted','closed','given_up')", name="ck_stock_state"
        ),
        sa.CheckConstraint("depth in ('box','volume','paper')", name="ck_stock_depth"),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stock_scan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("take_number", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("belongs", sa.String(length=80), server_default="", nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("slot_code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("box_code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.CheckConstraint("(kind = 'undo') = (undoes is not null)", name="ck_stock_scan_undo"),
        sa.ForeignKeyConstraint(["take_number"], ["stock_take.number"]),
        sa.ForeignKeyConstraint(["undoes"], ["stock_scan.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("undoes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stock_scan_take_number", "stock_scan", ["take_number", "by", "id"])
    op.create_table(
        "stock_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("take_number", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("belongs", sa.String(length=80), server_default="", nullable=False),
        sa.Column("slot_code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("box_code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=12), server_default="", nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("settled_at", INSTANT(), nullable=True),
        sa.Column("settled_by", sa.String(length=80), server_default="", nullable=False),
        sa.CheckConstraint("(outcome = '') = (settled_at is null)", name="ck_stock_settled"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["scan_id"], ["stock_scan.id"]),
        sa.ForeignKeyConstraint(["take_number"], ["stock_take.number"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("take_number", "kind", "code"),
    )
    op.create_index("ix_stock_finding_document_id", "stock_finding", ["document_id"])
    protect(op.get_bind(), "stock_scan")


def downgrade() -> None:
    """Go back; all stock-takes go with it."""
    op.drop_table("stock_finding")
    op.drop_table("stock_scan")
    op.drop_table("stock_take")
