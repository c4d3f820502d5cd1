"""The key under which a place is found by its name, set whenever the name is."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, validates

from dossier.rules.place_names import place_key


class PlaceByName:
    """A station, line or district: a table's other half, for who looks it up by name."""

    name_key: Mapped[str] = mapped_column(String(200), index=True, server_default="")
    """Equal for all spellings of one name (:mod:`dossier.rules.place_names`)."""

    @validates("name")
    def _keep_key(self, _: str, name: str) -> str:
        self.name_key = place_key(name)
        return name
