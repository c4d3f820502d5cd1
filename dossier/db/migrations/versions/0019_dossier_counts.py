"""how many dossiers were complete, and how many lacked what, day by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "dossier_count",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=8), nullable=False),
        sa.Column("type_code", sa.String(length=8), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("dossiers", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("unit_id", "line_id", "district_id", "category", "type_code", "since"),
    )
    op.create_index("ix_dossier_count_type_code", "dossier_count", ["type_code", "since"])
    op.create_index("ix_dossier_count_until", "dossier_count", ["until"])
    op.create_table(
        "dossier_count_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted_at", dossier.db.tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("dossier_count_day")
    op.drop_table("dossier_count")
