"""Thresholds that were learned from labelled examples."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table


class LearnedThreshold(Table):
    """A threshold in place of the rule file's, from a moment on. Never changed but for its end."""

    __tablename__ = "learned_threshold"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    value: Mapped[float]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the examples said when it was set."""
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    undone_at: Mapped[datetime | None]
