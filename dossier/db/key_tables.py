"""Which key an archive is kept under, and how far it was brought under a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from dossier.db.tables import Table


class ArchiveKey(Table):
    """A key's name with a value that only it opens; never the key itself."""

    __tablename__ = "archive_key"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    """``current``, ``old`` (some values may still be under it) or ``dropped``."""
    check: Mapped[bytes] = mapped_column(LargeBinary)
    """A known text, encrypted: a wrong key file is told at the start."""
    mark: Mapped[str] = mapped_column(String(64))
    """Names this archive at a search server; the first key's, handed on to those after it."""
    made_at: Mapped[datetime]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """``fields_sealed``; of a rotation ``stage``, ``last``, ``counts`` and ``done``."""
