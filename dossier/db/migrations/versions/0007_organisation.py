"""history of units, lines and districts; posts; staff changes; where papers were captured."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import dossier.db.tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
INSTANT = dossier.db.tables.Instant
PLACES = ("org_unit", "line", "district")


def upgrade() -> None:
    """Go forward."""
    for place in PLACES:
        code = sa.Column("code", sa.String(length=40), nullable=False, server_default="")
        op.add_column(place, code)
    for place in ("line", "district"):
        op.add_column(place, sa.Column("valid_from", sa.Date(), nullable=True))
        op.add_column(place, sa.Column("valid_to", sa.Date(), nullable=True))
    _people()
    _origin()
    _places()
    _posts()


def _people() -> None:
    name = sa.Column("display_name", sa.String(length=80), nullable=False, server_default="")
    op.add_column("user_account", name)
    op.add_column("user_account", sa.Column("staff_no", sa.String(length=40), nullable=True))
    op.create_index("uq_user_account_staff_no", "user_account", ["staff_no"], unique=True)


def _origin() -> None:
    """Papers that are filed already came from where their customer belongs now."""
    op.add_column("document", sa.Column("captured_unit_id", sa.Integer(), nullable=True))
    op.execute("UPDATE document SET captured_unit_id = unit_id")


def _places() -> None:
    op.create_table(
        "place_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("change", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("line_id", sa.Integer(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.Column("along_of", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("noted_by", sa.String(length=80), nullable=False),
        sa.Column("noted_at", INSTANT(), nullable=False),
        sa.Column("applied_at", INSTANT(), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.CheckConstraint("kind in ('unit','line','district')"),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"]),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"]),
        sa.ForeignKeyConstraint(["successor_id"], ["org_unit.id"]),
        sa.ForeignKeyConstraint(["along_of"], ["place_state.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_place_state_along_of", "place_state", ["along_of"])
    op.create_index("ix_place_state_place", "place_state", ["kind", "place_id", "since"])
    _partial("ix_place_state_due", "place_state", "since", "applied_at is null")
    op.create_table(
        "place_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("from_unit_id", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT(), nullable=False),
        sa.Column("finished_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["from_unit_id"], ["org_unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    _partial("ix_place_move_open", "place_move", "id", "finished_at is null")


def _posts() -> None:
    op.create_table(
        "post",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("is_side", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to is null or valid_from <= valid_to"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "unit_id", "title", "valid_from"),
    )
    op.create_index("ix_post_user_id", "post", ["user_id"])
    op.create_index("ix_post_unit_id", "post", ["unit_id"])
    op.create_table(
        "staff_change",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("successor_id", sa.String(length=36), nullable=True),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("problem", sa.String(length=400), nullable=False),
        sa.Column("noted_by", sa.String(length=80), nullable=False),
        sa.Column("noted_at", INSTANT(), nullable=False),
        sa.Column("done_at", INSTANT(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.ForeignKeyConstraint(["successor_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_staff_change_user_id", "staff_change", ["user_id"])
    op.create_index("ix_staff_change_successor_id", "staff_change", ["successor_id"])
    _partial("uq_staff_change_planned", "staff_change", "user_id", "state = 'planned'", unique=True)


def _partial(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, [column], unique=unique, sqlite_where=condition, postgresql_where=condition
    )
