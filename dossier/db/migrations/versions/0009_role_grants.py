"""Grants by line, district, case and customer, and who gave them; roles lent for a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant

PARTS = (("line_id", "line", "id"), ("district_id", "district", "id"))
TEXTS = (("granted_by", 80), ("reason", 200), ("revoked_by", 80))


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("role_grant") as grants:
        for column, table, key in PARTS:
            grants.add_column(sa.Column(column, sa.Integer(), nullable=True))
            grants.create_foreign_key(f"fk_role_grant_{table}", table, [column], [key])
        grants.add_column(sa.Column("case_no", sa.String(length=40), nullable=True))
        grants.add_column(sa.Column("customer_no", sa.String(length=16), nullable=True))
        grants.create_foreign_key(
            "fk_role_grant_customer", "customer", ["customer_no"], ["customer_no"]
        )
        grants.add_column(sa.Column("granted_at", INSTANT(), nullable=True))
        for name, length in TEXTS:
            grants.add_column(
                sa.Column(name, sa.String(length=length), nullable=False, server_default="")
            )
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("delegate_id", sa.String(length=36), nullable=False),
        sa.Column("valid_from", INSTANT(), nullable=False),
        sa.Column("valid_to", INSTANT(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("made_at", INSTANT(), nullable=False),
        sa.Column("ended_at", INSTANT(), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("valid_from < valid_to"),
        sa.ForeignKeyConstraint(["grant_id"], ["role_grant.id"]),
        sa.ForeignKeyConstraint(["delegate_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_delegation_grant_id", "delegation", ["grant_id"])
    op.create_index("ix_delegation_delegate_id", "delegation", ["delegate_id"])
    op.create_index("ix_document_case_no", "document", ["case_no"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_document_case_no", "document")
    op.drop_table("delegation")
    with op.batch_alter_table("role_grant") as grants:
        for name in ("line", "district", "customer"):
            grants.drop_constraint(f"fk_role_grant_{name}", type_="foreignkey")
        for column in ("line_id", "district_id", "case_no", "customer_no", "granted_at"):
            grants.drop_column(column)
        for name, _ in TEXTS:
            grants.drop_column(name)
