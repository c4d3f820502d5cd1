"""papers that need not be there, because somebody decided so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.dossier_changes import unwatch, watch


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "waiver",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("case_no", sa.String(length=40), nullable=True),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("made_at", dossier.db.tables.Instant(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("withdrawn_at", dossier.db.tables.Instant(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=True),
        sa.Column("withdrawn_why", sa.String(length=200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_waiver_customer_no", "waiver", ["customer_no"])
    watch(op.get_bind(), "waiver")


def downgrade() -> None:
    """Go back."""
    unwatch(op.get_bind(), "waiver")
    op.drop_table("waiver")
