"""Requests for what a role may only after somebody else approved, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table, new_id


class ApprovalRequest(Table):
    """Somebody asks for one action on one thing; an approval is this row with a begin and an end.

    The thing need not exist, and who asks is not told: outside one's own area existence is no
    answer. So ``thing`` is no foreign key.
    """

    __tablename__ = "approval_request"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(10))
    """:class:`dossier.rules.approvals.Thing`."""
    action: Mapped[str] = mapped_column(String(40))
    thing: Mapped[str] = mapped_column(String(64))
    """Customer number, document id, keyed hash of a list's query, or id of a role's grant."""
    body: Mapped[bytes | None]
    """Of a list: words, filters and whether in clear, encrypted."""
    facts: Mapped[dict[str, Any]]
    """What was known when it was asked, without personal data: of a list its rows and how far who
    asks may export; from the approval on, whose a document is."""
    asked_by: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    """Who may do it then; somebody else than who asks only for roles."""
    purpose: Mapped[str] = mapped_column(String(200))
    hours: Mapped[int]
    """The term from the approval on; 0 for what does not end by itself."""
    asked_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    decided_as: Mapped[int | None] = mapped_column(ForeignKey("role_grant.id"))
    """The grant by which it was approved; what it gave rests when that is over."""
    decision: Mapped[str] = mapped_column(String(10), default="")
    """``approved``, ``refused`` or ``withdrawn``; empty while it waits."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    begins_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(String(80), default="")
    revoked_why: Mapped[str] = mapped_column(String(200), default="", server_default="")
    noted_at: Mapped[datetime | None]
    """When its end was written down; it is over at its end all the same."""
    __table_args__ = (
        CheckConstraint("begins_at is null or ends_at is null or begins_at < ends_at"),
        Index("ix_approval_request_user_id", "user_id", "decision"),
        Index("ix_approval_request_decision", "decision", "lapses_at"),
    )
