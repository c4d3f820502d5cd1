"""wrong tries by account and address, second factor, half-done logins, scope of tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward."""
    op.drop_column("user_account", "failed_logins")
    op.drop_column("user_account", "paused_until")
    for name, length, default in (
        ("means", 10, "password"),
        ("remote", 64, ""),
        ("device", 200, ""),
    ):
        op.add_column(
            "login_session",
            sa.Column(name, sa.String(length=length), nullable=False, server_default=default),
        )
    op.add_column(
        "api_token", sa.Column("name", sa.String(length=80), nullable=False, server_default="")
    )
    op.add_column("api_token", sa.Column("scope", sa.JSON(), nullable=True))
    op.add_column("api_token", sa.Column("seen_at", INSTANT(), nullable=True))
    op.create_table(
        "login_throttle",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("paused_until", INSTANT(), nullable=True),
        sa.Column("since", INSTANT(), nullable=False),
        sa.Column("changed_at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_login_throttle_changed_at", "login_throttle", ["changed_at"])
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", INSTANT(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_recovery_code_user_id", "recovery_code", ["user_id"])
    op.create_table(
        "login_step",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "external_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("bound_at", INSTANT(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("issuer", "subject"),
        sa.UniqueConstraint("user_id", "issuer"),
    )
    op.create_index("ix_external_identity_user_id", "external_identity", ["user_id"])


def downgrade() -> None:
    """Go back."""
    for table in ("external_identity", "login_step", "recovery_code", "second_factor"):
        op.drop_table(table)
    op.drop_table("login_throttle")
    for name in ("seen_at", "scope", "name"):
        op.drop_column("api_token", name)
    for name in ("device", "remote", "means"):
        op.drop_column("login_session", name)
    op.add_column("user_account", sa.Column("paused_until", INSTANT(), nullable=True))
    op.add_column(
        "user_account",
        sa.Column("failed_logins", sa.Integer(), nullable=False, server_default="0"),
    )
