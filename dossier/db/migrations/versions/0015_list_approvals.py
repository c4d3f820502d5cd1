"""under which approval a list was saved, and why an approval was revoked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
WHY = sa.Column("revoked_why", sa.String(length=200), nullable=False, server_default="")
NAME = "fk_list_file_approval_id"


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("list_file") as table:
        table.add_column(sa.Column("approval_id", sa.String(length=36), nullable=True))
        table.create_foreign_key(NAME, "approval_request", ["approval_id"], ["id"])
    op.add_column("approval_request", WHY)


def downgrade() -> None:
    """Go back."""
    op.drop_column("approval_request", "revoked_why")
    with op.batch_alter_table("list_file") as table:
        table.drop_constraint(NAME, type_="foreignkey")
        table.drop_column("approval_id")
