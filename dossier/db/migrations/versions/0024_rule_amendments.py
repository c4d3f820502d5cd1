"""changes of the requirement rules that somebody saved on the page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "rule_amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("entry", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("withdrawn_at", INSTANT(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=True),
        sa.Column("withdrawn_why", sa.String(length=200), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_rule_amendment_rule", "rule_amendment", ["rule"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("rule_amendment")
