"""bank mandates, failed debits and what is to be put right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "bank_mandate",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("hmac", sa.String(length=64), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("account_name", sa.String(length=200), nullable=False),
        sa.Column("bank", sa.String(length=200), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", INSTANT(), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.Column("ended_why", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_bank_mandate_customer_no", "bank_mandate", ["customer_no"])
    op.create_index("ix_bank_mandate_hmac", "bank_mandate", ["hmac"])
    _unique_open("uq_bank_mandate_open", "bank_mandate", ["customer_no"], "ended_at IS NULL")
    op.create_table(
        "failed_debit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("mandate_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("noted_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.ForeignKeyConstraint(["mandate_id"], ["bank_mandate.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mandate_id", "day"),
    )
    op.create_table(
        "mandate_correction",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("mandate_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("opened_at", INSTANT(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("closed_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["customer_no"], ["customer.customer_no"]),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["mandate_id"], ["bank_mandate.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_mandate_correction_customer_no", "mandate_correction", ["customer_no"])
    columns = ["mandate_id", "kind"]
    _unique_open("uq_mandate_correction_open", "mandate_correction", columns, "state = 'open'")


def _unique_open(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Go back."""
    for table in ("mandate_correction", "failed_debit", "bank_mandate"):
        op.drop_table(table)
