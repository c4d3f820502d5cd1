"""What the accounts of those who did something are called."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import User


def account_names(session: ScopedSession, ids: Collection[str]) -> Mapping[str, str]:
    """Account names by user id; a job of the product's own is called by its id."""
    if not ids:
        return {}
    query = select(User.id, User.name).where(User.id.in_(sorted(set(ids))))
    return {one: one for one in ids} | {row.id: row.name for row in session.execute(query)}
