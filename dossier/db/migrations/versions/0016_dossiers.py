"""what lacks in each dossier, and which are to be assessed anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.dossier_changes import NOTES, unwatch, watch


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
TABLES = ("customer", "document", "document_field")
"""What is watched from here on; tables that came later are watched by their own migrations."""


def upgrade() -> None:
    """Go forward: every dossier is to be assessed."""
    op.create_table(
        NOTES,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dossier_state",
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("required", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("changes_on", sa.Date(), nullable=True),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("assessed_at", dossier.db.tables.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("customer_no"),
    )
    op.create_index("ix_dossier_state_changes_on", "dossier_state", ["changes_on"])
    op.create_index("ix_dossier_state_rules", "dossier_state", ["rules"])
    op.create_table(
        "dossier_gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("type_code", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dossier_gap_customer_no", "dossier_gap", ["customer_no"])
    op.create_index("ix_dossier_gap_type_code", "dossier_gap", ["type_code"])
    for table in TABLES:
        watch(op.get_bind(), table)
    customer, note = (sa.table(name, sa.column("customer_no")) for name in ("customer", NOTES))
    op.execute(sa.insert(note).from_select(["customer_no"], sa.select(customer.c.customer_no)))


def downgrade() -> None:
    """Go back."""
    for table in TABLES:
        unwatch(op.get_bind(), table)
    for table in ("dossier_gap", "dossier_state", NOTES):
        op.drop_table(table)
