"""Papers that were made or handed in after their step: a mark that nobody takes off (S3-03).

Both tables are append-only by triggers, on both databases. A flag names its paper without a
reference: a paper that is withdrawn, as a wrongly cut part of a stack is, does not take it along.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.append_only import protect_when_made
from dossier.db.tables import Table


class LateFlag(Table):
    """That a paper was late by what was known when it was found, and what that was. Append-only."""

    __tablename__ = "late_flag"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    """``{document_id}:{reason}``: each reason is put down once, whatever happens later."""
    document_id: Mapped[str] = mapped_column(String(36))
    customer_no: Mapped[str] = mapped_column(String(16), index=True)
    unit_id: Mapped[int | None]
    """Where the paper was then."""
    type_code: Mapped[str] = mapped_column(String(8))
    case_no: Mapped[str] = mapped_column(String(40))
    node: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(20))
    """A code of ``late_papers.yaml``."""
    dated: Mapped[date | None] = mapped_column(Date)
    """The day that stands on the paper; None where none was read."""
    page: Mapped[int | None]
    """Where it stands, as far as a machine read it."""
    box: Mapped[list[Any] | None]
    completed_at: Mapped[datetime]
    """When the node was completed."""
    captured_at: Mapped[datetime]
    produced_at: Mapped[datetime]
    """Begin of the clock for it: its own date where that is later than the node, else the node."""
    allowed_hours: Mapped[float]
    """What the rule in force then allowed."""
    rule_from: Mapped[date] = mapped_column(Date)
    found_at: Mapped[datetime]
    __table_args__ = (Index("ix_late_flag_document_id", "document_id"),)


class LateExplanation(Table):
    """What somebody said of a late paper; the flag stays. Append-only."""

    __tablename__ = "late_explanation"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    """Id of who said it."""
    text: Mapped[str] = mapped_column(String(400))
    __table_args__ = ({"sqlite_autoincrement": True},)


protect_when_made(LateFlag.__table__)
protect_when_made(LateExplanation.__table__)
SCOPED_BY_LATE = (LateFlag, LateExplanation)
"""Seen by who sees the paper that they are about."""
