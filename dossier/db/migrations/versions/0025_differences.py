"""differences between the register and another system's export."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant
OPEN = "state = 'open'"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "comparison_run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("unknown", sa.JSON(), nullable=False),
        sa.Column("unknown_count", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT(), nullable=False),
        sa.Column("started_by", sa.String(length=80), nullable=False),
        sa.Column("finished_at", INSTANT(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_comparison_run_sha256", "comparison_run", ["sha256"])
    op.create_table(
        "difference",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("fact", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("settled_by", sa.String(length=80), nullable=True),
        sa.Column("settled_at", INSTANT(), nullable=True),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("opened_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.ForeignKeyConstraint(["run_id"], ["comparison_run.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_difference_customer_no", "difference", ["customer_no", "fact"])
    op.create_index(
        "uq_difference_open",
        "difference",
        ["customer_no", "fact"],
        unique=True,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("difference")
    op.drop_table("comparison_run")
