"""masks of pages, made ahead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DUE = "ix_document_masks_due"


def upgrade() -> None:
    """Go forward; the masks of papers that are there already become due."""
    op.add_column("page", sa.Column("masks", sa.LargeBinary(), nullable=False, server_default=""))
    op.add_column(
        "page", sa.Column("masks_key", sa.String(length=64), nullable=False, server_default="")
    )
    op.add_column(
        "document", sa.Column("masks_due", sa.Integer(), nullable=False, server_default="1")
    )
    op.create_index(
        DUE,
        "document",
        ["id"],
        sqlite_where=sa.text("masks_due > 0"),
        postgresql_where=sa.text("masks_due > 0"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(DUE, table_name="document")
    op.drop_column("document", "masks_due")
    op.drop_column("page", "masks_key")
    op.drop_column("page", "masks")
