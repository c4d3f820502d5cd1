"""masked values open for some minutes; callers checked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "disclosure",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("asked_at", INSTANT(), nullable=False),
        sa.Column("until", INSTANT(), nullable=False),
        sa.Column("ended_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_disclosure_user_id_customer_no", "disclosure", ["user_id", "customer_no"])
    op.create_index(
        "ix_disclosure_open",
        "disclosure",
        ["until"],
        sqlite_where=sa.text("ended_at is null"),
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "caller_check",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("user_id", "customer_no"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("caller_check")
    op.drop_table("disclosure")
