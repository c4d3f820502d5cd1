"""cases of the marketing system, their nodes, and the inbox of events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.dossier_changes import unwatch, watch


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
WATCHED = ("business_case", "case_node")


def upgrade() -> None:
    """Go forward."""
    instant = dossier.db.tables.Instant
    op.create_table(
        "business_case",
        sa.Column("case_no", sa.String(length=40), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("business", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("opened_at", instant(), nullable=True),
        sa.Column("ended_at", instant(), nullable=True),
        sa.Column("holds", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("case_no"),
    )
    op.create_index("ix_business_case_customer_no", "business_case", ["customer_no"])
    op.create_table(
        "case_node",
        sa.Column("case_no", sa.String(length=40), nullable=False),
        sa.Column("node", sa.String(length=20), nullable=False),
        sa.Column("customer_no", sa.String(length=16), nullable=False),
        sa.Column("completed_at", instant(), nullable=False),
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["business_case.case_no"]),
        sa.PrimaryKeyConstraint("case_no", "node"),
    )
    op.create_index("ix_case_node_customer_no", "case_node", ["customer_no"])
    op.create_table(
        "event_inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("happened_at", instant(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("received_by", sa.String(length=80), nullable=False),
        sa.Column("case_no", sa.String(length=40), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_inbox_case_no", "event_inbox", ["case_no"])
    for table in WATCHED:
        watch(op.get_bind(), table)


def downgrade() -> None:
    """Go back."""
    for table in WATCHED:
        unwatch(op.get_bind(), table)
    for table in ("event_inbox", "case_node", "business_case"):
        op.drop_table(table)
