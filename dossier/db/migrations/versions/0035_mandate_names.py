"""mandates are held against the register's name again when it changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dossier.db.mandate_names import unwatch, watch


revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; names may have changed before, so all are looked at once."""
    op.add_column(
        "bank_mandate",
        sa.Column("name_checked", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.execute("UPDATE bank_mandate SET name_checked = FALSE WHERE ended_at IS NULL")
    op.create_index(
        "ix_bank_mandate_name_checked",
        "bank_mandate",
        ["name_checked"],
        sqlite_where=sa.text("NOT name_checked"),
        postgresql_where=sa.text("NOT name_checked"),
    )
    watch(op.get_bind())


def downgrade() -> None:
    """Go back."""
    unwatch(op.get_bind())
    op.drop_index("ix_bank_mandate_name_checked", "bank_mandate")
    op.drop_column("bank_mandate", "name_checked")
