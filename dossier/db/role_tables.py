"""Roles lent for a time; the grants themselves are in :mod:`dossier.db.tables`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table


class Delegation(Table):
    """A grant that its holder lends to somebody else for some days (domain.md §5).

    It names the grant, not rights of its own: what its owner loses, the other one has lost.
    """

    __tablename__ = "delegation"
    id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("role_grant.id"), index=True)
    delegate_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(80), default="")
    __table_args__ = (CheckConstraint("valid_from < valid_to"),)
