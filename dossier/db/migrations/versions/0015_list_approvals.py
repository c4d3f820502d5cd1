"""under which approval a list was saved: the file ends with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
NAME = "fk_list_file_approval_id"


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("list_file") as table:
        table.add_column(sa.Column("approval_id", sa.String(length=36), nullable=True))
        table.create_foreign_key(NAME, "approval_request", ["approval_id"], ["id"])


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("list_file") as table:
        table.drop_constraint(NAME, type_="foreignkey")
        table.drop_column("approval_id")
