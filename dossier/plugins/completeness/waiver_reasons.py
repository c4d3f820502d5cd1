"""Why a paper need not be there: ``waivers.yaml`` as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from dossier.plugins.completeness.requirements import Named
from dossier.rules import rulebook

FILE = "waivers"


@dataclass(frozen=True, slots=True)
class WaiverReason(Named):
    """A reason that may be chosen from one day up to another.

    Attributes:
        first: the first of these days.
        last: the last of them, None while it may be chosen.
        needs_note: free text is demanded beside it.
    """

    first: date
    last: date | None
    needs_note: bool

    def holds_on(self, day: date) -> bool:
        """Whether it may be chosen on this day."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class WaiverReasons:
    """The file; all reasons by code, also those that may not be chosen any more."""

    note_characters: int
    reasons: Mapping[str, WaiverReason]

    def on(self, day: date) -> tuple[WaiverReason, ...]:
        """Those that may be chosen on a day, in the order of the file."""
        return tuple(one for one in self.reasons.values() if one.holds_on(day))


@cache
def load() -> WaiverReasons:
    """The built-in reasons.

    Raises:
        ConfigurationError: the file lacks what every rule file must say.
    """
    file = resources.files("dossier.plugins.completeness") / f"{FILE}.yaml"
    body = rulebook.parse(file.read_text(encoding="utf-8"), FILE, called=f"{FILE}.yaml")
    reasons = {
        code: WaiverReason(
            code, one["zh"], one["en"], one["from"], one.get("to"), bool(one.get("note", False))
        )
        for code, one in body["reasons"].items()
    }
    return WaiverReasons(int(body["note_characters"]), reasons)
