"""what persons said of values that were read on papers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant
STANDING = "ended_at IS NULL"


def upgrade() -> None:
    """Go forward."""
    op.add_column("document_field", sa.Column("correction_id", sa.Integer(), nullable=True))
    op.create_table(
        "field_correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("read", sa.JSON(), nullable=False),
        sa.Column("none", sa.Boolean(), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", INSTANT(), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_field_correction_document_id", "field_correction", ["document_id"])
    op.create_index(
        "ix_field_correction_standing",
        "field_correction",
        ["document_id", "name"],
        unique=True,
        sqlite_where=sa.text(STANDING),
        postgresql_where=sa.text(STANDING),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("field_correction")
    op.drop_column("document_field", "correction_id")
