"""What persons said of values that were read on papers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table


class FieldCorrection(Table):
    """A person's word on one field of a paper: its values, or that there is none.

    It is also a labelled example. The right values are rows of ``document_field`` that bear its id;
    what had been read is named by its place, where the page's own text has it, and not copied.
    """

    __tablename__ = "field_correction"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    """Of the field; ``type`` for the paper's type."""
    read: Mapped[list[Any]] = mapped_column(default=list)
    """``[{page, box, confidence, reader, right}]``: what was read, and whether it is right."""
    none: Mapped[bool]
    """The paper has no such value."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    """When another word took its place, or it was taken back."""
    ended_by: Mapped[str | None] = mapped_column(String(80))
    __table_args__ = (
        Index(
            "ix_field_correction_standing",
            "document_id",
            "name",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


SCOPED_BY_CORRECTION = (FieldCorrection,)
