"""which key the archive is kept under; numbers read on pages encrypted; recovery codes' key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward; what is there already is encrypted at the next start, which has the key."""
    op.create_table(
        "archive_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("check", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("document_field", sa.Column("encrypted", sa.LargeBinary(), nullable=True))
    op.add_column("document_field", sa.Column("hmac", sa.String(length=64), nullable=True))
    op.create_index("ix_document_field_hmac", "document_field", ["hmac"])
    op.add_column(
        "recovery_code", sa.Column("key_id", sa.String(16), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Go back; encrypted values stay empty in clear."""
    op.drop_column("recovery_code", "key_id")
    op.drop_index("ix_document_field_hmac", table_name="document_field")
    op.drop_column("document_field", "hmac")
    op.drop_column("document_field", "encrypted")
    op.drop_table("archive_key")
