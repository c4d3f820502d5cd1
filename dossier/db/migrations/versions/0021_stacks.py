"""files that are stacks of papers: how they are cut, and what persons decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant
PARTS = "source_pages IS NOT NULL"


def upgrade() -> None:
    """Go forward."""
    op.add_column("document", sa.Column("source_pages", sa.JSON(none_as_null=True), nullable=True))
    op.create_index(
        "ix_document_part",
        "document",
        ["state"],
        sqlite_where=sa.text(PARTS),
        postgresql_where=sa.text(PARTS),
    )
    op.create_table(
        "stack",
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("cuts", sa.JSON(), nullable=False),
        sa.Column("separators", sa.JSON(), nullable=False),
        sa.Column("blanks", sa.JSON(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.PrimaryKeyConstraint("document_id"),
    )
    op.create_table(
        "stack_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stack_decision_document_id", "stack_decision", ["document_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("stack_decision")
    op.drop_table("stack")
    op.drop_index("ix_document_part", table_name="document")
    op.drop_column("document", "source_pages")
