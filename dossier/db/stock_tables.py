"""Stock-taking (盘点): what was counted where, every scan of it, and what was not as the books say.

A scan is written once, with what the books said at that moment; one that was wrong is taken back by
a later row. What is found is worked off by a person.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.append_only import protect_when_made
from dossier.db.tables import Table


class StockTake(Table):
    """One stock-take of a room, a column or a box, from its start to its close."""

    __tablename__ = "stock_take"
    number: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(String(16))
    """A room (``K01``), a column (``K01-03``) or the bar code of a box."""
    depth: Mapped[str] = mapped_column(String(8))
    """What is looked for one by one: ``box``, ``volume`` or ``paper``."""
    state: Mapped[str] = mapped_column(String(10), default="counting")
    started_at: Mapped[datetime]
    started_by: Mapped[str] = mapped_column(String(80))
    counted_at: Mapped[datetime | None]
    counted_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    expected: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many things the books had there, when the counting was over."""
    seen: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many of these were seen, wherever."""
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Why it was given up; empty: it was not."""
    __table_args__ = (
        CheckConstraint(
            "state in ('counting','counted','closed','given_up')", name="ck_stock_state"
        ),
        CheckConstraint("depth in ('box','volume','paper')", name="ck_stock_depth"),
        {"sqlite_autoincrement": True},
    )


class StockScan(Table):
    """One scan of a stock-take, or the taking back of one. Append-only."""

    __tablename__ = "stock_scan"
    id: Mapped[int] = mapped_column(primary_key=True)
    take_number: Mapped[int] = mapped_column(ForeignKey("stock_take.number"))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(8))
    """``slot``, ``box``, ``volume``, ``paper``; empty: nothing of ours; ``undo``."""
    code: Mapped[str] = mapped_column(String(80))
    """The thing's own code, or what was scanned where it is unknown."""
    verdict: Mapped[str] = mapped_column(String(10))
    """``right``, ``misplaced``, ``out`` or ``unknown``; of slots and undoing: ``right``."""
    belongs: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """Of what is not right: where the books have it."""
    document_id: Mapped[str | None] = mapped_column(String(36))
    slot_code: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """The slot that the person stands before after this scan."""
    box_code: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """The box that is open after this scan."""
    undoes: Mapped[int | None] = mapped_column(ForeignKey("stock_scan.id"), unique=True)
    __table_args__ = (
        CheckConstraint("(kind = 'undo') = (undoes is not null)", name="ck_stock_scan_undo"),
        Index("ix_stock_scan_take_number", "take_number", "by", "id"),
        {"sqlite_autoincrement": True},
    )


class StockFinding(Table):
    """What a stock-take found to be otherwise than the books say, and what became of it."""

    __tablename__ = "stock_finding"
    id: Mapped[int] = mapped_column(primary_key=True)
    take_number: Mapped[int] = mapped_column(ForeignKey("stock_take.number"))
    verdict: Mapped[str] = mapped_column(String(10))
    """``missing``, or what the scan said."""
    kind: Mapped[str] = mapped_column(String(8))
    code: Mapped[str] = mapped_column(String(80))
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id"))
    """Of a paper: seen by who sees it."""
    belongs: Mapped[str] = mapped_column(String(80), default="", server_default="")
    slot_code: Mapped[str] = mapped_column(String(16), default="", server_default="")
    box_code: Mapped[str] = mapped_column(String(16), default="", server_default="")
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("stock_scan.id"))
    outcome: Mapped[str] = mapped_column(String(12), default="", server_default="")
    """What was done; empty: open."""
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    __table_args__ = (
        UniqueConstraint("take_number", "kind", "code"),
        CheckConstraint("(outcome = '') = (settled_at is null)", name="ck_stock_settled"),
        Index("ix_stock_finding_document_id", "document_id"),
    )


protect_when_made(StockScan.__table__)
