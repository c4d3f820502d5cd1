"""who looks after a file since its receiver left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("intake", sa.Column("handed_to", sa.String(length=36), nullable=True))
