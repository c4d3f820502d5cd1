"""Alembic's environment for the core's own history (each plugin has one of its own)."""

from __future__ import annotations

from alembic import context

from dossier.db.tables import Table

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    render_as_batch=True,
    version_table="alembic_version_core",
)
with context.begin_transaction():
    context.run_migrations()
