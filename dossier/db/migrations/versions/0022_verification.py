"""checks of names and contacts, and what other systems are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.append_only import protect


revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "real_name_check",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("register_name", sa.String(length=200), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("checked_at", INSTANT(), nullable=False),
        sa.Column("checked_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_real_name_check_customer_no", "real_name_check", ["customer_no"])
    op.create_table(
        "contact_check",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("old_number", sa.String(length=64), nullable=False),
        sa.Column("new_number", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("checked_at", INSTANT(), nullable=False),
        sa.Column("checked_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_contact_check_customer_no", "contact_check", ["customer_no"])
    op.create_table(
        "verified_facts",
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("real_name", sa.String(length=12), nullable=False),
        sa.Column("real_name_of", sa.String(length=200), nullable=False),
        sa.Column("real_name_at", INSTANT(), nullable=True),
        sa.Column("contact", sa.String(length=12), nullable=False),
        sa.Column("contact_key", sa.String(length=64), nullable=False),
        sa.Column("contact_at", INSTANT(), nullable=True),
        sa.Column("tried_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("customer_no"),
    )
    op.create_index("ix_verified_facts_real_name", "verified_facts", ["real_name"])
    op.create_index("ix_verified_facts_contact_at", "verified_facts", ["contact_at"])
    op.create_table(
        "outgoing_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outgoing_event_customer_no", "outgoing_event", ["customer_no"])
    for table in ("real_name_check", "contact_check"):
        protect(op.get_bind(), table)


def downgrade() -> None:
    """Go back."""
    for table in ("outgoing_event", "verified_facts", "contact_check", "real_name_check"):
        op.drop_table(table)
