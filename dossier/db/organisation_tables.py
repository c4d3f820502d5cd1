"""Tables of the organisation's history and its people: places by day, posts, staff changes.

The rows of ``org_unit``, ``line`` and ``district`` say what holds today; their history stands here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table, new_id


class PlaceState(Table):
    """What a unit, line or district is from a day on, until its next state."""

    __tablename__ = "place_state"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    """``unit``, ``line`` or ``district``."""
    place_id: Mapped[int]
    since: Mapped[date | None] = mapped_column(Date)
    """First day in Shanghai on which it holds; none: for as long as anybody knows."""
    change: Mapped[str] = mapped_column(String(10))
    """What happened (:class:`dossier.rules.organisation.Change`)."""
    name: Mapped[str] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(40), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    """Of a unit the one above it, of a line or district the one that it belongs to."""
    line_id: Mapped[int | None] = mapped_column(ForeignKey("line.id"))
    is_open: Mapped[bool] = mapped_column(default=True)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    """The unit that it was merged into."""
    along_of: Mapped[int | None] = mapped_column(ForeignKey("place_state.id"), index=True)
    """The state of another place that this one came along with."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    noted_by: Mapped[str] = mapped_column(String(80))
    noted_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    """When today's row took it over; none while its day is still to come."""
    problem: Mapped[str] = mapped_column(String(200), default="")
    """Why it could not be applied on its day."""
    __table_args__ = (
        CheckConstraint("kind in ('unit','line','district')"),
        Index("ix_place_state_place", "kind", "place_id", "since"),
        Index(
            "ix_place_state_due",
            "since",
            sqlite_where=text("applied_at is null"),
            postgresql_where=text("applied_at is null"),
        ),
    )


class PlaceMove(Table):
    """Customers that follow a place to where it belongs now, in batches, until none is left."""

    __tablename__ = "place_move"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    place_id: Mapped[int]
    from_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    """Of a line: customers of this unit follow it, others stay where they are."""
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "ix_place_move_open",
            "id",
            sqlite_where=text("finished_at is null"),
            postgresql_where=text("finished_at is null"),
        ),
    )


class Post(Table):
    """A post (岗位) that a person holds in a unit, by days; the last day is included."""

    __tablename__ = "post"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    title: Mapped[str] = mapped_column(String(60))
    is_side: Mapped[bool] = mapped_column(default=False)
    """Held beside a main post (兼岗); main posts do not overlap."""
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (
        CheckConstraint("valid_to is null or valid_from <= valid_to"),
        UniqueConstraint("user_id", "unit_id", "title", "valid_from"),
    )


class StaffChange(Table):
    """Somebody leaves, or goes to another post, on a day: planned, done, with its report."""

    __tablename__ = "staff_change"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    """``leave`` or ``move``."""
    on: Mapped[date] = mapped_column("on_day", Date)
    """First day on which it holds."""
    successor_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    wish: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Of a move: unit, title and role to come."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(10), default="planned")
    """``planned``, ``done`` or ``withdrawn``."""
    report: Mapped[list[Any]] = mapped_column(default=list)
    problem: Mapped[str] = mapped_column(String(400), default="")
    """Why it could not be done on its day; it is tried again."""
    noted_by: Mapped[str] = mapped_column(String(80))
    noted_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_staff_change_planned",
            "user_id",
            unique=True,
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )
