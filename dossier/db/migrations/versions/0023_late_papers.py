"""papers that were made or handed in after their step, and what was said of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.append_only import protect
from dossier.db.dossier_changes import unwatch, watch


revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward; a paper's own date counts among what is watched from now on."""
    op.create_table(
        "late_flag",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("type_code", sa.String(length=8), nullable=False),
        sa.Column("case_no", sa.String(length=40), nullable=False),
        sa.Column("node", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("box", sa.JSON(), nullable=True),
        sa.Column("completed_at", INSTANT(), nullable=False),
        sa.Column("captured_at", INSTANT(), nullable=False),
        sa.Column("produced_at", INSTANT(), nullable=False),
        sa.Column("allowed_hours", sa.Float(), nullable=False),
        sa.Column("rule_from", sa.Date(), nullable=False),
        sa.Column("found_at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_late_flag_customer_no", "late_flag", ["customer_no"])
    op.create_index("ix_late_flag_document_id", "late_flag", ["document_id"])
    op.create_table(
        "late_explanation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("text", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_late_explanation_document_id", "late_explanation", ["document_id"])
    for table in ("late_flag", "late_explanation"):
        protect(op.get_bind(), table)
    unwatch(op.get_bind(), "document_field")
    watch(op.get_bind(), "document_field")
    op.execute(
        "INSERT INTO dossier_change (customer_no) SELECT DISTINCT customer_no FROM case_node"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("late_explanation")
    op.drop_table("late_flag")
