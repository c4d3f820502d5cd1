"""loans, what they open, their steps; paper originals with their custodians."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.append_only import protect


revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant
TAKEN = (
    "state IN ('disputed', 'lost', 'out', 'overdue', 'picked', 'recalled', 'to_check', 'to_pick')"
)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "paper_original",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("custodian_kind", sa.String(length=10), nullable=False),
        sa.Column("custodian", sa.String(length=80), nullable=False),
        sa.Column("since", INSTANT(), nullable=False),
        sa.CheckConstraint("state in ('whole','lost','destroyed')", name="ck_original_state"),
        sa.CheckConstraint("custodian_kind in ('place','person')", name="ck_original_kind"),
        sa.CheckConstraint("custodian <> ''", name="ck_original_custodian"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id"),
    )
    op.create_table(
        "loan",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("original_id", sa.String(length=36), nullable=True),
        sa.Column("borrower_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("until", INSTANT(), nullable=True),
        sa.Column("clear", sa.Boolean(), nullable=False),
        sa.Column("may_print", sa.Boolean(), nullable=False),
        sa.Column("may_download", sa.Boolean(), nullable=False),
        sa.Column("asked_at", INSTANT(), nullable=False),
        sa.Column("lapses_at", INSTANT(), nullable=False),
        sa.Column("decided_at", INSTANT(), nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_as", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("begins_at", INSTANT(), nullable=True),
        sa.Column("ends_at", INSTANT(), nullable=True),
        sa.Column("renewals", sa.Integer(), nullable=False),
        sa.Column("ended_at", INSTANT(), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("kind in ('electronic','paper')", name="ck_loan_kind"),
        sa.CheckConstraint("(kind = 'paper') = (original_id is not null)", name="ck_loan_original"),
        sa.CheckConstraint(
            "begins_at is null or ends_at is null or begins_at < ends_at", name="ck_loan_term"
        ),
        sa.ForeignKeyConstraint(["original_id"], ["paper_original.id"]),
        sa.ForeignKeyConstraint(["borrower_id"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["decided_as"], ["role_grant.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_loan_borrower_id", "loan", ["borrower_id", "state"])
    op.create_index("ix_loan_state", "loan", ["state", "asked_at"])
    op.create_index(
        "uq_loan_original",
        "loan",
        ["original_id"],
        unique=True,
        sqlite_where=sa.text(TAKEN),
        postgresql_where=sa.text(TAKEN),
    )
    op.create_table(
        "loan_thing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("loan_number", sa.Integer(), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=True),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "document_id is not null or customer_no is not null", name="ck_loan_thing"
        ),
        sa.CheckConstraint("page is null or document_id is not null", name="ck_loan_page"),
        sa.ForeignKeyConstraint(["loan_number"], ["loan.number"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_thing_loan_number", "loan_thing", ["loan_number"])
    op.create_table(
        "loan_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("loan_number", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("event", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["loan_number"], ["loan.number"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loan_step_loan_number", "loan_step", ["loan_number"])
    protect(op.get_bind(), "loan_step")


def downgrade() -> None:
    """Go back."""
    op.drop_table("loan_step")
    op.drop_table("loan_thing")
    op.drop_table("loan")
    op.drop_table("paper_original")
