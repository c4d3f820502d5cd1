"""Batches of paper that one side hands over to another, item by item (S2-10, S2-11).

Who has a paper is :class:`dossier.db.loan_tables.PaperOriginal` alone; it changes with the word of
the side that receives (:mod:`dossier.plugins.shelving.batches`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table, new_id


class HandoverBatch(Table):
    """What goes over at once: from whom, where to, and both sides' words."""

    __tablename__ = "handover_batch"
    number: Mapped[int] = mapped_column(primary_key=True)
    """What stands on its list, as ``YJ000012``."""
    id: Mapped[str] = mapped_column(String(36), unique=True, default=new_id)
    state: Mapped[str] = mapped_column(String(10))
    giver_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    to_place: Mapped[str] = mapped_column(String(16))
    """A room, or a place of ``lending.yaml``: its receiving desk, or the archive outside."""
    outside: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """What the archive outside is called; empty: it stays in the house."""
    made_at: Mapped[datetime]
    handed_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    received_by: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    signatory: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """Who signed for the archive outside."""
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(
            "state in ('listing','handed','differs','done','withdrawn')", name="ck_batch_state"
        ),
        CheckConstraint("received_by is null or received_by <> giver_id", name="ck_batch_sides"),
        CheckConstraint(
            "(received_by is null) = (state in ('listing','handed','withdrawn'))",
            name="ck_batch_received",
        ),
        Index("ix_handover_batch_state", "state", "number"),
        {"sqlite_autoincrement": True},
    )


class HandoverItem(Table):
    """A paper of a batch; or one that came with it and was not on the list.

    The paper is named without a reference: one that is withdrawn, as a wrongly cut part is, may go.
    """

    __tablename__ = "handover_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    batch_number: Mapped[int] = mapped_column(ForeignKey("handover_batch.number"), index=True)
    document_id: Mapped[str] = mapped_column(String(36), index=True)
    """Empty: nobody could say which paper it is; ``note`` describes it."""
    original_id: Mapped[str] = mapped_column(String(36))
    from_kind: Mapped[str] = mapped_column(String(10))
    """With ``from_holder``: who had it when it was listed."""
    from_holder: Mapped[str] = mapped_column(String(80))
    listed_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The volume or box that it was listed with; empty: alone."""
    pages: Mapped[int]
    """As the giving side counts them."""
    counted: Mapped[int | None]
    """As the receiving side counted them; None: not yet, or it was not there."""
    difference: Mapped[str] = mapped_column(String(8), default="", server_default="")
    outcome: Mapped[str] = mapped_column(String(8), default="", server_default="")
    """What became of a difference; empty while it is open, and where there is none."""
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    is_open: Mapped[bool] = mapped_column(default=True)
    """The paper is on its way; on one batch at a time."""
    __table_args__ = (
        CheckConstraint("difference in ('','missing','extra','pages')", name="ck_item_difference"),
        CheckConstraint("outcome in ('','taken','back')", name="ck_item_outcome"),
        CheckConstraint("outcome = '' or difference <> ''", name="ck_item_settled"),
        Index(
            "uq_handover_item_original",
            "original_id",
            unique=True,
            sqlite_where=text("is_open and original_id <> ''"),
            postgresql_where=text("is_open and original_id <> ''"),
        ),
        Index("ix_handover_item_listed_by", "listed_by"),
        {"sqlite_autoincrement": True},
    )


ITEMS_OF_BATCHES = (HandoverItem,)
"""Seen by who sees the paper."""
