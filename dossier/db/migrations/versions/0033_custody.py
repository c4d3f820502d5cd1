"""who has each paper original, from its first minute, with a trail that the database writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables
from dossier.db.append_only import protect
from dossier.db.custody_tables import unwatch, watch


revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant
BEGIN = """
INSERT INTO paper_original
  (id, document_id, state, custodian_kind, custodian, since, moved_by, why)
SELECT c.id, c.id, 'whole', CASE WHEN u.id IS NULL THEN 'place' ELSE 'person' END,
  COALESCE(u.id, 'SJ-01'), c.captured_at, 'system:intake', ''
FROM (
  SELECT d.id, d.captured_at, (
    SELECT i.received_by FROM intake i
    WHERE i.document_id = CASE WHEN d.source_pages IS NOT NULL THEN d.parent_id ELSE d.id END
      AND i.outcome <> 'duplicate' ORDER BY i.received_at, i.id LIMIT 1) AS by_whom
  FROM document d
  WHERE (d.parent_id IS NULL OR d.source_pages IS NOT NULL) AND (
    EXISTS (SELECT 1 FROM page p WHERE p.document_id = d.id AND NOT p.digital)
    OR NOT EXISTS (SELECT 1 FROM page p WHERE p.document_id = d.id))
) c LEFT JOIN user_account u ON u.id = c.by_whom
"""
"""With who took it in, else at the receiving desk; what is born digital has none."""


def upgrade() -> None:
    """Go forward; of what is there already the custody begins with who took it in.

    The table of originals was made before anything was written into it, so it is made anew.
    """
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if not on_sqlite:
        op.drop_constraint("loan_original_id_fkey", "loan", type_="foreignkey")
    op.drop_table("paper_original")
    _make()
    if not on_sqlite:
        op.create_foreign_key(
            "loan_original_id_fkey", "loan", "paper_original", ["original_id"], ["id"]
        )
    op.create_table(
        "custody_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("original_id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("from_kind", sa.String(length=10), nullable=False),
        sa.Column("from_holder", sa.String(length=80), nullable=False),
        sa.Column("to_kind", sa.String(length=10), nullable=False),
        sa.Column("to_holder", sa.String(length=80), nullable=False),
        sa.Column("moved_by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_custody_event_document_id", "custody_event", ["document_id"])
    op.create_index("ix_custody_event_original_id", "custody_event", ["original_id", "id"])
    protect(op.get_bind(), "custody_event")
    watch(op.get_bind())
    op.execute(BEGIN)


def _make() -> None:
    op.create_table(
        "paper_original",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("substitute_for", sa.String(length=36), nullable=True),
        sa.Column("custodian_kind", sa.String(length=10), nullable=False),
        sa.Column("custodian", sa.String(length=80), nullable=False),
        sa.Column("since", INSTANT(), nullable=False),
        sa.Column("moved_by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state in ('whole','lost','destroyed')", name="ck_original_state"),
        sa.CheckConstraint("custodian_kind in ('place','person')", name="ck_original_kind"),
        sa.CheckConstraint("custodian <> ''", name="ck_original_custodian"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"]),
        sa.ForeignKeyConstraint(["substitute_for"], ["paper_original.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_paper_original_document_id", "paper_original", ["document_id"])
    op.create_index("ix_paper_original_custodian", "paper_original", ["custodian"])
    op.create_index(
        "uq_original_document",
        "paper_original",
        ["document_id"],
        unique=True,
        sqlite_where=sa.text("state = 'whole'"),
        postgresql_where=sa.text("state = 'whole'"),
    )


def downgrade() -> None:
    """Go back; who has what is forgotten."""
    unwatch(op.get_bind())
    op.drop_table("custody_event")
    for index in (
        "uq_original_document", "ix_paper_original_custodian", "ix_paper_original_document_id",
    ):  # fmt: skip
        op.drop_index(index, "paper_original")
