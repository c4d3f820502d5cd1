"""``rulebook/list_export.yaml``: how much of a list may leave, and on what conditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dossier.rules import rulebook

FILE = "list_export"


@dataclass(frozen=True, slots=True)
class ExportRules:
    """The rule file; ``most_rows`` and ``rows_without_approval`` are rows of one file."""

    most_rows: int
    rows_without_approval: int
    clear_needs_approval: bool
    expires_after: timedelta
    password_characters: int

    def needs_approval(self, rows: int, *, clear: bool) -> bool:
        """Whether somebody else must approve such a file."""
        return rows > self.rows_without_approval or (clear and self.clear_needs_approval)


def load() -> ExportRules:
    """The rules in force."""
    body = rulebook.load(FILE)
    return ExportRules(
        int(body["most_rows"]),
        int(body["rows_without_approval"]),
        bool(body["clear_needs_approval"]),
        timedelta(hours=float(body["expires_after_hours"])),
        int(body["password_characters"]),
    )
