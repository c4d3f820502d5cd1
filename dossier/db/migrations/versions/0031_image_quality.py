"""how well pages were scanned, and requests for new scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.quality_tables import unwatch, watch


revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant


def upgrade() -> None:
    """Go forward; of pages that were read before nothing was measured."""
    op.add_column("page", sa.Column("measures", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "scan_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "scan_state",
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("failing", sa.Integer(), nullable=False),
        sa.Column("checked_at", INSTANT(), nullable=False),
        sa.PrimaryKeyConstraint("document_id"),
    )
    op.create_table(
        "page_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=6), nullable=False),
        sa.Column("measured", sa.Float(), nullable=False),
        sa.Column("required", sa.Float(), nullable=False),
        sa.Column("rule_from", sa.Date(), nullable=False),
        sa.Column("other_document_id", sa.String(length=36), nullable=True),
        sa.Column("other_page", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_page_finding_document_id", "page_finding", ["document_id"])
    op.create_index("ix_page_finding_other_document_id", "page_finding", ["other_document_id"])
    op.create_table(
        "rescan",
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("opened_at", INSTANT(), nullable=False),
        sa.Column("settled_at", INSTANT(), nullable=True),
        sa.Column("settled_by", sa.String(length=80), server_default="", nullable=False),
        sa.Column("why", sa.String(length=40), server_default="", nullable=False),
        sa.Column("note", sa.String(length=400), server_default="", nullable=False),
        sa.Column("new_document_id", sa.String(length=36), nullable=True),
        sa.Column("new_page", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.String(length=20), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("document_id", "page"),
        sa.UniqueConstraint("code"),
    )
    op.create_index("ix_rescan_new_document_id", "rescan", ["new_document_id"])
    op.create_index("ix_rescan_state", "rescan", ["state", "opened_at"])
    watch(op.get_bind())


def downgrade() -> None:
    """Go back."""
    unwatch(op.get_bind())
    for table in ("rescan", "page_finding", "scan_state", "scan_change"):
        op.drop_table(table)
    op.drop_column("page", "measures")
