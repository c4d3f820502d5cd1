"""what the index keeps apart of a page, made ahead with its masks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; pages get theirs with their next masks."""
    op.add_column("page", sa.Column("closed", sa.LargeBinary(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back."""
    op.drop_column("page", "closed")
