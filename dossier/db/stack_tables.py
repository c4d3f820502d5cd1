"""Files that are stacks of papers, or may be: how they would be cut, and what persons decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table


class Stack(Table):
    """How a file would be cut, by its own pages. Seen by who sees the file."""

    __tablename__ = "stack"
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), primary_key=True)
    cuts: Mapped[list[Any]] = mapped_column(default=list)
    """Places where a paper may begin: ``[{before, probability, reasons: [[kind, weight]]}]``."""
    separators: Mapped[list[Any]] = mapped_column(default=list)
    """Pages that part papers; blank ones count where they lie at the edge of a paper."""
    blanks: Mapped[list[Any]] = mapped_column(default=list)
    parts: Mapped[list[Any]] = mapped_column(default=list)
    """``[{pages, code, remarks: [{kind, pages}]}]`` as it stands now; one: it is not cut."""
    decided_by: Mapped[str | None] = mapped_column(String(36))
    """Who said so; None: the machine."""
    decided_at: Mapped[datetime]


class StackDecision(Table):
    """What a person decided about a stack, and what stood there before: a labelled example."""

    __tablename__ = "stack_decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(36))
    before: Mapped[list[Any]] = mapped_column(default=list)
    """Parts as they were: ``[{id, pages, type, customer_no, by_hand}]``."""
    after: Mapped[list[Any]] = mapped_column(default=list)
    undone: Mapped[bool] = mapped_column(default=False)


SCOPED_BY_STACK = (Stack, StackDecision)
"""Seen by who sees the document that they are about."""
