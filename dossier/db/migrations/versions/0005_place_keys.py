"""keys of places' names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dossier.rules.place_names import place_key


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("org_unit", "line", "district")


def upgrade() -> None:
    """Go forward; places that are there already get their keys."""
    for name in TABLES:
        column = sa.Column("name_key", sa.String(length=200), nullable=False, server_default="")
        op.add_column(name, column)
        _fill(name)
        op.create_index(f"ix_{name}_name_key", name, ["name_key"])


def downgrade() -> None:
    """Go back."""
    for name in TABLES:
        op.drop_index(f"ix_{name}_name_key", table_name=name)
        op.drop_column(name, "name_key")


def _fill(name: str) -> None:
    table = sa.table(name, sa.column("id"), sa.column("name"), sa.column("name_key"))
    connection = op.get_bind()
    known = connection.execute(sa.select(table.c.id, table.c.name)).all()
    keys = [{"place": place, "key": place_key(called)} for place, called in known]
    if keys:
        statement = (
            sa.update(table)
            .where(table.c.id == sa.bindparam("place"))
            .values(name_key=sa.bindparam("key"))
        )
        connection.execute(statement, keys)
