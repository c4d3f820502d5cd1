"""Tables of watched names and of what rules found unusual in the audit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table, new_id


class WatchedName(Table):
    """A name whose dossier must not be looked at without need: a colleague's, a celebrity's."""

    __tablename__ = "watched_name"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(12))
    """``colleague`` or ``celebrity``."""
    key: Mapped[str] = mapped_column(String(64))
    """Keyed hash of the folded name: the list is of no use to who steals the database."""
    name: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    added_by: Mapped[str] = mapped_column(String(80))
    added_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("kind", "key"),)


class Anomaly(Table):
    """What a rule found unusual in one person's looks of one day."""

    __tablename__ = "anomaly"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    rule: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(80))
    day: Mapped[date] = mapped_column(Date)
    """In Shanghai."""
    count: Mapped[int]
    allowed: Mapped[int]
    """What the rule in force on that day allows."""
    rule_from: Mapped[date] = mapped_column(Date)
    objects: Mapped[list[Any]] = mapped_column(default=list)
    """Some of the customers concerned; the audit names all."""
    first_event: Mapped[int]
    last_event: Mapped[int]
    found_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="open", index=True)
    """``open`` or ``acknowledged``."""
    acknowledged_by: Mapped[str] = mapped_column(String(80), default="")
    acknowledged_at: Mapped[datetime | None]
    acknowledged_count: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(String(500), default="")
    __table_args__ = (UniqueConstraint("rule", "actor", "day"),)


class AnomalyMark(Table):
    """How far the audit was looked through for anomalies; one row."""

    __tablename__ = "anomaly_mark"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_event: Mapped[int]
    at: Mapped[datetime]
