"""Lists of hits that were saved as a file: kept encrypted until they expire."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from dossier.db.tables import Table, new_id


class ListFile(Table):
    """A workbook under a password that nobody keeps; its bytes go when it expires."""

    __tablename__ = "list_file"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    form: Mapped[str] = mapped_column(String(8))
    """``xlsx`` or ``csv``."""
    rows: Mapped[int]
    scope: Mapped[dict[str, Any]]
    """How far who made it could export then (:meth:`dossier.viewer.Scope.plain`)."""
    is_clear: Mapped[bool]
    approval_id: Mapped[str | None] = mapped_column(
        ForeignKey("approval_request.id", name="fk_list_file_approval_id")
    )
    """By which it was made, where it needed one; the file ends with it."""
    purpose: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    body: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    __table_args__ = (Index("ix_list_file_expires_at", "erased_at", "expires_at"),)
