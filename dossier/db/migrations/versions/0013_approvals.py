"""requests for approval; sensitive roles that wait for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "approval_request",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("thing", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("asked_at", INSTANT(), nullable=False),
        sa.Column("lapses_at", INSTANT(), nullable=False),
        sa.Column("decided_at", INSTANT(), nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_as", sa.Integer(), nullable=True),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("begins_at", INSTANT(), nullable=True),
        sa.Column("ends_at", INSTANT(), nullable=True),
        sa.Column("revoked_at", INSTANT(), nullable=True),
        sa.Column("revoked_by", sa.String(length=80), nullable=False),
        sa.Column("noted_at", INSTANT(), nullable=True),
        sa.CheckConstraint("begins_at is null or ends_at is null or begins_at < ends_at"),
        sa.ForeignKeyConstraint(["asked_by"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["decided_as"], ["role_grant.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_approval_request_user_id", "approval_request", ["user_id", "decision"])
    op.create_index("ix_approval_request_decision", "approval_request", ["decision", "lapses_at"])
    op.add_column(
        "role_grant", sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("role_grant", "pending")
    op.drop_table("approval_request")
