"""notices of loans, and where people get their e-mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward; of steps before this nobody is told."""
    op.create_table(
        "notice",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("occasion", sa.String(length=100), nullable=False),
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("loan_number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("to_user", sa.String(length=36), nullable=True),
        sa.Column("holds", sa.String(length=10), nullable=False),
        sa.Column("due_at", INSTANT(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sent_at", INSTANT(), nullable=True),
        sa.Column("read_at", INSTANT(), nullable=True),
        sa.Column("error", sa.String(length=40), server_default="", nullable=False),
        sa.CheckConstraint("channel in ('product','mail','webhook')", name="ck_notice_channel"),
        sa.CheckConstraint("(channel = 'webhook') = (to_user is null)", name="ck_notice_to"),
        sa.ForeignKeyConstraint(["loan_number"], ["loan.number"]),
        sa.ForeignKeyConstraint(["to_user"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_notice_to_user", "notice", ["to_user", "channel", "made_at"])
    op.create_index("ix_notice_occasion", "notice", ["occasion"])
    op.create_index("ix_notice_loan_number", "notice", ["loan_number"])
    op.create_index("ix_notice_state", "notice", ["state", "made_at"])
    op.create_table(
        "noticed_step",
        sa.Column("step_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("step_id"),
    )
    op.execute("INSERT INTO noticed_step (step_id) SELECT id FROM loan_step")
    op.create_table(
        "notice_address",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("set_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("user_id"),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("notice_address", "noticed_step", "notice"):
        op.drop_table(table)
